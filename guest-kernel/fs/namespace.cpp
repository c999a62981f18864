#include "fs/namespace.hpp"

#include <linux/capability.h>
#include <linux/fcntl.h>
#include <linux/fs.h>
#include <linux/inotify.h>

#include "fs/extended_attributes.hpp"
#include "fs/file.hpp"
#include "fs/file_system.hpp"
#include "fs/fs_context.hpp"
#include "fs/mount.hpp"
#include "fs/namespace_checks.hpp"
#include "fs/notify.hpp"
#include "fs/procfs.hpp"
#include "lib/settings.hpp"
#include "task/task.hpp"

namespace kernel {

namespace {

constexpr std::uint32_t kMaximumLinkCount = 0x7fffffff;

PathWalk walk_from(Task& task, Path start) {
    return {*task.fs, task.credentials, std::move(start)};
}

// The owner and mode that a new inode gets (Linux fs/inode.c, inode_init_owner).
void set_owner(Task& task, const Inode& directory, Inode& inode) {
    inode.attributes.user = task.credentials.file_system_user;
    inode.attributes.group = task.credentials.file_system_group;
    if ((directory.attributes.mode & S_ISGID) != 0) {
        inode.attributes.group = directory.attributes.group;
        if (inode.is_directory()) {
            inode.attributes.mode |= S_ISGID;
        }
    }
}

void drop_link(Inode& inode) {
    inode.attributes.link_count--;
    inode.touch_changed();
}

}  // namespace

Result<ParentPath> parent_of(Task& task, Fd dirfd, std::string_view path) {
    if (path.empty()) {
        return Errno(ENOENT);  // before the descriptor is looked at (Linux getname)
    }
    PathWalk walk = walk_from(task, TRY(start_of(task, dirfd, path)));
    return walk.resolve_parent(path);
}

// May entries of the directory be made or removed by this task?
Result<void> check_directory_change(Task& task, const Path& directory) {
    TRY(check_writable_mount(directory));
    TRY(check_permission(directory.inode(), kMayWrite | kMayExecute, task.credentials));
    return {};
}

// Linux fs/namei.c, may_delete: a sticky directory lets only owners remove.
Result<void> check_removal(Task& task, const Path& directory, const Path& entry) {
    TRY(check_directory_change(task, directory));
    const std::uint32_t user = task.credentials.file_system_user;
    if ((directory.inode().attributes.mode & S_ISVTX) != 0 && user != entry.inode().attributes.user &&
        user != directory.inode().attributes.user && !task.credentials.has(CAP_FOWNER)) {
        return Errno(EPERM);
    }
    return {};
}

// An existing entry that is to go or to move, the link itself if it is one.
Result<Path> entry_of(const ParentPath& place) {
    return PathWalk::look_up(place.parent, place.last.view());
}

void take_out(const Path& directory, Dentry& entry) {
    const Ref<Dentry> keep(&entry);
    Inode& inode = entry.inode();
    entry.unlink();
    directory.inode().entries_changed(-1);
    if (inode.is_directory()) {
        drop_link(directory.inode());
        inode.attributes.link_count--;
    } else if (inode.attributes.link_count > 1) {
        inode.file_system().link_count_changed(-1);
    }
    drop_link(inode);
}

// Linux fs/namei.c, vfs_unlink and d_delete_notify. What nobody has open is gone before its directory says
// so.
void tell_of_removal(const Path& directory, Dentry& entry) {
    Inode& inode = entry.inode();
    if (!inode.is_directory()) {
        notify_inode(inode, IN_ATTRIB);
    }
    if (entry.reference_count() == 1 && inode.attributes.link_count == 0) {
        notify_inode_removed(inode);
    }
    notify_entry(directory.inode(), entry.name(), IN_DELETE | (inode.is_directory() ? IN_ISDIR : 0U));
}

bool is_mount_point(const Path& entry, const Path& directory) {
    return entry.mount != directory.mount || entry.dentry->mount_count > 0;
}

namespace {

// Where a new entry is to go. EEXIST for what is there already, ".", ".." and "/" (Linux filename_create).
Result<ParentPath> place_for_new(Task& task, Fd dirfd, std::string_view path, bool is_directory) {
    ParentPath place = TRY(parent_of(task, dirfd, path));
    if (place.kind != LastKind::Name) {
        return Errno(EEXIST);
    }
    const Result<Path> present = PathWalk::look_up(place.parent, place.last.view());
    if (!present.is_error()) {
        return Errno(EEXIST);
    }
    if (present.error() != Errno(ENOENT)) {
        return present.error();
    }
    // In procfs a look-up without a result is the end of it (Linux proc_lookup_de).
    const bool is_final = place.parent.inode().file_system().magic() == kProcMagic;
    if (is_final || (place.must_be_directory && !is_directory)) {
        return Errno(ENOENT);
    }
    if (place.parent.dentry->is_deleted()) {
        return Errno(ENOENT);
    }
    TRY(check_directory_change(task, place.parent));
    return place;
}

}  // namespace

Result<void> check_writable_mount(const Path& path) {
    if (path.mount && path.mount->is_read_only()) {
        return Errno(EROFS);
    }
    return {};
}

Result<Ref<Dentry>> add_entry(Dentry& directory, std::string_view name, Ref<Inode> inode) {
    const bool is_directory = inode->is_directory();
    Ref<Dentry> entry = TRY(Dentry::make(directory, name, std::move(inode)));
    entry->link();
    directory.inode().entries_changed(1);
    if (is_directory) {
        directory.inode().attributes.link_count++;
    }
    notify_entry(directory.inode(), name, IN_CREATE | (is_directory ? IN_ISDIR : 0U));
    return entry;
}

namespace {

// Not before the directory may be written. A character device 0:0 is a whiteout, no device (Linux fs/namei.c,
// vfs_mknod).
Result<void> check_right_to_device(const Task& task, unsigned mode, DeviceNumber device) {
    const unsigned type = mode & S_IFMT;
    const bool is_device = type == S_IFBLK || (type == S_IFCHR && !(device == DeviceNumber()));
    return is_device && !task.credentials.has(CAP_MKNOD) ? Result<void>(Errno(EPERM)) : Result<void>();
}

}  // namespace

Result<void> make_node(Task& task, Fd dirfd, std::string_view path, unsigned mode, DeviceNumber device) {
    const bool is_directory = (mode & S_IFMT) == S_IFDIR;
    const ParentPath place = TRY(place_for_new(task, dirfd, path, is_directory));
    TRY(check_right_to_device(task, mode, device));
    Ref<Inode> inode = TRY(place.parent.inode().create(mode, device));
    set_owner(task, place.parent.inode(), *inode);
    TRY(inherit_permissions(place.parent.inode(), *inode, task.fs->umask));
    TRY(add_entry(*place.parent.dentry, place.last.view(), std::move(inode)));
    return {};
}

Result<void> make_symlink(Task& task, std::string_view target, Fd dirfd, std::string_view path) {
    const ParentPath place = TRY(place_for_new(task, dirfd, path, false));
    Ref<Inode> inode = TRY(place.parent.inode().create_symlink(target));
    set_owner(task, place.parent.inode(), *inode);
    TRY(add_entry(*place.parent.dentry, place.last.view(), std::move(inode)));
    return {};
}

namespace {

// Whose file is not the caller's can be linked only if it is harmless and the caller's to read and write (man
// 5 proc, protected_hardlinks, which Debian turns on; Linux fs/namei.c, may_linkat).
bool may_link(const Credentials& credentials, const Inode& inode) {
    if (settings().protects_hard_links == 0 || credentials.file_system_user == inode.attributes.user ||
        credentials.has(CAP_FOWNER)) {
        return true;
    }
    constexpr std::uint32_t kRunsAsGroup = S_ISGID | S_IXGRP;
    const std::uint32_t mode = inode.attributes.mode;
    return inode.is_regular() && (mode & S_ISUID) == 0 && (mode & kRunsAsGroup) != kRunsAsGroup &&
           !check_permission(inode, kMayRead | kMayWrite, credentials).is_error();
}

}  // namespace

Result<void> make_link(Task& task, const Path& target, Fd dirfd, std::string_view path) {
    const ParentPath place = TRY(place_for_new(task, dirfd, path, false));
    if (place.parent.mount != target.mount) {
        return Errno(EXDEV);
    }
    if (target.inode().is_directory() || !may_link(task.credentials, target.inode())) {
        return Errno(EPERM);
    }
    TRY(place.parent.inode().may_change_entries());
    // What was unlinked and is still open gets no name again (Linux vfs_link).
    if (target.inode().attributes.link_count == 0 && !target.inode().is_linkable) {
        return Errno(ENOENT);
    }
    if (target.inode().attributes.link_count >= kMaximumLinkCount) {
        return Errno(EMLINK);
    }
    // A name more takes of what there may be, as if it were a file of its own (Linux mm/shmem.c, shmem_link).
    FileSystem& file_system = target.inode().file_system();
    const bool is_another = target.inode().attributes.link_count != 0;
    if (is_another && !file_system.has_room_for_inode()) {
        return Errno(ENOSPC);
    }
    notify_inode(target.inode(), IN_ATTRIB);
    TRY(add_entry(*place.parent.dentry, place.last.view(), target.dentry->inode_ref()));
    file_system.link_count_changed(is_another ? 1 : 0);
    target.inode().is_linkable = false;
    target.inode().attributes.link_count++;
    target.inode().touch_changed();
    return {};
}

Result<void> remove_file(Task& task, Fd dirfd, std::string_view path) {
    const ParentPath place = TRY(parent_of(task, dirfd, path));
    if (place.kind != LastKind::Name) {
        return Errno(EISDIR);
    }
    TRY(check_writable_mount(place.parent));
    const Path entry = TRY(entry_of(place));
    if (place.must_be_directory) {
        return Errno(entry.inode().is_directory() ? EISDIR : ENOTDIR);
    }
    TRY(check_removal(task, place.parent, entry));
    if (entry.inode().is_directory()) {
        return Errno(EISDIR);
    }
    TRY(place.parent.inode().may_change_entries());
    if (is_mount_point(entry, place.parent)) {
        return Errno(EBUSY);
    }
    take_out(place.parent, *entry.dentry);
    tell_of_removal(place.parent, *entry.dentry);
    return {};
}

Result<void> remove_directory(Task& task, Fd dirfd, std::string_view path) {
    const ParentPath place = TRY(parent_of(task, dirfd, path));
    switch (place.kind) {
        case LastKind::Name:
            break;
        case LastKind::Dot:
            return Errno(EINVAL);
        case LastKind::DotDot:
            return Errno(ENOTEMPTY);
        case LastKind::Root:
            return Errno(EBUSY);
    }
    TRY(check_writable_mount(place.parent));
    const Path entry = TRY(entry_of(place));
    TRY(check_removal(task, place.parent, entry));
    if (!entry.inode().is_directory()) {
        return Errno(ENOTDIR);
    }
    TRY(place.parent.inode().may_change_entries());
    if (is_mount_point(entry, place.parent)) {
        return Errno(EBUSY);
    }
    if (entry.dentry->has_children()) {
        return Errno(ENOTEMPTY);
    }
    take_out(place.parent, *entry.dentry);
    tell_of_removal(place.parent, *entry.dentry);
    return {};
}

}  // namespace kernel
