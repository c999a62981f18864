// What AdvSIMD instructions do to one lane. A lane is a signed or an unsigned integer of its width;
// floating-point lanes are bit patterns. Operations that set FPSR or read FPCR take an fp::Context after
// their operands.
#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>
#include <limits>
#include <type_traits>

#include "emu/fp/arithmetic.hpp"
#include "emu/fp/compare.hpp"
#include "emu/fp/context.hpp"
#include "emu/fp/convert.hpp"
#include "emu/fp/estimate.hpp"

namespace levitate::emu::simd {

__extension__ using Int128 = __int128;
__extension__ using Uint128 = unsigned __int128;

template <class T>
inline constexpr unsigned kBitsOf = 8 * sizeof(T);

// std::make_signed and the like do not know the 128-bit types in strict mode.
template <unsigned bytes>
struct Integers;
template <>
struct Integers<1> {
    using Signed = std::int8_t;
    using Unsigned = std::uint8_t;
};
template <>
struct Integers<2> {
    using Signed = std::int16_t;
    using Unsigned = std::uint16_t;
};
template <>
struct Integers<4> {
    using Signed = std::int32_t;
    using Unsigned = std::uint32_t;
};
template <>
struct Integers<8> {
    using Signed = std::int64_t;
    using Unsigned = std::uint64_t;
};
template <>
struct Integers<16> {
    using Signed = Int128;
    using Unsigned = Uint128;
};

template <class T>
inline constexpr bool kIsSigned = static_cast<T>(-1) < static_cast<T>(1);
template <class T>
using Unsigned = Integers<sizeof(T)>::Unsigned;
template <class T>
using Signed = Integers<sizeof(T)>::Signed;
// An integer of twice the width: it holds every sum and product of two lanes, and if signed every difference.
template <class T>
using SignedWide = Integers<2 * sizeof(T)>::Signed;
template <class T>
using UnsignedWide = Integers<2 * sizeof(T)>::Unsigned;
template <class T>
using Wide = std::conditional_t<kIsSigned<T>, SignedWide<T>, UnsignedWide<T>>;
template <class T>
using Narrow = std::conditional_t<kIsSigned<T>, typename Integers<sizeof(T) / 2>::Signed,
                                  typename Integers<sizeof(T) / 2>::Unsigned>;
// An integer that wraps, and that is not promoted to int.
template <class T>
using Modular = std::conditional_t<(sizeof(T) < 4), std::uint32_t, Unsigned<T>>;

template <class T>
inline constexpr T kLowest = kIsSigned<T> ? static_cast<T>(Unsigned<T>{1} << (kBitsOf<T> - 1)) : T{0};
template <class T>
inline constexpr T kHighest = static_cast<T>(~kLowest<T>);

template <class T, class W>
T saturate(W value, fp::Context& context) {
    if (value < static_cast<W>(kLowest<T>)) {
        context.raise(fp::fpsr::kSaturation);
        return kLowest<T>;
    }
    if (value > static_cast<W>(kHighest<T>)) {
        context.raise(fp::fpsr::kSaturation);
        return kHighest<T>;
    }
    return static_cast<T>(value);
}

template <class T>
constexpr T all_ones_if(bool condition) {
    return static_cast<T>(condition ? -1 : 0);
}

namespace operations {

// Integer arithmetic.

inline constexpr auto kAdd = []<class T>(T a, T b) { return static_cast<T>(Modular<T>(a) + Modular<T>(b)); };
inline constexpr auto kSubtract = []<class T>(T a, T b) {
    return static_cast<T>(Modular<T>(a) - Modular<T>(b));
};
inline constexpr auto kMultiply = []<class T>(T a, T b) {
    return static_cast<T>(Modular<T>(a) * Modular<T>(b));
};
inline constexpr auto kMultiplyAccumulate = []<class T>(T sum, T a, T b) {
    return static_cast<T>(Modular<T>(sum) + Modular<T>(a) * Modular<T>(b));
};
inline constexpr auto kMultiplySubtract = []<class T>(T sum, T a, T b) {
    return static_cast<T>(Modular<T>(sum) - Modular<T>(a) * Modular<T>(b));
};
inline constexpr auto kHalvingAdd = []<class T>(T a, T b) {
    return static_cast<T>((SignedWide<T>(a) + SignedWide<T>(b)) >> 1);
};
inline constexpr auto kRoundingHalvingAdd = []<class T>(T a, T b) {
    return static_cast<T>((SignedWide<T>(a) + SignedWide<T>(b) + 1) >> 1);
};
inline constexpr auto kHalvingSubtract = []<class T>(T a, T b) {
    return static_cast<T>((SignedWide<T>(a) - SignedWide<T>(b)) >> 1);
};
inline constexpr auto kMaximum = []<class T>(T a, T b) { return a > b ? a : b; };
inline constexpr auto kMinimum = []<class T>(T a, T b) { return a < b ? a : b; };
inline constexpr auto kAbsoluteDifference = []<class T>(T a, T b) {
    return static_cast<T>(a > b ? Modular<T>(a) - Modular<T>(b) : Modular<T>(b) - Modular<T>(a));
};
inline constexpr auto kAbsoluteDifferenceAccumulate = []<class T>(T sum, T a, T b) {
    return kAdd(sum, kAbsoluteDifference(a, b));
};
inline constexpr auto kNegate = []<class T>(T a) { return static_cast<T>(0 - Modular<T>(a)); };
inline constexpr auto kAbsolute = []<class T>(T a) { return a < 0 ? kNegate(a) : a; };

// Saturating arithmetic.

inline constexpr auto kSaturatingAdd = []<class T>(T a, T b, fp::Context& context) {
    return saturate<T>(static_cast<SignedWide<T>>(SignedWide<T>(a) + SignedWide<T>(b)), context);
};
inline constexpr auto kSaturatingSubtract = []<class T>(T a, T b, fp::Context& context) {
    return saturate<T>(static_cast<SignedWide<T>>(SignedWide<T>(a) - SignedWide<T>(b)), context);
};
// SUQADD and USQADD: the sum of a lane and one of the other signedness, as the former.
inline constexpr auto kSaturatingAddOtherSign = []<class T>(T sum, T a, fp::Context& context) {
    using Other = std::conditional_t<kIsSigned<T>, Unsigned<T>, Signed<T>>;
    return saturate<T>(static_cast<SignedWide<T>>(SignedWide<T>(sum) + SignedWide<T>(static_cast<Other>(a))),
                       context);
};
inline constexpr auto kSaturatingNegate = []<class T>(T a, fp::Context& context) {
    return saturate<T>(static_cast<SignedWide<T>>(-SignedWide<T>(a)), context);
};
inline constexpr auto kSaturatingAbsolute = []<class T>(T a, fp::Context& context) {
    return saturate<T>(static_cast<SignedWide<T>>(a < 0 ? -SignedWide<T>(a) : SignedWide<T>(a)), context);
};
// 2ab >> width, and with half of the last bit added before.
inline constexpr auto kDoublingMultiplyHigh = []<class T>(T a, T b, fp::Context& context) {
    using W = SignedWide<T>;
    return saturate<T>(static_cast<W>((W(a) * W(b)) >> (kBitsOf<T> - 1)), context);
};
template <class T>
constexpr SignedWide<T> kRoundingHalf = static_cast<SignedWide<T>>(SignedWide<T>(1) << (kBitsOf<T> - 2));
inline constexpr auto kRoundingDoublingMultiplyHigh = []<class T>(T a, T b, fp::Context& context) {
    using W = SignedWide<T>;
    return saturate<T>(static_cast<W>((W(a) * W(b) + kRoundingHalf<T>) >> (kBitsOf<T> - 1)), context);
};
// These two are right for the accumulator's whole range: ab and the shifted accumulator are at most a quarter
// of W.
inline constexpr auto kRoundingDoublingMultiplyAccumulateHigh = []<class T>(T sum, T a, T b,
                                                                            fp::Context& context) {
    using W = SignedWide<T>;
    const W shifted = static_cast<W>(W(sum) * (W(1) << (kBitsOf<T> - 1)));
    return saturate<T>(static_cast<W>((shifted + W(a) * W(b) + kRoundingHalf<T>) >> (kBitsOf<T> - 1)),
                       context);
};
inline constexpr auto kRoundingDoublingMultiplySubtractHigh = []<class T>(T sum, T a, T b,
                                                                          fp::Context& context) {
    using W = SignedWide<T>;
    const W shifted = static_cast<W>(W(sum) * (W(1) << (kBitsOf<T> - 1)));
    return saturate<T>(static_cast<W>((shifted - W(a) * W(b) + kRoundingHalf<T>) >> (kBitsOf<T> - 1)),
                       context);
};
// The operands are extended lanes of half T's width.
inline constexpr auto kSaturatingDoublingMultiply = []<class T>(T a, T b, fp::Context& context) {
    return saturate<T>(static_cast<SignedWide<T>>(2 * SignedWide<T>(a) * SignedWide<T>(b)), context);
};
inline constexpr auto kSaturatingDoublingMultiplyAccumulate = []<class T>(T sum, T a, T b,
                                                                          fp::Context& context) {
    return kSaturatingAdd(sum, kSaturatingDoublingMultiply(a, b, context), context);
};
inline constexpr auto kSaturatingDoublingMultiplySubtract = []<class T>(T sum, T a, T b,
                                                                        fp::Context& context) {
    return kSaturatingSubtract(sum, kSaturatingDoublingMultiply(a, b, context), context);
};

// Comparisons.

inline constexpr auto kEqual = []<class T>(T a, T b) { return all_ones_if<T>(a == b); };
inline constexpr auto kGreater = []<class T>(T a, T b) { return all_ones_if<T>(a > b); };
inline constexpr auto kGreaterOrEqual = []<class T>(T a, T b) { return all_ones_if<T>(a >= b); };
inline constexpr auto kTest = []<class T>(T a, T b) { return all_ones_if<T>((a & b) != 0); };
inline constexpr auto kEqualZero = []<class T>(T a) { return all_ones_if<T>(a == 0); };
inline constexpr auto kGreaterZero = []<class T>(T a) { return all_ones_if<T>(a > 0); };
inline constexpr auto kGreaterOrEqualZero = []<class T>(T a) { return all_ones_if<T>(a >= 0); };
inline constexpr auto kLessZero = []<class T>(T a) { return all_ones_if<T>(a < 0); };
inline constexpr auto kLessOrEqualZero = []<class T>(T a) { return all_ones_if<T>(a <= 0); };

// Bitwise operations.

inline constexpr auto kBitAnd = []<class T>(T a, T b) { return static_cast<T>(a & b); };
inline constexpr auto kBitClear = []<class T>(T a, T b) { return static_cast<T>(a & ~b); };
inline constexpr auto kBitOr = []<class T>(T a, T b) { return static_cast<T>(a | b); };
inline constexpr auto kBitOrNot = []<class T>(T a, T b) { return static_cast<T>(a | ~b); };
inline constexpr auto kBitXor = []<class T>(T a, T b) { return static_cast<T>(a ^ b); };
inline constexpr auto kBitNot = []<class T>(T a) { return static_cast<T>(~a); };
// BSL: the destination selects; BIT and BIF: the second operand does.
inline constexpr auto kBitSelect = []<class T>(T d, T a, T b) { return static_cast<T>(b ^ ((a ^ b) & d)); };
inline constexpr auto kInsertIfTrue = []<class T>(T d, T a, T b) {
    return static_cast<T>(d ^ ((d ^ a) & b));
};
inline constexpr auto kInsertIfFalse = []<class T>(T d, T a, T b) {
    return static_cast<T>(d ^ ((d ^ a) & ~b));
};
inline constexpr auto kCountOnes = []<class T>(T a) {
    return static_cast<T>(std::popcount(static_cast<Unsigned<T>>(a)));
};
inline constexpr auto kCountLeadingZeros = []<class T>(T a) {
    return static_cast<T>(std::countl_zero(static_cast<Unsigned<T>>(a)));
};
inline constexpr auto kCountLeadingSigns = []<class T>(T a) {
    const auto differences = static_cast<Unsigned<T>>(a ^ static_cast<T>(a >> 1));
    return static_cast<T>(std::countl_zero(differences) - 1);
};
inline constexpr auto kReverseBits = []<class T>(T a) {
    std::uint32_t byte = static_cast<std::uint8_t>(a);
    byte = (byte & 0x55) << 1 | (byte >> 1 & 0x55);
    byte = (byte & 0x33) << 2 | (byte >> 2 & 0x33);
    return static_cast<T>(byte << 4 | byte >> 4);
};
// Multiplication of polynomials over {0, 1}, modulo x^width.
inline constexpr auto kMultiplyPolynomials = []<class T>(T a, T b) {
    Modular<T> product = 0;
    for (unsigned i = 0; i < kBitsOf<T>; ++i) {
        product ^= ((Modular<T>(b) >> i) & 1) != 0 ? Modular<T>(a) << i : 0;
    }
    return static_cast<T>(product);
};

// Shifts by a register: `b`'s lowest byte is the signed distance, to the left.

template <class T>
constexpr int shift_distance(T b) {
    return static_cast<std::int8_t>(static_cast<std::uint8_t>(b));
}
// a >> distance, distance in [1, width]; with half of the last bit kept added before.
inline constexpr auto kShiftRight = []<class T>(T a, unsigned distance) {
    return static_cast<T>(Wide<T>(a) >> distance);
};
inline constexpr auto kRoundingShiftRight = []<class T>(T a, unsigned distance) {
    return static_cast<T>((Wide<T>(a) + (Wide<T>(1) << (distance - 1))) >> distance);
};
inline constexpr auto kShiftLeft = []<class T>(T a, unsigned distance) {
    return static_cast<T>(Modular<T>(a) << distance);
};
inline constexpr auto kShiftByRegister = []<class T>(T a, T b) {
    const int distance = shift_distance(b);
    if (distance >= static_cast<int>(kBitsOf<T>)) {
        return T{0};
    }
    return distance >= 0 ? kShiftLeft(a, static_cast<unsigned>(distance))
                         : kShiftRight(a, std::min(static_cast<unsigned>(-distance), kBitsOf<T>));
};
inline constexpr auto kRoundingShiftByRegister = []<class T>(T a, T b) {
    const int distance = shift_distance(b);
    if (distance >= static_cast<int>(kBitsOf<T>) || -distance > static_cast<int>(kBitsOf<T>)) {
        return T{0};
    }
    return distance >= 0 ? kShiftLeft(a, static_cast<unsigned>(distance))
                         : kRoundingShiftRight(a, static_cast<unsigned>(-distance));
};
// R is T, or for SQSHLU unsigned where T is signed. distance < width.
template <class R, class T>
R saturating_shift_left_to(T a, unsigned distance, fp::Context& context) {
    return saturate<R>(static_cast<Wide<T>>(Wide<T>(a) * static_cast<Wide<T>>(Wide<T>(1) << distance)),
                       context);
}
template <class T>
T saturating_shift_left_far(T a, fp::Context& context) {
    if (a == 0) {
        return 0;
    }
    context.raise(fp::fpsr::kSaturation);
    return a < 0 ? kLowest<T> : kHighest<T>;
}
inline constexpr auto kSaturatingShiftByRegister = []<class T>(T a, T b, fp::Context& context) {
    const int distance = shift_distance(b);
    if (distance < 0) {
        return kShiftByRegister(a, b);
    }
    return distance < static_cast<int>(kBitsOf<T>)
               ? saturating_shift_left_to<T>(a, static_cast<unsigned>(distance), context)
               : saturating_shift_left_far(a, context);
};
inline constexpr auto kSaturatingRoundingShiftByRegister = []<class T>(T a, T b, fp::Context& context) {
    return shift_distance(b) < 0 ? kRoundingShiftByRegister(a, b) : kSaturatingShiftByRegister(a, b, context);
};

// Shifts by an immediate: to the right by [1, width], to the left by [0, width).

inline constexpr auto kShiftRightAccumulate = []<class T>(T sum, T a, unsigned distance) {
    return kAdd(sum, kShiftRight(a, distance));
};
inline constexpr auto kRoundingShiftRightAccumulate = []<class T>(T sum, T a, unsigned distance) {
    return kAdd(sum, kRoundingShiftRight(a, distance));
};
inline constexpr auto kShiftRightInsert = []<class T>(T d, T a, unsigned distance) {
    const auto mask = static_cast<T>(UnsignedWide<T>(static_cast<Unsigned<T>>(-1)) >> distance);
    return static_cast<T>((d & ~mask) | (kShiftRight(a, distance) & mask));
};
inline constexpr auto kShiftLeftInsert = []<class T>(T d, T a, unsigned distance) {
    const auto mask = static_cast<T>((Modular<T>(1) << distance) - 1);
    return static_cast<T>((d & mask) | kShiftLeft(a, distance));
};
inline constexpr auto kSaturatingShiftLeft = []<class T>(T a, unsigned distance, fp::Context& context) {
    return saturating_shift_left_to<T>(a, distance, context);
};
inline constexpr auto kSaturatingShiftLeftUnsigned = []<class T>(T a, unsigned distance,
                                                                 fp::Context& context) {
    return static_cast<T>(saturating_shift_left_to<Unsigned<T>>(a, distance, context));
};

// Floating-point arithmetic.

inline constexpr auto kFpAdd = []<class T>(T a, T b, fp::Context& context) { return fp::add(a, b, context); };
inline constexpr auto kFpSubtract = []<class T>(T a, T b, fp::Context& context) {
    return fp::subtract(a, b, context);
};
inline constexpr auto kFpMultiply = []<class T>(T a, T b, fp::Context& context) {
    return fp::multiply(a, b, context);
};
inline constexpr auto kFpNegatedMultiply = []<class T>(T a, T b, fp::Context& context) {
    return fp::negate(fp::multiply(a, b, context));
};
inline constexpr auto kFpMultiplyExtended = []<class T>(T a, T b, fp::Context& context) {
    return fp::multiply_extended(a, b, context);
};
inline constexpr auto kFpDivide = []<class T>(T a, T b, fp::Context& context) {
    return fp::divide(a, b, context);
};
inline constexpr auto kFpMultiplyAdd = []<class T>(T sum, T a, T b, fp::Context& context) {
    return fp::multiply_add(sum, a, b, context);
};
inline constexpr auto kFpMultiplySubtract = []<class T>(T sum, T a, T b, fp::Context& context) {
    return fp::multiply_add(sum, fp::negate(a), b, context);
};
inline constexpr auto kFpNegatedMultiplyAdd = []<class T>(T sum, T a, T b, fp::Context& context) {
    return fp::multiply_add(fp::negate(sum), fp::negate(a), b, context);
};
inline constexpr auto kFpNegatedMultiplySubtract = []<class T>(T sum, T a, T b, fp::Context& context) {
    return fp::multiply_add(fp::negate(sum), a, b, context);
};
inline constexpr auto kFpAbsoluteDifference = []<class T>(T a, T b, fp::Context& context) {
    return fp::absolute(fp::subtract(a, b, context));
};
inline constexpr auto kFpMaximum = []<class T>(T a, T b, fp::Context& context) {
    return fp::maximum(a, b, context);
};
inline constexpr auto kFpMinimum = []<class T>(T a, T b, fp::Context& context) {
    return fp::minimum(a, b, context);
};
inline constexpr auto kFpMaximumNumber = []<class T>(T a, T b, fp::Context& context) {
    return fp::maximum_number(a, b, context);
};
inline constexpr auto kFpMinimumNumber = []<class T>(T a, T b, fp::Context& context) {
    return fp::minimum_number(a, b, context);
};
inline constexpr auto kFpReciprocalStep = []<class T>(T a, T b, fp::Context& context) {
    return fp::reciprocal_step(a, b, context);
};
inline constexpr auto kFpReciprocalSquareRootStep = []<class T>(T a, T b, fp::Context& context) {
    return fp::reciprocal_square_root_step(a, b, context);
};
inline constexpr auto kFpAbsolute = []<class T>(T a) { return fp::absolute(a); };
inline constexpr auto kFpNegate = []<class T>(T a) { return fp::negate(a); };
inline constexpr auto kFpSquareRoot = []<class T>(T a, fp::Context& context) {
    return fp::square_root(a, context);
};
inline constexpr auto kFpReciprocalEstimate = []<class T>(T a, fp::Context& context) {
    return fp::reciprocal_estimate(a, context);
};
inline constexpr auto kFpReciprocalSquareRootEstimate = []<class T>(T a, fp::Context& context) {
    return fp::reciprocal_square_root_estimate(a, context);
};
inline constexpr auto kFpReciprocalExponent = []<class T>(T a, fp::Context& context) {
    return fp::reciprocal_exponent(a, context);
};

// Floating-point comparisons.

inline constexpr auto kFpEqual = []<class T>(T a, T b, fp::Context& context) {
    return all_ones_if<T>(fp::compare(a, b, fp::NanRule::Quiet, context) == fp::Order::Equal);
};
inline constexpr auto kFpGreater = []<class T>(T a, T b, fp::Context& context) {
    return all_ones_if<T>(fp::compare(a, b, fp::NanRule::Signal, context) == fp::Order::Greater);
};
inline constexpr auto kFpGreaterOrEqual = []<class T>(T a, T b, fp::Context& context) {
    const fp::Order order = fp::compare(a, b, fp::NanRule::Signal, context);
    return all_ones_if<T>(order == fp::Order::Greater || order == fp::Order::Equal);
};
inline constexpr auto kFpAbsoluteGreater = []<class T>(T a, T b, fp::Context& context) {
    return kFpGreater(fp::absolute(a), fp::absolute(b), context);
};
inline constexpr auto kFpAbsoluteGreaterOrEqual = []<class T>(T a, T b, fp::Context& context) {
    return kFpGreaterOrEqual(fp::absolute(a), fp::absolute(b), context);
};
inline constexpr auto kFpEqualZero = []<class T>(T a, fp::Context& context) {
    return kFpEqual(a, T{0}, context);
};
inline constexpr auto kFpGreaterZero = []<class T>(T a, fp::Context& context) {
    return kFpGreater(a, T{0}, context);
};
inline constexpr auto kFpGreaterOrEqualZero = []<class T>(T a, fp::Context& context) {
    return kFpGreaterOrEqual(a, T{0}, context);
};
inline constexpr auto kFpLessZero = []<class T>(T a, fp::Context& context) {
    return kFpGreater(T{0}, a, context);
};
inline constexpr auto kFpLessOrEqualZero = []<class T>(T a, fp::Context& context) {
    return kFpGreaterOrEqual(T{0}, a, context);
};

// Rounding and conversion.

template <fp::Rounding rounding>
inline constexpr auto kFpRound = []<class T>(T a, fp::Context& context) {
    return fp::round_to_integral(a, rounding, fp::Exactness::Ignored, context);
};
inline constexpr auto kFpRoundCurrent = []<class T>(T a, fp::Context& context) {
    return fp::round_to_integral(a, context.rounding(), fp::Exactness::Ignored, context);
};
inline constexpr auto kFpRoundExact = []<class T>(T a, fp::Context& context) {
    return fp::round_to_integral(a, context.rounding(), fp::Exactness::Reported, context);
};
template <fp::Rounding rounding, fp::Signedness signedness>
inline constexpr auto kFpToInteger = []<class T>(T a, fp::Context& context) {
    return static_cast<T>(fp::to_fixed(a, 0, kBitsOf<T>, signedness, rounding, context));
};
template <fp::Signedness signedness>
inline constexpr auto kFpFromInteger = []<class T>(T a, fp::Context& context) {
    return fp::from_fixed<T>(a, 0, kBitsOf<T>, signedness, context.rounding(), context);
};
template <fp::Signedness signedness>
inline constexpr auto kFpToFixed = []<class T>(T a, unsigned fraction_bits, fp::Context& context) {
    return static_cast<T>(
        fp::to_fixed(a, fraction_bits, kBitsOf<T>, signedness, fp::Rounding::Zero, context));
};
template <fp::Signedness signedness>
inline constexpr auto kFpFromFixed = []<class T>(T a, unsigned fraction_bits, fp::Context& context) {
    return fp::from_fixed<T>(a, fraction_bits, kBitsOf<T>, signedness, context.rounding(), context);
};
inline constexpr auto kUnsignedReciprocalEstimate = []<class T>(T a) {
    return fp::unsigned_reciprocal_estimate(a);
};
inline constexpr auto kUnsignedReciprocalSquareRootEstimate = []<class T>(T a) {
    return fp::unsigned_reciprocal_square_root_estimate(a);
};

}  // namespace operations

}  // namespace levitate::emu::simd
