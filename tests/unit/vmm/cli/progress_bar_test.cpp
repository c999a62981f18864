#include "vmm/cli/progress_bar.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace levitate::vmm::cli {
namespace {

std::size_t filled(std::size_t done, std::size_t total) {
    const std::string text = progress_text(done, total, "", 80);
    return static_cast<std::size_t>(std::ranges::count(text, '#'));
}

TEST(ProgressBar, fills_with_what_is_done) {
    EXPECT_EQ(filled(0, 28), 0U);
    EXPECT_EQ(filled(14, 28), 15U);
    EXPECT_EQ(filled(28, 28), 30U);
    EXPECT_EQ(progress_text(1, 3, "hello", 80), "[##########....................] 1/3 hello");
}

TEST(ProgressBar, stays_on_one_line) {
    EXPECT_EQ(progress_text(1, 3, "stack-overflow-thread", 39), "[##########....................] 1/3 st");
    EXPECT_LE(progress_text(1, 3, "hello", 10).size(), 10U);
}

}  // namespace
}  // namespace levitate::vmm::cli
