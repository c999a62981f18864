// Addresses of the machine, as opposed to those that the kernel or a program uses.
#pragma once

#include <compare>
#include <cstdint>

namespace kernel {

// A physical address of the machine.
class PhysicalAddress {
  public:
    constexpr PhysicalAddress() = default;
    explicit constexpr PhysicalAddress(std::uint64_t value) : value_(value) {}
    constexpr std::uint64_t value() const { return value_; }
    constexpr PhysicalAddress operator+(std::uint64_t bytes) const { return PhysicalAddress(value_ + bytes); }
    constexpr auto operator<=>(const PhysicalAddress&) const = default;

  private:
    std::uint64_t value_ = 0;
};

}  // namespace kernel
