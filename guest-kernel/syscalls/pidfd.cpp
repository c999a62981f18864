// pidfd_open, pidfd_send_signal.
#include <linux/fcntl.h>

#include "fs/file_table.hpp"

#include "syscalls/handlers.hpp"
#include "syscalls/kill.hpp"
#include "task/pidfd.hpp"
#include "task/task.hpp"

namespace kernel {

namespace {

// A directory /proc/<pid> does as well (Linux kernel/signal.c, pidfd_to_pid), but no O_PATH descriptor.
Result<Ref<Process>> process_to_signal(Task& task, Fd fd) {
    const Ref<File> file = TRY(task.files->get_for_io(fd));
    Process* process = file->as_process();
    if (process == nullptr && file->inode().is_directory()) {
        process = file->inode().as_process();
    }
    return process == nullptr ? Result<Ref<Process>>(Errno(EBADF))
                              : Result<Ref<Process>>(Ref<Process>(process));
}

}  // namespace

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
    const Ref<Process> process = TRY(process_to_signal(task, fd));
    siginfo_t what = user_siginfo(signal, SI_USER);
    if (!info.is_null()) {
        const int claimed = TRY(info.read()).si_signo;
        what = TRY(read_siginfo(info, claimed));
        if (claimed != signal) {
            return Errno(EINVAL);
        }
        if (process->id != task.id && is_reserved_code(what.si_code)) {
            return Errno(EPERM);
        }
    }
    Task* leader = process->leader();
    if (leader == nullptr) {
        return Errno(ESRCH);  // it has been reaped
    }
    TRY(signal_process_of(task, *leader, what));
    return 0;
}

}  // namespace kernel
