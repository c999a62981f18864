// Pieces of registers.
#pragma once

#include <cstdint>

namespace levitate::emu {

__extension__ using Uint128 = unsigned __int128;
__extension__ using Int128 = __int128;

// The `count` lowest bits, at most 63 of them.
constexpr std::uint64_t low_mask(unsigned count) {
    return (std::uint64_t{1} << count) - 1;
}

// value<high:low>, as the Arm ARM writes it.
constexpr std::uint64_t bits(std::uint64_t value, unsigned high, unsigned low) {
    return (value >> low) & (high - low == 63 ? ~std::uint64_t{0} : low_mask(high - low + 1));
}

constexpr bool bit(std::uint64_t value, unsigned position) {
    return ((value >> position) & 1) != 0;
}

}  // namespace levitate::emu
