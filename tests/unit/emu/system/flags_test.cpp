// PSTATE.NZCV: the flags that arithmetic leaves, and the conditions that they fulfil.
#include "emu/system/flags.hpp"

#include <gtest/gtest.h>

#include <array>
#include <limits>
#include <vector>

namespace levitate::emu {
namespace {

template <class T>
std::vector<T> edges() {
    constexpr T kMost = std::numeric_limits<T>::max();
    constexpr T kSign = T{1} << (std::numeric_limits<T>::digits - 1);
    return {0, 1, 2, kSign - 1, kSign, kSign + 1, kMost - 1, kMost};
}

// AddWithCarry of the Arm ARM, in wider arithmetic.
template <class T>
FlagsNibble add_with_carry(T first, T second, bool carry) {
    __extension__ using Wide = unsigned __int128;
    __extension__ using SignedWide = __int128;
    using Signed = std::make_signed_t<T>;
    const Wide unsigned_sum = Wide{first} + second + (carry ? 1 : 0);
    const SignedWide signed_sum =
        SignedWide{static_cast<Signed>(first)} + static_cast<Signed>(second) + (carry ? 1 : 0);
    const T result = static_cast<T>(unsigned_sum);
    return static_cast<FlagsNibble>((static_cast<Signed>(result) < 0 ? 8 : 0) | (result == 0 ? 4 : 0) |
                                    (Wide{result} != unsigned_sum ? 2 : 0) |
                                    (SignedWide{static_cast<Signed>(result)} != signed_sum ? 1 : 0));
}

TEST(Flags, of_a_result_are_its_sign_and_whether_it_is_zero) {
    EXPECT_EQ(Flags::of_result<std::uint32_t>(0x80000000, true, 0).nibble(), 0b1010);
    EXPECT_EQ(Flags::of_result<std::uint64_t>(0, false, std::uint64_t{1} << 63).nibble(), 0b0101);
}

// Conditions depend on the flags' values only, not on what set the flags.
void expect_flags(const Flags& flags, FlagsNibble nibble) {
    EXPECT_EQ(flags.nibble(), nibble);
    EXPECT_EQ(flags.carry(), (nibble & 2) != 0);
    for (unsigned condition = 0; condition < 16; ++condition) {
        EXPECT_EQ(flags.holds(static_cast<Condition>(condition)),
                  Flags(nibble).holds(static_cast<Condition>(condition)))
            << "condition " << condition << " of NZCV " << unsigned{nibble};
    }
}

template <class T>
class FlagsOf : public testing::Test {};
using Widths = testing::Types<std::uint32_t, std::uint64_t>;
TYPED_TEST_SUITE(FlagsOf, Widths);

TYPED_TEST(FlagsOf, sums_and_differences_are_those_of_the_architecture) {
    for (const TypeParam first : edges<TypeParam>()) {
        for (const TypeParam second : edges<TypeParam>()) {
            expect_flags(Flags::of_sum(first, second), add_with_carry<TypeParam>(first, second, false));
            expect_flags(Flags::of_difference(first, second),
                         add_with_carry<TypeParam>(first, static_cast<TypeParam>(~second), true));
        }
    }
}

TYPED_TEST(FlagsOf, logical_results_have_no_carry_and_no_overflow) {
    for (const TypeParam result : edges<TypeParam>()) {
        const bool negative = result >> (std::numeric_limits<TypeParam>::digits - 1) != 0;
        expect_flags(Flags::of_logical(result),
                     static_cast<FlagsNibble>((negative ? 8 : 0) | (result == 0 ? 4 : 0)));
    }
}

TEST(Flags, conditions_are_as_the_architecture_defines_them) {
    for (unsigned nibble = 0; nibble < 16; ++nibble) {
        const Flags flags{static_cast<FlagsNibble>(nibble)};
        const bool n = (nibble & 8) != 0;
        const bool z = (nibble & 4) != 0;
        const bool c = (nibble & 2) != 0;
        const bool v = (nibble & 1) != 0;
        EXPECT_EQ(flags.nibble(), nibble);
        // By the encodings' upper three bits; the lowest inverts (ConditionHolds).
        const std::array<bool, 8> held{z, c, n, v, c && !z, n == v, n == v && !z, true};
        for (unsigned condition = 0; condition < 14; ++condition) {
            EXPECT_EQ(flags.holds(static_cast<Condition>(condition)),
                      held.at(condition / 2) != (condition % 2 != 0));
        }
        EXPECT_TRUE(flags.holds(Condition::AL));
        EXPECT_TRUE(flags.holds(Condition::NV));
    }
}

}  // namespace
}  // namespace levitate::emu
