// Every row of the floating-point and AdvSIMD tables against qemu-aarch64, on random instructions and
// edge-biased registers: results, flags and memory. LEVITATE_JUDGE_SEED and LEVITATE_JUDGE_CASES (a row)
// widen the search.
#include <gtest/gtest.h>

#include <algorithm>
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

constexpr std::size_t most_reports = 3;  // a row

struct Tally {
    std::size_t cases = 0;
    std::size_t retired = 0;
    std::size_t mismatches = 0;
};

// Compares one batch. `row_of` says which row each case belongs to; that row's mismatches are counted.
void compare(std::span<const JudgeRequest> cases, std::span<const std::size_t> row_of,
             std::span<const decode::Row> rows, std::vector<Tally>& tallies) {
    const auto judged = judge(cases);
    ASSERT_TRUE(judged.has_value()) << judged.error();
    const std::vector<JudgeReply> emulated = emulate(cases);
    for (std::size_t i = 0; i < cases.size(); ++i) {
        const std::string text = difference(cases[i], emulated[i], (*judged)[i]);
        Tally& tally = tallies[row_of[i]];
        ++tally.cases;
        tally.retired += emulated[i].outcome == JUDGE_RETIRED ? 1U : 0U;
        if (!text.empty() && ++tally.mismatches <= most_reports) {
            ADD_FAILURE() << rows[row_of[i]].name << ": " << text;
        }
    }
}

void compare_rows(std::span<const decode::Row> rows, std::size_t times = 1) {
    if (!judge_available()) {
        GTEST_SKIP() << "qemu-aarch64 or the AArch64 cross compiler is not installed";
    }
    const std::uint64_t seed = from_environment("LEVITATE_JUDGE_SEED", 20240607);
    const std::size_t cases_a_row = times * from_environment("LEVITATE_JUDGE_CASES", 60);
    SCOPED_TRACE("LEVITATE_JUDGE_SEED=" + std::to_string(seed));
    Random random{seed};
    std::vector<Tally> tallies(rows.size());
    std::vector<JudgeRequest> cases;
    std::vector<std::size_t> row_of;
    const auto flush = [&] {
        compare(cases, row_of, rows, tallies);
        cases.clear();
        row_of.clear();
    };
    for (std::size_t row = 0; row < rows.size(); ++row) {
        for (std::size_t i = 0; i < cases_a_row; ++i) {
            cases.push_back(make_case(rows[row], cases.size(), random));
            row_of.push_back(row);
            if (cases.size() == JUDGE_CASES_MAXIMUM) {
                flush();
            }
        }
    }
    flush();
    if (testing::Test::HasFatalFailure()) {
        return;
    }
    for (std::size_t row = 0; row < rows.size(); ++row) {
        EXPECT_EQ(tallies[row].mismatches, 0U) << rows[row].name << " of " << tallies[row].cases << " cases";
        // Otherwise the cases show little.
        EXPECT_GT(tallies[row].retired, tallies[row].cases / 16) << rows[row].name;
    }
}

TEST(SimdJudge, scalar_floating_point_agrees_with_qemu) {
    compare_rows(decode::fp_rows());
}
TEST(SimdJudge, three_registers_agree_with_qemu) {
    compare_rows(decode::simd_three_rows());
}
TEST(SimdJudge, two_registers_agree_with_qemu) {
    compare_rows(decode::simd_two_rows());
}
TEST(SimdJudge, moves_agree_with_qemu) {
    compare_rows(decode::simd_move_rows());
}
TEST(SimdJudge, shifts_agree_with_qemu) {
    compare_rows(decode::simd_shift_rows());
}
TEST(SimdJudge, indexed_elements_agree_with_qemu) {
    compare_rows(decode::simd_element_rows());
}
TEST(SimdJudge, memory_accesses_agree_with_qemu) {
    compare_rows(decode::simd_memory_rows());
}
TEST(SimdJudge, cryptography_agrees_with_qemu) {
    compare_rows(decode::crypto_rows());
}

// The parts of the encoding space that these tables share out, as rows that fix nothing else (Arm ARM C4.1.94
// and C4.1.96): a word that is allocated but has no row shows here, and so does one that has a row but should
// not.
TEST(SimdJudge, allocation_agrees_with_qemu) {
    constexpr decode::Row spaces[] = {
        {"data processing, scalar FP and AdvSIMD", 0x0e000000, 0x0e000000, nullptr},
        {"scalar FP", 0x5f200000, 0x1e200000, nullptr},
        {"AdvSIMD two registers, across lanes and cryptography", 0x8e3e0c00, 0x0e200800, nullptr},
        {"AdvSIMD copy", 0x9fe08400, 0x0e000400, nullptr},
        {"AdvSIMD structures", 0xbe000000, 0x0c000000, nullptr},
        {"SIMD and FP pairs", 0x3e000000, 0x2c000000, nullptr},
        {"SIMD and FP registers", 0x3e000000, 0x3c000000, nullptr},
        {"SIMD and FP literals", 0x3f000000, 0x1c000000, nullptr},
    };
    constexpr std::size_t times = 40;
    compare_rows(spaces, times);
}

}  // namespace
}  // namespace levitate::emu::test
