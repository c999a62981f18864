// splice, tee.
#include "syscalls/splice.hpp"

#include <linux/fcntl.h>

#include "fs/file_table.hpp"
#include "fs/pipe.hpp"
#include "signal/signals.hpp"
#include "syscalls/file_copy.hpp"
#include "syscalls/handlers.hpp"
#include "task/task.hpp"

namespace kernel {

Result<long> sys_splice(Task& task, Fd fd_in, UserInOut<std::int64_t> off_in, Fd fd_out,
                        UserInOut<std::int64_t> off_out, std::size_t length, unsigned flags) {
    if (length == 0) {
        return 0;
    }
    if ((flags & ~kSpliceFlags) != 0) {
        return Errno(EINVAL);
    }
    CopyEnd from(TRY(task.files->get_for_io(fd_in)), off_in);
    CopyEnd to(TRY(task.files->get_for_io(fd_out)), off_out);
    const bool from_pipe = static_cast<bool>(from.file().inode().pipe);
    const bool to_pipe = static_cast<bool>(to.file().inode().pipe);
    if ((from_pipe && !off_in.is_null()) || (to_pipe && !off_out.is_null())) {
        return Errno(ESPIPE);
    }
    for (const UserInOut<std::int64_t>& offset : {off_out, off_in}) {
        if (!offset.is_null()) {
            TRY(offset.read());
        }
    }
    if (!from.file().is_readable() || !to.file().is_writable()) {
        return Errno(EBADF);
    }
    if (!from_pipe && !to_pipe) {
        return Errno(EINVAL);
    }
    if (from_pipe && to_pipe && from.file().inode().pipe == to.file().inode().pipe) {
        return Errno(EINVAL);
    }
    if (!from_pipe && (!from.file().can_splice_from() || (!off_in.is_null() && !from.file().is_seekable()))) {
        return Errno(EINVAL);
    }
    if (!to_pipe && (!to.file().can_splice_to() || (!off_out.is_null() && !to.file().is_seekable()) ||
                     (to.file().flags() & O_APPEND) != 0)) {
        return Errno(EINVAL);
    }
    // Room is looked for before the position (Linux fs/splice.c, splice_file_to_pipe).
    const bool keeps_from_waiting = (flags & kSpliceNonblock) != 0 || to.file().transfer_mode().nonblocking;
    if (!from_pipe && keeps_from_waiting && to.file().inode().pipe->readers > 0 &&
        to.file().inode().pipe->is_full()) {
        return Errno(EAGAIN);
    }
    TRY(from.begin(length));
    TRY(to.begin(length));
    const bool nonblocking = (flags & kSpliceNonblock) != 0 && from.file().heeds_splice_nonblock();
    return run_copy(from, to, length, nonblocking);
}

// Linux fs/splice.c, do_tee: waits until there is something to copy and room for it.
Result<long> sys_tee(Task& task, Fd fd_in, Fd fd_out, std::size_t length, unsigned flags) {
    if ((flags & ~kSpliceFlags) != 0) {
        return Errno(EINVAL);
    }
    if (length == 0) {
        return 0;
    }
    const Ref<File> in = TRY(task.files->get_readable(fd_in));
    const Ref<File> out = TRY(task.files->get_writable(fd_out));
    Ref<Pipe> from = in->inode().pipe;
    Ref<Pipe> to = out->inode().pipe;
    if (!from || !to || from == to) {
        return Errno(EINVAL);
    }
    const bool nonblocking = (flags & kSpliceNonblock) != 0 || in->transfer_mode().nonblocking;
    for (;;) {
        if (to->readers == 0) {
            TRY(send_signal(task, user_siginfo(SIGPIPE, SI_USER)));
            return Errno(EPIPE);
        }
        if (from->is_empty() && from->writers == 0) {
            return 0;
        }
        if (const std::size_t done = from->duplicate_to(*to, length)) {
            to->readable.wake_all(kPollReadable);
            return static_cast<long>(done);
        }
        if (nonblocking) {
            return Errno(EAGAIN);
        }
        if (from->is_empty()) {
            TRY(from->readable.wait([&] { return !from->is_empty() || from->writers == 0; }));
        } else {
            TRY(to->writable.wait([&] { return !to->is_full() || to->readers == 0; }));
        }
    }
}

}  // namespace kernel
