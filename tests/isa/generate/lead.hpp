// Where a step's accesses and branches go: to the judges' memory and landings.
#pragma once

#include <cstdint>

#include "tests/isa/generate/random.hpp"
#include "tests/isa/judges/protocol.h"

namespace levitate::isa {

// Completes `step`, whose word stands in `slot`: chooses registers and immediates that make addresses. False:
// the word cannot be led (an index that is its own base).
bool lead(JudgeStep& step, std::uint64_t slot, Random& random);

}  // namespace levitate::isa
