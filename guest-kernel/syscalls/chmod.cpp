// fchmod, fchmodat, umask.
#include <linux/capability.h>
#include <linux/inotify.h>

#include "fs/extended_attributes.hpp"
#include "fs/file_table.hpp"
#include "fs/fs_context.hpp"
#include "fs/notify.hpp"
#include "syscalls/attribute_change.hpp"
#include "syscalls/handlers.hpp"
#include "syscalls/path_at.hpp"
#include "task/task.hpp"

namespace kernel {

namespace {

// Linux fs/attr.c, setattr_prepare and setattr_copy, ATTR_MODE.
Result<long> change_mode(Task& task, const Path& path, unsigned mode) {
    TRY(check_attribute_change(path));
    Inode& inode = path.inode();
    if (inode.keeps_mode || !owns(task, inode)) {
        return Errno(EPERM);
    }
    if (inode.is_symlink()) {
        return Errno(EOPNOTSUPP);
    }
    mode &= 07777;
    if (!task.credentials.is_in_group(inode.attributes.group) && !task.credentials.has(CAP_FSETID)) {
        mode &= ~static_cast<unsigned>(S_ISGID);
    }
    TRY(change_access_list(inode, mode));
    inode.attributes.mode = (inode.attributes.mode & S_IFMT) | mode;
    inode.touch_changed();
    notify_path(path, IN_ATTRIB);
    return 0;
}

}  // namespace

Result<long> sys_fchmod(Task& task, Fd fd, unsigned mode) {
    const Ref<File> file = TRY(task.files->get_for_io(fd));
    return change_mode(task, file->path(), mode);
}

Result<long> sys_fchmodat(Task& task, Fd dirfd, UserString pathname, unsigned mode) {
    return change_mode(task, TRY(path_at(task, dirfd, pathname, 0)), mode);
}

Result<long> sys_umask(Task& task, unsigned mask) {
    const unsigned old = task.fs->umask;
    task.fs->umask = mask & 0777;
    return static_cast<long>(old);
}

}  // namespace kernel
