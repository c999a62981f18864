// rename (Linux fs/namei.c, do_renameat2).
#include <linux/fs.h>
#include <linux/inotify.h>

#include "fs/file_system.hpp"
#include "fs/namespace.hpp"
#include "fs/namespace_checks.hpp"
#include "fs/notify.hpp"
#include "fs/procfs.hpp"
#include "task/task.hpp"

namespace kernel {

namespace {

// Both ends of a rename.
struct Rename {
    ParentPath from;
    ParentPath to;
    Path source;
    Path target;  // empty: nothing is there
};

// Linux fs/namei.c, do_renameat2: the checks before anything changes, in its order.
Result<void> check_rename(Task& task, const Rename& rename, unsigned flags) {
    const bool source_is_directory = rename.source.inode().is_directory();
    const bool exchange = (flags & RENAME_EXCHANGE) != 0;
    if (!rename.target.is_empty() && (flags & RENAME_NOREPLACE) != 0) {
        return Errno(EEXIST);
    }
    if (exchange && rename.target.is_empty()) {
        return Errno(ENOENT);
    }
    if (!source_is_directory &&
        (rename.from.must_be_directory || (!exchange && rename.to.must_be_directory))) {
        return Errno(ENOTDIR);
    }
    if (exchange && rename.to.must_be_directory && !rename.target.inode().is_directory()) {
        return Errno(ENOTDIR);
    }
    // A directory cannot move below itself.
    if (rename.to.parent.dentry->is_within(*rename.source.dentry)) {
        return Errno(EINVAL);
    }
    if (!rename.target.is_empty() && rename.from.parent.dentry->is_within(*rename.target.dentry)) {
        return Errno(exchange ? EINVAL : ENOTEMPTY);
    }
    TRY(check_removal(task, rename.from.parent, rename.source));
    TRY(check_directory_change(task, rename.to.parent));
    TRY(rename.from.parent.inode().may_change_entries());
    TRY(rename.to.parent.inode().may_change_entries());
    if (is_mount_point(rename.source, rename.from.parent)) {
        return Errno(EBUSY);
    }
    if (rename.target.is_empty()) {
        return {};
    }
    TRY(check_removal(task, rename.to.parent, rename.target));
    const bool target_is_directory = rename.target.inode().is_directory();
    if (!exchange && source_is_directory != target_is_directory) {
        return Errno(source_is_directory ? ENOTDIR : EISDIR);
    }
    if (is_mount_point(rename.target, rename.to.parent)) {
        return Errno(EBUSY);
    }
    if (!exchange && target_is_directory && rename.target.dentry->has_children()) {
        return Errno(ENOTEMPTY);
    }
    return {};
}

// Link counts of directories follow the ".." entries that move.
void move_subdirectory(const Inode& moved, Inode& from, Inode& to) {
    if (moved.is_directory()) {
        from.attributes.link_count--;
        to.attributes.link_count++;
    }
}

// Linux include/linux/fsnotify.h, fsnotify_move.
void tell_of_move(Inode& from, std::string_view old_name, Inode& to, std::string_view new_name, Inode& moved,
                  Inode* replaced) {
    const std::uint32_t kind = moved.is_directory() ? IN_ISDIR : 0U;
    const std::uint32_t cookie = next_move_cookie();
    if (&from == &to) {
        notify_entry(from, old_name, kRenamedWithin | kind);
    }
    notify_entry(from, old_name, IN_MOVED_FROM | kind, cookie);
    notify_entry(to, new_name, IN_MOVED_TO | kind, cookie);
    if (replaced != nullptr) {
        notify_inode(*replaced, IN_ATTRIB);
    }
    notify_inode(moved, IN_MOVE_SELF);
}

Result<void> carry_out_rename(Rename& rename, unsigned flags) {
    Inode& from = rename.from.parent.inode();
    Inode& to = rename.to.parent.inode();
    const String new_name = TRY(String::copy_of(rename.to.last.view()));
    if ((flags & RENAME_EXCHANGE) != 0) {
        Dentry::exchange(*rename.source.dentry, *rename.target.dentry);
        move_subdirectory(rename.source.inode(), from, to);
        move_subdirectory(rename.target.inode(), to, from);
        from.entries_changed(0);
        to.entries_changed(0);
        rename.target.inode().touch_changed();
    } else {
        Ref<Inode> whiteout;
        if ((flags & RENAME_WHITEOUT) != 0) {
            whiteout = TRY(from.create(S_IFCHR, {}));
            whiteout->attributes.user = Task::current().credentials.file_system_user;
            whiteout->attributes.group = Task::current().credentials.file_system_group;
        }
        if (!rename.target.is_empty()) {
            take_out(rename.to.parent, *rename.target.dentry);
        }
        rename.source.dentry->move_to(*rename.to.parent.dentry, std::move(rename.to.last));
        move_subdirectory(rename.source.inode(), from, to);
        from.entries_changed(-1);
        to.entries_changed(1);
        if (whiteout) {
            TRY(add_entry(*rename.from.parent.dentry, rename.from.last.view(), std::move(whiteout)));
        }
    }
    rename.source.inode().touch_changed();
    const bool exchanges = (flags & RENAME_EXCHANGE) != 0;
    Inode* target = rename.target.is_empty() ? nullptr : &rename.target.inode();
    tell_of_move(from, rename.from.last.view(), to, new_name.view(), rename.source.inode(),
                 exchanges ? nullptr : target);
    if (exchanges) {
        tell_of_move(to, new_name.view(), from, rename.from.last.view(), *target, nullptr);
    }
    return {};
}

}  // namespace

Result<void> rename_path(Task& task, Fd old_dirfd, std::string_view old_path, Fd new_dirfd,
                         std::string_view new_path, unsigned flags) {
    Rename rename;
    rename.from = TRY(parent_of(task, old_dirfd, old_path));
    rename.to = TRY(parent_of(task, new_dirfd, new_path));
    if (rename.from.parent.mount != rename.to.parent.mount) {
        return Errno(EXDEV);
    }
    if (rename.from.kind != LastKind::Name) {
        return Errno(EBUSY);
    }
    if (rename.to.kind != LastKind::Name) {
        return Errno((flags & RENAME_NOREPLACE) != 0 ? EEXIST : EBUSY);
    }
    TRY(check_writable_mount(rename.from.parent));
    rename.source = TRY(entry_of(rename.from));
    Result<Path> target = entry_of(rename.to);
    if (!target.is_error()) {
        rename.target = target.release_value();
    } else if (target.error() != Errno(ENOENT)) {
        return target.error();
    }
    const bool is_final = rename.to.parent.inode().file_system().magic() == kProcMagic;  // as for mkdir
    if (rename.to.parent.dentry->is_deleted() || (is_final && rename.target.is_empty())) {
        return Errno(ENOENT);
    }
    TRY(check_rename(task, rename, flags));
    // Two names of one file: nothing to do, and both stay.
    if (!rename.target.is_empty() && rename.source.dentry->inode_ref() == rename.target.dentry->inode_ref()) {
        return {};
    }
    return carry_out_rename(rename, flags);
}

}  // namespace kernel
