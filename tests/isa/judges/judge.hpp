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

    // Takes a batch with what the emulator made of it, which both outlive the verdict, and may go on working
    // after this returns. An error is for people: the judge cannot be had, or has died.
    virtual std::expected<void, std::string> begin(const Batch& batch,
                                                   std::span<const EmulatedStep> emulated) = 0;

    // The judge's own outcomes of the batch, by slot, valid until the next begin(). JUDGE_NOT_RUN: it has no
    // opinion on the step. What it does not model of a step it takes from the emulator.
    virtual std::expected<std::span<const JudgeReply>, std::string> verdict() = 0;
};

}  // namespace levitate::isa
