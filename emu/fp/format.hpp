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
    static constexpr int kFractionBits = 10;
};
template <>
struct Format<std::uint32_t> {
    static constexpr int kFractionBits = 23;
    using Host = float;
};
template <>
struct Format<std::uint64_t> {
    static constexpr int kFractionBits = 52;
    using Host = double;
};

// Widths and special values derived from a format. Exponents are those of the leading one.
template <class Bits>
struct Layout {
    static constexpr int kWidth = std::numeric_limits<Bits>::digits;
    static constexpr int kFractionBits = Format<Bits>::kFractionBits;
    static constexpr int kExponentBits = kWidth - 1 - kFractionBits;
    static constexpr int kMaximumBiased = (1 << kExponentBits) - 1;
    static constexpr int kBias = kMaximumBiased >> 1;
    static constexpr int kMinimumExponent = 1 - kBias;
    static constexpr Bits kOne = 1;
    static constexpr Bits kSign = static_cast<Bits>(kOne << (kWidth - 1));
    static constexpr Bits kFractionMask = static_cast<Bits>((kOne << kFractionBits) - 1);
    static constexpr Bits kQuiet = static_cast<Bits>(kOne << (kFractionBits - 1));
    static constexpr Bits kInfinity = static_cast<Bits>(Bits{kMaximumBiased} << kFractionBits);
    static constexpr Bits kDefaultNan = static_cast<Bits>(kInfinity | kQuiet);
    static constexpr Bits kLargest = static_cast<Bits>(kInfinity - 1);
    static constexpr Bits kSmallestNormal = static_cast<Bits>(kOne << kFractionBits);

    static constexpr Bits with_sign(bool negative, Bits magnitude) {
        return static_cast<Bits>(negative ? magnitude | kSign : magnitude);
    }
    // `exponent` must be that of a normal number.
    static constexpr Bits power_of_two(bool negative, int exponent) {
        return with_sign(negative, static_cast<Bits>(static_cast<Bits>(exponent + kBias) << kFractionBits));
    }
};

template <class Bits>
constexpr bool is_nan(Bits value) {
    return static_cast<Bits>(value & static_cast<Bits>(~Layout<Bits>::kSign)) > Layout<Bits>::kInfinity;
}

template <class Bits>
constexpr bool is_signalling(Bits value) {
    return is_nan(value) && (value & Layout<Bits>::kQuiet) == 0;
}

}  // namespace levitate::emu::fp
