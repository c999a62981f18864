#include "emu/fp/convert.hpp"

#include "emu/fp/value.hpp"

namespace levitate::emu::fp {

namespace {

// FPConvertNaN: keeps the sign and the fraction's upper bits, and quietens.
template <class To, class From>
To convert_nan(From value) {
    constexpr int kSourceBits = Format<From>::kFractionBits;
    constexpr int kTargetBits = Format<To>::kFractionBits;
    const std::uint64_t fraction = value & Layout<From>::kFractionMask;
    std::uint64_t converted = 0;
    if constexpr (kTargetBits >= kSourceBits) {
        converted = fraction << (kTargetBits - kSourceBits);
    } else {
        converted = fraction >> (kSourceBits - kTargetBits);
    }
    const auto magnitude =
        static_cast<To>(Layout<To>::kInfinity | Layout<To>::kQuiet | static_cast<To>(converted));
    return Layout<To>::with_sign((value & Layout<From>::kSign) != 0, magnitude);
}

struct Integer {
    Uint128 magnitude;
    bool inexact;
};

// |value| * 2^scale rounded to an integer. A Number whose result does not fit 126 bits counts as 2^126.
Integer to_integer(const Value& value, int scale, Rounding rounding) {
    const int exponent = value.exponent + scale;
    if (exponent > 126) {
        return {Uint128{1} << 126, false};
    }
    const Cut integral = cut(value.significand, 63 - exponent);
    return {integral.kept + (rounds_up(integral, value.negative, rounding) ? 1 : 0),
            integral.remainder != Remainder::None};
}

}  // namespace

template <class To, class From>
To soft::convert(From value, Rounding rounding, Context& context) {
    using L = Layout<To>;
    const Value source = unpack(value, context, HalfRule::Conversion);
    const bool alternative_half = is_alternative_half<To>(context, HalfRule::Conversion);
    switch (source.kind) {
        case Kind::QuietNan:
        case Kind::SignallingNan:
            if (source.kind == Kind::SignallingNan || alternative_half) {
                context.raise(fpsr::kInvalidOperation);
            }
            if (alternative_half) {
                return L::with_sign(source.negative, 0);
            }
            return (context.fpcr & fpcr::kDefaultNan) != 0 ? L::kDefaultNan : convert_nan<To>(value);
        case Kind::Infinity:
            if (alternative_half) {
                context.raise(fpsr::kInvalidOperation);
                return L::with_sign(source.negative, static_cast<To>(~L::kSign));
            }
            return L::with_sign(source.negative, L::kInfinity);
        case Kind::Zero:
            return L::with_sign(source.negative, 0);
        case Kind::Number:
            break;
    }
    return round<To>(source.negative, source.exponent - 63, source.significand, context, rounding,
                     HalfRule::Conversion);
}

template <class Bits>
std::uint64_t soft::to_fixed(Bits value, unsigned fraction_bits, unsigned width, Signedness signedness,
                             Rounding rounding, Context& context) {
    const Value source = unpack(value, context);
    if (source.is_nan()) {
        context.raise(fpsr::kInvalidOperation);
        return 0;
    }
    if (source.kind == Kind::Zero) {
        return 0;
    }
    const bool is_signed = signedness == Signedness::Signed;
    const Uint128 all_ones = (Uint128{1} << width) - 1;
    const Uint128 highest = is_signed ? all_ones >> 1 : all_ones;
    // The largest magnitude of a negative result.
    const Uint128 lowest = is_signed ? (all_ones >> 1) + 1 : 0;
    const Uint128 limit = source.negative ? lowest : highest;
    Integer integer{limit + 1, false};
    if (source.kind == Kind::Number) {
        integer = to_integer(source, static_cast<int>(fraction_bits), rounding);
    }
    if (integer.magnitude > limit) {
        context.raise(fpsr::kInvalidOperation);
        integer.magnitude = limit;
    } else if (integer.inexact) {
        context.raise(fpsr::kInexact);
    }
    const auto magnitude = static_cast<std::uint64_t>(integer.magnitude);
    return (source.negative ? 0 - magnitude : magnitude) & static_cast<std::uint64_t>(all_ones);
}

template <class Bits>
Bits soft::from_fixed(std::uint64_t magnitude, bool negative, unsigned fraction_bits, Rounding rounding,
                      Context& context) {
    if (magnitude == 0) {
        return 0;
    }
    return round<Bits>(negative, -static_cast<int>(fraction_bits), magnitude, context, rounding);
}

template <class Bits>
Bits round_to_integral(Bits value, Rounding rounding, Exactness exactness, Context& context) {
    using L = Layout<Bits>;
    const Value source = unpack(value, context);
    if (source.is_nan()) {
        return process_nan(value, context);
    }
    if (source.kind == Kind::Zero) {
        return L::with_sign(source.negative, 0);
    }
    if (source.kind == Kind::Infinity || source.exponent >= L::kFractionBits) {
        return value;
    }
    const Integer integer = to_integer(source, 0, rounding);
    if (integer.inexact && exactness == Exactness::Reported) {
        context.raise(fpsr::kInexact);
    }
    if (integer.magnitude == 0) {
        return L::with_sign(source.negative, 0);
    }
    return round<Bits>(source.negative, 0, integer.magnitude, context, Rounding::Zero);
}

#define INSTANTIATE(Bits)                                                                            \
    template std::uint64_t soft::to_fixed(Bits, unsigned, unsigned, Signedness, Rounding, Context&); \
    template Bits soft::from_fixed(std::uint64_t, bool, unsigned, Rounding, Context&);               \
    template Bits round_to_integral(Bits, Rounding, Exactness, Context&)

INSTANTIATE(std::uint16_t);
INSTANTIATE(std::uint32_t);
INSTANTIATE(std::uint64_t);

#undef INSTANTIATE

template std::uint16_t soft::convert(std::uint32_t, Rounding, Context&);
template std::uint16_t soft::convert(std::uint64_t, Rounding, Context&);
template std::uint32_t soft::convert(std::uint16_t, Rounding, Context&);
template std::uint32_t soft::convert(std::uint64_t, Rounding, Context&);
template std::uint64_t soft::convert(std::uint16_t, Rounding, Context&);
template std::uint64_t soft::convert(std::uint32_t, Rounding, Context&);

}  // namespace levitate::emu::fp
