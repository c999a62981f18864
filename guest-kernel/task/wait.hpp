// What a parent learns of its children.
#pragma once

#include <cstdint>

#include "lib/result.hpp"
#include "task/process.hpp"

namespace kernel {

// A child has become a zombie: SIGCHLD (or another exit signal) and a wake-up for the parent. It is reaped at
// once if the parent ignores SIGCHLD.
// A stranger who traces it is told first, and nobody before threads are gone that a tracer has yet to see.
void report_to_parent(Process& child);
// A zombie's tracer has let it go.
void leave_zombie_to_parent(Process& child, Process& tracer);
// A thread that is traced has ended, and is not its process's leader.
void report_end_to_tracer(Task& thread);
// A task stops for its tracer: `reason` is CLD_TRAPPED or CLD_STOPPED.
void report_stop_to_tracer(Task& task, int reason);
// A child stopped or continued: `change` is CLD_STOPPED or CLD_CONTINUED.
void report_change_to_parent(Process& child, int change);
// Removes a zombie from the tables. Its usage is added to the parent's reaped_children.
void reap(Process& child);

// Which children a wait is for.
struct WaitTarget {
    int type;  // P_ALL, P_PID, P_PGID or P_PIDFD, with the process's number
    int id;
};

// si_status and si_code of a status as wait4 reports it.
struct ChildEnd {
    int code;
    int status;
};

// What a wait has found.
struct WaitOutcome {
    int pid = 0;  // 0: nothing yet
    int status = 0;
    ChildEnd what{};
    std::uint32_t user = 0;
    ResourceUsage usage;
};

// Waits until one of the target's children has something to report of what the options name (W* of wait.h),
// and takes the report unless they have WNOWAIT. With WNOHANG it does not wait: pid is 0 then. ECHILD: there
// is no such child.
Result<WaitOutcome> wait_for_child(Task& task, const WaitTarget& target, unsigned options);

}  // namespace kernel
