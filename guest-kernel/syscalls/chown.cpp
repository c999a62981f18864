// fchown, fchownat.
#include <linux/capability.h>
#include <linux/fcntl.h>
#include <linux/inotify.h>

#include "fs/extended_attributes.hpp"
#include "fs/file_table.hpp"
#include "fs/notify.hpp"
#include "syscalls/attribute_change.hpp"
#include "syscalls/handlers.hpp"
#include "syscalls/path_at.hpp"
#include "task/task.hpp"

namespace kernel {

namespace {

constexpr unsigned kUnchanged = ~0U;

Result<long> change_owner(Task& task, const Path& path, unsigned owner, unsigned group) {
    TRY(check_attribute_change(path));
    Inode& inode = path.inode();
    if (!task.credentials.has(CAP_CHOWN)) {
        const bool own = task.credentials.file_system_user == inode.attributes.user;
        const bool may_set_owner = owner == kUnchanged || (own && owner == inode.attributes.user);
        const bool joins_group = group == inode.attributes.group || task.credentials.is_in_group(group);
        const bool may_set_group = group == kUnchanged || (own && joins_group);
        if (!may_set_owner || !may_set_group) {
            return Errno(EPERM);
        }
    }
    const std::uint32_t old_mode = inode.attributes.mode;
    if (owner != kUnchanged) {
        inode.attributes.user = owner;
    }
    if (group != kUnchanged) {
        inode.attributes.group = group;
    }
    // Set-id bits do not survive a change of owner (Linux fs/open.c, chown_common).
    if (!inode.is_directory()) {
        const bool group_executes = (inode.attributes.mode & S_IXGRP) != 0;
        inode.attributes.mode &= ~static_cast<unsigned>(S_ISUID | (group_executes ? S_ISGID : 0));
        drop_capability_attribute(inode);
    }
    inode.touch_changed();
    if (owner != kUnchanged || group != kUnchanged || inode.attributes.mode != old_mode) {
        notify_path(path, IN_ATTRIB);
    }
    return 0;
}

}  // namespace

Result<long> sys_fchown(Task& task, Fd fd, unsigned owner, unsigned group) {
    const Ref<File> file = TRY(task.files->get_for_io(fd));
    return change_owner(task, file->path(), owner, group);
}

Result<long> sys_fchownat(Task& task, Fd dirfd, UserString pathname, unsigned owner, unsigned group,
                          unsigned flags) {
    if ((flags & ~static_cast<unsigned>(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH)) != 0) {
        return Errno(EINVAL);
    }
    return change_owner(task, TRY(path_at(task, dirfd, pathname, flags)), owner, group);
}

}  // namespace kernel
