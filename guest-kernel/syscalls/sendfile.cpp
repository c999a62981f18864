// sendfile, copy_file_range.
#include <linux/fcntl.h>
#include <linux/inotify.h>

#include "fs/file_table.hpp"
#include "fs/notify.hpp"
#include "fs/pipe.hpp"
#include "syscalls/file_copy.hpp"
#include "syscalls/handlers.hpp"
#include "task/task.hpp"

namespace kernel {

namespace {

long tell_of_copy(CopyEnd& from, CopyEnd& to, long bytes) {
    const auto moved = static_cast<std::uint64_t>(bytes);
    Task::current().io.add({.bytes_read = moved, .bytes_written = moved, .reads = 1, .writes = 1});
    if (bytes > 0) {
        notify_file(from.file(), IN_ACCESS);
        notify_file(to.file(), IN_MODIFY);
    }
    return bytes;
}

}  // namespace

Result<long> sys_sendfile(Task& task, Fd out_fd, Fd in_fd, UserInOut<std::int64_t> offset,
                          std::size_t count) {
    if (!offset.is_null()) {
        TRY(offset.read());  // a bad pointer before a bad descriptor
    }
    CopyEnd from(TRY(task.files->get_readable(in_fd)), offset);
    TRY(from.begin(0));
    std::int64_t end = 0;
    if (static_cast<std::int64_t>(count) < 0 ||
        __builtin_add_overflow(from.position(), static_cast<std::int64_t>(count), &end)) {
        return Errno(EINVAL);
    }
    CopyEnd to(TRY(task.files->get_writable(out_fd)), {});
    // Linux fs/splice.c, splice_direct_to_actor: input without a position may only go into a pipe, since
    // elsewhere bytes could be lost.
    const bool to_pipe = static_cast<bool>(to.file().inode().pipe);
    if (!to_pipe && (!from.file().is_seekable() || (to.file().flags() & O_APPEND) != 0)) {
        return Errno(EINVAL);
    }
    if (!to_pipe && count == 0) {
        return 0;
    }
    if (!from.file().can_splice_from() || !to.file().can_splice_to()) {
        return Errno(EINVAL);
    }
    return tell_of_copy(from, to, TRY(run_copy(from, to, count, false)));
}

namespace {

std::int64_t start_of_range(CopyEnd& end, UserInOut<std::int64_t> offset) {
    const Result<std::int64_t> given = offset.is_null() ? end.file().position : offset.read();
    return given.is_error() ? end.file().position : given.value();
}

// The second half of generic_copy_file_checks: ranges, cut at the end of the input and at the limits of the
// output.
Result<long> copy_range(CopyEnd& from, CopyEnd& to, UserInOut<std::int64_t> off_in,
                        UserInOut<std::int64_t> off_out, std::size_t length) {
    const auto in = static_cast<std::uint64_t>(start_of_range(from, off_in));
    const auto out = static_cast<std::uint64_t>(start_of_range(to, off_out));
    std::uint64_t end = 0;
    if (__builtin_add_overflow(in, length, &end) || __builtin_add_overflow(out, length, &end)) {
        return Errno(EOVERFLOW);
    }
    const std::uint64_t size = from.file().attributes().size;
    std::uint64_t count = in >= size ? 0 : std::min<std::uint64_t>(length, size - in);
    count = std::min(count, TRY(room_for_write(out)));
    if (&from.file().inode() == &to.file().inode() && out + count > in && out < in + count) {
        return Errno(EINVAL);
    }
    TRY(from.begin(count));
    TRY(to.begin(count));
    return count == 0 ? Result<long>(0) : run_copy(from, to, count, false);
}

}  // namespace

Result<long> sys_copy_file_range(Task& task, Fd fd_in, UserInOut<std::int64_t> off_in, Fd fd_out,
                                 UserInOut<std::int64_t> off_out, std::size_t length, unsigned flags) {
    CopyEnd from(TRY(task.files->get_for_io(fd_in)), off_in);
    CopyEnd to(TRY(task.files->get_for_io(fd_out)), off_out);
    for (const UserInOut<std::int64_t>& offset : {off_in, off_out}) {
        if (!offset.is_null()) {
            TRY(offset.read());
        }
    }
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
    return tell_of_copy(from, to, TRY(copy_range(from, to, off_in, off_out, length)));
}

}  // namespace kernel
