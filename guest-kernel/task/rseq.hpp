// Restartable sequences (Linux kernel/rseq.c).
#pragma once

#include "arch/include/context.hpp"

namespace kernel {

class Task;

// After the task has been off the CPU, or before a handler runs: writes the CPU's number and, if the program
// counter is inside a critical section, moves it to the section's abort handler. SIGSEGV when the area is no
// good.
void update_rseq(Task& task, Registers& registers);

}  // namespace kernel
