// Two outcomes of one step.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "tests/isa/judges/emulator.hpp"

namespace levitate::isa {

// What differs between the emulator's outcome and the judge's, a line each; empty if nothing does. After a
// memory fault of an instruction that makes several accesses, its data registers and memory may differ: the
// architecture lets part of them be written.
std::string difference(const JudgeStep& step, const JudgeReply& emulated, const JudgeReply& judged);

// For people: how a step ended, an enum JudgeOutcome.
std::string_view outcome_name(std::uint32_t outcome);

// The step's word, its row's name and the registers that the word may name, as the step found them.
std::string describe(const JudgeStep& step, const JudgeState& before);

}  // namespace levitate::isa
