#include <gtest/gtest.h>

#include <string>

#include "traces/compare/common_subsequence.hpp"

namespace levitate::traces {
namespace {

constexpr std::size_t kEnough = 1000;

// The common elements of two words as text, and checks that they are where they are said to be.
std::string common_to(const std::string& one, const std::string& other) {
    const auto common = common_subsequence(one, other, kEnough);
    if (!common) {
        return "(too long)";
    }
    std::string text;
    for (const CommonElement both : *common) {
        EXPECT_EQ(one[both.one], other[both.other]);
        text += one[both.one];
    }
    return text;
}

TEST(CommonSubsequence, is_a_longest_one) {
    EXPECT_EQ(common_to("", "abc"), "");
    EXPECT_EQ(common_to("abc", "abc"), "abc");
    EXPECT_EQ(common_to("abc", "xyz"), "");
    EXPECT_EQ(common_to("abxxcd", "abcd"), "abcd");
    EXPECT_EQ(common_to("axbxc", "yaybzc"), "abc");
    EXPECT_EQ(common_to("aab", "ab"), "ab");
}

TEST(CommonSubsequence, needs_no_table_for_what_begins_and_ends_the_same) {
    const std::string one(1000, 'a');
    const std::string other = one + 'b' + one;
    EXPECT_TRUE(common_subsequence(other, one + 'c' + one, 4).has_value());
    EXPECT_FALSE(common_subsequence(std::string(5, 'a'), std::string(5, 'b'), 4).has_value());
}

}  // namespace
}  // namespace levitate::traces
