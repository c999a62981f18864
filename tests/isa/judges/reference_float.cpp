#include "tests/isa/judges/reference_float.hpp"

#include <mpfr.h>

#include <algorithm>
#include <array>
#include <utility>

namespace levitate::isa {

namespace {

// FPSR
constexpr std::uint64_t kInvalidOperation = 1 << 0;
constexpr std::uint64_t kDivideByZero = 1 << 1;
constexpr std::uint64_t kOverflow = 1 << 2;
constexpr std::uint64_t kUnderflow = 1 << 3;
constexpr std::uint64_t kInexact = 1 << 4;
constexpr std::uint64_t kInputDenormal = 1 << 7;

// FPCR
constexpr std::uint64_t kFlushHalf = 1 << 19;
constexpr std::uint64_t kFlush = 1 << 24;
constexpr std::uint64_t kDefaultNans = 1 << 25;
constexpr std::uint64_t kAlternativeHalf = 1 << 26;

// Holds every sum, product and fused product of two doubles exactly: twice the range of exponents, and the
// fractions.
constexpr mpfr_prec_t kExactPrecision = 4 * 1024 + 512;
// Of quotients and roots; more than twice a double's.
constexpr mpfr_prec_t kLongPrecision = 192;

// `width` 1 to 64.
constexpr std::uint64_t low_mask(unsigned width) {
    return ~std::uint64_t{0} >> (64 - width);
}
constexpr std::uint64_t fraction_mask(FloatFormat format) {
    return low_mask(format.fraction_bits);
}
constexpr std::uint64_t exponent_mask(FloatFormat format) {
    return low_mask(format.exponent_bits);
}
constexpr int bias(FloatFormat format) {
    return static_cast<int>(exponent_mask(format) >> 1);
}
constexpr std::uint64_t sign_bit(FloatFormat format) {
    return std::uint64_t{1} << (format.width() - 1);
}
constexpr std::uint64_t zero(FloatFormat format, bool is_negative) {
    return is_negative ? sign_bit(format) : 0;
}
constexpr std::uint64_t infinity(FloatFormat format, bool is_negative) {
    return zero(format, is_negative) | exponent_mask(format) << format.fraction_bits;
}
constexpr std::uint64_t greatest(FloatFormat format, bool is_negative) {
    return infinity(format, is_negative) - 1;
}
constexpr std::uint64_t quiet_bit(FloatFormat format) {
    return std::uint64_t{1} << (format.fraction_bits - 1);
}

// Whether a magnitude of the integer part `whole` and a rest is rounded away from zero.
bool rounds_away(Rounding rounding, bool is_negative, bool is_odd, int rest_against_half, bool has_rest) {
    switch (rounding) {
        case Rounding::TiesToEven:
            return rest_against_half > 0 || (rest_against_half == 0 && is_odd);
        case Rounding::Up:
            return has_rest && !is_negative;
        case Rounding::Down:
            return has_rest && is_negative;
        case Rounding::Zero:
            return false;
        case Rounding::TiesAway:
            return rest_against_half >= 0;
        case Rounding::Odd:
            return has_rest && !is_odd;
    }
    return false;
}

}  // namespace

class ReferenceFloat::Real {
  public:
    explicit Real(mpfr_prec_t precision = kExactPrecision) { mpfr_init2(value_, precision); }
    Real(const Real& other) : Real(mpfr_get_prec(other.value_)) { mpfr_set(value_, other.value_, MPFR_RNDN); }
    Real& operator=(const Real&) = delete;
    ~Real() { mpfr_clear(value_); }

    // |mantissa| * 2^exponent.
    void set(bool is_negative, std::uint64_t mantissa, long exponent) {
        mpfr_set_ui_2exp(value_, mantissa, exponent, MPFR_RNDN);
        mpfr_setsign(value_, value_, is_negative ? 1 : 0, MPFR_RNDN);
    }
    bool is_zero() const { return mpfr_zero_p(value_) != 0; }
    bool is_negative() const { return mpfr_signbit(value_) != 0; }
    // Of the first bit: 1 <= |value| / 2^exponent < 2.
    long exponent() const { return static_cast<long>(mpfr_get_exp(value_)) - 1; }

    // An operation that was rounded towards zero has lost something: one more bit says so.
    void stick() {
        Real ulp{mpfr_get_prec(value_)};
        mpfr_set_ui_2exp(ulp.value_, 1, exponent() - static_cast<long>(mpfr_get_prec(value_)), MPFR_RNDN);
        mpfr_setsign(ulp.value_, ulp.value_, is_negative() ? 1 : 0, MPFR_RNDN);
        mpfr_prec_round(value_, mpfr_get_prec(value_) + 1, MPFR_RNDN);
        mpfr_add(value_, value_, ulp.value_, MPFR_RNDN);
    }

    // The magnitude in units of 2^unit, rounded to an integer, if that fits 64 bits.
    struct Rounded {
        bool fits = false;
        std::uint64_t magnitude = 0;
        bool is_exact = false;
    };
    Rounded rounded(long unit, Rounding rounding) const {
        if (!is_zero() && exponent() - unit > 64) {
            return {};
        }
        Real scaled{mpfr_get_prec(value_)};
        Real whole{mpfr_get_prec(value_)};
        Real rest{mpfr_get_prec(value_)};
        mpfr_abs(scaled.value_, value_, MPFR_RNDN);
        mpfr_mul_2si(scaled.value_, scaled.value_, -unit, MPFR_RNDN);
        mpfr_trunc(whole.value_, scaled.value_);
        mpfr_sub(rest.value_, scaled.value_, whole.value_, MPFR_RNDN);
        if (mpfr_fits_ulong_p(whole.value_, MPFR_RNDZ) == 0) {
            return {};
        }
        const std::uint64_t magnitude = mpfr_get_ui(whole.value_, MPFR_RNDZ);
        const bool has_rest = !rest.is_zero();
        const int against_half = mpfr_cmp_d(rest.value_, 0.5);
        const bool away = rounds_away(rounding, is_negative(), (magnitude & 1) != 0, against_half, has_rest);
        if (away && magnitude == low_mask(64)) {
            return {};
        }
        return {.fits = true, .magnitude = magnitude + (away ? 1 : 0), .is_exact = !has_rest};
    }

    mpfr_ptr get() { return value_; }
    mpfr_srcptr get() const { return value_; }

  private:
    mpfr_t value_;
};

struct ReferenceFloat::Unpacked {
    Kind kind;
    bool is_negative;
    std::uint64_t bits;
    Real value{64};  // not of NaNs

    bool is_nan() const { return kind == Kind::QuietNan || kind == Kind::SignallingNan; }
    bool is_infinity() const { return kind == Kind::Infinity; }
    bool is_zero() const { return kind == Kind::Zero; }
};

bool ReferenceFloat::flushes(FloatFormat format, Conversion conversion) const {
    if (format == kHalf) {
        return conversion == Conversion::No && (fpcr_ & kFlushHalf) != 0;
    }
    return (fpcr_ & kFlush) != 0;
}

bool ReferenceFloat::is_alternative_half(FloatFormat format, Conversion conversion) const {
    return format == kHalf && conversion == Conversion::Yes && (fpcr_ & kAlternativeHalf) != 0;
}

ReferenceFloat::Unpacked ReferenceFloat::unpack(FloatFormat format, std::uint64_t bits,
                                                Conversion conversion) {
    bits &= low_mask(format.width());
    const std::uint64_t fraction = bits & fraction_mask(format);
    const std::uint64_t exponent = bits >> format.fraction_bits & exponent_mask(format);
    Unpacked result{.kind = Kind::Finite, .is_negative = (bits & sign_bit(format)) != 0, .bits = bits};
    const long unit = 1 - bias(format) - static_cast<long>(format.fraction_bits);
    if (exponent == 0) {
        const bool is_flushed = fraction != 0 && flushes(format, conversion);
        if (is_flushed && format != kHalf) {
            flags_ |= kInputDenormal;
        }
        const std::uint64_t mantissa = is_flushed ? 0 : fraction;
        result.kind = mantissa == 0 ? Kind::Zero : Kind::Finite;
        result.value.set(result.is_negative, mantissa, unit);
        return result;
    }
    if (exponent == exponent_mask(format) && !is_alternative_half(format, conversion)) {
        result.kind = fraction == 0                         ? Kind::Infinity
                      : (fraction & quiet_bit(format)) != 0 ? Kind::QuietNan
                                                            : Kind::SignallingNan;
        if (result.is_infinity()) {
            mpfr_set_inf(result.value.get(), result.is_negative ? -1 : 1);
        }
        return result;
    }
    const std::uint64_t mantissa = fraction | std::uint64_t{1} << format.fraction_bits;
    result.value.set(result.is_negative, mantissa, unit + static_cast<long>(exponent) - 1);
    return result;
}

// FPRound and FPRoundCV.
std::uint64_t ReferenceFloat::round(FloatFormat format, const Real& value, Rounding rounding,
                                    Conversion conversion) {
    const bool is_negative = value.is_negative();
    const long least_exponent = 1 - bias(format);
    const bool is_tiny = value.exponent() < least_exponent;
    if (is_tiny && flushes(format, conversion)) {
        flags_ |= kUnderflow;
        return zero(format, is_negative);
    }
    const long exponent = std::max(value.exponent(), least_exponent);
    const auto rounded = value.rounded(exponent - static_cast<long>(format.fraction_bits), rounding);
    std::uint64_t mantissa = rounded.magnitude;
    std::uint64_t biased = static_cast<std::uint64_t>(exponent + bias(format));
    const std::uint64_t implicit = std::uint64_t{1} << format.fraction_bits;
    if (mantissa == 2 * implicit) {
        mantissa = implicit;
        ++biased;
    }
    if (mantissa < implicit) {
        biased = 0;
    }
    if (is_tiny && !rounded.is_exact) {
        flags_ |= kUnderflow;
    }
    if (is_alternative_half(format, conversion)) {
        if (biased > exponent_mask(format)) {
            flags_ |= kInvalidOperation;
            return zero(format, is_negative) | low_mask(format.width() - 1);
        }
    } else if (biased >= exponent_mask(format)) {
        flags_ |= kOverflow | kInexact;
        const bool to_infinity = rounding == Rounding::TiesToEven || rounding == Rounding::TiesAway ||
                                 (rounding == Rounding::Up && !is_negative) ||
                                 (rounding == Rounding::Down && is_negative);
        return to_infinity ? infinity(format, is_negative) : greatest(format, is_negative);
    }
    if (!rounded.is_exact) {
        flags_ |= kInexact;
    }
    return zero(format, is_negative) | biased << format.fraction_bits | (mantissa & fraction_mask(format));
}

// A sum that is exactly zero is positive, except when rounding down.
std::uint64_t ReferenceFloat::round_or_zero(FloatFormat format, const Real& value) {
    return value.is_zero() ? zero(format, rounding() == Rounding::Down) : round(format, value, rounding());
}

std::uint64_t ReferenceFloat::default_nan(FloatFormat format) const {
    return infinity(format, false) | quiet_bit(format);
}

std::uint64_t ReferenceFloat::invalid(FloatFormat format) {
    flags_ |= kInvalidOperation;
    return default_nan(format);
}

std::uint64_t ReferenceFloat::process_nan(FloatFormat format, const Unpacked& nan) {
    if (nan.kind == Kind::SignallingNan) {
        flags_ |= kInvalidOperation;
    }
    return (fpcr_ & kDefaultNans) != 0 ? default_nan(format) : nan.bits | quiet_bit(format);
}

std::optional<std::uint64_t> ReferenceFloat::process_nans(FloatFormat format, const Unpacked& a,
                                                          const Unpacked& b) {
    for (const Kind kind : {Kind::SignallingNan, Kind::QuietNan}) {
        for (const Unpacked* operand : {&a, &b}) {
            if (operand->kind == kind) {
                return process_nan(format, *operand);
            }
        }
    }
    return std::nullopt;
}

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

Relation ReferenceFloat::compare(FloatFormat format, std::uint64_t a, std::uint64_t b, bool signals) {
    const Unpacked first = unpack(format, a);
    const Unpacked second = unpack(format, b);
    if (first.is_nan() || second.is_nan()) {
        if (signals || first.kind == Kind::SignallingNan || second.kind == Kind::SignallingNan) {
            flags_ |= kInvalidOperation;
        }
        return Relation::Unordered;
    }
    const int order = mpfr_cmp(first.value.get(), second.value.get());
    return order == 0 ? Relation::Equal : order < 0 ? Relation::Less : Relation::Greater;
}

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

std::uint64_t ReferenceFloat::negate(FloatFormat format, std::uint64_t a) {
    return a ^ sign_bit(format);
}

std::uint64_t ReferenceFloat::absolute(FloatFormat format, std::uint64_t a) {
    return a & ~sign_bit(format);
}

}  // namespace levitate::isa
