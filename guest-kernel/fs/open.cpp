// open(2) from the path on (Linux fs/namei.c, path_openat).
#include <linux/capability.h>
#include <linux/fcntl.h>
#include <linux/inotify.h>
#include <linux/mount.h>

#include "fs/extended_attributes.hpp"
#include "fs/file.hpp"
#include "fs/fs_context.hpp"
#include "fs/mount.hpp"
#include "fs/namespace.hpp"
#include "fs/notify.hpp"
#include "fs/procfs.hpp"
#include "fs/tmpfs.hpp"
#include "task/task.hpp"

namespace kernel {

namespace {

unsigned permissions_for(unsigned flags) {
    switch (flags & O_ACCMODE) {
        case O_RDONLY:
            return kMayRead | ((flags & O_TRUNC) != 0 ? kMayWrite : 0);
        case O_WRONLY:
            return kMayWrite;
        default:
            return kMayRead | kMayWrite;
    }
}

enum class Fresh { No, Created };

// The checks and effects between finding an inode and handing out a file (Linux may_open, do_open).
Result<Ref<File>> open_found(Task& task, const Path& found, unsigned flags, Fresh fresh) {
    Inode& inode = found.inode();
    if ((flags & O_PATH) != 0) {
        if ((flags & O_DIRECTORY) != 0 && !inode.is_directory()) {
            return Errno(ENOTDIR);
        }
        return open_inode(found, flags);
    }
    if (inode.is_symlink()) {
        return Errno(ELOOP);
    }
    const bool writes = (flags & (O_ACCMODE | O_TRUNC)) != 0;
    if (inode.is_directory() && ((flags & O_CREAT) != 0 || writes)) {
        return Errno(EISDIR);
    }
    if ((flags & O_DIRECTORY) != 0 && !inode.is_directory()) {
        return Errno(ENOTDIR);
    }
    const bool is_device = inode.type() == FileType::CharacterDevice || inode.type() == FileType::BlockDevice;
    if (is_device && found.mount && (found.mount->flags & MS_NODEV) != 0) {
        return Errno(EACCES);
    }
    if (fresh == Fresh::No) {
        TRY(check_permission(inode, permissions_for(flags), task.credentials));
        if (writes && (inode.is_regular() || inode.is_directory())) {
            TRY(check_writable_mount(found));
        }
        if ((flags & O_NOATIME) != 0 && task.credentials.file_system_user != inode.attributes.user &&
            !task.credentials.has(CAP_FOWNER)) {
            return Errno(EPERM);
        }
    }
    Ref<File> file = TRY(open_inode(found, flags));
    if ((flags & O_DIRECT) != 0) {
        return Errno(
            EINVAL);  // no file here has direct I/O; one that was created stays (Linux do_dentry_open)
    }
    if ((flags & O_TRUNC) != 0 && inode.is_regular() && fresh == Fresh::No) {
        if (inode.write_access < 0) {
            return Errno(ETXTBSY);
        }
        TRY(inode.truncate(0));
        notify_path(found, IN_MODIFY);
    }
    return file;
}

Result<Ref<File>> create_and_open(Task& task, const ParentPath& place, unsigned flags, unsigned mode) {
    const bool is_final = place.parent.inode().file_system().magic() == kProcMagic;  // as for mkdir
    if (is_final || place.parent.dentry->is_deleted()) {
        return Errno(ENOENT);
    }
    TRY(check_writable_mount(place.parent));
    TRY(check_permission(place.parent.inode(), kMayWrite | kMayExecute, task.credentials));
    Inode& directory = place.parent.inode();
    Result<Ref<Inode>> made = directory.create(S_IFREG | (mode & 07777), {});
    if (made.is_error()) {
        // A file system without creation: EPERM to mkdir and mknod, EACCES here (Linux lookup_open).
        return made.error() == Errno(EPERM) ? Errno(EACCES) : made.error();
    }
    Ref<Inode> inode = made.release_value();
    inode->attributes.user = task.credentials.file_system_user;
    inode->attributes.group = (directory.attributes.mode & S_ISGID) != 0 ? directory.attributes.group
                                                                         : task.credentials.file_system_group;
    TRY(inherit_permissions(directory, *inode, task.fs->umask));
    Ref<Dentry> entry = TRY(add_entry(*place.parent.dentry, place.last.view(), std::move(inode)));
    return open_found(task, Path(place.parent.mount, std::move(entry)), flags, Fresh::Created);
}

Result<Ref<File>> open_or_create(Task& task, PathWalk& walk, std::string_view path, unsigned flags,
                                 unsigned mode) {
    ParentPath place = TRY(walk.resolve_parent(path));
    for (;;) {
        if (place.kind != LastKind::Name) {
            return (flags & O_EXCL) != 0 ? Errno(EEXIST) : open_found(task, place.parent, flags, Fresh::No);
        }
        if (place.must_be_directory) {
            return Errno(EISDIR);
        }
        Result<Path> found = walk.enter(place.parent, place.last.view());
        if (found.is_error()) {
            if (found.error() != Errno(ENOENT)) {
                return found.error();
            }
            return create_and_open(task, place, flags, mode);
        }
        if ((flags & O_EXCL) != 0) {
            return Errno(EEXIST);
        }
        if (!found.value().inode().is_symlink() || (flags & O_NOFOLLOW) != 0) {
            return open_found(task, found.value(), flags, Fresh::No);
        }
        ParentPath beyond = TRY(walk.follow_to_parent(found.value()));
        place = std::move(beyond);
    }
}

// O_TMPFILE: an inode of the directory's file system without a name.
Result<Ref<File>> open_unnamed(Task& task, const Path& directory, unsigned flags, unsigned mode) {
    if (!directory.inode().is_directory()) {
        return Errno(ENOTDIR);
    }
    TRY(check_writable_mount(directory));
    TRY(check_permission(directory.inode(), kMayWrite | kMayExecute, task.credentials));
    if (directory.inode().file_system().magic() != kTmpfsMagic) {
        return Errno(EOPNOTSUPP);
    }
    Ref<Inode> inode = TRY(directory.inode().create(S_IFREG | (mode & 07777), {}));
    inode->attributes.user = task.credentials.file_system_user;
    inode->attributes.group = task.credentials.file_system_group;
    inode->attributes.link_count = 0;
    TRY(inherit_permissions(directory.inode(), *inode, task.fs->umask));
    inode->is_linkable = (flags & O_EXCL) == 0;
    TextBuffer name;  // Linux fs/dcache.c, d_tmpfile
    name.character('#').decimal(inode->attributes.number);
    TRY(name.finish());
    Ref<Dentry> entry = TRY(Dentry::make_deleted(*directory.dentry, name.view(), std::move(inode)));
    return open_inode(Path(directory.mount, std::move(entry)), flags);
}

}  // namespace

Result<Ref<File>> open_path(Task& task, Fd dirfd, std::string_view path, unsigned flags, unsigned mode,
                            const ResolveRules& rules) {
    if (path.empty()) {
        return Errno(ENOENT);
    }
    PathWalk walk(*task.fs, task.credentials, TRY(start_of(task, dirfd, path, rules)), rules);
    const LastSymlink last = (flags & O_NOFOLLOW) != 0 ? LastSymlink::NoFollow : LastSymlink::Follow;
    if ((flags & __O_TMPFILE) != 0) {
        return open_unnamed(task, TRY(walk.resolve(path, last)), flags, mode);
    }
    if ((flags & O_CREAT) != 0) {
        return open_or_create(task, walk, path, flags, mode);
    }
    return open_found(task, TRY(walk.resolve(path, last)), flags, Fresh::No);
}

}  // namespace kernel
