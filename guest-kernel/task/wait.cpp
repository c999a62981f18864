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

siginfo_t child_siginfo(Process& child, int signal, const ChildEnd& what) {
    siginfo_t info{};
    info.si_signo = signal;
    info.si_code = what.code;
    info.si_pid = child.id;
    info.si_uid = child.real_user;
    info.si_status = what.status;
    const CpuTimes times = child.usage().times;
    info.si_utime = to_clock_ticks(times.user);
    info.si_stime = to_clock_ticks(times.system);
    return info;
}

SignalAction& parent_action(Process& parent) {
    return (*parent.leader()->signal_handlers)[SIGCHLD];
}

}  // namespace

void report_to_parent(Process& child) {
    Process& parent = *child.parent;
    if (parent.is_zombie) {
        return;
    }
    bool nobody_waits = false;
    if (child.exit_signal == SIGCHLD) {
        const SignalAction& action = parent_action(parent);
        nobody_waits =
            action.handler == reinterpret_cast<std::uint64_t>(SIG_IGN) || (action.flags & SA_NOCLDWAIT) != 0;
    }
    if (child.exit_signal != 0) {
        (void)send_signal(parent, child_siginfo(child, child.exit_signal, describe_end(child.exit_status)));
    }
    if (nobody_waits) {
        reap(child);
    }
    parent.child_changed.wake_all();
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

bool matches(const Task& waiter, const Process& child, const WaitTarget& target, unsigned options) {
    if ((options & __WNOTHREAD) != 0 && child.parent_thread != waiter.id) {
        return false;
    }
    if ((target.type == P_PID || target.type == P_PIDFD) && child.id != target.id) {
        return false;
    }
    if (target.type == P_PGID && child.group != target.id) {
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
    if (child.is_zombie) {
        if ((options & WEXITED) == 0) {
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
