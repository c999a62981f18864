// utimensat.
#include <linux/fcntl.h>
#include <linux/inotify.h>

#include "fs/file_table.hpp"
#include "fs/notify.hpp"
#include "fs/path_walk.hpp"
#include "syscalls/attribute_change.hpp"
#include "syscalls/handlers.hpp"
#include "syscalls/path_at.hpp"
#include "task/task.hpp"
#include "time/clock.hpp"

namespace kernel {

namespace {

struct NewTimes {
    bool has_accessed = true;
    bool has_modified = true;
    bool are_now = false;  // both are "now", which writers may ask for and not only owners
    Timespec accessed;
    Timespec modified;
};

Result<NewTimes> read_times(UserIn<__kernel_timespec> times) {
    constexpr std::int64_t kNow = (1 << 30) - 1;  // UTIME_NOW and UTIME_OMIT (Linux include/linux/stat.h)
    constexpr std::int64_t kOmit = (1 << 30) - 2;
    NewTimes result;
    const Timespec now = current_time();
    result.accessed = result.modified = now;
    if (times.is_null()) {
        result.are_now = true;
        return result;
    }
    const Timespec given[2] = {Timespec::from_user(TRY(times.read_at(0))),
                               Timespec::from_user(TRY(times.read_at(1)))};
    for (const Timespec& time : given) {
        const bool special = time.nanoseconds == kNow || time.nanoseconds == kOmit;
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
    const NewTimes wanted = TRY(read_times(times));
    if (!wanted.has_accessed && !wanted.has_modified) {
        return 0;  // before the path is even looked at (Linux fs/utimes.c)
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
    // Linux include/linux/fsnotify.h, fsnotify_change.
    notify_path(path, wanted.has_accessed && wanted.has_modified ? IN_ATTRIB
                      : wanted.has_accessed                      ? IN_ACCESS
                                                                 : IN_MODIFY);
    return 0;
}

}  // namespace kernel
