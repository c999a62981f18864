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
inline constexpr unsigned bits_of = 8 * sizeof(T);

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
inline constexpr bool is_signed = static_cast<T>(-1) < static_cast<T>(1);
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
using Wide = std::conditional_t<is_signed<T>, SignedWide<T>, UnsignedWide<T>>;
template <class T>
using Narrow = std::conditional_t<is_signed<T>, typename Integers<sizeof(T) / 2>::Signed,
                                  typename Integers<sizeof(T) / 2>::Unsigned>;
// An integer that wraps, and that is not promoted to int.
template <class T>
using Modular = std::conditional_t<(sizeof(T) < 4), std::uint32_t, Unsigned<T>>;

template <class T>
inline constexpr T lowest = is_signed<T> ? static_cast<T>(Unsigned<T>{1} << (bits_of<T> - 1)) : T{0};
template <class T>
inline constexpr T highest = static_cast<T>(~lowest<T>);

template <class T, class W>
T saturate(W value, fp::Context& context) {
    if (value < static_cast<W>(lowest<T>)) {
        context.raise(fp::fpsr::saturation);
        return lowest<T>;
    }
    if (value > static_cast<W>(highest<T>)) {
        context.raise(fp::fpsr::saturation);
        return highest<T>;
    }
    return static_cast<T>(value);
}

template <class T>
constexpr T all_ones_if(bool condition) {
    return static_cast<T>(condition ? -1 : 0);
}

namespace operations {

// Integer arithmetic.

inline constexpr auto add = []<class T>(T a, T b) { return static_cast<T>(Modular<T>(a) + Modular<T>(b)); };
inline constexpr auto subtract = []<class T>(T a, T b) {
    return static_cast<T>(Modular<T>(a) - Modular<T>(b));
};
inline constexpr auto multiply = []<class T>(T a, T b) {
    return static_cast<T>(Modular<T>(a) * Modular<T>(b));
};
inline constexpr auto multiply_accumulate = []<class T>(T sum, T a, T b) {
    return static_cast<T>(Modular<T>(sum) + Modular<T>(a) * Modular<T>(b));
};
inline constexpr auto multiply_subtract = []<class T>(T sum, T a, T b) {
    return static_cast<T>(Modular<T>(sum) - Modular<T>(a) * Modular<T>(b));
};
inline constexpr auto halving_add = []<class T>(T a, T b) {
    return static_cast<T>((SignedWide<T>(a) + SignedWide<T>(b)) >> 1);
};
inline constexpr auto rounding_halving_add = []<class T>(T a, T b) {
    return static_cast<T>((SignedWide<T>(a) + SignedWide<T>(b) + 1) >> 1);
};
inline constexpr auto halving_subtract = []<class T>(T a, T b) {
    return static_cast<T>((SignedWide<T>(a) - SignedWide<T>(b)) >> 1);
};
inline constexpr auto maximum = []<class T>(T a, T b) { return a > b ? a : b; };
inline constexpr auto minimum = []<class T>(T a, T b) { return a < b ? a : b; };
inline constexpr auto absolute_difference = []<class T>(T a, T b) {
    return static_cast<T>(a > b ? Modular<T>(a) - Modular<T>(b) : Modular<T>(b) - Modular<T>(a));
};
inline constexpr auto absolute_difference_accumulate = []<class T>(T sum, T a, T b) {
    return add(sum, absolute_difference(a, b));
};
inline constexpr auto negate = []<class T>(T a) { return static_cast<T>(0 - Modular<T>(a)); };
inline constexpr auto absolute = []<class T>(T a) { return a < 0 ? negate(a) : a; };

// Saturating arithmetic.

inline constexpr auto saturating_add = []<class T>(T a, T b, fp::Context& context) {
    return saturate<T>(static_cast<SignedWide<T>>(SignedWide<T>(a) + SignedWide<T>(b)), context);
};
inline constexpr auto saturating_subtract = []<class T>(T a, T b, fp::Context& context) {
    return saturate<T>(static_cast<SignedWide<T>>(SignedWide<T>(a) - SignedWide<T>(b)), context);
};
// SUQADD and USQADD: the sum of a lane and one of the other signedness, as the former.
inline constexpr auto saturating_add_other_sign = []<class T>(T sum, T a, fp::Context& context) {
    using Other = std::conditional_t<is_signed<T>, Unsigned<T>, Signed<T>>;
    return saturate<T>(static_cast<SignedWide<T>>(SignedWide<T>(sum) + SignedWide<T>(static_cast<Other>(a))),
                       context);
};
inline constexpr auto saturating_negate = []<class T>(T a, fp::Context& context) {
    return saturate<T>(static_cast<SignedWide<T>>(-SignedWide<T>(a)), context);
};
inline constexpr auto saturating_absolute = []<class T>(T a, fp::Context& context) {
    return saturate<T>(static_cast<SignedWide<T>>(a < 0 ? -SignedWide<T>(a) : SignedWide<T>(a)), context);
};
// 2ab >> width, and with half of the last bit added before.
inline constexpr auto doubling_multiply_high = []<class T>(T a, T b, fp::Context& context) {
    using W = SignedWide<T>;
    return saturate<T>(static_cast<W>((W(a) * W(b)) >> (bits_of<T> - 1)), context);
};
template <class T>
constexpr SignedWide<T> rounding_half = static_cast<SignedWide<T>>(SignedWide<T>(1) << (bits_of<T> - 2));
inline constexpr auto rounding_doubling_multiply_high = []<class T>(T a, T b, fp::Context& context) {
    using W = SignedWide<T>;
    return saturate<T>(static_cast<W>((W(a) * W(b) + rounding_half<T>) >> (bits_of<T> - 1)), context);
};
// These two are right for the accumulator's whole range: ab and the shifted accumulator are at most a quarter
// of W.
inline constexpr auto rounding_doubling_multiply_accumulate_high = []<class T>(T sum, T a, T b,
                                                                               fp::Context& context) {
    using W = SignedWide<T>;
    const W shifted = static_cast<W>(W(sum) * (W(1) << (bits_of<T> - 1)));
    return saturate<T>(static_cast<W>((shifted + W(a) * W(b) + rounding_half<T>) >> (bits_of<T> - 1)),
                       context);
};
inline constexpr auto rounding_doubling_multiply_subtract_high = []<class T>(T sum, T a, T b,
                                                                             fp::Context& context) {
    using W = SignedWide<T>;
    const W shifted = static_cast<W>(W(sum) * (W(1) << (bits_of<T> - 1)));
    return saturate<T>(static_cast<W>((shifted - W(a) * W(b) + rounding_half<T>) >> (bits_of<T> - 1)),
                       context);
};
// The operands are extended lanes of half T's width.
inline constexpr auto saturating_doubling_multiply = []<class T>(T a, T b, fp::Context& context) {
    return saturate<T>(static_cast<SignedWide<T>>(2 * SignedWide<T>(a) * SignedWide<T>(b)), context);
};
inline constexpr auto saturating_doubling_multiply_accumulate = []<class T>(T sum, T a, T b,
                                                                            fp::Context& context) {
    return saturating_add(sum, saturating_doubling_multiply(a, b, context), context);
};
inline constexpr auto saturating_doubling_multiply_subtract = []<class T>(T sum, T a, T b,
                                                                          fp::Context& context) {
    return saturating_subtract(sum, saturating_doubling_multiply(a, b, context), context);
};

// Comparisons.

inline constexpr auto equal = []<class T>(T a, T b) { return all_ones_if<T>(a == b); };
inline constexpr auto greater = []<class T>(T a, T b) { return all_ones_if<T>(a > b); };
inline constexpr auto greater_or_equal = []<class T>(T a, T b) { return all_ones_if<T>(a >= b); };
inline constexpr auto test = []<class T>(T a, T b) { return all_ones_if<T>((a & b) != 0); };
inline constexpr auto equal_zero = []<class T>(T a) { return all_ones_if<T>(a == 0); };
inline constexpr auto greater_zero = []<class T>(T a) { return all_ones_if<T>(a > 0); };
inline constexpr auto greater_or_equal_zero = []<class T>(T a) { return all_ones_if<T>(a >= 0); };
inline constexpr auto less_zero = []<class T>(T a) { return all_ones_if<T>(a < 0); };
inline constexpr auto less_or_equal_zero = []<class T>(T a) { return all_ones_if<T>(a <= 0); };

// Bitwise operations.

inline constexpr auto bit_and = []<class T>(T a, T b) { return static_cast<T>(a & b); };
inline constexpr auto bit_clear = []<class T>(T a, T b) { return static_cast<T>(a & ~b); };
inline constexpr auto bit_or = []<class T>(T a, T b) { return static_cast<T>(a | b); };
inline constexpr auto bit_or_not = []<class T>(T a, T b) { return static_cast<T>(a | ~b); };
inline constexpr auto bit_xor = []<class T>(T a, T b) { return static_cast<T>(a ^ b); };
inline constexpr auto bit_not = []<class T>(T a) { return static_cast<T>(~a); };
// BSL: the destination selects; BIT and BIF: the second operand does.
inline constexpr auto bit_select = []<class T>(T d, T a, T b) { return static_cast<T>(b ^ ((a ^ b) & d)); };
inline constexpr auto insert_if_true = []<class T>(T d, T a, T b) {
    return static_cast<T>(d ^ ((d ^ a) & b));
};
inline constexpr auto insert_if_false = []<class T>(T d, T a, T b) {
    return static_cast<T>(d ^ ((d ^ a) & ~b));
};
inline constexpr auto count_ones = []<class T>(T a) {
    return static_cast<T>(std::popcount(static_cast<Unsigned<T>>(a)));
};
inline constexpr auto count_leading_zeros = []<class T>(T a) {
    return static_cast<T>(std::countl_zero(static_cast<Unsigned<T>>(a)));
};
inline constexpr auto count_leading_signs = []<class T>(T a) {
    const auto differences = static_cast<Unsigned<T>>(a ^ static_cast<T>(a >> 1));
    return static_cast<T>(std::countl_zero(differences) - 1);
};
inline constexpr auto reverse_bits = []<class T>(T a) {
    std::uint32_t byte = static_cast<std::uint8_t>(a);
    byte = (byte & 0x55) << 1 | (byte >> 1 & 0x55);
    byte = (byte & 0x33) << 2 | (byte >> 2 & 0x33);
    return static_cast<T>(byte << 4 | byte >> 4);
};
// Multiplication of polynomials over {0, 1}, modulo x^width.
inline constexpr auto multiply_polynomials = []<class T>(T a, T b) {
    Modular<T> product = 0;
    for (unsigned i = 0; i < bits_of<T>; ++i) {
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
inline constexpr auto shift_right = []<class T>(T a, unsigned distance) {
    return static_cast<T>(Wide<T>(a) >> distance);
};
inline constexpr auto rounding_shift_right = []<class T>(T a, unsigned distance) {
    return static_cast<T>((Wide<T>(a) + (Wide<T>(1) << (distance - 1))) >> distance);
};
inline constexpr auto shift_left = []<class T>(T a, unsigned distance) {
    return static_cast<T>(Modular<T>(a) << distance);
};
inline constexpr auto shift_by_register = []<class T>(T a, T b) {
    const int distance = shift_distance(b);
    if (distance >= static_cast<int>(bits_of<T>)) {
        return T{0};
    }
    return distance >= 0 ? shift_left(a, static_cast<unsigned>(distance))
                         : shift_right(a, std::min(static_cast<unsigned>(-distance), bits_of<T>));
};
inline constexpr auto rounding_shift_by_register = []<class T>(T a, T b) {
    const int distance = shift_distance(b);
    if (distance >= static_cast<int>(bits_of<T>) || -distance > static_cast<int>(bits_of<T>)) {
        return T{0};
    }
    return distance >= 0 ? shift_left(a, static_cast<unsigned>(distance))
                         : rounding_shift_right(a, static_cast<unsigned>(-distance));
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
    context.raise(fp::fpsr::saturation);
    return a < 0 ? lowest<T> : highest<T>;
}
inline constexpr auto saturating_shift_by_register = []<class T>(T a, T b, fp::Context& context) {
    const int distance = shift_distance(b);
    if (distance < 0) {
        return shift_by_register(a, b);
    }
    return distance < static_cast<int>(bits_of<T>)
               ? saturating_shift_left_to<T>(a, static_cast<unsigned>(distance), context)
               : saturating_shift_left_far(a, context);
};
inline constexpr auto saturating_rounding_shift_by_register = []<class T>(T a, T b, fp::Context& context) {
    return shift_distance(b) < 0 ? rounding_shift_by_register(a, b)
                                 : saturating_shift_by_register(a, b, context);
};

// Shifts by an immediate: to the right by [1, width], to the left by [0, width).

inline constexpr auto shift_right_accumulate = []<class T>(T sum, T a, unsigned distance) {
    return add(sum, shift_right(a, distance));
};
inline constexpr auto rounding_shift_right_accumulate = []<class T>(T sum, T a, unsigned distance) {
    return add(sum, rounding_shift_right(a, distance));
};
inline constexpr auto shift_right_insert = []<class T>(T d, T a, unsigned distance) {
    const auto mask = static_cast<T>(UnsignedWide<T>(static_cast<Unsigned<T>>(-1)) >> distance);
    return static_cast<T>((d & ~mask) | (shift_right(a, distance) & mask));
};
inline constexpr auto shift_left_insert = []<class T>(T d, T a, unsigned distance) {
    const auto mask = static_cast<T>((Modular<T>(1) << distance) - 1);
    return static_cast<T>((d & mask) | shift_left(a, distance));
};
inline constexpr auto saturating_shift_left = []<class T>(T a, unsigned distance, fp::Context& context) {
    return saturating_shift_left_to<T>(a, distance, context);
};
inline constexpr auto saturating_shift_left_unsigned = []<class T>(T a, unsigned distance,
                                                                   fp::Context& context) {
    return static_cast<T>(saturating_shift_left_to<Unsigned<T>>(a, distance, context));
};

// Floating-point arithmetic.

inline constexpr auto fp_add = []<class T>(T a, T b, fp::Context& context) { return fp::add(a, b, context); };
inline constexpr auto fp_subtract = []<class T>(T a, T b, fp::Context& context) {
    return fp::subtract(a, b, context);
};
inline constexpr auto fp_multiply = []<class T>(T a, T b, fp::Context& context) {
    return fp::multiply(a, b, context);
};
inline constexpr auto fp_negated_multiply = []<class T>(T a, T b, fp::Context& context) {
    return fp::negate(fp::multiply(a, b, context));
};
inline constexpr auto fp_multiply_extended = []<class T>(T a, T b, fp::Context& context) {
    return fp::multiply_extended(a, b, context);
};
inline constexpr auto fp_divide = []<class T>(T a, T b, fp::Context& context) {
    return fp::divide(a, b, context);
};
inline constexpr auto fp_multiply_add = []<class T>(T sum, T a, T b, fp::Context& context) {
    return fp::multiply_add(sum, a, b, context);
};
inline constexpr auto fp_multiply_subtract = []<class T>(T sum, T a, T b, fp::Context& context) {
    return fp::multiply_add(sum, fp::negate(a), b, context);
};
inline constexpr auto fp_negated_multiply_add = []<class T>(T sum, T a, T b, fp::Context& context) {
    return fp::multiply_add(fp::negate(sum), fp::negate(a), b, context);
};
inline constexpr auto fp_negated_multiply_subtract = []<class T>(T sum, T a, T b, fp::Context& context) {
    return fp::multiply_add(fp::negate(sum), a, b, context);
};
inline constexpr auto fp_absolute_difference = []<class T>(T a, T b, fp::Context& context) {
    return fp::absolute(fp::subtract(a, b, context));
};
inline constexpr auto fp_maximum = []<class T>(T a, T b, fp::Context& context) {
    return fp::maximum(a, b, context);
};
inline constexpr auto fp_minimum = []<class T>(T a, T b, fp::Context& context) {
    return fp::minimum(a, b, context);
};
inline constexpr auto fp_maximum_number = []<class T>(T a, T b, fp::Context& context) {
    return fp::maximum_number(a, b, context);
};
inline constexpr auto fp_minimum_number = []<class T>(T a, T b, fp::Context& context) {
    return fp::minimum_number(a, b, context);
};
inline constexpr auto fp_reciprocal_step = []<class T>(T a, T b, fp::Context& context) {
    return fp::reciprocal_step(a, b, context);
};
inline constexpr auto fp_reciprocal_square_root_step = []<class T>(T a, T b, fp::Context& context) {
    return fp::reciprocal_square_root_step(a, b, context);
};
inline constexpr auto fp_absolute = []<class T>(T a) { return fp::absolute(a); };
inline constexpr auto fp_negate = []<class T>(T a) { return fp::negate(a); };
inline constexpr auto fp_square_root = []<class T>(T a, fp::Context& context) {
    return fp::square_root(a, context);
};
inline constexpr auto fp_reciprocal_estimate = []<class T>(T a, fp::Context& context) {
    return fp::reciprocal_estimate(a, context);
};
inline constexpr auto fp_reciprocal_square_root_estimate = []<class T>(T a, fp::Context& context) {
    return fp::reciprocal_square_root_estimate(a, context);
};
inline constexpr auto fp_reciprocal_exponent = []<class T>(T a, fp::Context& context) {
    return fp::reciprocal_exponent(a, context);
};

// Floating-point comparisons.

inline constexpr auto fp_equal = []<class T>(T a, T b, fp::Context& context) {
    return all_ones_if<T>(fp::compare(a, b, fp::NanRule::Quiet, context) == fp::Order::Equal);
};
inline constexpr auto fp_greater = []<class T>(T a, T b, fp::Context& context) {
    return all_ones_if<T>(fp::compare(a, b, fp::NanRule::Signal, context) == fp::Order::Greater);
};
inline constexpr auto fp_greater_or_equal = []<class T>(T a, T b, fp::Context& context) {
    const fp::Order order = fp::compare(a, b, fp::NanRule::Signal, context);
    return all_ones_if<T>(order == fp::Order::Greater || order == fp::Order::Equal);
};
inline constexpr auto fp_absolute_greater = []<class T>(T a, T b, fp::Context& context) {
    return fp_greater(fp::absolute(a), fp::absolute(b), context);
};
inline constexpr auto fp_absolute_greater_or_equal = []<class T>(T a, T b, fp::Context& context) {
    return fp_greater_or_equal(fp::absolute(a), fp::absolute(b), context);
};
inline constexpr auto fp_equal_zero = []<class T>(T a, fp::Context& context) {
    return fp_equal(a, T{0}, context);
};
inline constexpr auto fp_greater_zero = []<class T>(T a, fp::Context& context) {
    return fp_greater(a, T{0}, context);
};
inline constexpr auto fp_greater_or_equal_zero = []<class T>(T a, fp::Context& context) {
    return fp_greater_or_equal(a, T{0}, context);
};
inline constexpr auto fp_less_zero = []<class T>(T a, fp::Context& context) {
    return fp_greater(T{0}, a, context);
};
inline constexpr auto fp_less_or_equal_zero = []<class T>(T a, fp::Context& context) {
    return fp_greater_or_equal(T{0}, a, context);
};

// Rounding and conversion.

template <fp::Rounding rounding>
inline constexpr auto fp_round = []<class T>(T a, fp::Context& context) {
    return fp::round_to_integral(a, rounding, fp::Exactness::Ignored, context);
};
inline constexpr auto fp_round_current = []<class T>(T a, fp::Context& context) {
    return fp::round_to_integral(a, context.rounding(), fp::Exactness::Ignored, context);
};
inline constexpr auto fp_round_exact = []<class T>(T a, fp::Context& context) {
    return fp::round_to_integral(a, context.rounding(), fp::Exactness::Reported, context);
};
template <fp::Rounding rounding, fp::Signedness signedness>
inline constexpr auto fp_to_integer = []<class T>(T a, fp::Context& context) {
    return static_cast<T>(fp::to_fixed(a, 0, bits_of<T>, signedness, rounding, context));
};
template <fp::Signedness signedness>
inline constexpr auto fp_from_integer = []<class T>(T a, fp::Context& context) {
    return fp::from_fixed<T>(a, 0, bits_of<T>, signedness, context.rounding(), context);
};
template <fp::Signedness signedness>
inline constexpr auto fp_to_fixed = []<class T>(T a, unsigned fraction_bits, fp::Context& context) {
    return static_cast<T>(
        fp::to_fixed(a, fraction_bits, bits_of<T>, signedness, fp::Rounding::Zero, context));
};
template <fp::Signedness signedness>
inline constexpr auto fp_from_fixed = []<class T>(T a, unsigned fraction_bits, fp::Context& context) {
    return fp::from_fixed<T>(a, fraction_bits, bits_of<T>, signedness, context.rounding(), context);
};
inline constexpr auto unsigned_reciprocal_estimate = []<class T>(T a) {
    return fp::unsigned_reciprocal_estimate(a);
};
inline constexpr auto unsigned_reciprocal_square_root_estimate = []<class T>(T a) {
    return fp::unsigned_reciprocal_square_root_estimate(a);
};

}  // namespace operations

}  // namespace levitate::emu::simd
