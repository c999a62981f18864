#include "task/wait.hpp"

#include <linux/wait.h>

#include "task/exit.hpp"
#include "task/table.hpp"
#include "task/task.hpp"
#include "time/ticks.hpp"

namespace kernel {

namespace {

ChildEnd describe_end(int status) {
    const int signal = status & 0x7f;
    if (signal == 0) {
        return {.code = CLD_EXITED, .status = status >> 8 & 0xff};
    }
    return {.code = (status & 0x80) != 0 ? CLD_DUMPED : CLD_KILLED, .status = signal};
}

siginfo_t child_siginfo(int id, std::uint32_t user, const CpuTimes& times, int signal, const ChildEnd& what) {
    siginfo_t info{};
    info.si_signo = signal;
    info.si_code = what.code;
    info.si_pid = id;
    info.si_uid = user;
    info.si_status = what.status;
    info.si_utime = to_clock_ticks(times.user);
    info.si_stime = to_clock_ticks(times.system);
    return info;
}

siginfo_t child_siginfo(Process& child, int signal, const ChildEnd& what) {
    return child_siginfo(child.id, child.real_user, child.usage().times, signal, what);
}

siginfo_t thread_siginfo(const Task& thread, const ChildEnd& what) {
    return child_siginfo(thread.id, thread.credentials.user, task_usage(thread).times, SIGCHLD, what);
}

SignalAction& parent_action(Process& parent) {
    return (*parent.leader()->signal_handlers)[SIGCHLD];
}

// Does nobody want to wait for children that end?
bool ignores_ends(Process& parent) {
    const SignalAction& action = parent_action(parent);
    return action.handler == reinterpret_cast<std::uint64_t>(SIG_IGN) || (action.flags & SA_NOCLDWAIT) != 0;
}

// Are there threads that have ended, and that their tracer has not seen the end of?
bool has_unseen_threads(Process& process) {
    return process.thread_count() > 1;
}

}  // namespace

void report_to_parent(Process& child) {
    Process& parent = *child.parent;
    if (has_unseen_threads(child)) {
        return;
    }
    const ChildEnd end = describe_end(child.exit_status);
    if (const Task* leader = child.leader(); is_traced_by_stranger(*leader)) {
        Process& tracer = *leader->tracing.tracer->process;
        (void)send_signal(tracer, child_siginfo(child, SIGCHLD, end));
        tracer.child_changed.wake_all();
        return;
    }
    if (parent.is_zombie) {
        return;
    }
    // A tracer waits whatever it has said of its children.
    const bool nobody_waits =
        child.exit_signal == SIGCHLD && ignores_ends(parent) && child.leader()->tracing.tracer == nullptr;
    if (child.exit_signal != 0) {
        (void)send_signal(parent, child_siginfo(child, child.exit_signal, end));
    }
    if (nobody_waits) {
        reap(child);
    }
    parent.child_changed.wake_all();
}

// Linux kernel/ptrace.c, __ptrace_detach.
void leave_zombie_to_parent(Process& child, Process& tracer) {
    if (child.parent != &tracer) {
        report_to_parent(child);
    } else if (ignores_ends(tracer) && !has_unseen_threads(child)) {
        reap(child);
        tracer.child_changed.wake_all();
    }
}

void report_end_to_tracer(Task& thread) {
    Process& tracer = *thread.tracing.tracer->process;
    (void)send_signal(tracer, thread_siginfo(thread, describe_end(thread.exit_status)));
    tracer.child_changed.wake_all();
}

// Linux kernel/signal.c, do_notify_parent_cldstop.
void report_stop_to_tracer(Task& task, int reason) {
    constexpr int kSignalBits = 0x7f;
    Process& tracer = *task.tracing.tracer->process;
    const int status = reason == CLD_STOPPED ? task.process->stop_signal : task.tracing.status & kSignalBits;
    if ((parent_action(tracer).flags & SA_NOCLDSTOP) == 0) {
        (void)send_signal(tracer, thread_siginfo(task, {.code = reason, .status = status}));
    }
    tracer.child_changed.wake_all();
}

void report_change_to_parent(Process& child, int change) {
    Process& parent = *child.parent;
    if (parent.is_zombie) {
        return;
    }
    // A stop that was followed by SIGCONT no longer has a signal.
    const ChildEnd what{.code = change, .status = change == CLD_STOPPED ? child.stop_signal : SIGCONT};
    if ((parent_action(parent).flags & SA_NOCLDSTOP) == 0) {
        (void)send_signal(parent, child_siginfo(child, SIGCHLD, what));
    }
    parent.child_changed.wake_all();
}

void reap(Process& child) {
    Process& parent = *child.parent;
    parent.reaped_children.add(child.usage());
    parent.reaped_children.add(child.reaped_children);
    if (Task* leader = child.leader()) {
        release_task(*leader);
    }
    List<Process, ChildOfProcess>::remove(child);
    remove_from_table(child);
    child.parent = nullptr;
    child.drop_reference();  // the table's
}

namespace {

bool is_target(const WaitTarget& target, int id, int group) {
    switch (target.type) {
        case P_PID:
        case P_PIDFD:
            return id == target.id;
        case P_PGID:
            return group == target.id;
        default:
            return true;
    }
}

bool matches(const Task& waiter, const Process& child, const WaitTarget& target, unsigned options) {
    if ((options & __WNOTHREAD) != 0 && child.parent_thread != waiter.id) {
        return false;
    }
    if (!is_target(target, child.id, child.group)) {
        return false;
    }
    if ((options & __WALL) != 0) {
        return true;
    }
    return (child.exit_signal != SIGCHLD) == ((options & __WCLONE) != 0);
}

// What there is to report of one child now; takes the report unless WNOWAIT.
bool take_report(Process& child, unsigned options, WaitOutcome& outcome) {
    const bool consume = (options & WNOWAIT) == 0;
    outcome.pid = child.id;
    outcome.user = child.real_user;
    outcome.usage = child.usage();
    outcome.usage.add(child.reaped_children);
    const Tracing& tracing = child.leader()->tracing;
    if (tracing.tracer != nullptr && tracing.tracer->process.get() == child.parent) {
        return false;  // what there is to report is the tracer's, below
    }
    if (child.is_zombie) {
        if ((options & WEXITED) == 0 || tracing.tracer != nullptr || has_unseen_threads(child)) {
            return false;
        }
        outcome.status = child.exit_status;
        outcome.what = describe_end(child.exit_status);
        if (consume) {
            reap(child);
        }
        return true;
    }
    if ((options & WSTOPPED) != 0 && child.stop_unreported) {
        outcome.status = child.stop_signal << 8 | 0x7f;
        outcome.what = {.code = CLD_STOPPED, .status = child.stop_signal};
        child.stop_unreported = !consume;
        return true;
    }
    if ((options & WCONTINUED) != 0 && child.continue_unreported) {
        outcome.status = 0xffff;
        outcome.what = {.code = CLD_CONTINUED, .status = SIGCONT};
        child.continue_unreported = !consume;
        return true;
    }
    return false;
}

// The tracer has seen the end of a task.
void reap_tracee(Task& tracee) {
    if (tracee.is_leader() && !is_traced_by_stranger(tracee)) {
        reap(*tracee.process);
    } else {
        end_tracing(tracee);
    }
}

// The same of a task that the caller traces (Linux wait_consider_child with ptrace).
bool take_trace_report(Task& tracee, unsigned options, WaitOutcome& outcome) {
    const bool consume = (options & WNOWAIT) == 0;
    Process& process = *tracee.process;
    outcome.pid = tracee.id;
    outcome.user = tracee.credentials.user;
    outcome.usage = tracee.is_leader() ? process.usage() : task_usage(tracee);
    if (tracee.has_ended()) {
        const bool is_last = process.is_zombie && !has_unseen_threads(process);
        if ((options & WEXITED) == 0 || (tracee.is_leader() && !is_last)) {
            return false;
        }
        outcome.status = process.is_exiting || tracee.is_leader() ? process.exit_status : tracee.exit_status;
        outcome.what = describe_end(outcome.status);
        if (consume) {
            reap_tracee(tracee);
        }
        return true;
    }
    Tracing& tracing = tracee.tracing;
    if (tracing.is_in_stop && !tracing.is_listening && tracing.status != 0) {
        outcome.status = tracing.status << 8 | 0x7f;
        outcome.what = {.code = CLD_TRAPPED, .status = tracing.status};
        tracing.status = consume ? 0 : tracing.status;
        return true;
    }
    if ((options & WCONTINUED) != 0 && process.continue_unreported) {
        outcome.status = 0xffff;
        outcome.what = {.code = CLD_CONTINUED, .status = SIGCONT};
        process.continue_unreported = !consume;
        return true;
    }
    return false;
}

bool look_at_tracees(Task& tracer, const WaitTarget& target, unsigned options, bool& has_match,
                     WaitOutcome& outcome) {
    for (Task* tracee = tracer.tracees.first(); tracee != nullptr; tracee = tracer.tracees.next(*tracee)) {
        if (is_target(target, tracee->id, tracee->process->group)) {
            has_match = has_match || !tracee->has_ended() || (options & (WEXITED | WCONTINUED)) != 0;
            if (take_trace_report(*tracee, options, outcome)) {
                return true;
            }
        }
    }
    return false;
}

}  // namespace

Result<WaitOutcome> wait_for_child(Task& task, const WaitTarget& target, unsigned options) {
    Process& parent = *task.process;
    WaitOutcome outcome;
    bool has_match = false;
    const auto look = [&] {
        has_match = false;
        for (Process* child = parent.children.first(); child != nullptr;
             child = parent.children.next(*child)) {
            if (matches(task, *child, target, options)) {
                // A zombie has nothing to wait for but its end (Linux kernel/exit.c, wait_consider_child).
                has_match = has_match || !child->is_zombie || (options & WEXITED) != 0;
                if (take_report(*child, options, outcome)) {
                    return true;
                }
            }
        }
        for (Task& thread : parent.threads) {
            const bool counts = &thread == &task || (options & __WNOTHREAD) == 0;
            if (counts && look_at_tracees(thread, target, options, has_match, outcome)) {
                return true;
            }
        }
        outcome = WaitOutcome{};
        return !has_match || (options & WNOHANG) != 0;
    };
    TRY(parent.child_changed.wait(look));
    if (!has_match) {
        return Errno(ECHILD);
    }
    return outcome;
}

}  // namespace kernel
