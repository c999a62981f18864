// Guest addresses have types of their own, so that neither kind is taken for a host pointer or for the other
// kind.
#pragma once

#include <cstdint>

namespace levitate::vmm {

enum class GuestPhys : std::uint64_t {};
enum class GuestVirt : std::uint64_t {};

constexpr std::uint64_t value(GuestPhys address) {
    return static_cast<std::uint64_t>(address);
}
constexpr std::uint64_t value(GuestVirt address) {
    return static_cast<std::uint64_t>(address);
}
constexpr GuestPhys operator+(GuestPhys address, std::uint64_t bytes) {
    return GuestPhys{value(address) + bytes};
}
constexpr GuestVirt operator+(GuestVirt address, std::uint64_t bytes) {
    return GuestVirt{value(address) + bytes};
}

}  // namespace levitate::vmm
