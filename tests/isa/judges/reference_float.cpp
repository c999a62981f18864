#include "tests/isa/judges/reference_float.hpp"

#include <mpfr.h>

#include <algorithm>

#include "tests/isa/judges/reference_float_number.hpp"

namespace levitate::isa {
namespace {

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

ReferenceFloat::Real::Rounded ReferenceFloat::Real::rounded(long unit, Rounding rounding) const {
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

std::uint64_t ReferenceFloat::negate(FloatFormat format, std::uint64_t a) {
    return a ^ sign_bit(format);
}

std::uint64_t ReferenceFloat::absolute(FloatFormat format, std::uint64_t a) {
    return a & ~sign_bit(format);
}

}  // namespace levitate::isa
