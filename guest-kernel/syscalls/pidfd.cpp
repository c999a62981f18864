// pidfd_open, pidfd_send_signal, pidfd_getfd, setns.
#include <linux/capability.h>
#include <linux/fcntl.h>
#include <linux/sched.h>

#include "fs/file_table.hpp"
#include "fs/procfs_parts.hpp"
#include "syscalls/handlers.hpp"
#include "syscalls/kill.hpp"
#include "task/inspection.hpp"
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
        if (process != nullptr && file->inode().is_of_gone_task()) {
            return Errno(ESRCH);
        }
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

// Linux kernel/pid.c, pidfd_getfd.
Result<long> sys_pidfd_getfd(Task& task, Fd pidfd, Fd targetfd, unsigned flags) {
    if (flags != 0) {
        return Errno(EINVAL);
    }
    const Ref<Process> process = TRY(process_of_pidfd(task, pidfd));
    const Task* target = process->leader();
    if (target == nullptr || process->is_zombie) {
        return Errno(ESRCH);
    }
    if (!may_inspect(task, *target)) {
        return Errno(EPERM);
    }
    const RefPtr<FileTable> files = target->files;
    if (!files) {
        return Errno(EBADF);
    }
    return TRY(task.files->install(TRY(files->get(targetfd)), CloseOnExec::Yes));
}

namespace {

// A namespace that the process is in: nothing changes, but for the user namespace, which one cannot enter
// twice.
Result<long> join_again(const Task& task, unsigned kind, unsigned types) {
    if ((types != 0 && types != kind) || kind == CLONE_NEWUSER) {
        return Errno(EINVAL);
    }
    return task.credentials.has(CAP_SYS_ADMIN) ? Result<long>(0) : Result<long>(Errno(EPERM));
}

}  // namespace

// Linux kernel/nsproxy.c: there is one namespace of each kind, which a process may join that is in it
// already.
Result<long> sys_setns(Task& task, Fd fd, unsigned types) {
    constexpr unsigned kKinds = CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWNET | CLONE_NEWTIME |
                                CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWCGROUP;
    const Ref<File> file = TRY(task.files->get_for_io(fd));
    if (const unsigned kind = namespace_kind(*file); kind != 0) {
        return join_again(task, kind, types);
    }
    Process* process = file->as_process();
    if (process == nullptr || types == 0 || (types & ~kKinds) != 0) {
        return Errno(EINVAL);
    }
    const Task* target = process->leader();
    if (target == nullptr || process->is_zombie) {
        return Errno(ESRCH);
    }
    if (!may_inspect(task, *target)) {
        return Errno(EPERM);
    }
    if ((types & CLONE_NEWUSER) != 0) {
        return Errno(EINVAL);  // one cannot enter the user namespace that one is in
    }
    return task.credentials.has(CAP_SYS_ADMIN) ? Result<long>(0) : Result<long>(Errno(EPERM));
}

}  // namespace kernel
