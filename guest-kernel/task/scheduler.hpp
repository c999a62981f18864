// Chooses which task runs on the one CPU: the one that has had the least time, as Linux's completely fair
// scheduler does (kernel/sched/fair.c), so that the same task runs first after a fork or a wake-up as on
// Linux. Time on the CPU counts as virtual run time. A task that slept is set back by at most half a period;
// a new one starts a turn ahead.
#pragma once

#include <cstdint>

#include "arch/include/context.hpp"

namespace kernel {

class Task;

namespace scheduler {

// A task's turn while others wait.
inline constexpr std::int64_t kSlice = 4'000'000;  // ns: one tick at Debian's HZ=250

// Puts a waiting task into the run queue. This has no effect on a runnable one. If the task has had much less
// time than the current one, the current one gives way when it next leaves the kernel.
void make_runnable(Task& task);
// The same for a task that has never run.
void make_first_runnable(Task& task);
// Gives the CPU away; returns when the current task's turn comes again. A task that is not Runnable comes
// back only after make_runnable.
void schedule();
// The same for a task that stays runnable.
void yield();
// Starts the first task on this boot stack, for good.
[[noreturn]] void start(Task& first);
// The current task has ended. Never returns; the last reference to the task is dropped once its stack is no
// longer in use.
[[noreturn]] void end_current();

// Around every visit of a program to the kernel: time accounting; preemption, signals, restartable sequences,
// timer.
void enter_kernel(Task& task);
void leave_kernel(Task& task, Registers& registers);

// Between two steps of a call that takes long (Linux's cond_resched): timers that are due expire, and another
// task runs if it is its turn. The caller must not rely on what other tasks could change meanwhile, and must
// check for signals itself.
void reschedule_if_due();

// The timer interrupt.
void handle_timer();

}  // namespace scheduler
}  // namespace kernel
