// fstat, newfstatat, statx.
#include <linux/fcntl.h>
#include <linux/mount.h>
#include <linux/stat.h>

#include "fs/file_system.hpp"
#include "fs/file_table.hpp"
#include "fs/mount.hpp"
#include "fs/path_walk.hpp"
#include "syscalls/handlers.hpp"
#include "syscalls/path_at.hpp"
#include "task/task.hpp"

namespace kernel {

namespace {

struct stat to_stat(Inode& inode) {
    const InodeAttributes attributes = inode.current_attributes();
    struct stat result = {};
    result.st_dev = inode.file_system().device().encode();
    result.st_ino = attributes.number;
    result.st_mode = attributes.mode;
    result.st_nlink = attributes.link_count;
    result.st_uid = attributes.user;
    result.st_gid = attributes.group;
    result.st_rdev = attributes.device.encode();
    result.st_size = static_cast<long>(attributes.size);
    result.st_blksize = static_cast<int>(attributes.block_size);
    result.st_blocks = static_cast<long>(attributes.blocks);
    result.st_atime = attributes.accessed.seconds;
    result.st_atime_nsec = static_cast<unsigned long>(attributes.accessed.nanoseconds);
    result.st_mtime = attributes.modified.seconds;
    result.st_mtime_nsec = static_cast<unsigned long>(attributes.modified.nanoseconds);
    result.st_ctime = attributes.changed.seconds;
    result.st_ctime_nsec = static_cast<unsigned long>(attributes.changed.nanoseconds);
    return result;
}

statx_timestamp to_statx(const Timespec& time) {
    statx_timestamp result = {};
    result.tv_sec = time.seconds;
    result.tv_nsec = static_cast<unsigned>(time.nanoseconds);
    return result;
}

struct statx to_statx(const Path& path, unsigned mask) {
    Inode& inode = path.inode();
    const InodeAttributes attributes = inode.current_attributes();
    const DeviceNumber device = inode.file_system().device();
    struct statx result = {};
    result.stx_mask = STATX_BASIC_STATS | STATX_MNT_ID;
    result.stx_blksize = attributes.block_size;
    result.stx_attributes_mask = STATX_ATTR_AUTOMOUNT | STATX_ATTR_DAX | STATX_ATTR_MOUNT_ROOT;
    result.stx_nlink = attributes.link_count;
    result.stx_uid = attributes.user;
    result.stx_gid = attributes.group;
    result.stx_mode = static_cast<std::uint16_t>(attributes.mode);
    result.stx_ino = attributes.number;
    result.stx_size = attributes.size;
    result.stx_blocks = attributes.blocks;
    result.stx_atime = to_statx(attributes.accessed);
    result.stx_mtime = to_statx(attributes.modified);
    result.stx_ctime = to_statx(attributes.changed);
    if (attributes.has_birth_time && (mask & STATX_BTIME) != 0) {
        result.stx_mask |= STATX_BTIME;
        result.stx_btime = to_statx(attributes.born);
    }
    if (attributes.has_inode_flags) {  // Linux mm/shmem.c, shmem_getattr
        result.stx_attributes_mask |= STATX_ATTR_APPEND | STATX_ATTR_IMMUTABLE | STATX_ATTR_NODUMP;
    }
    result.stx_rdev_major = attributes.device.major;
    result.stx_rdev_minor = attributes.device.minor;
    result.stx_dev_major = device.major;
    result.stx_dev_minor = device.minor;
    if (path.mount) {
        result.stx_mnt_id = static_cast<__u64>(path.mount->id);
        if (path.dentry == path.mount->root()) {
            result.stx_attributes |= STATX_ATTR_MOUNT_ROOT;
        }
    }
    return result;
}

}  // namespace

Result<long> sys_fstat(Task& task, Fd fd, UserOut<struct stat> statbuf) {
    const Ref<File> file = TRY(task.files->get(fd));
    TRY(statbuf.write(to_stat(file->inode())));
    return 0;
}

Result<long> sys_newfstatat(Task& task, Fd dirfd, UserString pathname, UserOut<struct stat> statbuf,
                            unsigned flags) {
    if ((flags & ~static_cast<unsigned>(AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT | AT_EMPTY_PATH)) != 0) {
        return Errno(EINVAL);
    }
    const Path path = TRY(path_at(task, dirfd, pathname, flags));
    TRY(statbuf.write(to_stat(path.inode())));
    return 0;
}

Result<long> sys_statx(Task& task, Fd dirfd, UserString pathname, unsigned flags, unsigned mask,
                       UserOut<struct statx> statxbuf) {
    constexpr unsigned kKnown = AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT | AT_EMPTY_PATH | AT_STATX_SYNC_TYPE;
    if ((mask & STATX__RESERVED) != 0 || (flags & AT_STATX_SYNC_TYPE) == AT_STATX_SYNC_TYPE ||
        (flags & ~kKnown) != 0) {
        return Errno(EINVAL);
    }
    // With null pointers the answer is EFAULT, which std takes for "statx exists".
    const String text = TRY(pathname.read_path());
    const Path path = TRY(resolve_path(task, dirfd, text.view(), last_symlink(flags), empty_path(flags)));
    TRY(statxbuf.write(to_statx(path, mask)));
    return 0;
}

}  // namespace kernel
