#include "emu/fp/arithmetic.hpp"

#include <algorithm>

#include "emu/fp/value.hpp"

namespace levitate::emu::fp {

namespace {

// A non-zero number significand * 2^scale with room for sums: the leading one is bit 125.
struct Wide {
    bool negative;
    int scale;
    Uint128 significand;
};

constexpr int kWideTop = 125;

Wide widen(const Value& value) {
    constexpr int kShift = kWideTop - 63;
    return {value.negative, value.exponent - kWideTop, Uint128{value.significand} << kShift};
}

Wide product(const Value& first, const Value& second) {
    const Uint128 significand = Uint128{first.significand >> 11} * (second.significand >> 11);
    // Both operands have at most 53 significant bits, so nothing was lost and the leading one is bit 104 or
    // 105.
    const int shift = kWideTop - leading_bit(significand);
    return {first.negative != second.negative, first.exponent + second.exponent - 104 - shift,
            significand << shift};
}

// Shifts right. If a bit that is set is lost, bit 0 of the result is set.
Uint128 shift_right_jamming(Uint128 value, int distance) {
    if (distance == 0) {
        return value;
    }
    if (distance > 127) {
        return 1;
    }
    const Uint128 kept = value >> distance;
    return kept | ((kept << distance) != value ? 1 : 0);
}

// The sum's significand is zero only if the sum is. Jamming is sound: a bit is only lost when the operands
// are more than 18 places apart (a significand has at most 106 bits), and then the sum keeps at least 124
// bits.
Wide sum(Wide larger, Wide smaller) {
    if (larger.scale < smaller.scale) {
        std::swap(larger, smaller);
    }
    const Uint128 aligned = shift_right_jamming(smaller.significand, larger.scale - smaller.scale);
    if (larger.negative == smaller.negative) {
        return {larger.negative, larger.scale, larger.significand + aligned};
    }
    if (larger.significand >= aligned) {
        return {larger.negative, larger.scale, larger.significand - aligned};
    }
    return {smaller.negative, larger.scale, aligned - larger.significand};
}

template <class Bits>
Bits round_wide(const Wide& value, int exponent_adjustment, Context& context) {
    if (value.significand == 0) {
        // The operands cancelled out: x - x.
        return Layout<Bits>::with_sign(context.rounding() == Rounding::MinusInfinity, 0);
    }
    return round<Bits>(value.negative, value.scale + exponent_adjustment, value.significand, context);
}

template <class Bits>
Bits zero_sum(bool first_negative, bool second_negative, Context& context) {
    const bool negative =
        first_negative == second_negative ? first_negative : context.rounding() == Rounding::MinusInfinity;
    return Layout<Bits>::with_sign(negative, 0);
}

bool is_infinity_times_zero(const Value& first, const Value& second) {
    return (first.kind == Kind::Infinity && second.kind == Kind::Zero) ||
           (first.kind == Kind::Zero && second.kind == Kind::Infinity);
}

template <class Bits>
Bits multiply_numbers(const Value& first, const Value& second, Context& context) {
    using L = Layout<Bits>;
    const bool negative = first.negative != second.negative;
    if (first.kind == Kind::Infinity || second.kind == Kind::Infinity) {
        return L::with_sign(negative, L::kInfinity);
    }
    if (first.kind == Kind::Zero || second.kind == Kind::Zero) {
        return L::with_sign(negative, 0);
    }
    return round_wide<Bits>(product(first, second), 0, context);
}

// (constant - first * second) * 2^exponent_adjustment, and `at_invalid` for infinity times zero.
template <class Bits>
Bits step(Bits first, Bits second, const Value& constant, int exponent_adjustment, Bits at_invalid,
          Context& context) {
    using L = Layout<Bits>;
    first = negate(first);
    const Value multiplicand = unpack(first, context);
    const Value multiplier = unpack(second, context);
    Bits nan;
    if (process_nans(nan, context, first, second)) {
        return nan;
    }
    if (is_infinity_times_zero(multiplicand, multiplier)) {
        return at_invalid;
    }
    if (multiplicand.kind == Kind::Infinity || multiplier.kind == Kind::Infinity) {
        return L::with_sign(multiplicand.negative != multiplier.negative, L::kInfinity);
    }
    Wide value = widen(constant);
    if (multiplicand.kind == Kind::Number && multiplier.kind == Kind::Number) {
        value = sum(value, product(multiplicand, multiplier));
    }
    return round_wide<Bits>(value, exponent_adjustment, context);
}

// The square root of a 126-bit integer, rounded down; bit 0 is set if there was a remainder.
std::uint64_t integer_square_root(Uint128 value) {
    std::uint64_t root = 0;
    Uint128 remainder = 0;
    for (int pair = 62; pair >= 0; --pair) {
        remainder = (remainder << 2) | (static_cast<unsigned>(value >> (2 * pair)) & 3);
        const Uint128 trial = (Uint128{root} << 2) | 1;
        root <<= 1;
        if (remainder >= trial) {
            remainder -= trial;
            root |= 1;
        }
    }
    return root | (remainder != 0 ? 1 : 0);
}

}  // namespace

namespace soft {

template <class Bits>
Bits add(Bits first, Bits second, Context& context) {
    using L = Layout<Bits>;
    const Value augend = unpack(first, context);
    const Value addend = unpack(second, context);
    Bits nan;
    if (process_nans(nan, context, first, second)) {
        return nan;
    }
    if (augend.kind == Kind::Infinity || addend.kind == Kind::Infinity) {
        if (augend.kind == addend.kind && augend.negative != addend.negative) {
            return invalid<Bits>(context);
        }
        return L::with_sign(augend.kind == Kind::Infinity ? augend.negative : addend.negative, L::kInfinity);
    }
    if (augend.kind == Kind::Zero && addend.kind == Kind::Zero) {
        return zero_sum<Bits>(augend.negative, addend.negative, context);
    }
    if (augend.kind == Kind::Zero || addend.kind == Kind::Zero) {
        return round_wide<Bits>(widen(augend.kind == Kind::Zero ? addend : augend), 0, context);
    }
    return round_wide<Bits>(sum(widen(augend), widen(addend)), 0, context);
}

template <class Bits>
Bits multiply(Bits first, Bits second, Context& context) {
    const Value multiplicand = unpack(first, context);
    const Value multiplier = unpack(second, context);
    Bits nan;
    if (process_nans(nan, context, first, second)) {
        return nan;
    }
    if (is_infinity_times_zero(multiplicand, multiplier)) {
        return invalid<Bits>(context);
    }
    return multiply_numbers<Bits>(multiplicand, multiplier, context);
}

template <class Bits>
Bits divide(Bits first, Bits second, Context& context) {
    using L = Layout<Bits>;
    const Value dividend = unpack(first, context);
    const Value divisor = unpack(second, context);
    Bits nan;
    if (process_nans(nan, context, first, second)) {
        return nan;
    }
    if (dividend.kind == divisor.kind && dividend.kind != Kind::Number) {
        return invalid<Bits>(context);
    }
    const bool negative = dividend.negative != divisor.negative;
    if (dividend.kind == Kind::Infinity || divisor.kind == Kind::Zero) {
        if (dividend.kind != Kind::Infinity) {
            context.raise(fpsr::kDivideByZero);
        }
        return L::with_sign(negative, L::kInfinity);
    }
    if (dividend.kind == Kind::Zero || divisor.kind == Kind::Infinity) {
        return L::with_sign(negative, 0);
    }
    const Uint128 numerator = Uint128{dividend.significand} << 63;
    const Uint128 quotient = numerator / divisor.significand;
    const Uint128 sticky = quotient * divisor.significand != numerator ? 1 : 0;
    return round<Bits>(negative, dividend.exponent - divisor.exponent - 63, quotient | sticky, context);
}

template <class Bits>
Bits square_root(Bits operand, Context& context) {
    const Value value = unpack(operand, context);
    if (value.is_nan()) {
        return process_nan(operand, context);
    }
    if (value.kind == Kind::Zero) {
        return Layout<Bits>::with_sign(value.negative, 0);
    }
    if (value.negative) {
        return invalid<Bits>(context);
    }
    if (value.kind == Kind::Infinity) {
        return operand;
    }
    // value = radicand * 2^(half_exponent * 2 - 124) with 1 <= radicand * 2^-124 < 4.
    const int odd = value.exponent & 1;
    const int half_exponent = (value.exponent - odd) / 2;
    const Uint128 radicand = Uint128{value.significand} << (61 + odd);
    return round<Bits>(false, half_exponent - 62, integer_square_root(radicand), context);
}

template <class Bits>
Bits multiply_add(Bits addend, Bits first, Bits second, Context& context) {
    using L = Layout<Bits>;
    const Value term = unpack(addend, context);
    const Value multiplicand = unpack(first, context);
    const Value multiplier = unpack(second, context);
    const bool invalid_product = is_infinity_times_zero(multiplicand, multiplier);
    Bits nan;
    if (process_nans(nan, context, addend, first, second)) {
        if (term.kind == Kind::QuietNan && invalid_product) {
            return invalid<Bits>(context);
        }
        return nan;
    }
    const bool negative = multiplicand.negative != multiplier.negative;
    const bool infinite = multiplicand.kind == Kind::Infinity || multiplier.kind == Kind::Infinity;
    if (invalid_product || (term.kind == Kind::Infinity && infinite && term.negative != negative)) {
        return invalid<Bits>(context);
    }
    if (infinite || term.kind == Kind::Infinity) {
        return L::with_sign(infinite ? negative : term.negative, L::kInfinity);
    }
    if (multiplicand.kind == Kind::Zero || multiplier.kind == Kind::Zero) {
        if (term.kind == Kind::Zero) {
            return zero_sum<Bits>(term.negative, negative, context);
        }
        return round_wide<Bits>(widen(term), 0, context);
    }
    const Wide exact = product(multiplicand, multiplier);
    return round_wide<Bits>(term.kind == Kind::Zero ? exact : sum(widen(term), exact), 0, context);
}

}  // namespace soft

template <class Bits>
Bits multiply_extended(Bits first, Bits second, Context& context) {
    const Value multiplicand = unpack(first, context);
    const Value multiplier = unpack(second, context);
    Bits nan;
    if (process_nans(nan, context, first, second)) {
        return nan;
    }
    if (is_infinity_times_zero(multiplicand, multiplier)) {
        return Layout<Bits>::power_of_two(multiplicand.negative != multiplier.negative, 1);
    }
    return multiply_numbers<Bits>(multiplicand, multiplier, context);
}

template <class Bits>
Bits reciprocal_step(Bits first, Bits second, Context& context) {
    const Value two{Kind::Number, false, 1, std::uint64_t{1} << 63};
    return step<Bits>(first, second, two, 0, Layout<Bits>::power_of_two(false, 1), context);
}

template <class Bits>
Bits reciprocal_square_root_step(Bits first, Bits second, Context& context) {
    using L = Layout<Bits>;
    const Value three{Kind::Number, false, 1, std::uint64_t{3} << 62};
    const auto one_and_a_half = static_cast<Bits>(L::power_of_two(false, 0) | L::kQuiet);
    return step<Bits>(first, second, three, -1, one_and_a_half, context);
}

#define INSTANTIATE(Bits)                                         \
    template Bits soft::add(Bits, Bits, Context&);                \
    template Bits soft::multiply(Bits, Bits, Context&);           \
    template Bits soft::divide(Bits, Bits, Context&);             \
    template Bits soft::square_root(Bits, Context&);              \
    template Bits soft::multiply_add(Bits, Bits, Bits, Context&); \
    template Bits multiply_extended(Bits, Bits, Context&);        \
    template Bits reciprocal_step(Bits, Bits, Context&);          \
    template Bits reciprocal_square_root_step(Bits, Bits, Context&)

INSTANTIATE(std::uint16_t);
INSTANTIATE(std::uint32_t);
INSTANTIATE(std::uint64_t);

#undef INSTANTIATE

}  // namespace levitate::emu::fp
