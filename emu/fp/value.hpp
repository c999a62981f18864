// Numbers taken apart and put together: FPUnpack, FPProcessNaN and FPRound of the Arm ARM's shared
// pseudocode. Private to emu/fp.
#pragma once

#include <bit>
#include <cstdint>

#include "emu/fp/context.hpp"
#include "emu/fp/format.hpp"

namespace levitate::emu::fp {

enum class Kind : std::uint8_t { Zero, Number, Infinity, QuietNan, SignallingNan };

// A Number is significand * 2^(exponent - 63), and bit 63 of its significand is set.
struct Value {
    Kind kind = Kind::Zero;
    bool negative = false;
    int exponent = 0;
    std::uint64_t significand = 0;

    bool is_nan() const { return kind == Kind::QuietNan || kind == Kind::SignallingNan; }
};

// Conversions between formats heed FPCR.AHP and ignore FPCR.FZ16; all other operations do the reverse.
enum class HalfRule : std::uint8_t { Arithmetic, Conversion };

template <class Bits>
bool flushes(const Context& context, HalfRule rule) {
    if constexpr (sizeof(Bits) == 2) {
        return rule == HalfRule::Arithmetic && (context.fpcr & fpcr::kFlushToZeroHalf) != 0;
    } else {
        return (context.fpcr & fpcr::kFlushToZero) != 0;
    }
}

template <class Bits>
bool is_alternative_half(const Context& context, HalfRule rule) {
    return sizeof(Bits) == 2 && rule == HalfRule::Conversion && (context.fpcr & fpcr::kAlternativeHalf) != 0;
}

// FPUnpack and FPUnpackCV. A flushed input raises IDC, except in half precision.
template <class Bits>
Value unpack(Bits bits, Context& context, HalfRule rule = HalfRule::Arithmetic) {
    using L = Layout<Bits>;
    Value value;
    value.negative = (bits & L::kSign) != 0;
    const int biased = static_cast<int>((bits & L::kInfinity) >> L::kFractionBits);
    const std::uint64_t fraction = bits & L::kFractionMask;
    if (biased == 0) {
        if (fraction == 0) {
            return value;
        }
        if (flushes<Bits>(context, rule)) {
            if (sizeof(Bits) != 2) {
                context.raise(fpsr::kInputDenormal);
            }
            return value;
        }
        const int shift = std::countl_zero(fraction);
        value.kind = Kind::Number;
        value.significand = fraction << shift;
        value.exponent = L::kMinimumExponent - L::kFractionBits + 63 - shift;
        return value;
    }
    if (biased == L::kMaximumBiased && !is_alternative_half<Bits>(context, rule)) {
        if (fraction == 0) {
            value.kind = Kind::Infinity;
        } else {
            value.kind = (bits & L::kQuiet) != 0 ? Kind::QuietNan : Kind::SignallingNan;
        }
        return value;
    }
    value.kind = Kind::Number;
    value.significand = (std::uint64_t{1} << 63) | (fraction << (63 - L::kFractionBits));
    value.exponent = biased - L::kBias;
    return value;
}

// FPProcessNaN: `bits` is a NaN.
template <class Bits>
Bits process_nan(Bits bits, Context& context) {
    using L = Layout<Bits>;
    if (is_signalling(bits)) {
        context.raise(fpsr::kInvalidOperation);
    }
    return (context.fpcr & fpcr::kDefaultNan) != 0 ? L::kDefaultNan : static_cast<Bits>(bits | L::kQuiet);
}

// FPProcessNaNs and FPProcessNaNs3: signalling before quiet, then in the order of the operands. True if one
// of them is a NaN, and `result` is then set.
template <class Bits, class... More>
bool process_nans(Bits& result, Context& context, Bits first, More... more) {
    const Bits operands[] = {first, more...};
    for (const Bits operand : operands) {
        if (is_signalling(operand)) {
            result = process_nan(operand, context);
            return true;
        }
    }
    for (const Bits operand : operands) {
        if (is_nan(operand)) {
            result = process_nan(operand, context);
            return true;
        }
    }
    return false;
}

template <class Bits>
Bits invalid(Context& context) {
    context.raise(fpsr::kInvalidOperation);
    return Layout<Bits>::kDefaultNan;
}

inline int leading_bit(Uint128 value) {
    const auto high = static_cast<std::uint64_t>(value >> 64);
    return high != 0 ? 127 - std::countl_zero(high)
                     : 63 - std::countl_zero(static_cast<std::uint64_t>(value));
}

// What was cut off below the last bit kept, against half of that bit.
enum class Remainder : std::uint8_t { None, BelowHalf, Half, AboveHalf };

struct Cut {
    Uint128 kept;
    Remainder remainder;
};

// floor(significand / 2^drop); a negative drop shifts left and must not lose bits.
inline Cut cut(Uint128 significand, int drop) {
    if (drop <= 0) {
        return {significand << -drop, Remainder::None};
    }
    if (drop > 128) {
        return {0, significand == 0 ? Remainder::None : Remainder::BelowHalf};
    }
    const Uint128 half = Uint128{1} << (drop - 1);
    const Uint128 rest = drop == 128 ? significand : significand & ((half << 1) - 1);
    const Uint128 kept = drop == 128 ? 0 : significand >> drop;
    if (rest == 0) {
        return {kept, Remainder::None};
    }
    return {kept, rest < half ? Remainder::BelowHalf : rest == half ? Remainder::Half : Remainder::AboveHalf};
}

// Whether the magnitude `kept` is to be incremented.
inline bool rounds_up(Cut value, bool negative, Rounding rounding) {
    switch (rounding) {
        case Rounding::TieEven:
            return value.remainder == Remainder::AboveHalf ||
                   (value.remainder == Remainder::Half && (value.kept & 1) != 0);
        case Rounding::TieAway:
            return value.remainder >= Remainder::Half;
        case Rounding::PlusInfinity:
            return value.remainder != Remainder::None && !negative;
        case Rounding::MinusInfinity:
            return value.remainder != Remainder::None && negative;
        case Rounding::Odd:
            return value.remainder != Remainder::None && (value.kept & 1) == 0;
        case Rounding::Zero:
            break;
    }
    return false;
}

inline bool overflows_to_infinity(bool negative, Rounding rounding) {
    switch (rounding) {
        case Rounding::TieEven:
        case Rounding::TieAway:
            return true;
        case Rounding::PlusInfinity:
            return !negative;
        case Rounding::MinusInfinity:
            return negative;
        case Rounding::Zero:
        case Rounding::Odd:
            break;
    }
    return false;
}

// FPRound and FPRoundCV of significand * 2^scale. The significand is not zero; its bit 0 may stand for any
// non-zero amount below it if at least two more bits than the format keeps lie above. Tininess is detected
// before rounding.
template <class Bits>
Bits round(bool negative, int scale, Uint128 significand, Context& context, Rounding rounding,
           HalfRule rule = HalfRule::Arithmetic) {
    using L = Layout<Bits>;
    const int top = leading_bit(significand);
    const int exponent = scale + top;
    const bool tiny = exponent < L::kMinimumExponent;
    if (tiny && flushes<Bits>(context, rule)) {
        context.raise(fpsr::kUnderflow);
        return L::with_sign(negative, 0);
    }
    int drop = top - L::kFractionBits;
    if (tiny) {
        drop += L::kMinimumExponent - exponent;
    }
    const Cut rounded = cut(significand, drop);
    const bool inexact = rounded.remainder != Remainder::None;
    if (tiny && inexact) {
        context.raise(fpsr::kUnderflow);
    }
    auto mantissa = static_cast<std::uint64_t>(rounded.kept);
    mantissa += rounds_up(rounded, negative, rounding) ? 1U : 0U;
    int biased = tiny ? 0 : exponent - L::kMinimumExponent + 1;
    // A mantissa that was rounded up to the next power of two carries into the exponent.
    if (tiny) {
        biased = static_cast<int>(mantissa >> L::kFractionBits);
    } else if (mantissa >> (L::kFractionBits + 1) != 0) {
        ++biased;
        mantissa >>= 1;
    }
    if (is_alternative_half<Bits>(context, rule)) {
        if (biased > L::kMaximumBiased) {
            context.raise(fpsr::kInvalidOperation);
            return L::with_sign(negative, static_cast<Bits>(~L::kSign));
        }
    } else if (biased >= L::kMaximumBiased) {
        context.raise(fpsr::kOverflow | fpsr::kInexact);
        return L::with_sign(negative, overflows_to_infinity(negative, rounding) ? L::kInfinity : L::kLargest);
    }
    if (inexact) {
        context.raise(fpsr::kInexact);
    }
    const auto fraction = static_cast<Bits>(mantissa & L::kFractionMask);
    return L::with_sign(
        negative,
        static_cast<Bits>(static_cast<Bits>(static_cast<Bits>(biased) << L::kFractionBits) | fraction));
}

template <class Bits>
Bits round(bool negative, int scale, Uint128 significand, Context& context) {
    return round<Bits>(negative, scale, significand, context, context.rounding());
}

}  // namespace levitate::emu::fp
