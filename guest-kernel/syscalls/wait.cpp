// wait4, waitid.
#include <linux/fcntl.h>
#include <linux/wait.h>

#include "fs/file_table.hpp"
#include "lib/faults.hpp"
#include "syscalls/handlers.hpp"
#include "syscalls/rusage.hpp"
#include "task/pidfd.hpp"
#include "task/task.hpp"
#include "task/wait.hpp"

namespace kernel {

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

namespace {

// The report, or zeroes where there is none, even if the call fails: Linux writes these six fields and leaves
// the rest as it was (kernel/exit.c, waitid).
Result<void> write_report(UserOut<siginfo_t> info, const WaitOutcome& outcome) {
    siginfo_t report{};
    if (outcome.pid != 0) {
        report.si_signo = SIGCHLD;
        report.si_code = outcome.what.code;
        report.si_pid = outcome.pid;
        report.si_uid = outcome.user;
        report.si_status = outcome.what.status;
    }
    constexpr std::size_t kWritten = offsetof(siginfo_t, _sifields._sigchld._status) + sizeof(int);
    return copy_to_user(info.address(), &report, kWritten);
}

// Linux kernel_waitid.
Result<WaitOutcome> wait_by_id(Task& task, int type, int id, unsigned options) {
    constexpr unsigned kKnown =
        WNOHANG | WNOWAIT | WEXITED | WSTOPPED | WCONTINUED | __WNOTHREAD | __WCLONE | __WALL;
    if ((options & ~kKnown) != 0 || (options & (WEXITED | WSTOPPED | WCONTINUED)) == 0) {
        return Errno(EINVAL);
    }
    WaitTarget target{.type = type, .id = id};
    bool is_nonblocking_pidfd = false;
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
            if (id < 0) {
                return Errno(EINVAL);
            }
            target.id = TRY(process_of_pidfd(task, Fd{id}))->id;
            is_nonblocking_pidfd = (TRY(task.files->get(Fd{id}))->flags() & O_NONBLOCK) != 0;
            break;
        default:
            return Errno(EINVAL);
    }
    // The descriptor's own flag makes what would wait EAGAIN.
    const WaitOutcome outcome =
        TRY(wait_for_child(task, target, options | (is_nonblocking_pidfd ? WNOHANG : 0)));
    if (outcome.pid == 0 && is_nonblocking_pidfd && (options & WNOHANG) == 0) {
        return Errno(EAGAIN);
    }
    return outcome;
}

}  // namespace

Result<long> sys_waitid(Task& task, int type, int id, UserOut<siginfo_t> info, unsigned options,
                        UserOut<rusage> usage) {
    const Result<WaitOutcome> outcome = wait_by_id(task, type, id, options);
    const WaitOutcome found = outcome.is_error() ? WaitOutcome{} : outcome.value();
    if (!usage.is_null() && found.pid != 0) {
        TRY(usage.write(to_rusage(found.usage)));
    }
    if (!info.is_null()) {
        TRY(write_report(info, found));
    }
    return outcome.is_error() ? Result<long>(outcome.error()) : Result<long>(0);
}

}  // namespace kernel
