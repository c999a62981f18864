// Instructions that trap, and that Linux then executes on behalf of the program.
#pragma once

#include "arch/include/context.hpp"

namespace kernel::arch {

// Reads of ID registers (Linux Documentation/arm64/cpu-feature-registers.rst). True: it is done, and the
// program counter is past it.
bool emulate_instruction(Registers& registers);

}  // namespace kernel::arch
