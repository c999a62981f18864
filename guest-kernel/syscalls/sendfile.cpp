// sendfile, copy_file_range.
#include <linux/fcntl.h>

#include "fs/file_table.hpp"
#include "fs/pipe.hpp"
#include "syscalls/file_copy.hpp"
#include "syscalls/handlers.hpp"
#include "task/task.hpp"

namespace kernel {

Result<long> sys_sendfile(Task& task, Fd out_fd, Fd in_fd, UserInOut<std::int64_t> offset,
                          std::size_t count) {
    CopyEnd from(TRY(task.files->get_readable(in_fd)), offset);
    TRY(from.begin());
    if (static_cast<std::int64_t>(count) < 0) {
        return Errno(EINVAL);
    }
    CopyEnd to(TRY(task.files->get_writable(out_fd)), {});
    // Linux fs/splice.c, splice_direct_to_actor: input without a position may only go into a pipe, since
    // elsewhere bytes could be lost.
    const bool to_pipe = static_cast<bool>(to.file().inode().pipe);
    if (!from.file().can_splice_from() || !to.file().can_splice_to() ||
        (!to_pipe && (!from.file().is_seekable() || (to.file().flags() & O_APPEND) != 0))) {
        return Errno(EINVAL);
    }
    return run_copy(from, to, count, false);
}

Result<long> sys_copy_file_range(Task& task, Fd fd_in, UserInOut<std::int64_t> off_in, Fd fd_out,
                                 UserInOut<std::int64_t> off_out, std::size_t length, unsigned flags) {
    CopyEnd from(TRY(task.files->get_for_io(fd_in)), off_in);
    CopyEnd to(TRY(task.files->get_for_io(fd_out)), off_out);
    TRY(from.begin());
    TRY(to.begin());
    if (flags != 0) {
        return Errno(EINVAL);
    }
    // Linux fs/read_write.c, generic_copy_file_checks and generic_file_rw_checks, in their order.
    Inode& in = from.file().inode();
    Inode& out = to.file().inode();
    if (in.is_directory() || out.is_directory()) {
        return Errno(EISDIR);
    }
    if (!in.is_regular() || !out.is_regular()) {
        return Errno(EINVAL);
    }
    if (!from.file().is_readable() || !to.file().is_writable() || (to.file().flags() & O_APPEND) != 0) {
        return Errno(EBADF);
    }
    if (&in.file_system() != &out.file_system()) {
        return Errno(EXDEV);
    }
    std::uint64_t end = 0;
    if (__builtin_add_overflow(static_cast<std::uint64_t>(from.position()), length, &end) ||
        __builtin_add_overflow(static_cast<std::uint64_t>(to.position()), length, &end)) {
        return Errno(EOVERFLOW);
    }
    auto size = static_cast<std::int64_t>(length);
    const bool overlaps =
        &in == &out && from.position() < to.position() + size && to.position() < from.position() + size;
    if (overlaps) {
        return Errno(EINVAL);
    }
    return run_copy(from, to, length, false);
}

}  // namespace kernel
