// The part of ReferenceFloat that converts: to integers and fixed point, from them, and between formats.
#include <mpfr.h>

#include "tests/isa/judges/reference_float_number.hpp"

namespace levitate::isa {

std::uint64_t ReferenceFloat::round_to_integral(FloatFormat format, std::uint64_t a, Rounding rounding,
                                                bool raises_inexact) {
    const Unpacked operand = unpack(format, a);
    if (operand.is_nan()) {
        return process_nan(format, operand);
    }
    if (operand.is_infinity()) {
        return operand.bits;
    }
    if (operand.is_zero()) {
        return zero(format, operand.is_negative);
    }
    const auto rounded = operand.value.rounded(0, rounding);
    if (!rounded.fits) {
        return operand.bits;  // so large that it is an integer
    }
    if (!rounded.is_exact && raises_inexact) {
        flags_ |= kInexact;
    }
    if (rounded.magnitude == 0) {
        return zero(format, operand.is_negative);
    }
    Real result{64};
    result.set(operand.is_negative, rounded.magnitude, 0);
    return round(format, result, Rounding::Zero);
}

std::uint64_t ReferenceFloat::to_fixed(FloatFormat format, std::uint64_t a, Rounding rounding, unsigned width,
                                       bool is_signed, unsigned fraction_bits) {
    const Unpacked operand = unpack(format, a);
    if (operand.is_nan()) {
        flags_ |= kInvalidOperation;
        return 0;
    }
    const std::uint64_t greatest_positive = low_mask(is_signed ? width - 1 : width);
    const std::uint64_t greatest_negative = is_signed ? greatest_positive + 1 : 0;
    const std::uint64_t limit = operand.is_negative ? greatest_negative : greatest_positive;
    Real::Rounded rounded;
    if (!operand.is_infinity()) {
        rounded = operand.value.rounded(-static_cast<long>(fraction_bits), rounding);
    }
    const bool saturates = !rounded.fits || rounded.magnitude > limit;
    if (saturates) {
        flags_ |= kInvalidOperation;
    } else if (!rounded.is_exact) {
        flags_ |= kInexact;
    }
    const std::uint64_t magnitude = saturates ? limit : rounded.magnitude;
    return (operand.is_negative ? 0 - magnitude : magnitude) & low_mask(width);
}

std::uint64_t ReferenceFloat::from_fixed(FloatFormat format, std::uint64_t value, unsigned width,
                                         bool is_signed, unsigned fraction_bits) {
    value &= low_mask(width);
    const bool is_negative = is_signed && (value >> (width - 1)) != 0;
    const std::uint64_t magnitude = is_negative ? (0 - value) & low_mask(width) : value;
    if (magnitude == 0) {
        return 0;
    }
    Real exact{64};
    exact.set(is_negative, magnitude, -static_cast<long>(fraction_bits));
    return round(format, exact, rounding());
}

std::uint64_t ReferenceFloat::convert(FloatFormat from, FloatFormat to, std::uint64_t a, Rounding rounding) {
    const Unpacked operand = unpack(from, a, Conversion::Yes);
    const bool has_no_specials = is_alternative_half(to, Conversion::Yes);
    if (operand.is_nan()) {
        if (operand.kind == Kind::SignallingNan || has_no_specials) {
            flags_ |= kInvalidOperation;
        }
        if (has_no_specials) {
            return zero(to, operand.is_negative);
        }
        if ((fpcr_ & kDefaultNans) != 0) {
            return default_nan(to);
        }
        const std::uint64_t fraction = operand.bits & fraction_mask(from);
        const std::uint64_t moved = to.fraction_bits > from.fraction_bits
                                        ? fraction << (to.fraction_bits - from.fraction_bits)
                                        : fraction >> (from.fraction_bits - to.fraction_bits);
        return infinity(to, operand.is_negative) | quiet_bit(to) | moved;
    }
    if (operand.is_infinity()) {
        if (has_no_specials) {
            flags_ |= kInvalidOperation;
            return zero(to, operand.is_negative) | low_mask(to.width() - 1);
        }
        return infinity(to, operand.is_negative);
    }
    if (operand.is_zero()) {
        return zero(to, operand.is_negative);
    }
    return round(to, operand.value, rounding, Conversion::Yes);
}

}  // namespace levitate::isa
