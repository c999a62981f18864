// Register contents that lean towards the edges of integer and floating-point formats.
#pragma once

#include <cstdint>

#include "tests/isa/generate/random.hpp"
#include "tests/isa/judges/protocol.h"

namespace levitate::isa {

// A general register's: integers next to the limits of 8, 16, 32 and 64 bits, single bits, floating-point
// values.
std::uint64_t random_general(Random& random);

// Every register; SP points to the middle of the memory. FPCR is 0 in half of the states.
JudgeState random_state(Random& random);

}  // namespace levitate::isa
