// What judges the emulator: another implementation of the architecture, or of a part of it.
#pragma once

#include <cstdint>
#include <expected>
#include <span>
#include <string>
#include <string_view>

#include "tests/isa/generate/batch.hpp"
#include "tests/isa/judges/emulator.hpp"

namespace levitate::isa {

class Judge {
  public:
    virtual ~Judge() = default;
    virtual std::string_view name() const = 0;

    // Takes a batch and what the emulator made of it, both of which outlive the verdict. The judge may go on
    // working after this returns. The error tells people that it cannot be started or has died.
    virtual std::expected<void, std::string> begin(const Batch& batch,
                                                   std::span<const EmulatedStep> emulated) = 0;

    // The judge's own outcomes of the batch, by slot, valid until the next begin(). JUDGE_NOT_RUN: it has no
    // opinion on the step. It takes from the emulator what it does not model.
    virtual std::expected<std::span<const JudgeReply>, std::string> verdict() = 0;
};

}  // namespace levitate::isa
