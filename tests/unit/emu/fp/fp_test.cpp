// emu/fp by itself: rules that the architecture states in so many words, and the integer implementation
// against the host's FPU where the two must agree.
#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <cstdint>
#include <random>
#include <tuple>

#include "emu/fp/arithmetic.hpp"
#include "emu/fp/compare.hpp"
#include "emu/fp/convert.hpp"
#include "emu/fp/estimate.hpp"

namespace levitate::emu::fp {
namespace {

constexpr std::uint64_t kOne = 0x3ff0000000000000;
constexpr std::uint64_t kInfinity = 0x7ff0000000000000;
constexpr std::uint64_t kQuietNan = 0x7ff8000000000001;
constexpr std::uint64_t kSignallingNan = 0x7ff0000000000002;
constexpr std::uint64_t kDefaultNan = 0x7ff8000000000000;
constexpr std::uint64_t kSmallestNormal = 0x0010000000000000;
constexpr std::uint64_t kSmallestSubnormal = 1;
constexpr std::uint64_t kLargest = 0x7fefffffffffffff;

Context rounding_to(Rounding rounding) {
    return {.fpcr = static_cast<std::uint32_t>(rounding) << fpcr::kRoundingShift};
}

TEST(Fp, signalling_nan_wins_over_an_earlier_quiet_one_and_is_quietened) {
    Context context;
    EXPECT_EQ(add(kQuietNan, kSignallingNan, context), kSignallingNan | Layout<std::uint64_t>::kQuiet);
    EXPECT_EQ(context.fpsr, fpsr::kInvalidOperation);
}

TEST(Fp, first_quiet_nan_is_propagated_without_a_flag) {
    Context context;
    EXPECT_EQ(multiply(kOne, kQuietNan, context), kQuietNan);
    EXPECT_EQ(subtract(kQuietNan | 4, negate(kQuietNan), context), kQuietNan | 4);
    EXPECT_EQ(context.fpsr, 0U);
}

TEST(Fp, default_nan_mode_replaces_every_nan) {
    Context context{.fpcr = fpcr::kDefaultNan};
    EXPECT_EQ(add(kOne, negate(kQuietNan), context), kDefaultNan);
}

TEST(Fp, infinity_minus_infinity_is_the_default_nan_and_invalid) {
    Context context;
    EXPECT_EQ(subtract(kInfinity, kInfinity, context), kDefaultNan);
    EXPECT_EQ(context.fpsr, fpsr::kInvalidOperation);
}

TEST(Fp, fused_infinity_times_zero_is_invalid_even_with_a_quiet_addend) {
    Context context;
    EXPECT_EQ(multiply_add(kQuietNan, kInfinity, std::uint64_t{0}, context), kDefaultNan);
    EXPECT_EQ(context.fpsr, fpsr::kInvalidOperation);
}

TEST(Fp, division_by_zero_is_infinity_with_its_own_flag) {
    Context context;
    EXPECT_EQ(divide(negate(kOne), std::uint64_t{0}, context), negate(kInfinity));
    EXPECT_EQ(context.fpsr, fpsr::kDivideByZero);
}

// The product, kSmallestNormal * (1 + 2^-52)(1 - 2^-52), rounds up to the smallest normal number: it is tiny
// before rounding, not after.
TEST(Fp, tininess_is_detected_before_rounding) {
    const std::uint64_t just_below_one = kOne - 2;
    for (const std::uint32_t earlier : {0U, fpsr::kInexact}) {
        Context context{.fpsr = earlier};
        EXPECT_EQ(multiply(kSmallestNormal | 1, just_below_one, context), kSmallestNormal);
        EXPECT_EQ(context.fpsr, fpsr::kInexact | fpsr::kUnderflow);
    }
}

TEST(Fp, exact_subnormal_results_raise_nothing) {
    Context context;
    EXPECT_EQ(subtract(kSmallestNormal | 1, kSmallestNormal, context), kSmallestSubnormal);
    EXPECT_EQ(context.fpsr, 0U);
}

TEST(Fp, flush_to_zero_flushes_operands_with_idc_and_results_with_ufc) {
    Context context{.fpcr = fpcr::kFlushToZero};
    EXPECT_EQ(add(kSmallestSubnormal, std::uint64_t{0}, context), 0U);
    EXPECT_EQ(context.fpsr, fpsr::kInputDenormal);
    context.fpsr = 0;
    EXPECT_EQ(subtract(kSmallestNormal | 1, kSmallestNormal, context), 0U);
    EXPECT_EQ(context.fpsr, fpsr::kUnderflow);
}

TEST(Fp, half_precision_flushes_operands_silently_and_by_its_own_bit) {
    Context context{.fpcr = fpcr::kFlushToZeroHalf};
    EXPECT_EQ(add(std::uint16_t{1}, std::uint16_t{0x3c00}, context), 0x3c00U);
    EXPECT_EQ(context.fpsr, 0U);
    context.fpcr = fpcr::kFlushToZero;
    EXPECT_EQ(add(std::uint16_t{1}, std::uint16_t{0}, context), 1U);
}

TEST(Fp, overflow_goes_to_infinity_or_the_largest_number_as_rounding_says) {
    for (const auto& [mode, positive, negative] : {std::tuple{Rounding::TieEven, kInfinity, kInfinity},
                                                   std::tuple{Rounding::PlusInfinity, kInfinity, kLargest},
                                                   std::tuple{Rounding::MinusInfinity, kLargest, kInfinity},
                                                   std::tuple{Rounding::Zero, kLargest, kLargest}}) {
        Context context = rounding_to(mode);
        EXPECT_EQ(add(kLargest, kLargest, context), positive);
        EXPECT_EQ(add(negate(kLargest), negate(kLargest), context), negate(negative));
        EXPECT_EQ(context.fpsr, fpsr::kOverflow | fpsr::kInexact);
    }
}

TEST(Fp, difference_of_equals_is_negative_zero_only_when_rounding_down) {
    Context context;
    EXPECT_EQ(subtract(kOne, kOne, context), 0U);
    context = rounding_to(Rounding::MinusInfinity);
    EXPECT_EQ(subtract(kOne, kOne, context), negate(std::uint64_t{0}));
}

TEST(Fp, maximum_number_prefers_numbers_to_quiet_nans_only) {
    Context context;
    EXPECT_EQ(maximum_number(kQuietNan, kOne, context), kOne);
    EXPECT_EQ(context.fpsr, 0U);
    EXPECT_EQ(maximum_number(kSignallingNan, kOne, context), kSignallingNan | Layout<std::uint64_t>::kQuiet);
    EXPECT_EQ(context.fpsr, fpsr::kInvalidOperation);
}

TEST(Fp, zeros_are_equal_but_minimum_and_maximum_tell_them_apart) {
    Context context;
    const std::uint64_t minus_zero = negate(std::uint64_t{0});
    EXPECT_EQ(compare(minus_zero, std::uint64_t{0}, NanRule::Signal, context), Order::Equal);
    EXPECT_EQ(minimum(std::uint64_t{0}, minus_zero, context), minus_zero);
    EXPECT_EQ(maximum(minus_zero, std::uint64_t{0}, context), 0U);
}

TEST(Fp, conversion_to_integers_saturates_and_makes_zero_of_nan) {
    Context context;
    const auto to_s32 = [&](double value) {
        return to_fixed(std::bit_cast<std::uint64_t>(value), 0, 32, Signedness::Signed, Rounding::Zero,
                        context);
    };
    EXPECT_EQ(to_s32(2147483648.0), 0x7fffffffU);
    EXPECT_EQ(to_s32(-2147483649.0), 0x80000000U);
    EXPECT_EQ(to_s32(-1.0), 0xffffffffU);
    EXPECT_EQ(to_fixed(kQuietNan, 0, 64, Signedness::Signed, Rounding::Zero, context), 0U);
    EXPECT_EQ(context.fpsr, fpsr::kInvalidOperation);
}

TEST(Fp, alternative_half_has_no_infinity) {
    Context context{.fpcr = fpcr::kAlternativeHalf};
    EXPECT_EQ(convert<std::uint16_t>(kInfinity, Rounding::TieEven, context), 0x7fffU);
    EXPECT_EQ(context.fpsr, fpsr::kInvalidOperation);
    EXPECT_EQ(convert<std::uint32_t>(std::uint16_t{0x7fff}, Rounding::TieEven, context),
              std::bit_cast<std::uint32_t>(131008.0F));
}

TEST(Fp, estimates_are_the_architectures) {
    Context context;
    EXPECT_EQ(reciprocal_estimate(std::bit_cast<std::uint32_t>(1.0F), context), 0x3f7f8000U);
    EXPECT_EQ(reciprocal_square_root_estimate(std::bit_cast<std::uint32_t>(4.0F), context), 0x3eff8000U);
    EXPECT_EQ(unsigned_reciprocal_estimate(0x7fffffff), 0xffffffffU);
}

// The host computes what it may, soft:: computes all: both must give the same bits and flags.

template <class Bits>
Bits random_number(std::mt19937_64& random) {
    using L = Layout<Bits>;
    if (random() % 4 == 0) {
        return static_cast<Bits>(random());
    }
    // Close exponents, so that sums cancel and products stay in range.
    const auto exponent = static_cast<Bits>(static_cast<std::uint64_t>(L::kBias - 8) + random() % 16);
    const auto fraction = static_cast<Bits>(random() & L::kFractionMask);
    return static_cast<Bits>((random() % 2 == 0 ? L::kSign : 0) | exponent << L::kFractionBits | fraction);
}

template <class Bits>
class HostAndSoft : public testing::Test {};
using HostFormats = testing::Types<std::uint32_t, std::uint64_t>;
TYPED_TEST_SUITE(HostAndSoft, HostFormats);

TYPED_TEST(HostAndSoft, agree_in_results_and_flags) {
    using Bits = TypeParam;
    constexpr int kRounds = 20000;
    std::mt19937_64 random{42};
    const auto same = [&](auto fast, auto soft) {
        // IXC is set, or the host would not be asked.
        Context left{.fpsr = fpsr::kInexact};
        Context right = left;
        const Bits quick = fast(left);
        const Bits slow = soft(right);
        EXPECT_EQ(quick, slow);
        EXPECT_EQ(left.fpsr, right.fpsr);
    };
    for (int i = 0; i < kRounds && !testing::Test::HasFailure(); ++i) {
        const auto a = random_number<Bits>(random);
        const auto b = random_number<Bits>(random);
        const auto c = random_number<Bits>(random);
        same([&](Context& x) { return add(a, b, x); }, [&](Context& x) { return soft::add(a, b, x); });
        same([&](Context& x) { return multiply(a, b, x); },
             [&](Context& x) { return soft::multiply(a, b, x); });
        same([&](Context& x) { return divide(a, b, x); }, [&](Context& x) { return soft::divide(a, b, x); });
        same([&](Context& x) { return square_root(a, x); },
             [&](Context& x) { return soft::square_root(a, x); });
        same([&](Context& x) { return multiply_add(a, b, c, x); },
             [&](Context& x) { return soft::multiply_add(a, b, c, x); });
    }
}

}  // namespace
}  // namespace levitate::emu::fp
