// mount, umount2.
#include <linux/fcntl.h>
#include <linux/mount.h>

#include "fs/mount.hpp"
#include "fs/path_walk.hpp"
#include "syscalls/handlers.hpp"
#include "task/task.hpp"

namespace kernel {

namespace {

constexpr std::size_t kOptionsSize = 4096;  // one page, like Linux's copy_mount_options
constexpr unsigned kForce = 1;              // MNT_FORCE and the like (Linux include/linux/fs.h, not in UAPI)
constexpr unsigned kDetach = 2;
constexpr unsigned kExpire = 4;
constexpr unsigned kNoFollow = 8;

Result<String> optional_string(UserString text) {
    if (text.is_null()) {
        return String();
    }
    return text.read(kOptionsSize, Errno(EINVAL));
}

// A mount goes on top of what is mounted there already: path walks end at the topmost root.
Result<Path> directory_at(Task& task, UserString text, LastSymlink last) {
    const String path = TRY(text.read_path());
    return resolve_path(task, Fd{AT_FDCWD}, path.view(), last);
}

}  // namespace

Result<long> sys_mount(Task& task, UserString source, UserString target, UserString filesystemtype,
                       unsigned long mountflags, UserString data) {
    const String type = TRY(optional_string(filesystemtype));
    const String device = TRY(optional_string(source));
    const String options = TRY(optional_string(data));
    if ((mountflags & MS_MGC_MSK) == MS_MGC_VAL) {
        mountflags &= ~static_cast<unsigned long>(MS_MGC_MSK);
    }
    const Path where = TRY(directory_at(task, target, LastSymlink::Follow));
    if (!task.credentials.has(CAP_SYS_ADMIN)) {
        return Errno(EPERM);
    }
    constexpr unsigned long kPropagation = MS_SHARED | MS_PRIVATE | MS_SLAVE | MS_UNBINDABLE;
    if ((mountflags & MS_REMOUNT) != 0) {
        TRY(remount(where, mountflags));
    } else if ((mountflags & (MS_BIND | MS_MOVE)) != 0) {
        if (device.is_empty()) {
            return Errno(EINVAL);
        }
        const Path from = TRY(resolve_path(task, Fd{AT_FDCWD}, device.view(), LastSymlink::Follow));
        TRY((mountflags & MS_BIND) != 0 ? bind_mount(from, where, mountflags) : move_mount(from, where));
    } else if ((mountflags & kPropagation) != 0) {
        // There is one mount namespace, whose mounts are private: only that can be asked for.
        if ((mountflags & kPropagation) != MS_PRIVATE || where.dentry != where.mount->root()) {
            return Errno(EINVAL);
        }
    } else {
        if (type.is_empty()) {
            return Errno(EINVAL);
        }
        const std::string_view name = device.is_empty() ? std::string_view("none") : device.view();
        TRY(mount_file_system(type.view(), name, where, mountflags, options.view()));
    }
    return 0;
}

Result<long> sys_umount2(Task& task, UserString target, unsigned flags) {
    if ((flags & ~(kForce | kDetach | kExpire | kNoFollow)) != 0) {
        return Errno(EINVAL);
    }
    const LastSymlink last = (flags & kNoFollow) != 0 ? LastSymlink::NoFollow : LastSymlink::Follow;
    const Path where = TRY(directory_at(task, target, last));
    if (!task.credentials.has(CAP_SYS_ADMIN)) {
        return Errno(EPERM);
    }
    if ((flags & kExpire) != 0) {
        // Expiry marks a mount on the first call; mounts here carry no such mark.
        return Errno((flags & (kForce | kDetach)) != 0 ? EINVAL : EAGAIN);
    }
    TRY(unmount(where, (flags & kDetach) != 0 ? Unmount::Detach : Unmount::IfUnused));
    return 0;
}

}  // namespace kernel
