// dup, dup3.
#include <linux/fcntl.h>

#include "fs/file_table.hpp"
#include "syscalls/handlers.hpp"
#include "task/task.hpp"

namespace kernel {

Result<long> sys_dup(Task& task, Fd oldfd) {
    Ref<File> file = TRY(task.files->get(oldfd));
    return TRY(task.files->install(std::move(file), CloseOnExec::No));
}

Result<long> sys_dup3(Task& task, Fd oldfd, Fd newfd, unsigned flags) {
    if ((flags & ~static_cast<unsigned>(O_CLOEXEC)) != 0 || oldfd.number == newfd.number) {
        return Errno(EINVAL);
    }
    const std::uint64_t limit = task.process->limit(RLIMIT_NOFILE).rlim_cur;
    if (newfd.number < 0 || static_cast<std::uint64_t>(newfd.number) >= limit) {
        return Errno(EBADF);
    }
    Ref<File> file = TRY(task.files->get(oldfd));
    TRY(task.files->install_at(newfd, std::move(file), close_on_exec_of(flags)));
    return static_cast<long>(newfd.number);
}

}  // namespace kernel
