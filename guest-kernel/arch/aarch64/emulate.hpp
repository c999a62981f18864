// Instructions that trap and that Linux carries out for a program all the same.
#pragma once

#include "arch/include/context.hpp"

namespace kernel::arch {

// Reads of ID registers (Linux Documentation/arm64/cpu-feature-registers.rst). True: done, and the program
// counter stands behind it.
bool emulate_instruction(Registers& registers);

}  // namespace kernel::arch
