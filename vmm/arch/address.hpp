// Guest addresses are types of their own: neither is a host pointer, and neither is the other.
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
