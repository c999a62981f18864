// The part of ReferenceFloat that adds, multiplies, divides and chooses.
#include <mpfr.h>

#include "tests/isa/judges/reference_float_number.hpp"

namespace levitate::isa {

std::uint64_t ReferenceFloat::sum(FloatFormat format, const Unpacked& a, const Unpacked& b) {
    if (const auto nan = process_nans(format, a, b)) {
        return *nan;
    }
    if (a.is_infinity() && b.is_infinity() && a.is_negative != b.is_negative) {
        return invalid(format);
    }
    if (a.is_infinity() || b.is_infinity()) {
        return infinity(format, a.is_infinity() ? a.is_negative : b.is_negative);
    }
    if (a.is_zero() && b.is_zero() && a.is_negative == b.is_negative) {
        return zero(format, a.is_negative);
    }
    Real result;
    mpfr_add(result.get(), a.value.get(), b.value.get(), MPFR_RNDN);
    return round_or_zero(format, result);
}

std::uint64_t ReferenceFloat::add(FloatFormat format, std::uint64_t a, std::uint64_t b) {
    const Unpacked first = unpack(format, a);
    return sum(format, first, unpack(format, b));
}

std::uint64_t ReferenceFloat::subtract(FloatFormat format, std::uint64_t a, std::uint64_t b) {
    const Unpacked first = unpack(format, a);
    Unpacked second = unpack(format, b);
    if (!second.is_nan()) {
        second.is_negative = !second.is_negative;
        mpfr_neg(second.value.get(), second.value.get(), MPFR_RNDN);
    }
    return sum(format, first, second);
}

std::uint64_t ReferenceFloat::multiply(FloatFormat format, std::uint64_t a, std::uint64_t b) {
    const Unpacked first = unpack(format, a);
    const Unpacked second = unpack(format, b);
    if (const auto nan = process_nans(format, first, second)) {
        return *nan;
    }
    const bool is_negative = first.is_negative != second.is_negative;
    const bool has_infinity = first.is_infinity() || second.is_infinity();
    const bool has_zero = first.is_zero() || second.is_zero();
    if (has_infinity) {
        return has_zero ? invalid(format) : infinity(format, is_negative);
    }
    if (has_zero) {
        return zero(format, is_negative);
    }
    Real result;
    mpfr_mul(result.get(), first.value.get(), second.value.get(), MPFR_RNDN);
    return round(format, result, rounding());
}

std::uint64_t ReferenceFloat::multiply_extended(FloatFormat format, std::uint64_t a, std::uint64_t b) {
    const std::uint64_t flags_before = flags_;
    const Unpacked first = unpack(format, a);
    const Unpacked second = unpack(format, b);
    if ((first.is_infinity() && second.is_zero()) || (first.is_zero() && second.is_infinity())) {
        const std::uint64_t two = static_cast<std::uint64_t>(bias(format) + 1) << format.fraction_bits;
        return zero(format, first.is_negative != second.is_negative) | two;
    }
    flags_ = flags_before;
    return multiply(format, a, b);
}

std::uint64_t ReferenceFloat::divide(FloatFormat format, std::uint64_t a, std::uint64_t b) {
    const Unpacked first = unpack(format, a);
    const Unpacked second = unpack(format, b);
    if (const auto nan = process_nans(format, first, second)) {
        return *nan;
    }
    const bool is_negative = first.is_negative != second.is_negative;
    if ((first.is_infinity() && second.is_infinity()) || (first.is_zero() && second.is_zero())) {
        return invalid(format);
    }
    if (first.is_infinity() || second.is_zero()) {
        if (!first.is_infinity()) {
            flags_ |= kDivideByZero;
        }
        return infinity(format, is_negative);
    }
    if (first.is_zero() || second.is_infinity()) {
        return zero(format, is_negative);
    }
    Real result{kLongPrecision};
    if (mpfr_div(result.get(), first.value.get(), second.value.get(), MPFR_RNDZ) != 0) {
        result.stick();
    }
    return round(format, result, rounding());
}

std::uint64_t ReferenceFloat::multiply_add(FloatFormat format, std::uint64_t addend, std::uint64_t a,
                                           std::uint64_t b) {
    const Unpacked third = unpack(format, addend);
    const Unpacked first = unpack(format, a);
    const Unpacked second = unpack(format, b);
    const bool is_invalid_product =
        (first.is_infinity() && second.is_zero()) || (first.is_zero() && second.is_infinity());
    for (const Unpacked* operand : {&third, &first, &second}) {
        if (operand->kind == Kind::SignallingNan) {
            return process_nan(format, *operand);
        }
    }
    if (is_invalid_product && third.kind == Kind::QuietNan) {
        return invalid(format);
    }
    for (const Unpacked* operand : {&third, &first, &second}) {
        if (operand->kind == Kind::QuietNan) {
            return process_nan(format, *operand);
        }
    }
    const bool product_is_negative = first.is_negative != second.is_negative;
    const bool product_is_infinity = first.is_infinity() || second.is_infinity();
    const bool product_is_zero = first.is_zero() || second.is_zero();
    if (is_invalid_product ||
        (third.is_infinity() && product_is_infinity && third.is_negative != product_is_negative)) {
        return invalid(format);
    }
    if (third.is_infinity() || product_is_infinity) {
        return infinity(format, third.is_infinity() ? third.is_negative : product_is_negative);
    }
    if (third.is_zero() && product_is_zero && third.is_negative == product_is_negative) {
        return zero(format, third.is_negative);
    }
    Real result;
    mpfr_fma(result.get(), first.value.get(), second.value.get(), third.value.get(), MPFR_RNDN);
    return round_or_zero(format, result);
}

std::uint64_t ReferenceFloat::square_root(FloatFormat format, std::uint64_t a) {
    const Unpacked operand = unpack(format, a);
    if (operand.is_nan()) {
        return process_nan(format, operand);
    }
    if (operand.is_zero()) {
        return zero(format, operand.is_negative);
    }
    if (operand.is_negative) {
        return invalid(format);
    }
    if (operand.is_infinity()) {
        return infinity(format, false);
    }
    Real result{kLongPrecision};
    if (mpfr_sqrt(result.get(), operand.value.get(), MPFR_RNDZ) != 0) {
        result.stick();
    }
    return round(format, result, rounding());
}

// (from - a * b) / (halves ? 2 : 1), fused. Infinity by zero counts as zero.
std::uint64_t ReferenceFloat::step(FloatFormat format, std::uint64_t a, std::uint64_t b, std::uint64_t from,
                                   bool halves) {
    const Unpacked first = unpack(format, negate(format, a));
    const Unpacked second = unpack(format, b);
    if (const auto nan = process_nans(format, first, second)) {
        return *nan;
    }
    const bool has_infinity = first.is_infinity() || second.is_infinity();
    const bool has_zero = first.is_zero() || second.is_zero();
    if (has_infinity && !has_zero) {
        return infinity(format, first.is_negative != second.is_negative);
    }
    Real start;
    Real result;
    start.set(false, from, 0);
    if (has_zero) {
        mpfr_set(result.get(), start.get(), MPFR_RNDN);
    } else {
        mpfr_fma(result.get(), first.value.get(), second.value.get(), start.get(), MPFR_RNDN);
    }
    if (halves) {
        mpfr_div_2ui(result.get(), result.get(), 1, MPFR_RNDN);
    }
    return round_or_zero(format, result);
}

std::uint64_t ReferenceFloat::reciprocal_step(FloatFormat format, std::uint64_t a, std::uint64_t b) {
    return step(format, a, b, 2, false);
}

std::uint64_t ReferenceFloat::reciprocal_root_step(FloatFormat format, std::uint64_t a, std::uint64_t b) {
    return step(format, a, b, 3, true);
}

std::uint64_t ReferenceFloat::extreme(FloatFormat format, std::uint64_t a, std::uint64_t b, bool is_maximum) {
    const Unpacked first = unpack(format, a);
    const Unpacked second = unpack(format, b);
    if (const auto nan = process_nans(format, first, second)) {
        return *nan;
    }
    if (first.is_zero() && second.is_zero()) {
        return zero(format, is_maximum ? first.is_negative && second.is_negative
                                       : first.is_negative || second.is_negative);
    }
    const bool is_less = mpfr_less_p(first.value.get(), second.value.get()) != 0;
    const Unpacked& chosen = is_less == is_maximum ? second : first;
    // A flushed operand is a zero.
    return chosen.is_zero() ? zero(format, chosen.is_negative) : chosen.bits;
}

// A quiet NaN alone gives way to the other operand.
std::uint64_t ReferenceFloat::extreme_number(FloatFormat format, std::uint64_t a, std::uint64_t b,
                                             bool is_maximum) {
    const std::uint64_t flags_before = flags_;
    const Kind first = unpack(format, a).kind;
    const Kind second = unpack(format, b).kind;
    flags_ = flags_before;
    if (first == Kind::QuietNan && second != Kind::QuietNan) {
        a = infinity(format, is_maximum);
    } else if (first != Kind::QuietNan && second == Kind::QuietNan) {
        b = infinity(format, is_maximum);
    }
    return extreme(format, a, b, is_maximum);
}

std::uint64_t ReferenceFloat::maximum(FloatFormat format, std::uint64_t a, std::uint64_t b) {
    return extreme(format, a, b, true);
}
std::uint64_t ReferenceFloat::minimum(FloatFormat format, std::uint64_t a, std::uint64_t b) {
    return extreme(format, a, b, false);
}
std::uint64_t ReferenceFloat::maximum_number(FloatFormat format, std::uint64_t a, std::uint64_t b) {
    return extreme_number(format, a, b, true);
}
std::uint64_t ReferenceFloat::minimum_number(FloatFormat format, std::uint64_t a, std::uint64_t b) {
    return extreme_number(format, a, b, false);
}

}  // namespace levitate::isa
