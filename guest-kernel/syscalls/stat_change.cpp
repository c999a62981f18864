// Changes of a file's mode, owner and times.
#include <linux/capability.h>
#include <linux/fcntl.h>

#include "fs/file_table.hpp"
#include "fs/namespace.hpp"
#include "fs/path_walk.hpp"
#include "syscalls/handlers.hpp"
#include "syscalls/stat_path.hpp"
#include "task/task.hpp"
#include "time/clock.hpp"

namespace kernel {

namespace {

bool owns(const Task& task, const Inode& inode) {
    return task.credentials.file_system_user == inode.attributes.user || task.credentials.has(CAP_FOWNER);
}

Result<void> check_attribute_change(const Path& path) {
    TRY(check_writable_mount(path));
    return path.inode().may_set_attributes();
}

// Linux fs/attr.c, setattr_prepare and setattr_copy, ATTR_MODE.
Result<long> change_mode(Task& task, const Path& path, unsigned mode) {
    TRY(check_attribute_change(path));
    Inode& inode = path.inode();
    if (!owns(task, inode)) {
        return Errno(EPERM);
    }
    if (inode.is_symlink()) {
        return Errno(EOPNOTSUPP);
    }
    mode &= 07777;
    if (!task.credentials.is_in_group(inode.attributes.group) && !task.credentials.has(CAP_FSETID)) {
        mode &= ~static_cast<unsigned>(S_ISGID);
    }
    inode.attributes.mode = (inode.attributes.mode & S_IFMT) | mode;
    inode.touch_changed();
    return 0L;
}

constexpr unsigned kUnchanged = ~0U;

Result<long> change_owner(Task& task, const Path& path, unsigned owner, unsigned group) {
    TRY(check_attribute_change(path));
    Inode& inode = path.inode();
    if (!task.credentials.has(CAP_CHOWN)) {
        bool own = task.credentials.file_system_user == inode.attributes.user;
        bool keeps_owner = owner == kUnchanged || owner == inode.attributes.user;
        bool joins_group =
            group == kUnchanged || group == inode.attributes.group || task.credentials.is_in_group(group);
        if (!own || !keeps_owner || !joins_group) {
            return Errno(EPERM);
        }
    }
    if (owner != kUnchanged) {
        inode.attributes.user = owner;
    }
    if (group != kUnchanged) {
        inode.attributes.group = group;
    }
    if (!inode.is_directory()) {  // set-id bits do not survive a change of owner (Linux fs/open.c,
                                  // chown_common)
        bool group_executes = (inode.attributes.mode & S_IXGRP) != 0;
        inode.attributes.mode &= ~static_cast<unsigned>(S_ISUID | (group_executes ? S_ISGID : 0));
    }
    inode.touch_changed();
    return 0L;
}

}  // namespace

Result<long> sys_fchmod(Task& task, Fd fd, unsigned mode) {
    Ref<File> file = TRY(task.files->get_for_io(fd));
    return change_mode(task, file->path(), mode);
}

Result<long> sys_fchmodat(Task& task, Fd dirfd, UserString pathname, unsigned mode) {
    return change_mode(task, TRY(path_at(task, dirfd, pathname, 0)), mode);
}

Result<long> sys_fchown(Task& task, Fd fd, unsigned owner, unsigned group) {
    Ref<File> file = TRY(task.files->get_for_io(fd));
    return change_owner(task, file->path(), owner, group);
}

Result<long> sys_fchownat(Task& task, Fd dirfd, UserString pathname, unsigned owner, unsigned group,
                          unsigned flags) {
    if ((flags & ~static_cast<unsigned>(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH)) != 0) {
        return Errno(EINVAL);
    }
    return change_owner(task, TRY(path_at(task, dirfd, pathname, flags)), owner, group);
}

namespace {

struct NewTimes {
    bool has_accessed = true;
    bool has_modified = true;
    bool are_now = false;  // both are "now": writers may ask for that, not only owners
    Timespec accessed;
    Timespec modified;
};

Result<NewTimes> read_times(UserIn<__kernel_timespec> times) {
    constexpr std::int64_t kNow = (1 << 30) - 1;  // UTIME_NOW and UTIME_OMIT (Linux include/linux/stat.h)
    constexpr std::int64_t kOmit = (1 << 30) - 2;
    NewTimes result;
    Timespec now = current_time();
    result.accessed = result.modified = now;
    if (times.is_null()) {
        result.are_now = true;
        return result;
    }
    Timespec given[2] = {Timespec::from_user(TRY(times.read_at(0))),
                         Timespec::from_user(TRY(times.read_at(1)))};
    for (const Timespec& time : given) {
        bool special = time.nanoseconds == kNow || time.nanoseconds == kOmit;
        if (!special && (time.nanoseconds < 0 || time.nanoseconds >= kNanosecondsPerSecond)) {
            return Errno(EINVAL);
        }
    }
    result.are_now = given[0].nanoseconds == kNow && given[1].nanoseconds == kNow;
    result.has_accessed = given[0].nanoseconds != kOmit;
    result.has_modified = given[1].nanoseconds != kOmit;
    result.accessed = given[0].nanoseconds == kNow ? now : given[0];
    result.modified = given[1].nanoseconds == kNow ? now : given[1];
    return result;
}

}  // namespace

Result<long> sys_utimensat(Task& task, Fd dirfd, UserString pathname, UserIn<__kernel_timespec> times,
                           unsigned flags) {
    NewTimes wanted = TRY(read_times(times));
    if (!wanted.has_accessed && !wanted.has_modified) {
        return 0L;  // before the path is even looked at (Linux fs/utimes.c)
    }
    Path path;
    if (pathname.is_null() && dirfd.number != AT_FDCWD) {
        if (flags != 0) {
            return Errno(EINVAL);
        }
        path = TRY(task.files->get_for_io(dirfd))->path();
    } else {
        if ((flags & ~static_cast<unsigned>(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH)) != 0) {
            return Errno(EINVAL);
        }
        path = TRY(path_at(task, dirfd, pathname, flags));
    }
    TRY(check_attribute_change(path));
    Inode& inode = path.inode();
    if (!owns(task, inode)) {
        if (!wanted.are_now) {
            return Errno(EPERM);
        }
        TRY(check_permission(inode, kMayWrite, task.credentials));
    }
    if (wanted.has_accessed) {
        inode.attributes.accessed = wanted.accessed;
    }
    if (wanted.has_modified) {
        inode.attributes.modified = wanted.modified;
    }
    inode.touch_changed();
    return 0L;
}

}  // namespace kernel
