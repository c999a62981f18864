// Floating-point arithmetic on MPFR as judge: the one besides QEMU that knows FPCR's modes and FPSR's flags.
#pragma once

#include <vector>

#include "tests/isa/judges/judge.hpp"

namespace levitate::isa {

// Judges arithmetic, comparisons, conversions and roundings, scalar and by lanes; not the estimates (FRECPE,
// FRSQRTE, FRECPX), whose tables are not arithmetic. It trusts the emulator that a word is allocated.
class MpfrJudge final : public Judge {
  public:
    std::string_view name() const override { return "MPFR"; }
    std::expected<void, std::string> begin(const Batch& batch,
                                           std::span<const EmulatedStep> emulated) override;
    std::expected<std::span<const JudgeReply>, std::string> verdict() override;

  private:
    std::vector<JudgeReply> replies_ = std::vector<JudgeReply>(JUDGE_SLOTS);
};

}  // namespace levitate::isa
