// Bytes from file to file: sendfile, copy_file_range, splice, tee. And memfd_create, which makes a file
// without a name.
#include <linux/fcntl.h>
#include <linux/memfd.h>

#include <array>

#include "fs/file_table.hpp"
#include "fs/memfd.hpp"
#include "fs/pipe.hpp"
#include "mm/page.hpp"
#include "signal/signals.hpp"
#include "syscalls/handlers.hpp"
#include "task/scheduler.hpp"
#include "task/task.hpp"

namespace kernel {

namespace {

// Linux include/linux/splice.h, not in UAPI.
constexpr unsigned kSpliceNonblock = 2;
constexpr unsigned kSpliceFlags = 15;  // with MOVE, MORE and GIFT, which are hints

// An end of a copy: a file, and the position that a program passed or the file's own.
class CopyEnd {
  public:
    CopyEnd(Ref<File> file, UserInOut<std::int64_t> offset) : file_(std::move(file)), offset_(offset) {}

    File& file() const { return *file_; }
    std::int64_t& position() { return offset_.is_null() ? file_->position : explicit_; }
    // Fetches the program's offset. ESPIPE, EINVAL, EFAULT.
    Result<void> begin() {
        if (offset_.is_null()) {
            return {};
        }
        if (!file_->is_seekable()) {
            return Errno(ESPIPE);
        }
        explicit_ = TRY(offset_.read());
        if (explicit_ < 0) {
            return Errno(EINVAL);
        }
        return {};
    }
    Result<void> finish() { return offset_.is_null() ? Result<void>() : offset_.write(explicit_); }

  private:
    Ref<File> file_;
    UserInOut<std::int64_t> offset_;
    std::int64_t explicit_ = 0;
};

// Copies up to `size` bytes. Stops at the end of the input, or when an end would block after some bytes have
// gone.
Result<std::size_t> copy(CopyEnd& from, CopyEnd& to, std::size_t size, bool nonblocking) {
    PageRef page = TRY(allocate_page(PageContents::Undefined));
    std::size_t total = 0;
    while (total < size) {
        TransferMode read_mode = from.file().transfer_mode();
        read_mode.nonblocking = read_mode.nonblocking || nonblocking || total > 0;
        IoBuffer in = IoBuffer::kernel(page->data(), std::min(kPageSize, size - total));
        std::int64_t start = from.position();
        Result<std::size_t> got = from.file().read(in, from.position(), read_mode);
        if (got.is_error()) {
            return total > 0 ? Result<std::size_t>(total) : got.error();
        }
        if (got.value() == 0) {
            break;
        }
        std::size_t written = 0;
        while (written < got.value()) {
            IoBuffer out = IoBuffer::kernel(page->data() + written, got.value() - written);
            Result<std::size_t> put = to.file().write(out, to.position(), to.file().transfer_mode());
            if (put.is_error()) {
                // What was read and not written goes back, where there is a way back.
                if (from.file().is_seekable()) {
                    from.position() = start + static_cast<std::int64_t>(written);
                }
                total += written;
                return total > 0 ? Result<std::size_t>(total) : put.error();
            }
            written += put.value();
        }
        total += written;
        // Linux fs/splice.c, splice_from_pipe_next.
        scheduler::reschedule_if_due();
        if (Task::current().has_pending_signal()) {
            break;
        }
    }
    return total;
}

// Runs a copy between two ends and gives the offsets back.
Result<long> run_copy(CopyEnd& from, CopyEnd& to, std::size_t size, bool nonblocking) {
    std::size_t done = TRY(copy(from, to, std::min(size, kMaximumTransfer), nonblocking));
    TRY(from.finish());
    TRY(to.finish());
    return static_cast<long>(done);
}

Result<Ref<File>> readable_file(Task& task, Fd fd) {
    Ref<File> file = TRY(task.files->get_for_io(fd));
    return file->is_readable() ? Result<Ref<File>>(std::move(file)) : Errno(EBADF);
}

Result<Ref<File>> writable_file(Task& task, Fd fd) {
    Ref<File> file = TRY(task.files->get_for_io(fd));
    return file->is_writable() ? Result<Ref<File>>(std::move(file)) : Errno(EBADF);
}

}  // namespace

Result<long> sys_sendfile(Task& task, Fd out_fd, Fd in_fd, UserInOut<std::int64_t> offset,
                          std::size_t count) {
    CopyEnd from(TRY(readable_file(task, in_fd)), offset);
    TRY(from.begin());
    if (static_cast<std::int64_t>(count) < 0) {
        return Errno(EINVAL);
    }
    CopyEnd to(TRY(writable_file(task, out_fd)), {});
    // Linux fs/splice.c, splice_direct_to_actor: what has no position may only go into a pipe, lest it be
    // lost.
    bool to_pipe = static_cast<bool>(to.file().inode().pipe);
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
    bool overlaps =
        &in == &out && from.position() < to.position() + size && to.position() < from.position() + size;
    if (overlaps) {
        return Errno(EINVAL);
    }
    return run_copy(from, to, length, false);
}

Result<long> sys_splice(Task& task, Fd fd_in, UserInOut<std::int64_t> off_in, Fd fd_out,
                        UserInOut<std::int64_t> off_out, std::size_t length, unsigned flags) {
    if (length == 0) {
        return 0L;
    }
    if ((flags & ~kSpliceFlags) != 0) {
        return Errno(EINVAL);
    }
    CopyEnd from(TRY(task.files->get_for_io(fd_in)), off_in);
    CopyEnd to(TRY(task.files->get_for_io(fd_out)), off_out);
    bool from_pipe = static_cast<bool>(from.file().inode().pipe);
    bool to_pipe = static_cast<bool>(to.file().inode().pipe);
    if ((from_pipe && !off_in.is_null()) || (to_pipe && !off_out.is_null())) {
        return Errno(ESPIPE);
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
    TRY(from.begin());
    TRY(to.begin());
    return run_copy(from, to, length, (flags & kSpliceNonblock) != 0);
}

// Linux fs/splice.c, do_tee: waits until there is something to copy and room for it.
Result<long> sys_tee(Task& task, Fd fd_in, Fd fd_out, std::size_t length, unsigned flags) {
    if ((flags & ~kSpliceFlags) != 0) {
        return Errno(EINVAL);
    }
    if (length == 0) {
        return 0L;
    }
    Ref<File> in = TRY(readable_file(task, fd_in));
    Ref<File> out = TRY(writable_file(task, fd_out));
    Ref<Pipe> from = in->inode().pipe;
    Ref<Pipe> to = out->inode().pipe;
    if (!from || !to || from == to) {
        return Errno(EINVAL);
    }
    bool nonblocking = (flags & kSpliceNonblock) != 0 || in->transfer_mode().nonblocking;
    for (;;) {
        if (to->readers == 0) {
            TRY(send_signal(task, user_siginfo(SIGPIPE, SI_USER)));
            return Errno(EPIPE);
        }
        if (from->is_empty() && from->writers == 0) {
            return 0L;
        }
        if (std::size_t done = from->duplicate_to(*to, length)) {
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

Result<long> sys_memfd_create(Task& task, UserString title, unsigned flags) {
    constexpr std::size_t kMaximumName = 249;  // NAME_MAX less "memfd:" (Linux mm/memfd.c)
    if ((flags & ~static_cast<unsigned>(MFD_CLOEXEC | MFD_ALLOW_SEALING)) != 0) {
        return Errno(EINVAL);
    }
    String name = TRY(title.read(kMaximumName + 1, Errno(EINVAL)));
    Ref<File> file = TRY(make_memfd(name.view(), (flags & MFD_ALLOW_SEALING) != 0));
    return TRY(task.files->install(std::move(file),
                                   (flags & MFD_CLOEXEC) != 0 ? CloseOnExec::Yes : CloseOnExec::No));
}

}  // namespace kernel
