// inotify_init1, inotify_add_watch, inotify_rm_watch.
#include "fs/inotify.hpp"

#include <linux/fcntl.h>
#include <linux/inotify.h>

#include "fs/file_table.hpp"
#include "fs/namespace.hpp"
#include "fs/path_walk.hpp"
#include "syscalls/handlers.hpp"
#include "task/task.hpp"

namespace kernel {

namespace {

constexpr unsigned kMaximumInstances = 128;  // /proc/sys/fs/inotify/max_user_instances

struct OpenInotify {
    Ref<File> file;
    Inotify* inotify;
};

// EBADF: not open; EINVAL: no inotify.
Result<OpenInotify> inotify_of(Task& task, Fd fd) {
    OpenInotify result{.file = TRY(task.files->get_for_io(fd)), .inotify = nullptr};
    result.inotify = result.file->as_inotify();
    if (result.inotify == nullptr) {
        return Errno(EINVAL);
    }
    return result;
}

}  // namespace

Result<long> sys_inotify_init1(Task& task, unsigned flags) {
    if ((flags & ~static_cast<unsigned>(IN_CLOEXEC | IN_NONBLOCK)) != 0) {
        return Errno(EINVAL);
    }
    const std::uint32_t user = task.credentials.effective_user;
    if (Inotify::instances_of(user) >= kMaximumInstances) {
        return Errno(EMFILE);
    }
    Ref<File> file = TRY(make_ref<Inotify>(TRY(anonymous_path("inotify")), flags & O_NONBLOCK, user));
    return TRY(task.files->install(std::move(file), close_on_exec_of(flags)));
}

Result<long> sys_inotify_add_watch(Task& task, Fd fd, UserString pathname, unsigned mask) {
    constexpr unsigned kKnown = IN_ALL_EVENTS | IN_UNMOUNT | IN_Q_OVERFLOW | IN_IGNORED | IN_ONLYDIR |
                                IN_DONT_FOLLOW | IN_EXCL_UNLINK | IN_MASK_ADD | IN_MASK_CREATE | IN_ISDIR |
                                IN_ONESHOT;
    if ((mask & ~kKnown) != 0 || (mask & kKnown) == 0) {
        return Errno(EINVAL);
    }
    const Ref<File> file = TRY(task.files->get_for_io(fd));
    if ((mask & IN_MASK_ADD) != 0 && (mask & IN_MASK_CREATE) != 0) {
        return Errno(EINVAL);
    }
    const OpenInotify open = TRY(inotify_of(task, fd));
    const String text = TRY(pathname.read_path());
    const Path path =
        TRY(resolve_path(task, Fd{AT_FDCWD}, text.view(),
                         (mask & IN_DONT_FOLLOW) != 0 ? LastSymlink::NoFollow : LastSymlink::Follow));
    if ((mask & IN_ONLYDIR) != 0 && !path.inode().is_directory()) {
        return Errno(ENOTDIR);
    }
    TRY(check_permission(path.inode(), kMayRead, task.credentials));
    return TRY(open.inotify->add_watch(path.dentry->inode_ref(), mask));
}

Result<long> sys_inotify_rm_watch(Task& task, Fd fd, int number) {
    const OpenInotify open = TRY(inotify_of(task, fd));
    TRY(open.inotify->remove_watch(number));
    return 0;
}

}  // namespace kernel
