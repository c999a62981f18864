// The emulator itself as judge: the same instructions, executed as one piece of straight code instead of
// singly. What it keeps from one instruction to the next, above all decoded code and translations, must not
// show in any result.
#pragma once

#include <vector>

#include "tests/isa/judges/judge.hpp"

namespace levitate::isa {

// Judges the state after the last step of what can be laid out so: up to the first step that branches, takes
// an exception, depends on its address or on TPIDR_EL0, or needs another SP.
class StraightJudge final : public Judge {
  public:
    std::string_view name() const override { return "straight"; }
    std::expected<void, std::string> begin(const Batch& batch,
                                           std::span<const EmulatedStep> emulated) override;
    std::expected<std::span<const JudgeReply>, std::string> verdict() override;

  private:
    struct Piece {
        const JudgeSequence* sequence;
        std::size_t steps = 0;
        std::vector<std::uint32_t> code;
    };
    static Piece make_piece(const JudgeSequence& sequence, const Batch& batch,
                            std::span<const EmulatedStep> emulated);
    JudgeReply run(const Piece& piece, const JudgeReply& expected);

    Emulator emulator_;
    std::vector<JudgeReply> replies_ = std::vector<JudgeReply>(JUDGE_SLOTS);
};

}  // namespace levitate::isa
