// The known differences of judges (differences.inc).
#pragma once

#include <cstdint>
#include <string_view>

#include "tests/isa/judges/protocol.h"

namespace levitate::isa {

// Whether the judge is known to differ from the architecture on this word in this state.
bool is_known_difference(std::string_view judge, std::uint32_t word, const JudgeState& before);

}  // namespace levitate::isa
