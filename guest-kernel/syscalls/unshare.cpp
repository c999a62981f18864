// unshare.
#include <linux/sched.h>

#include "fs/file_table.hpp"
#include "fs/fs_context.hpp"
#include "mm/address_space.hpp"
#include "syscalls/handlers.hpp"
#include "task/task.hpp"

namespace kernel {

namespace {

constexpr unsigned long kNamespaces = CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC |
                                      CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWTIME;
constexpr unsigned long kUnsharable =
    kNamespaces | CLONE_THREAD | CLONE_FS | CLONE_SIGHAND | CLONE_VM | CLONE_FILES | CLONE_SYSVSEM;

// What cannot be asked for without the rest (Linux kernel/fork.c, ksys_unshare).
unsigned long with_what_follows(unsigned long flags) {
    flags |= (flags & CLONE_NEWUSER) != 0 ? CLONE_THREAD | CLONE_FS : 0UL;
    flags |= (flags & CLONE_VM) != 0 ? CLONE_SIGHAND : 0UL;
    flags |= (flags & CLONE_SIGHAND) != 0 ? CLONE_THREAD : 0UL;
    flags |= (flags & CLONE_NEWNS) != 0 ? CLONE_FS : 0UL;
    return flags;
}

// Memory and handlers cannot be parted: that works where nobody shares them.
Result<void> check_alone(Task& task, unsigned long flags) {
    const bool has_threads = task.process->thread_count() > 1;
    const bool shares_handlers = task.signal_handlers->reference_count() > 1;
    const bool shares_memory = task.address_space->reference_count() > 1;
    if (((flags & CLONE_THREAD) != 0 && has_threads) || ((flags & CLONE_SIGHAND) != 0 && shares_handlers) ||
        ((flags & CLONE_VM) != 0 && shares_memory)) {
        return Errno(EINVAL);
    }
    return {};
}

}  // namespace

Result<long> sys_unshare(Task& task, unsigned long asked) {
    const unsigned long flags = with_what_follows(asked);
    if ((flags & ~kUnsharable) != 0) {
        return Errno(EINVAL);
    }
    TRY(check_alone(task, flags));
    if ((flags & kNamespaces) != 0) {
        return Errno(task.credentials.has(CAP_SYS_ADMIN) ? EINVAL : EPERM);
    }
    if ((flags & CLONE_FS) != 0 && task.fs->reference_count() > 1) {
        task.fs = TRY(task.fs->clone());
    }
    if ((flags & CLONE_FILES) != 0 && task.files->reference_count() > 1) {
        task.files = TRY(task.files->clone());
    }
    if ((flags & CLONE_SYSVSEM) != 0) {
        task.semaphore_undo = nullptr;
    }
    return 0;
}

}  // namespace kernel
