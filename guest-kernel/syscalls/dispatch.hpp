// From a program's registers to a handler and back.
#pragma once

#include "arch/include/context.hpp"

namespace kernel {

class Task;

// x8: the call's number; x0 to x5: its arguments; x0 afterwards: its result, or a negative error number.
// Calls that are not there answer ENOSYS.
void handle_system_call(Task& task, Registers& registers);

}  // namespace kernel
