// pidfd_open, pidfd_send_signal.
#include <linux/fcntl.h>

#include "syscalls/handlers.hpp"
#include "task/pidfd.hpp"
#include "task/task.hpp"

namespace kernel {

Result<long> sys_pidfd_open(Task& task, int pid, unsigned flags) {
    if ((flags & ~static_cast<unsigned>(O_NONBLOCK)) != 0 || pid <= 0) {
        return Errno(EINVAL);
    }
    const Result<Ref<Process>> process = find_process(pid);
    if (process.is_error()) {
        // A thread that is no process is EINVAL (Linux pidfd_create).
        return find_task(pid).is_error() ? process.error() : Errno(EINVAL);
    }
    return TRY(open_pidfd(task, *process.value(), flags));
}

Result<long> sys_pidfd_send_signal(Task& task, Fd fd, int signal, UserIn<siginfo_t> info, unsigned flags) {
    if (flags != 0) {
        return Errno(EINVAL);
    }
    const Ref<Process> process = TRY(process_of_pidfd(task, fd));
    siginfo_t what = user_siginfo(signal, SI_USER);
    if (!info.is_null()) {
        what = TRY(info.read());
        if (what.si_signo != signal) {
            return Errno(EINVAL);
        }
        if (process != task.process && (what.si_code >= 0 || what.si_code == SI_TKILL)) {
            return Errno(EPERM);
        }
    }
    if (signal < 0 || signal > kSignalCount) {
        return Errno(EINVAL);
    }
    if (process->threads.is_empty() && process->parent == nullptr) {
        return Errno(ESRCH);
    }
    if (signal != 0) {
        TRY(send_signal(*process, what));
    }
    return 0;
}

}  // namespace kernel
