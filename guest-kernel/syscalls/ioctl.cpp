// ioctl.
#include <asm/ioctls.h>
#include <asm/sockios.h>
#include <linux/fcntl.h>
#include <linux/fs.h>

#include <array>

#include "fs/file_table.hpp"
#include "syscalls/fcntl_owner.hpp"
#include "syscalls/handlers.hpp"
#include "task/task.hpp"

namespace kernel {

namespace {

// FICLONE and FICLONERANGE (Linux fs/ioctl.c, ioctl_file_clone; fs/remap_range.c): no file system here shares
// blocks.
Result<long> clone_file(Task& task, const File& to, int from_fd) {
    const Ref<File> from = TRY(task.files->get_for_io(Fd{from_fd}));
    if (!(from->path().mount == to.path().mount) ||
        &from->inode().file_system() != &to.inode().file_system()) {
        return Errno(EXDEV);
    }
    if (from->inode().is_directory() || to.inode().is_directory()) {
        return Errno(EISDIR);
    }
    if (!from->inode().is_regular() || !to.inode().is_regular()) {
        return Errno(EINVAL);
    }
    if (!from->is_readable() || !to.is_writable() || (to.flags() & O_APPEND) != 0) {
        return Errno(EBADF);
    }
    return Errno(EOPNOTSUPP);
}

Result<long> deduplicate(const File& from, unsigned long argument) {
    // struct file_dedupe_range: offset, length, and 16 bits of a count before what is reserved.
    using Header = std::array<std::uint64_t, 3>;
    const Header what = TRY(UserIn<Header>(UserAddress(argument)).read());
    if (!from.is_readable() || what[2] >> 16 != 0) {
        return Errno(EINVAL);
    }
    if (from.inode().is_directory()) {
        return Errno(EISDIR);
    }
    return Errno(from.inode().is_regular() ? EOPNOTSUPP : EINVAL);
}

Result<long> remaining_bytes(const File& file, unsigned long argument) {
    const auto left = static_cast<std::int64_t>(file.attributes().size) - file.position;
    TRY(UserOut<int>(UserAddress(argument)).write(static_cast<int>(left)));
    return 0;
}

// The block behind a number: there are no blocks.
Result<long> map_block(const Task& task, unsigned long argument) {
    if (!task.credentials.has(CAP_SYS_RAWIO)) {
        return Errno(EPERM);
    }
    return Errno(UserIn<int>(UserAddress(argument)).read().is_error() ? EFAULT : EINVAL);
}

Result<long> set_nonblocking(File& file, unsigned long argument) {
    const int on = TRY(UserIn<int>(UserAddress(argument)).read());
    const unsigned flags = file.flags() & ~static_cast<unsigned>(O_NONBLOCK);
    file.set_flags(on != 0 ? flags | O_NONBLOCK : flags);
    return 0;
}

Result<long> set_async(Fd fd, File& file, unsigned long argument) {
    const bool on = TRY(UserIn<int>(UserAddress(argument)).read()) != 0;
    if (on != ((file.flags() & FASYNC) != 0)) {
        TRY(file.set_async(on, fd.number));
    }
    return 0;
}

// Linux net/socket.c, sock_ioctl: other files are asked by fcntl alone.
Result<long> owner_of_socket(Task& task, File& file, unsigned command, unsigned long argument) {
    if (command == FIOSETOWN || command == SIOCSPGRP) {
        TRY(set_owner(task, file, TRY(UserIn<int>(UserAddress(argument)).read())));
    } else {
        TRY(UserOut<int>(UserAddress(argument)).write(owner_of(file)));
    }
    return 0;
}

}  // namespace

// The commands that every file answers are here (Linux fs/ioctl.c, do_vfs_ioctl); the rest is the file's own.
Result<long> sys_ioctl(Task& task, Fd fd, int request, unsigned long argument) {
    const Ref<File> file = TRY(task.files->get_for_io(fd));
    auto command = static_cast<unsigned>(request);
    const Inode& inode = file->inode();
    switch (command) {
        case FIOCLEX:
            TRY(task.files->set_close_on_exec(fd, CloseOnExec::Yes));
            return 0;
        case FIONCLEX:
            TRY(task.files->set_close_on_exec(fd, CloseOnExec::No));
            return 0;
        case FIONBIO:
            return set_nonblocking(*file, argument);
        case FIOASYNC:
            return set_async(fd, *file, argument);
        case FIOSETOWN:
        case SIOCSPGRP:
        case FIOGETOWN:
        case SIOCGPGRP:
            if (file->as_socket() != nullptr) {
                return owner_of_socket(task, *file, command, argument);
            }
            break;
        case FS_IOC_GETFLAGS:
            if (file->attributes().has_inode_flags) {
                TRY(UserOut<int>(UserAddress(argument)).write(0));
                return 0;
            }
            break;
        case FIOQSIZE:
            if (!inode.is_regular() && !inode.is_directory() && !inode.is_symlink()) {
                return Errno(ENOTTY);
            }
            TRY(UserOut<std::uint64_t>(UserAddress(argument)).write(file->attributes().size));
            return 0;
        case FIGETBSZ:
            TRY(UserOut<int>(UserAddress(argument)).write(static_cast<int>(file->attributes().block_size)));
            return 0;
        case FICLONE:
            return clone_file(task, *file, static_cast<int>(argument));
        case FICLONERANGE:
            return clone_file(
                task, *file,
                static_cast<int>(TRY(UserIn<file_clone_range>(UserAddress(argument)).read()).src_fd));
        case FIDEDUPERANGE:
            return deduplicate(*file, argument);
        case FIONREAD:
            if (inode.is_regular()) {
                return remaining_bytes(*file, argument);
            }
            break;
        case FIBMAP:
            if (inode.is_regular()) {
                return map_block(task, argument);
            }
            break;
        default:
            break;
    }
    return file->ioctl(task, command, argument);
}

}  // namespace kernel
