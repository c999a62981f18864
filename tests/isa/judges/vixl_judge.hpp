// VIXL's simulator, in this process, as judge.
#pragma once

#include <memory>
#include <vector>

#include "tests/isa/judges/judge.hpp"

namespace levitate::isa {

// Judges the integer, vector and memory results and the branch targets of steps that retire without an
// exception, because VIXL does not model exceptions. Nor does it model FPSR, or an FPCR other than the
// default.
class VixlJudge final : public Judge {
  public:
    // Maps the protocol's addresses in this process; there can be one such judge at a time.
    VixlJudge();
    ~VixlJudge() override;
    VixlJudge(const VixlJudge&) = delete;
    VixlJudge& operator=(const VixlJudge&) = delete;

    std::string_view name() const override { return "VIXL"; }
    std::expected<void, std::string> begin(const Batch& batch,
                                           std::span<const EmulatedStep> emulated) override;
    std::expected<std::span<const JudgeReply>, std::string> verdict() override;

  private:
    class Machine;
    void run_sequence(const JudgeSequence& sequence, const Batch& batch,
                      std::span<const EmulatedStep> emulated);

    std::unique_ptr<Machine> machine_;
    std::vector<JudgeReply> replies_ = std::vector<JudgeReply>(JUDGE_SLOTS);
    std::string error_;
};

}  // namespace levitate::isa
