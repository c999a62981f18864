// read, write, their vectored and positioned forms, and lseek.
#include <linux/fs.h>

#include "fs/file_table.hpp"
#include "syscalls/handlers.hpp"
#include "task/task.hpp"

namespace kernel {

namespace {

// EINVAL: negative, or the transfer would end beyond the largest position (Linux rw_verify_area).
Result<void> check_range(std::int64_t position, std::size_t size) {
    std::int64_t end = 0;
    if (position < 0 || __builtin_add_overflow(position, static_cast<std::int64_t>(size), &end)) {
        return Errno(EINVAL);
    }
    return {};
}

Result<long> to_long(std::size_t value) {
    return static_cast<long>(value);
}

// At the file's own position.
Result<long> read_here(File& file, IoBuffer buffer) {
    TRY(check_range(file.position, buffer.remaining()));
    return to_long(TRY(file.read(buffer, file.position, file.transfer_mode())));
}

Result<long> write_here(File& file, IoBuffer buffer) {
    TRY(check_range(file.position, buffer.remaining()));
    return to_long(TRY(file.write(buffer, file.position, file.transfer_mode())));
}

// At a given position.
Result<long> read_at(File& file, IoBuffer buffer, std::int64_t position, TransferMode mode) {
    if (!file.is_seekable()) {
        return Errno(ESPIPE);
    }
    TRY(check_range(position, buffer.remaining()));
    return to_long(TRY(file.read(buffer, position, mode)));
}

Result<long> write_at(File& file, IoBuffer buffer, std::int64_t position, TransferMode mode) {
    if (!file.is_seekable()) {
        return Errno(ESPIPE);
    }
    TRY(check_range(position, buffer.remaining()));
    return to_long(TRY(file.write(buffer, position, mode)));
}

enum class Direction { Read, Write };

// What preadv2 and pwritev2 accept (man 2 preadv2). EOPNOTSUPP: an unknown flag.
Result<TransferMode> mode_of(const File& file, unsigned flags, Direction direction) {
    constexpr unsigned kKnown = RWF_HIPRI | RWF_DSYNC | RWF_SYNC | RWF_NOWAIT | RWF_APPEND;
    if ((flags & ~kKnown) != 0) {
        return Errno(EOPNOTSUPP);
    }
    TransferMode mode = file.transfer_mode();
    if ((flags & RWF_NOWAIT) != 0) {
        // Linux asks the file for FMODE_NOWAIT: pipes have it, tmpfs and terminals have not.
        if (file.inode().type() != FileType::Fifo) {
            return Errno(EOPNOTSUPP);
        }
        mode.nonblocking = true;
    }
    if ((flags & RWF_APPEND) != 0 && direction == Direction::Write) {
        mode.append = true;
    }
    return mode;
}

}  // namespace

Result<long> sys_read(Task& task, Fd fd, UserBuffer buffer, std::size_t count) {
    const Ref<File> file = TRY(task.files->get_readable(fd));
    return read_here(*file, TRY(IoBuffer::user(buffer, count)));
}

Result<long> sys_write(Task& task, Fd fd, UserBuffer buffer, std::size_t count) {
    const Ref<File> file = TRY(task.files->get_writable(fd));
    return write_here(*file, TRY(IoBuffer::user(buffer, count)));
}

Result<long> sys_readv(Task& task, Fd fd, UserIn<iovec> iov, std::size_t iovcnt) {
    const Ref<File> file = TRY(task.files->get_readable(fd));
    return read_here(*file, TRY(IoBuffer::user_vector(iov, iovcnt)));
}

Result<long> sys_writev(Task& task, Fd fd, UserIn<iovec> iov, std::size_t iovcnt) {
    const Ref<File> file = TRY(task.files->get_writable(fd));
    return write_here(*file, TRY(IoBuffer::user_vector(iov, iovcnt)));
}

Result<long> sys_pread64(Task& task, Fd fd, UserBuffer buffer, std::size_t count, std::int64_t offset) {
    if (offset < 0) {
        return Errno(EINVAL);
    }
    const Ref<File> file = TRY(task.files->get_readable(fd));
    return read_at(*file, TRY(IoBuffer::user(buffer, count)), offset, file->transfer_mode());
}

Result<long> sys_pwrite64(Task& task, Fd fd, UserBuffer buffer, std::size_t count, std::int64_t offset) {
    if (offset < 0) {
        return Errno(EINVAL);
    }
    const Ref<File> file = TRY(task.files->get_writable(fd));
    return write_at(*file, TRY(IoBuffer::user(buffer, count)), offset, file->transfer_mode());
}

Result<long> sys_preadv(Task& task, Fd fd, UserIn<iovec> iov, std::size_t iovcnt, std::int64_t offset) {
    if (offset < 0) {
        return Errno(EINVAL);
    }
    const Ref<File> file = TRY(task.files->get_readable(fd));
    return read_at(*file, TRY(IoBuffer::user_vector(iov, iovcnt)), offset, file->transfer_mode());
}

Result<long> sys_pwritev(Task& task, Fd fd, UserIn<iovec> iov, std::size_t iovcnt, std::int64_t offset) {
    if (offset < 0) {
        return Errno(EINVAL);
    }
    const Ref<File> file = TRY(task.files->get_writable(fd));
    return write_at(*file, TRY(IoBuffer::user_vector(iov, iovcnt)), offset, file->transfer_mode());
}

// On 64-bit machines the whole offset is in the first of the two arguments. -1: the file's own position.
Result<long> sys_preadv2(Task& task, Fd fd, UserIn<iovec> iov, std::size_t iovcnt, std::int64_t offset,
                         unsigned long, unsigned flags) {
    if (offset < -1) {
        return Errno(EINVAL);
    }
    const Ref<File> file = TRY(task.files->get_readable(fd));
    IoBuffer buffer = TRY(IoBuffer::user_vector(iov, iovcnt));
    const TransferMode mode = TRY(mode_of(*file, flags, Direction::Read));
    if (offset == -1) {
        return to_long(TRY(file->read(buffer, file->position, mode)));
    }
    return read_at(*file, std::move(buffer), offset, mode);
}

Result<long> sys_pwritev2(Task& task, Fd fd, UserIn<iovec> iov, std::size_t iovcnt, std::int64_t offset,
                          unsigned long, unsigned flags) {
    if (offset < -1) {
        return Errno(EINVAL);
    }
    const Ref<File> file = TRY(task.files->get_writable(fd));
    IoBuffer buffer = TRY(IoBuffer::user_vector(iov, iovcnt));
    const TransferMode mode = TRY(mode_of(*file, flags, Direction::Write));
    if (offset == -1) {
        return to_long(TRY(file->write(buffer, file->position, mode)));
    }
    return write_at(*file, std::move(buffer), offset, mode);
}

Result<long> sys_lseek(Task& task, Fd fd, std::int64_t offset, int whence) {
    const Ref<File> file = TRY(task.files->get_for_io(fd));
    if (whence < SEEK_SET || whence > SEEK_MAX) {
        return Errno(EINVAL);
    }
    return static_cast<long>(TRY(file->seek(offset, whence)));
}

}  // namespace kernel
