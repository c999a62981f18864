// The three IEEE 754 interchange formats as bit patterns: a format is named by the unsigned integer of its
// width. Shared by the sources of emu/fp; users include arithmetic.hpp, compare.hpp, convert.hpp,
// estimate.hpp.
#pragma once

#include <cstdint>
#include <limits>

#include "emu/fp/context.hpp"

namespace levitate::emu::fp {

__extension__ using Uint128 = unsigned __int128;

template <class Bits>
struct Format;
template <>
struct Format<std::uint16_t> {
    static constexpr int fraction_bits = 10;
};
template <>
struct Format<std::uint32_t> {
    static constexpr int fraction_bits = 23;
    using Host = float;
};
template <>
struct Format<std::uint64_t> {
    static constexpr int fraction_bits = 52;
    using Host = double;
};

// Widths and special values derived from a format. Exponents are those of the leading one.
template <class Bits>
struct Layout {
    static constexpr int width = std::numeric_limits<Bits>::digits;
    static constexpr int fraction_bits = Format<Bits>::fraction_bits;
    static constexpr int exponent_bits = width - 1 - fraction_bits;
    static constexpr int maximum_biased = (1 << exponent_bits) - 1;
    static constexpr int bias = maximum_biased >> 1;
    static constexpr int minimum_exponent = 1 - bias;
    static constexpr Bits one = 1;
    static constexpr Bits sign = static_cast<Bits>(one << (width - 1));
    static constexpr Bits fraction_mask = static_cast<Bits>((one << fraction_bits) - 1);
    static constexpr Bits quiet = static_cast<Bits>(one << (fraction_bits - 1));
    static constexpr Bits infinity = static_cast<Bits>(Bits{maximum_biased} << fraction_bits);
    static constexpr Bits default_nan = static_cast<Bits>(infinity | quiet);
    static constexpr Bits largest = static_cast<Bits>(infinity - 1);
    static constexpr Bits smallest_normal = static_cast<Bits>(one << fraction_bits);

    static constexpr Bits with_sign(bool negative, Bits magnitude) {
        return static_cast<Bits>(negative ? magnitude | sign : magnitude);
    }
    // `exponent` must be that of a normal number.
    static constexpr Bits power_of_two(bool negative, int exponent) {
        return with_sign(negative, static_cast<Bits>(static_cast<Bits>(exponent + bias) << fraction_bits));
    }
};

template <class Bits>
constexpr bool is_nan(Bits value) {
    return static_cast<Bits>(value & static_cast<Bits>(~Layout<Bits>::sign)) > Layout<Bits>::infinity;
}

template <class Bits>
constexpr bool is_signalling(Bits value) {
    return is_nan(value) && (value & Layout<Bits>::quiet) == 0;
}

}  // namespace levitate::emu::fp
