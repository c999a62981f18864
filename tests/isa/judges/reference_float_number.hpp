// What the parts of ReferenceFloat share: a number of any size, an unpacked operand, and the formats' masks.
#pragma once

#include <mpfr.h>

#include <cstdint>

#include "tests/isa/judges/reference_float.hpp"

namespace levitate::isa {

// FPSR
inline constexpr std::uint64_t kInvalidOperation = 1 << 0;
inline constexpr std::uint64_t kDivideByZero = 1 << 1;
inline constexpr std::uint64_t kOverflow = 1 << 2;
inline constexpr std::uint64_t kUnderflow = 1 << 3;
inline constexpr std::uint64_t kInexact = 1 << 4;
inline constexpr std::uint64_t kInputDenormal = 1 << 7;

// FPCR
inline constexpr std::uint64_t kFlushHalf = 1 << 19;
inline constexpr std::uint64_t kFlush = 1 << 24;
inline constexpr std::uint64_t kDefaultNans = 1 << 25;
inline constexpr std::uint64_t kAlternativeHalf = 1 << 26;

// Holds every sum, product and fused product of two doubles exactly: twice the range of exponents, and the
// fractions.
inline constexpr mpfr_prec_t kExactPrecision = 4 * 1024 + 512;
// Of quotients and roots; more than twice a double's.
inline constexpr mpfr_prec_t kLongPrecision = 192;

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
    Rounded rounded(long unit, Rounding rounding) const;

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

}  // namespace levitate::isa
