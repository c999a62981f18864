// read, write, their vectored and positioned forms, and lseek.
#include <linux/fs.h>
#include <linux/inotify.h>

#include <optional>

#include "fs/file_table.hpp"
#include "fs/io_buffer.hpp"
#include "fs/notify.hpp"
#include "syscalls/handlers.hpp"
#include "task/task.hpp"

namespace kernel {

namespace {

// EINVAL: negative, or the transfer would end beyond the largest position (Linux rw_verify_area).
Result<void> check_range(const File& file, std::int64_t position, std::size_t size) {
    std::int64_t end = 0;
    if (position < 0 && file.has_unsigned_positions()) {
        return size >= -static_cast<std::uint64_t>(position) ? Result<void>(Errno(EOVERFLOW))
                                                             : Result<void>();
    }
    if (position < 0 || __builtin_add_overflow(position, static_cast<std::int64_t>(size), &end)) {
        return Errno(EINVAL);
    }
    return {};
}

// What a transfer answers. Who watches the file hears of it.
Result<long> has_moved(const File& file, Direction direction, std::size_t bytes) {
    if (bytes != 0) {
        notify_file(file, direction == Direction::Read ? IN_ACCESS : IN_MODIFY);
    }
    return static_cast<long>(bytes);
}

// Linux fs/read_write.c, vfs_read and vfs_write. EBADF: it was not opened for that; EINVAL: it has no such
// operation.
Result<void> check_mode(const File& file, Direction direction) {
    if (direction == Direction::Read ? !file.is_readable() : !file.is_writable()) {
        return Errno(EBADF);
    }
    return file.has_transfers() ? Result<void>() : Result<void>(Errno(EINVAL));
}

Result<void> check_seekable(const File& file, Direction direction) {
    const bool seeks = direction == Direction::Read ? file.is_seekable() : file.takes_positioned_writes();
    return seeks ? Result<void>() : Result<void>(Errno(ESPIPE));
}

// At the file's own position.
Result<long> transfer_here(File& file, IoBuffer buffer, Direction direction, TransferMode mode) {
    TRY(check_range(file, file.position, buffer.remaining()));
    const std::size_t moved = TRY(direction == Direction::Read ? file.read(buffer, file.position, mode)
                                                               : file.write(buffer, file.position, mode));
    return has_moved(file, direction, moved);
}

// At a given position.
Result<long> transfer_at(File& file, IoBuffer buffer, std::int64_t position, Direction direction,
                         TransferMode mode) {
    TRY(check_range(file, position, buffer.remaining()));
    const std::size_t moved = TRY(direction == Direction::Read ? file.read(buffer, position, mode)
                                                               : file.write(buffer, position, mode));
    return has_moved(file, direction, moved);
}

// What preadv2 and pwritev2 accept (man 2 preadv2). EOPNOTSUPP: an unknown flag.
Result<TransferMode> mode_of(const File& file, unsigned flags, Direction direction) {
    constexpr unsigned kKnown = RWF_HIPRI | RWF_DSYNC | RWF_SYNC | RWF_NOWAIT | RWF_APPEND;
    if ((flags & ~kKnown) != 0) {
        return Errno(EOPNOTSUPP);
    }
    TransferMode mode = file.transfer_mode();
    if ((flags & RWF_NOWAIT) != 0) {
        if (!file.can_be_told_not_to_wait(direction == Direction::Write)) {
            return Errno(EOPNOTSUPP);
        }
        mode.nonblocking = true;
    }
    if ((flags & RWF_APPEND) != 0 && direction == Direction::Write) {
        mode.append = true;
    }
    return mode;
}

// A call and what it moved, for /proc/<pid>/io (Linux fs/read_write.c, add_rchar and inc_syscr).
Result<long> counted(Task& task, Direction direction, Result<long> outcome) {
    const std::uint64_t bytes = outcome.is_error() ? 0 : static_cast<std::uint64_t>(outcome.value());
    if (direction == Direction::Read) {
        task.io.add({.bytes_read = bytes, .reads = 1});
    } else {
        task.io.add({.bytes_written = bytes, .writes = 1});
    }
    return outcome;
}

Result<long> transfer(Task& task, Fd fd, UserBuffer bytes, std::size_t count, Direction direction) {
    const Ref<File> file = TRY(task.files->get_for_io(fd));
    TRY(check_mode(*file, direction));
    IoBuffer buffer = TRY(IoBuffer::user(bytes, count));
    return counted(task, direction,
                   transfer_here(*file, std::move(buffer), direction, file->transfer_mode()));
}

Result<long> transfer_at(Task& task, Fd fd, UserBuffer bytes, std::size_t count, std::int64_t offset,
                         Direction direction) {
    if (offset < 0) {
        return Errno(EINVAL);
    }
    const Ref<File> file = TRY(task.files->get_for_io(fd));
    TRY(check_seekable(*file, direction));
    TRY(check_mode(*file, direction));
    IoBuffer buffer = TRY(IoBuffer::user(bytes, count));
    return counted(task, direction,
                   transfer_at(*file, std::move(buffer), offset, direction, file->transfer_mode()));
}

struct VectorTransfer {
    Fd fd;
    UserIn<iovec> iov;
    std::size_t count;
    std::optional<std::int64_t> offset;  // none: the file's own position
    unsigned flags = 0;                  // RWF_*
};

// The vector is read before the file is asked for its mode, and nothing to transfer is no error (Linux
// do_iter_read).
Result<long> transfer_uncounted(Task& task, const VectorTransfer& what, Direction direction) {
    if (what.offset.has_value() && *what.offset < 0) {
        return Errno(EINVAL);
    }
    const Ref<File> file = TRY(task.files->get_for_io(what.fd));
    if (what.offset.has_value()) {
        TRY(check_seekable(*file, direction));
    }
    IoBuffer buffer = TRY(IoBuffer::user_vector(what.iov, what.count));
    TRY(check_mode(*file, direction));
    if (buffer.is_empty()) {
        return 0;
    }
    const TransferMode mode = TRY(mode_of(*file, what.flags, direction));
    return what.offset.has_value() ? transfer_at(*file, std::move(buffer), *what.offset, direction, mode)
                                   : transfer_here(*file, std::move(buffer), direction, mode);
}

Result<long> transfer_vector(Task& task, const VectorTransfer& what, Direction direction) {
    return counted(task, direction, transfer_uncounted(task, what, direction));
}

// -1 stands for the file's own position.
std::optional<std::int64_t> offset_or_own(std::int64_t offset) {
    return offset == -1 ? std::nullopt : std::optional(offset);
}

}  // namespace

Result<long> sys_read(Task& task, Fd fd, UserBuffer buffer, std::size_t count) {
    return transfer(task, fd, buffer, count, Direction::Read);
}

Result<long> sys_write(Task& task, Fd fd, UserBuffer buffer, std::size_t count) {
    return transfer(task, fd, buffer, count, Direction::Write);
}

Result<long> sys_readv(Task& task, Fd fd, UserIn<iovec> iov, std::size_t iovcnt) {
    return transfer_vector(task, {.fd = fd, .iov = iov, .count = iovcnt, .offset = {}}, Direction::Read);
}

Result<long> sys_writev(Task& task, Fd fd, UserIn<iovec> iov, std::size_t iovcnt) {
    return transfer_vector(task, {.fd = fd, .iov = iov, .count = iovcnt, .offset = {}}, Direction::Write);
}

Result<long> sys_pread64(Task& task, Fd fd, UserBuffer buffer, std::size_t count, std::int64_t offset) {
    return transfer_at(task, fd, buffer, count, offset, Direction::Read);
}

Result<long> sys_pwrite64(Task& task, Fd fd, UserBuffer buffer, std::size_t count, std::int64_t offset) {
    return transfer_at(task, fd, buffer, count, offset, Direction::Write);
}

Result<long> sys_preadv(Task& task, Fd fd, UserIn<iovec> iov, std::size_t iovcnt, std::int64_t offset) {
    return transfer_vector(task, {.fd = fd, .iov = iov, .count = iovcnt, .offset = offset}, Direction::Read);
}

Result<long> sys_pwritev(Task& task, Fd fd, UserIn<iovec> iov, std::size_t iovcnt, std::int64_t offset) {
    return transfer_vector(task, {.fd = fd, .iov = iov, .count = iovcnt, .offset = offset}, Direction::Write);
}

// On 64-bit machines the whole offset is in the first of the two arguments.
Result<long> sys_preadv2(Task& task, Fd fd, UserIn<iovec> iov, std::size_t iovcnt, std::int64_t offset,
                         unsigned long, unsigned flags) {
    return transfer_vector(
        task, {.fd = fd, .iov = iov, .count = iovcnt, .offset = offset_or_own(offset), .flags = flags},
        Direction::Read);
}

Result<long> sys_pwritev2(Task& task, Fd fd, UserIn<iovec> iov, std::size_t iovcnt, std::int64_t offset,
                          unsigned long, unsigned flags) {
    return transfer_vector(
        task, {.fd = fd, .iov = iov, .count = iovcnt, .offset = offset_or_own(offset), .flags = flags},
        Direction::Write);
}

Result<long> sys_lseek(Task& task, Fd fd, std::int64_t offset, int whence) {
    const Ref<File> file = TRY(task.files->get_for_io(fd));
    if (whence < SEEK_SET || whence > SEEK_MAX) {
        return Errno(EINVAL);
    }
    return static_cast<long>(TRY(file->seek(offset, whence)));
}

}  // namespace kernel
