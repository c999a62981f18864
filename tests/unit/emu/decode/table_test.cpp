// The decode table: which rows may overlap, that every row can be reached, and their names.
#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <set>

#include "emu/cpu.hpp"
#include "emu/decode/table.hpp"

namespace levitate::emu::decode {
namespace {

bool overlap(const Row& first, const Row& second) {
    return ((first.value ^ second.value) & first.mask & second.mask) == 0;
}

// Whether every word of `inner` is one of `outer`, and not the reverse.
bool is_nested(const Row& inner, const Row& outer) {
    return (outer.mask & ~inner.mask) == 0 && inner.mask != outer.mask;
}

TEST(DecodeTable, rows_that_overlap_are_nested) {
    const std::span<const Row> rows = all_rows();
    for (std::size_t i = 0; i < rows.size(); ++i) {
        for (std::size_t j = i + 1; j < rows.size(); ++j) {
            if (overlap(rows[i], rows[j])) {
                EXPECT_TRUE(is_nested(rows[i], rows[j]) || is_nested(rows[j], rows[i]))
                    << rows[i].name << " and " << rows[j].name;
            }
        }
    }
}

TEST(DecodeTable, the_row_that_fixes_most_bits_takes_the_word) {
    std::mt19937 random{1};
    for (int i = 0; i < 200000; ++i) {
        const auto word = static_cast<std::uint32_t>(random());
        const Row* expected = nullptr;
        for (const Row& row : all_rows()) {
            if ((word & row.mask) == row.value && (expected == nullptr || is_nested(row, *expected))) {
                expected = &row;
            }
        }
        ASSERT_EQ(find(word), expected) << std::hex << word;
    }
}

TEST(DecodeTable, every_row_can_be_reached) {
    std::mt19937 random{2};
    for (const Row& row : all_rows()) {
        bool reached = false;
        for (int i = 0; i < 1000 && !reached; ++i) {
            reached = find(row.value | (static_cast<std::uint32_t>(random()) & ~row.mask)) == &row;
        }
        EXPECT_TRUE(reached) << row.name;
    }
}

TEST(DecodeTable, a_row_is_named) {
    EXPECT_EQ(row_name(0x91000420), "ADD (immediate)");
    EXPECT_EQ(row_name(0xd65f03c0), "RET");
    EXPECT_EQ(row_name(0xd503207f), "WFI");
    EXPECT_EQ(row_name(0xd503233f), "HINT");  // PACIASP
    EXPECT_EQ(row_name(0), "");
}

}  // namespace
}  // namespace levitate::emu::decode
