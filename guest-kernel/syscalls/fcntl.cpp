// fcntl and flock: descriptors, status flags, locks, seals.
#include <linux/fcntl.h>

#include "fs/directory_notice.hpp"
#include "fs/file_lease.hpp"
#include "fs/file_lock.hpp"
#include "fs/file_table.hpp"
#include "fs/pipe.hpp"
#include "fs/tmpfs_file.hpp"
#include "syscalls/fcntl_owner.hpp"
#include "syscalls/handlers.hpp"
#include "task/task.hpp"

namespace kernel {

namespace {

// The bytes [start, end) that a struct flock means (Linux fs/locks.c, flock64_to_posix_lock).
Result<RecordLock> record_of(const File& file, const struct flock& given) {
    std::int64_t base = 0;
    switch (given.l_whence) {
        case 0:  // SEEK_SET
            break;
        case 1:  // SEEK_CUR
            base = file.position;
            break;
        case 2:  // SEEK_END
            base = static_cast<std::int64_t>(file.attributes().size);
            break;
        default:
            return Errno(EINVAL);
    }
    std::int64_t start = 0;
    std::int64_t end = 0;
    if (__builtin_add_overflow(base, std::int64_t{given.l_start}, &start)) {
        return Errno(EOVERFLOW);
    }
    if (start < 0) {
        return Errno(EINVAL);
    }
    RecordLock lock{.start = static_cast<std::uint64_t>(start), .end = std::uint64_t{1} << 63};
    if (given.l_len > 0) {
        if (__builtin_add_overflow(start, std::int64_t{given.l_len} - 1, &end)) {
            return Errno(EOVERFLOW);
        }
        lock.end = static_cast<std::uint64_t>(end) + 1;
    } else if (given.l_len < 0) {
        if (start + given.l_len < 0) {
            return Errno(EINVAL);
        }
        lock.end = lock.start;
        lock.start = static_cast<std::uint64_t>(start + given.l_len);
    }
    return lock;
}

bool is_open_file_command(int command) {
    return command == F_OFD_GETLK || command == F_OFD_SETLK || command == F_OFD_SETLKW;
}

void set_owner(Task& task, const File& file, int command, RecordLock& lock) {
    if (is_open_file_command(command)) {
        lock.owner = &file;
        lock.process = -1;
    } else {
        lock.owner = task.files.get();
        lock.process = task.process_id();
    }
}

Result<long> get_lock(Task& task, File& file, int command, unsigned long argument) {
    const UserInOut<struct flock> user{UserAddress(argument)};
    struct flock given = TRY(user.read());
    if (given.l_type != F_RDLCK && given.l_type != F_WRLCK) {
        return Errno(EINVAL);
    }
    if (is_open_file_command(command) && given.l_pid != 0) {
        return Errno(EINVAL);
    }
    RecordLock wanted = TRY(record_of(file, given));
    set_owner(task, file, command, wanted);
    wanted.kind = given.l_type == F_WRLCK ? LockKind::Exclusive : LockKind::Shared;
    const FileLocks* locks = file.inode().locks;
    const RecordLock* holder = locks != nullptr ? locks->conflict(wanted) : nullptr;
    if (holder == nullptr) {
        given.l_type = F_UNLCK;
    } else {
        given.l_type = holder->kind == LockKind::Exclusive ? F_WRLCK : F_RDLCK;
        given.l_whence = 0;
        given.l_start = static_cast<__kernel_off_t>(holder->start);
        const bool to_the_end = holder->end == std::uint64_t{1} << 63;
        given.l_len = to_the_end ? 0 : static_cast<__kernel_off_t>(holder->end - holder->start);
        given.l_pid = holder->process;
    }
    TRY(user.write(given));
    return 0;
}

Result<long> set_lock(Task& task, File& file, int command, unsigned long argument) {
    const struct flock given = TRY(UserIn<struct flock>(UserAddress(argument)).read());
    RecordLock wanted = TRY(record_of(file, given));
    if (is_open_file_command(command) && given.l_pid != 0) {
        return Errno(EINVAL);
    }
    set_owner(task, file, command, wanted);
    FileLocks* locks = TRY(FileLocks::of(file.inode()));
    const LockWait wait = command == F_SETLKW || command == F_OFD_SETLKW ? LockWait::Sleep : LockWait::Fail;
    switch (given.l_type) {
        case F_UNLCK:
            TRY(locks->unlock_record(wanted.owner, wanted.start, wanted.end));
            return 0;
        case F_RDLCK:
            if (!file.is_readable()) {
                return Errno(EBADF);
            }
            wanted.kind = LockKind::Shared;
            break;
        case F_WRLCK:
            if (!file.is_writable()) {
                return Errno(EBADF);
            }
            wanted.kind = LockKind::Exclusive;
            break;
        default:
            return Errno(EINVAL);
    }
    TRY(locks->lock_record(wanted, wait));
    return 0;
}

Result<long> set_flags(Task& task, Fd fd, File& file, unsigned flags) {
    const unsigned settable = O_APPEND | O_NONBLOCK | O_DIRECT | O_NOATIME;
    if ((flags & O_NOATIME) != 0 && (file.flags() & O_NOATIME) == 0 &&
        task.credentials.file_system_user != file.inode().attributes.user &&
        !task.credentials.has(CAP_FOWNER)) {
        return Errno(EPERM);
    }
    if ((flags & O_DIRECT) != 0 && file.inode().type() != FileType::Fifo) {
        return Errno(EINVAL);  // no file here has direct I/O; a pipe's writes become packets (Linux setfl)
    }
    if (((flags ^ file.flags()) & FASYNC) != 0) {
        const Result<void> set = file.set_async((flags & FASYNC) != 0, fd.number);
        if (set.is_error() && set.error() != Errno(ENOTTY)) {
            return set.error();
        }
    }
    file.set_flags((file.flags() & ~settable) | (flags & settable));
    return 0;
}

// The file's inode if it is one that has seals: a tmpfs's regular file. EINVAL.
Result<TmpfsRegularInode*> sealed_inode(File& file) {
    Inode& inode = file.inode();
    if (!inode.is_regular() || inode.file_system().magic() != kTmpfsMagic) {
        return Errno(EINVAL);
    }
    return static_cast<TmpfsRegularInode*>(&inode);
}

// Linux mm/memfd.c, memfd_add_seals.
Result<long> add_seals(File& file, unsigned seals) {
    constexpr unsigned kAll = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_FUTURE_WRITE;
    if (!file.is_writable()) {
        return Errno(EPERM);
    }
    if ((seals & ~kAll) != 0) {
        return Errno(EINVAL);
    }
    TmpfsRegularInode* inode = TRY(sealed_inode(file));
    if ((inode->seals & F_SEAL_SEAL) != 0) {
        return Errno(EPERM);
    }
    if ((seals & F_SEAL_WRITE) != 0 && (inode->seals & F_SEAL_WRITE) == 0 &&
        inode->cache().has_shared_writable_mapping()) {
        return Errno(EBUSY);
    }
    inode->seals |= seals;
    return 0;
}

// The commands that concern the open file. EINVAL: not known.
Result<long> file_fcntl(Task& task, Fd fd, File& file, int command, unsigned long argument) {
    switch (command) {
        case F_GETFL:
            return static_cast<long>(file.flags());
        case F_SETFL:
            return set_flags(task, fd, file, static_cast<unsigned>(argument));
        case F_GETLK:
        case F_OFD_GETLK:
            return get_lock(task, file, command, argument);
        case F_SETLK:
        case F_SETLKW:
        case F_OFD_SETLK:
        case F_OFD_SETLKW:
            return set_lock(task, file, command, argument);
        case F_GETPIPE_SZ:
        case F_SETPIPE_SZ: {
            if (!file.inode().pipe) {
                return Errno(EBADF);
            }
            Pipe& pipe = *file.inode().pipe;
            if (command == F_GETPIPE_SZ) {
                return static_cast<long>(pipe.capacity());
            }
            // round_pipe_size in fs/pipe.c has no size above 2 GiB.
            if (argument > 1UL << 31) {
                return Errno(EINVAL);
            }
            return static_cast<long>(TRY(pipe.set_capacity(static_cast<unsigned>(argument))));
        }
        case F_GET_SEALS:
            return static_cast<long>(TRY(sealed_inode(file))->seals);
        case F_ADD_SEALS:
            // Seals of a later Linux are refused, those of the upper half too (memfd_fcntl in mm/memfd.c).
            if (argument > UINT32_MAX) {
                return Errno(EINVAL);
            }
            return add_seals(file, static_cast<unsigned>(argument));
        case F_GETLEASE:
            return lease_of(file);
        case F_SETLEASE:
            TRY(set_lease(file, fd.number, argument));
            return 0;
        case F_NOTIFY:
            TRY(watch_directory(*task.files, file, fd.number, static_cast<unsigned>(argument)));
            return 0;
        default:
            return is_owner_command(command) ? owner_fcntl(task, file, command, argument) : Errno(EINVAL);
    }
}

}  // namespace

Result<long> sys_fcntl(Task& task, Fd fd, int command, unsigned long argument) {
    Ref<File> file = TRY(task.files->get(fd));
    if (file->is_path_only() && command != F_DUPFD && command != F_DUPFD_CLOEXEC && command != F_GETFD &&
        command != F_SETFD && command != F_GETFL) {
        return Errno(EBADF);
    }
    switch (command) {
        case F_DUPFD:
        case F_DUPFD_CLOEXEC: {
            // An int, whatever its register's upper half holds (f_dupfd in fs/file.c).
            const auto first = static_cast<unsigned>(argument);
            if (first >= task.process->limit(RLIMIT_NOFILE).rlim_cur) {
                return Errno(EINVAL);
            }
            const CloseOnExec mark = command == F_DUPFD ? CloseOnExec::No : CloseOnExec::Yes;
            return TRY(task.files->install(std::move(file), mark, static_cast<int>(first)));
        }
        case F_GETFD:
            return TRY(task.files->close_on_exec_of(fd)) == CloseOnExec::Yes ? FD_CLOEXEC : 0;
        case F_SETFD:
            TRY(task.files->set_close_on_exec(
                fd, (argument & FD_CLOEXEC) != 0 ? CloseOnExec::Yes : CloseOnExec::No));
            return 0;
        default:
            return file_fcntl(task, fd, *file, command, argument);
    }
}

Result<long> sys_flock(Task& task, Fd fd, unsigned operation) {
    constexpr unsigned kShared = LOCK_SH;
    constexpr unsigned kExclusive = LOCK_EX;
    constexpr unsigned kUnlock = LOCK_UN;
    if ((operation & LOCK_MAND) != 0) {
        return 0;  // mandatory locks are gone, and asking for one says nothing (Linux fs/locks.c)
    }
    const unsigned kind = operation & ~static_cast<unsigned>(LOCK_NB);
    if (kind != kShared && kind != kExclusive && kind != kUnlock) {
        return Errno(EINVAL);
    }
    const Ref<File> file = TRY(task.files->get_for_io(fd));
    if (kind != kUnlock && !file->is_readable() && !file->is_writable()) {
        return Errno(EBADF);
    }
    FileLocks* locks = TRY(FileLocks::of(file->inode()));
    if (kind == kUnlock) {
        locks->unlock_whole(*file);
        return 0;
    }
    TRY(locks->lock_whole(*file, kind == kShared ? LockKind::Shared : LockKind::Exclusive,
                          (operation & LOCK_NB) != 0 ? LockWait::Fail : LockWait::Sleep));
    return 0;
}

}  // namespace kernel
