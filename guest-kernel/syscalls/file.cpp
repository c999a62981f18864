// Descriptors and what they stand for: openat, close, dup, fcntl, truncate, sync.
#include <linux/close_range.h>
#include <linux/falloc.h>
#include <linux/fcntl.h>
#include <linux/openat2.h>

#include "fs/file_table.hpp"
#include "fs/fs_context.hpp"
#include "fs/namespace.hpp"
#include "fs/path_walk.hpp"
#include "fs/pipe.hpp"
#include "syscalls/file_fcntl.hpp"
#include "syscalls/handlers.hpp"
#include "task/task.hpp"

namespace kernel {

namespace {

// Linux include/linux/fcntl.h, VALID_OPEN_FLAGS; openat ignores what else is set.
constexpr unsigned kOpenFlags = O_ACCMODE | O_CREAT | O_EXCL | O_NOCTTY | O_TRUNC | O_APPEND | O_NONBLOCK |
                                O_SYNC | O_DSYNC | FASYNC | O_DIRECT | O_LARGEFILE | O_DIRECTORY |
                                O_NOFOLLOW | O_NOATIME | O_CLOEXEC | O_PATH | __O_TMPFILE;

// Linux fs/open.c, build_open_flags.
Result<unsigned> sane_open_flags(unsigned flags) {
    flags &= kOpenFlags;
    if ((flags & O_PATH) != 0) {
        flags &= O_DIRECTORY | O_NOFOLLOW | O_PATH | O_CLOEXEC;
        return flags;
    }
    if ((flags & __O_TMPFILE) != 0) {
        if ((flags & O_TMPFILE) != O_TMPFILE || (flags & O_CREAT) != 0 || (flags & O_ACCMODE) == O_RDONLY) {
            return Errno(EINVAL);
        }
    }
    if ((flags & O_CREAT) != 0 && (flags & O_DIRECTORY) != 0) {
        return Errno(EINVAL);
    }
    if ((flags & O_EXCL) != 0 && (flags & O_CREAT) != 0) {
        flags |= O_NOFOLLOW;
    }
    return flags | O_LARGEFILE;  // force_o_largefile on 64-bit machines
}

CloseOnExec close_on_exec_of(unsigned flags) {
    return (flags & O_CLOEXEC) != 0 ? CloseOnExec::Yes : CloseOnExec::No;
}

}  // namespace

Result<long> sys_openat(Task& task, Fd dirfd, UserString pathname, unsigned flags, unsigned mode) {
    unsigned sane = TRY(sane_open_flags(flags));
    String path = TRY(pathname.read_path());
    TRY(task.files->check_room(1));
    Ref<File> file = TRY(open_path(task, dirfd, path.view(), sane, mode));
    return TRY(task.files->install(std::move(file), close_on_exec_of(flags)));
}

Result<long> sys_close(Task& task, Fd fd) {
    TRY(task.files->close(fd));
    return 0L;
}

Result<long> sys_close_range(Task& task, unsigned first, unsigned last, unsigned flags) {
    if ((flags & ~static_cast<unsigned>(CLOSE_RANGE_UNSHARE | CLOSE_RANGE_CLOEXEC)) != 0 || first > last) {
        return Errno(EINVAL);
    }
    if ((flags & CLOSE_RANGE_UNSHARE) != 0 && task.files->reference_count() > 1) {
        task.files = TRY(task.files->clone());
    }
    if ((flags & CLOSE_RANGE_CLOEXEC) != 0) {
        task.files->mark_range(first, last);
    } else {
        task.files->close_range(first, last);
    }
    return 0L;
}

Result<long> sys_dup(Task& task, Fd oldfd) {
    Ref<File> file = TRY(task.files->get(oldfd));
    return TRY(task.files->install(std::move(file), CloseOnExec::No));
}

Result<long> sys_dup3(Task& task, Fd oldfd, Fd newfd, unsigned flags) {
    if ((flags & ~static_cast<unsigned>(O_CLOEXEC)) != 0 || oldfd.number == newfd.number) {
        return Errno(EINVAL);
    }
    std::uint64_t limit = task.process->limit(RLIMIT_NOFILE).rlim_cur;
    if (newfd.number < 0 || static_cast<std::uint64_t>(newfd.number) >= limit) {
        return Errno(EBADF);
    }
    Ref<File> file = TRY(task.files->get(oldfd));
    TRY(task.files->install_at(newfd, std::move(file), close_on_exec_of(flags)));
    return static_cast<long>(newfd.number);
}

Result<long> sys_fcntl(Task& task, Fd fd, int command, unsigned long argument) {
    Ref<File> file = TRY(task.files->get(fd));
    if (file->is_path_only() && command != F_DUPFD && command != F_DUPFD_CLOEXEC && command != F_GETFD &&
        command != F_SETFD && command != F_GETFL) {
        return Errno(EBADF);
    }
    switch (command) {
        case F_DUPFD:
        case F_DUPFD_CLOEXEC: {
            if (argument >= task.process->limit(RLIMIT_NOFILE).rlim_cur) {
                return Errno(EINVAL);
            }
            CloseOnExec mark = command == F_DUPFD ? CloseOnExec::No : CloseOnExec::Yes;
            return TRY(task.files->install(std::move(file), mark, static_cast<int>(argument)));
        }
        case F_GETFD:
            return TRY(task.files->close_on_exec_of(fd)) == CloseOnExec::Yes ? long{FD_CLOEXEC} : 0L;
        case F_SETFD:
            TRY(task.files->set_close_on_exec(
                fd, (argument & FD_CLOEXEC) != 0 ? CloseOnExec::Yes : CloseOnExec::No));
            return 0L;
        default:
            return file_fcntl(task, *file, command, argument);
    }
}

Result<long> sys_truncate(Task& task, UserString pathname, std::int64_t length) {
    if (length < 0) {
        return Errno(EINVAL);
    }
    String text = TRY(pathname.read_path());
    Path path = TRY(resolve_path(task, Fd{AT_FDCWD}, text.view(), LastSymlink::Follow));
    if (path.inode().is_directory()) {
        return Errno(EISDIR);
    }
    if (!path.inode().is_regular()) {
        return Errno(EINVAL);
    }
    TRY(check_writable_mount(path));
    TRY(check_permission(path.inode(), kMayWrite, task.credentials));
    TRY(check_size_limit(path.inode().current_attributes(), static_cast<std::uint64_t>(length)));
    TRY(path.inode().truncate(static_cast<std::uint64_t>(length)));
    return 0L;
}

Result<long> sys_ftruncate(Task& task, Fd fd, std::int64_t length) {
    if (length < 0) {
        return Errno(EINVAL);
    }
    Ref<File> file = TRY(task.files->get_for_io(fd));
    if (!file->inode().is_regular() || !file->is_writable()) {
        return Errno(EINVAL);
    }
    TRY(check_size_limit(file->attributes(), static_cast<std::uint64_t>(length)));
    TRY(file->truncate(static_cast<std::uint64_t>(length)));
    return 0L;
}

Result<long> sys_fallocate(Task& task, Fd fd, unsigned mode, std::int64_t offset, std::int64_t length) {
    constexpr unsigned kKnown = FALLOC_FL_KEEP_SIZE | FALLOC_FL_PUNCH_HOLE | FALLOC_FL_COLLAPSE_RANGE |
                                FALLOC_FL_ZERO_RANGE | FALLOC_FL_INSERT_RANGE | FALLOC_FL_UNSHARE_RANGE;
    Ref<File> file = TRY(task.files->get_for_io(fd));
    if (offset < 0 || length <= 0) {
        return Errno(EINVAL);
    }
    if ((mode & ~kKnown) != 0) {
        return Errno(EOPNOTSUPP);
    }
    // Linux fs/open.c, vfs_fallocate.
    bool punches = (mode & FALLOC_FL_PUNCH_HOLE) != 0;
    if (punches && (mode & FALLOC_FL_ZERO_RANGE) != 0) {
        return Errno(EOPNOTSUPP);
    }
    if (punches && (mode & FALLOC_FL_KEEP_SIZE) == 0) {
        return Errno(EOPNOTSUPP);
    }
    if (!file->is_writable()) {
        return Errno(EBADF);
    }
    if (file->inode().is_directory()) {
        return Errno(EISDIR);
    }
    std::int64_t end = 0;
    if (__builtin_add_overflow(offset, length, &end)) {
        return Errno(EFBIG);
    }
    TRY(file->allocate(mode, offset, length));
    return 0L;
}

// Everything is in memory: what is written has arrived.
Result<long> sys_sync(Task&) {
    return 0L;
}

Result<long> sys_syncfs(Task& task, Fd fd) {
    TRY(task.files->get_for_io(fd));
    return 0L;
}

Result<long> sys_fsync(Task& task, Fd fd) {
    Ref<File> file = TRY(task.files->get_for_io(fd));
    TRY(file->synchronize());
    return 0L;
}

Result<long> sys_fdatasync(Task& task, Fd fd) {
    return sys_fsync(task, fd);
}

Result<long> sys_pipe2(Task& task, UserOut<int> pipefd, unsigned flags) {
    // O_DIRECT (packets) and O_NOTIFICATION_PIPE are not offered: EINVAL, as on a Linux that has not got
    // them.
    if ((flags & ~static_cast<unsigned>(O_CLOEXEC | O_NONBLOCK)) != 0) {
        return Errno(EINVAL);
    }
    TRY(task.files->check_room(2));
    PipeEnds ends = TRY(make_pipe(flags & O_NONBLOCK));
    int descriptors[2] = {TRY(task.files->install(std::move(ends.read_end), close_on_exec_of(flags))), -1};
    Result<int> second = task.files->install(std::move(ends.write_end), close_on_exec_of(flags));
    Result<void> written = second.is_error() ? Result<void>(second.error()) : Result<void>();
    if (!second.is_error()) {
        descriptors[1] = second.value();
        written = pipefd.write_all(descriptors);
    }
    if (written.is_error()) {
        TRY(task.files->close(Fd{descriptors[0]}));
        if (!second.is_error()) {
            TRY(task.files->close(Fd{descriptors[1]}));
        }
        return written.error();
    }
    return 0L;
}

}  // namespace kernel
