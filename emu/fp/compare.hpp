// Comparisons, minimum and maximum: FPCompare, FPCompareEQ/GE/GT, FPMax, FPMin, FPMaxNum and FPMinNum of the
// Arm ARM's shared pseudocode.
#pragma once

#include <bit>
#include <cstdint>

#include "emu/fp/context.hpp"
#include "emu/fp/format.hpp"

namespace levitate::emu::fp {

enum class Order : std::uint8_t { Less, Equal, Greater, Unordered };

// Which NaNs raise Invalid Operation: signalling ones only (FCMP, FCMEQ) or all (FCMPE, FCMGE, FCMGT).
enum class NanRule : std::uint8_t { Quiet, Signal };

namespace soft {
// Defined for std::uint16_t, std::uint32_t and std::uint64_t.
template <class Bits>
Order compare(Bits first, Bits second, NanRule rule, Context& context);
}  // namespace soft

// A comparison is never inexact, so the host may do all of it but NaNs and flushed operands.
template <class Bits>
Order compare(Bits first, Bits second, NanRule rule, Context& context) {
    if constexpr (sizeof(Bits) > 2) {
        using Host = Format<Bits>::Host;
        if ((context.fpcr & fpcr::kFlushToZero) == 0 && !is_nan(first) && !is_nan(second)) {
            const auto left = std::bit_cast<Host>(first);
            const auto right = std::bit_cast<Host>(second);
            return left < right ? Order::Less : left > right ? Order::Greater : Order::Equal;
        }
    }
    return soft::compare(first, second, rule, context);
}

// NZCV of an FCMP as a four-bit number.
constexpr std::uint32_t nzcv(Order order) {
    switch (order) {
        case Order::Less:
            return 0b1000;
        case Order::Equal:
            return 0b0110;
        case Order::Greater:
            return 0b0010;
        case Order::Unordered:
            break;
    }
    return 0b0011;
}

template <class Bits>
Bits maximum(Bits first, Bits second, Context& context);
template <class Bits>
Bits minimum(Bits first, Bits second, Context& context);
// As maximum() and minimum(), but a number wins over a quiet NaN.
template <class Bits>
Bits maximum_number(Bits first, Bits second, Context& context);
template <class Bits>
Bits minimum_number(Bits first, Bits second, Context& context);

}  // namespace levitate::emu::fp
