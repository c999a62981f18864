// The proof itself: that it notices a difference, and that a difference can be reproduced.
#include "tests/isa/proof/proof.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>

#include "emu/decode/table.hpp"
#include "tests/isa/generate/encoding.hpp"

namespace levitate::isa {
namespace {

constexpr std::uint64_t kSeed = 20240607;

// Agrees with the emulator, but for one change to every step that has retired.
class ChangingJudge final : public Judge {
  public:
    using Change = void (*)(JudgeReply& reply);
    explicit ChangingJudge(Change change) : change_(change) {}

    std::string_view name() const override { return "changing"; }
    std::expected<void, std::string> begin(const Batch& /*batch*/,
                                           std::span<const EmulatedStep> emulated) override {
        replies_.clear();
        for (const EmulatedStep& step : emulated) {
            replies_.push_back(step.reply);
            if (step.reply.outcome == JUDGE_RETIRED) {
                change_(replies_.back());
            }
        }
        return {};
    }
    std::expected<std::span<const JudgeReply>, std::string> verdict() override { return replies_; }

  private:
    Change change_;
    std::vector<JudgeReply> replies_;
};

std::vector<Mismatch> mismatches_with(ChangingJudge::Change change) {
    std::vector<std::unique_ptr<Judge>> judges;
    judges.push_back(std::make_unique<ChangingJudge>(change));
    Proof proof{kSeed, std::move(judges)};
    std::vector<Mismatch> mismatches;
    constexpr std::uint64_t kSequences = 20;
    const auto ran = proof.run(
        0,
        [](std::uint64_t number) {
            return number + 1 < kSequences ? std::optional{number + 1} : std::nullopt;
        },
        [&](const Mismatch& mismatch) { mismatches.push_back(mismatch); });
    EXPECT_TRUE(ran.has_value());
    return mismatches;
}

TEST(Proof, agreement_is_no_mismatch) {
    EXPECT_TRUE(mismatches_with([](JudgeReply& /*reply*/) {}).empty());
}

TEST(Proof, a_change_of_any_part_is_a_mismatch) {
    const ChangingJudge::Change changes[] = {
        [](JudgeReply& reply) { reply.state.x[30] ^= 1; },
        [](JudgeReply& reply) { reply.state.v[31][1] ^= std::uint64_t{1} << 63; },
        [](JudgeReply& reply) { reply.state.sp ^= 1; },
        [](JudgeReply& reply) { reply.state.pstate ^= 1 << 12; },
        [](JudgeReply& reply) { reply.state.fpcr ^= 1 << 19; },
        [](JudgeReply& reply) { reply.state.fpsr ^= 1 << 7; },
        [](JudgeReply& reply) { reply.memory_hash ^= 1; },
        [](JudgeReply& reply) { reply.pc += 4; },
        [](JudgeReply& reply) { reply.outcome = JUDGE_UNDEFINED; },
    };
    for (const auto change : changes) {
        EXPECT_FALSE(mismatches_with(change).empty());
    }
}

TEST(Proof, a_mismatch_names_its_first_step) {
    const auto mismatches = mismatches_with([](JudgeReply& reply) { reply.state.x[3] ^= 1; });
    ASSERT_FALSE(mismatches.empty());
    EXPECT_EQ(mismatches[0].sequence, 0U);
    EXPECT_NE(mismatches[0].text.find("X3: emulator "), std::string::npos) << mismatches[0].text;
}

TEST(Generator, makes_a_sequence_alone_as_among_others) {
    const Generator generator{kSeed, emu::decode::all_rows()};
    constexpr std::uint64_t kNumber = 1000;
    Batch alone;
    generator.add_sequence(kNumber, alone);
    Batch among;
    generator.add_sequence(kNumber - 1, among);
    generator.add_sequence(kNumber, among);
    EXPECT_EQ(std::memcmp(&alone.sequences[0], &among.sequences[1], sizeof alone.sequences[0]), 0);
    const auto steps = alone.steps_of(alone.sequences[0]);
    EXPECT_EQ(std::memcmp(steps.data(), among.steps_of(among.sequences[1]).data(), steps.size_bytes()), 0);
}

TEST(Generator, leads_most_accesses_to_memory_and_some_to_faults) {
    const Generator generator{kSeed, emu::decode::load_store_rows()};
    Emulator emulator;
    std::size_t retired = 0;
    std::size_t faulted = 0;
    for (std::uint64_t begin = 0; begin < 4 * JUDGE_SEQUENCES; begin += JUDGE_SEQUENCES) {
        Batch batch;
        for (std::uint64_t number = begin; number < begin + JUDGE_SEQUENCES; ++number) {
            generator.add_sequence(number, batch);
        }
        std::vector<EmulatedStep> emulated;
        emulator.run(batch, emulated);
        for (std::size_t slot = 0; slot < emulated.size(); ++slot) {
            if (memory_operand(batch.steps[slot].word).has_value()) {
                retired += emulated[slot].reply.outcome == JUDGE_RETIRED ? 1U : 0U;
                faulted += emulated[slot].reply.outcome == JUDGE_UNMAPPED ? 1U : 0U;
            }
        }
    }
    EXPECT_GT(retired, 10 * faulted);
    EXPECT_GT(faulted, 50U);
}

}  // namespace
}  // namespace levitate::isa
