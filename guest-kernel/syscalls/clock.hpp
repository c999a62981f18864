// Clocks by their numbers (man 2 clock_gettime).
#pragma once

#include <cstdint>

#include "lib/ref.hpp"
#include "lib/result.hpp"
#include "task/cpu_timer.hpp"
#include "task/task.hpp"

namespace kernel {

// Does it wake the machine up (CLOCK_REALTIME_ALARM, CLOCK_BOOTTIME_ALARM)?
bool is_alarm_clock(int clock);
// What a clock shows, in nanoseconds. EINVAL: there is no such clock.
Result<std::int64_t> read_clock(Task& task, int clock);

// Whose CPU time a clock shows: a process's, or (thread is not null) a thread's.
struct CpuClockTarget {
    CpuClock clock;
    Ref<Process> process;
    Ref<Task> thread;
};
// EINVAL: it is no CPU clock, or of a task that is not there, or of a thread of another process.
Result<CpuClockTarget> cpu_clock_target(Task& task, int clock);

}  // namespace kernel
