// Every row of the integer tables against qemu-aarch64, on random instructions and edge-biased registers:
// results, flags and memory. LEVITATE_JUDGE_SEED and LEVITATE_JUDGE_CASES (a row) widen the search.
#include <gtest/gtest.h>

#include <cstdlib>
#include <span>
#include <string>
#include <vector>

#include "emu/decode/table.hpp"
#include "tests/unit/emu/fp/cases.hpp"
#include "tests/unit/emu/fp/judge.hpp"

namespace levitate::emu::test {
namespace {

std::uint64_t from_environment(const char* name, std::uint64_t otherwise) {
    const char* const text = std::getenv(name);
    return text == nullptr ? otherwise : std::strtoull(text, nullptr, 0);
}

unsigned field(std::uint32_t word, unsigned high, unsigned low) {
    return (word >> low) & ((1U << (high - low + 1)) - 1);
}

// Register overlaps that are CONSTRAINED UNPREDICTABLE (Arm ARM K1.2.18 to K1.2.21).
bool is_unpredictable_single(std::uint32_t word) {
    const bool writes_back = field(word, 24, 24) == 0 && field(word, 21, 21) == 0 && field(word, 10, 10) == 1;
    return writes_back && field(word, 4, 0) == field(word, 9, 5) && field(word, 9, 5) != 31;
}

bool is_unpredictable_pair(std::uint32_t word) {
    const unsigned t = field(word, 4, 0);
    const unsigned n = field(word, 9, 5);
    const unsigned t2 = field(word, 14, 10);
    const bool writes_back = field(word, 23, 23) == 1 && field(word, 24, 23) != 2;
    const bool loads = field(word, 22, 22) == 1;
    return (loads && t == t2) || (writes_back && n != 31 && (n == t || n == t2));
}

bool is_unpredictable_exclusive(std::uint32_t word) {
    const unsigned s = field(word, 20, 16);
    const unsigned t = field(word, 4, 0);
    const unsigned n = field(word, 9, 5);
    const unsigned t2 = field(word, 14, 10);
    const bool pair = field(word, 21, 21) == 1;
    if (field(word, 22, 22) == 1) {
        return pair && t == t2;
    }
    return s == t || (s == n && n != 31) || (pair && s == t2);
}

bool is_incomparable(std::uint32_t word) {
    // LDTR and STTR: the emulator's side runs at EL1, with memory that EL0 cannot access.
    if ((word & 0x3f200c00) == 0x38000800) {
        return true;
    }
    switch (field(word, 29, 24)) {
        case 0b001000:
            return field(word, 23, 23) == 0 && is_unpredictable_exclusive(word);
        case 0b101000:
        case 0b101001:
            return is_unpredictable_pair(word);
        case 0b111000:
            return is_unpredictable_single(word);
        default:
            return false;
    }
}

// Exclusive and atomic accesses must be aligned; a store-exclusive's outcome without its load is no
// comparison.
JudgeRequest make_integer_case(const decode::Row& row, std::size_t index, Random& random) {
    JudgeRequest request{};
    do {
        request = make_case(row, index, random);
    } while (is_incomparable(request.word));
    const unsigned base = field(request.word, 9, 5);
    const bool is_memory = (field(request.word, 28, 25) & 0b101) == 0b100;
    if (is_memory && base != 31) {
        constexpr std::uint64_t alignment = 16;
        request.state.x[base] &= ~(alignment - 1);
    }
    return request;
}

void compare_rows(std::span<const decode::Row> rows) {
    if (!judge_available()) {
        GTEST_SKIP() << "qemu-aarch64 or the AArch64 cross compiler is not installed";
    }
    const std::uint64_t seed = from_environment("LEVITATE_JUDGE_SEED", 20240607);
    const std::size_t cases_a_row = from_environment("LEVITATE_JUDGE_CASES", 200);
    SCOPED_TRACE("LEVITATE_JUDGE_SEED=" + std::to_string(seed));
    Random random{seed};
    for (const decode::Row& row : rows) {
        if (is_incomparable(row.value)) {
            continue;
        }
        std::vector<JudgeRequest> cases;
        while (cases.size() < cases_a_row) {
            cases.push_back(make_integer_case(row, cases.size(), random));
        }
        const auto judged = judge(cases);
        ASSERT_TRUE(judged.has_value()) << judged.error();
        const std::vector<JudgeReply> emulated = emulate(cases);
        std::size_t retired = 0;
        std::size_t mismatches = 0;
        for (std::size_t i = 0; i < cases.size(); ++i) {
            constexpr std::size_t most_reports = 3;
            const std::string text = difference(cases[i], emulated[i], (*judged)[i]);
            retired += emulated[i].outcome == JUDGE_RETIRED ? 1U : 0U;
            if (!text.empty() && ++mismatches <= most_reports) {
                ADD_FAILURE() << row.name << ": " << text;
            }
        }
        // Otherwise the cases show little.
        EXPECT_GT(retired, cases.size() / 32) << row.name;
    }
}

TEST(IntegerJudge, additions_and_subtractions_agree_with_qemu) {
    compare_rows(decode::add_subtract_rows());
}
TEST(IntegerJudge, logical_operations_agree_with_qemu) {
    compare_rows(decode::logical_rows());
}
TEST(IntegerJudge, data_processing_agrees_with_qemu) {
    compare_rows(decode::data_processing_rows());
}
TEST(IntegerJudge, loads_and_stores_agree_with_qemu) {
    compare_rows(decode::load_store_rows());
}
TEST(IntegerJudge, atomic_accesses_agree_with_qemu) {
    compare_rows(decode::atomic_rows());
}

// Parts of the encoding space that the tables share out, as rows that fix nothing else: a word that is
// allocated but has no row shows here, and so does one that has a row but should not.
TEST(IntegerJudge, allocation_agrees_with_qemu) {
    constexpr decode::Row spaces[] = {
        {"data processing, immediate", 0x1c000000, 0x10000000, nullptr},
        {"data processing, register", 0x0e000000, 0x0a000000, nullptr},
        {"data processing, two and one source", 0x1fe00000, 0x1ac00000, nullptr},
        {"loads and stores, pairs", 0x3e000000, 0x28000000, nullptr},
        {"loads and stores, registers", 0x3e000000, 0x38000000, nullptr},
        {"literals", 0x3f000000, 0x18000000, nullptr},
    };
    compare_rows(spaces);
}

}  // namespace
}  // namespace levitate::emu::test
