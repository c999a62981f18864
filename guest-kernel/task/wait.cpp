#include "task/wait.hpp"

#include <linux/wait.h>

#include "lib/faults.hpp"
#include "syscalls/handlers.hpp"
#include "syscalls/usage.hpp"
#include "task/pidfd.hpp"
#include "task/table.hpp"
#include "task/task.hpp"

namespace kernel {

namespace {

// si_status and si_code of a status as wait4 reports it.
struct ChildEnd {
    int code;
    int status;
};

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
    if (parent.is_zombie || parent.threads.is_empty()) {
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
    if (parent.is_zombie || parent.threads.is_empty()) {
        return;
    }
    // A stop that SIGCONT overtook has no signal any more.
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
    List<Process, ChildOfProcess>::remove(child);
    remove_from_table(child);
    child.parent = nullptr;
    child.drop_reference();  // the table's
}

namespace {

struct WaitTarget {
    int type;
    int id;
};

bool matches(const Process& child, const WaitTarget& target, unsigned options) {
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

struct WaitOutcome {
    int pid = 0;  // 0: nothing yet
    int status = 0;
    ChildEnd what{};
    std::uint32_t user = 0;
    ResourceUsage usage;
};

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

Result<WaitOutcome> wait_for_child(Task& task, const WaitTarget& target, unsigned options) {
    Process& parent = *task.process;
    WaitOutcome outcome;
    bool has_match = false;
    const auto look = [&] {
        has_match = false;
        for (Process* child = parent.children.first(); child != nullptr;
             child = parent.children.next(*child)) {
            if (matches(*child, target, options)) {
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

}  // namespace

Result<long> sys_wait4(Task& task, int pid, UserOut<int> status, unsigned options, UserOut<rusage> usage) {
    constexpr unsigned kKnown = WNOHANG | WUNTRACED | WCONTINUED | __WNOTHREAD | __WCLONE | __WALL;
    if ((options & ~kKnown) != 0) {
        return Errno(EINVAL);
    }
    if (pid == INT32_MIN) {
        return Errno(ESRCH);
    }
    WaitTarget target{.type = P_ALL, .id = 0};
    if (pid > 0) {
        target = {.type = P_PID, .id = pid};
    } else if (pid == 0) {
        target = {.type = P_PGID, .id = task.process->group};
    } else if (pid < -1) {
        target = {.type = P_PGID, .id = -pid};
    }
    const WaitOutcome outcome = TRY(wait_for_child(task, target, options | WEXITED));
    if (outcome.pid != 0) {
        if (!status.is_null()) {
            TRY(status.write(FAULT(wait_status_wrong) ? outcome.status ^ 0x100 : outcome.status));
        }
        if (!usage.is_null()) {
            TRY(usage.write(to_rusage(outcome.usage)));
        }
    }
    return outcome.pid;
}

Result<long> sys_waitid(Task& task, int type, int id, UserOut<siginfo_t> info, unsigned options,
                        UserOut<rusage> usage) {
    constexpr unsigned kKnown =
        WNOHANG | WNOWAIT | WEXITED | WSTOPPED | WCONTINUED | __WNOTHREAD | __WCLONE | __WALL;
    if ((options & ~kKnown) != 0 || (options & (WEXITED | WSTOPPED | WCONTINUED)) == 0) {
        return Errno(EINVAL);
    }
    WaitTarget target{.type = type, .id = id};
    switch (type) {
        case P_ALL:
            break;
        case P_PID:
            if (id <= 0) {
                return Errno(EINVAL);
            }
            break;
        case P_PGID:
            if (id < 0) {
                return Errno(EINVAL);
            }
            target.id = id == 0 ? task.process->group : id;
            break;
        case P_PIDFD:
            target.id = TRY(process_of_pidfd(task, Fd{id}))->id;
            break;
        default:
            return Errno(EINVAL);
    }
    const WaitOutcome outcome = TRY(wait_for_child(task, target, options));
    if (!usage.is_null() && outcome.pid != 0) {
        TRY(usage.write(to_rusage(outcome.usage)));
    }
    if (!info.is_null()) {
        // Linux writes these six fields and leaves the rest as it was (kernel/exit.c, waitid).
        siginfo_t report{};
        if (outcome.pid != 0) {
            report.si_signo = SIGCHLD;
            report.si_code = outcome.what.code;
            report.si_pid = outcome.pid;
            report.si_uid = outcome.user;
            report.si_status = outcome.what.status;
        }
        constexpr std::size_t kWritten = offsetof(siginfo_t, _sifields._sigchld._status) + sizeof(int);
        TRY(copy_to_user(info.address(), &report, kWritten));
    }
    return 0;
}

}  // namespace kernel
