// Sequences on their way through the judges.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "tests/isa/judges/protocol.h"

namespace levitate::isa {

struct Batch {
    std::vector<std::uint64_t> numbers;                                  // which sequences of the seed's
    std::vector<JudgeSequence> sequences;                                // at most JUDGE_SEQUENCES
    std::vector<JudgeStep> steps = std::vector<JudgeStep>(JUDGE_SLOTS);  // by slot

    std::span<const JudgeStep> steps_of(const JudgeSequence& sequence) const {
        return std::span{steps}.subspan(sequence.first_slot, sequence.step_count);
    }
};

// `state` as the step finds it.
inline JudgeState patched(JudgeState state, const JudgeStep& step) {
    for (std::size_t i = 0; i < step.patch_count; ++i) {
        const JudgePatch& patch = step.patches[i];
        (patch.number == 31 ? state.sp : state.x[patch.number]) = patch.value;
    }
    return state;
}

}  // namespace levitate::isa
