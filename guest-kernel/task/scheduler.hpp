// Which task runs: round robin, one slice each, on one CPU.
#pragma once

#include <cstdint>

#include "arch/include/context.hpp"

namespace kernel {

class Task;

namespace scheduler {

// A task's turn while others wait.
inline constexpr std::int64_t kSlice = 4'000'000;  // ns: one tick at Debian's HZ=250

// Puts a task that waits, or is new, at the end of the run queue. No effect on one that is runnable already.
void make_runnable(Task& task);
// Gives the CPU away; returns when the current task's turn comes again. A task that is not Runnable comes
// back only after make_runnable.
void schedule();
// The same for a task that stays runnable.
void yield();
// Starts the first task on this boot stack, for good.
[[noreturn]] void start(Task& first);
// The current task has ended: never comes back. Its last reference goes once its stack is no longer in use.
[[noreturn]] void end_current();

// Around every visit of a program to the kernel: time accounting; preemption, signals, restartable sequences,
// timer.
void enter_kernel(Task& task);
void leave_kernel(Task& task, Registers& registers);

// The timer interrupt.
void handle_timer();

}  // namespace scheduler
}  // namespace kernel
