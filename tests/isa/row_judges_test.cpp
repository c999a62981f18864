// Every row of the decode table has cases with two independent judges.
#include <gtest/gtest.h>

#include <cstdlib>
#include <string_view>

#include "emu/decode/table.hpp"
#include "tests/isa/judges/linux_judge.hpp"
#include "tests/isa/judges/mpfr_judge.hpp"
#include "tests/isa/judges/vixl_judge.hpp"
#include "tests/isa/proof/proof.hpp"

namespace levitate::isa {
namespace {

TEST(RowJudges, every_row_has_two) {
    const char* const ci = std::getenv("CI");
    if (!LinuxJudge::is_available() && (ci == nullptr || std::string_view{ci} != "true")) {
        GTEST_SKIP() << "qemu-aarch64 or the AArch64 cross compiler is not installed";
    }
    std::vector<std::unique_ptr<Judge>> judges;
    judges.push_back(std::make_unique<LinuxJudge>());
    judges.push_back(std::make_unique<VixlJudge>());
    judges.push_back(std::make_unique<MpfrJudge>());
    constexpr std::uint64_t kSeed = 20240607;
    Proof proof{kSeed, std::move(judges)};
    const auto rows = emu::decode::all_rows();
    constexpr std::size_t kSequencesARow = 16;
    const std::uint64_t end = kSequencesARow * rows.size();
    const auto ran = proof.run(
        0, [&](std::uint64_t number) { return number + 1 < end ? std::optional{number + 1} : std::nullopt; },
        [](const Mismatch& mismatch) {
            ADD_FAILURE() << mismatch.judge << " differs in sequence " << mismatch.sequence << ", step "
                          << mismatch.step << "\n"
                          << mismatch.text;
        });
    ASSERT_TRUE(ran.has_value()) << ran.error();
    for (std::size_t i = 0; i < rows.size(); ++i) {
        std::size_t judge_count = other_judges_of(rows[i]).size();
        for (const Tally& tally : proof.tallies()) {
            judge_count += tally.counts()[i].cases != 0 ? 1U : 0U;
        }
        EXPECT_GE(judge_count, 2U) << rows[i].name << " " << bit_string(rows[i]);
    }
}

}  // namespace
}  // namespace levitate::isa
