#include "fs/vfs.hpp"

#include <linux/fcntl.h>
#include <linux/inotify.h>
#include <linux/mount.h>

#include "fs/anonymous.hpp"
#include "fs/devtmpfs.hpp"
#include "fs/initramfs.hpp"
#include "fs/memfd.hpp"
#include "fs/mount.hpp"
#include "fs/notify.hpp"
#include "fs/path_walk.hpp"
#include "fs/pipe.hpp"
#include "fs/tmpfs.hpp"
#include "task/task.hpp"

namespace kernel {

Result<void> mount_root_from_initramfs(std::span<const std::byte> archive) {
    TRY(initialize_dentries());
    // These two first, as in Linux: their devices are 0:1 and 0:2.
    TRY(initialize_memfds());
    TRY(mount_root());
    TRY(initialize_anonymous_files());
    TRY(initialize_pipes());
    return unpack_initramfs(archive);
}

// Linux fs/exec.c, do_open_execat.
Result<Ref<File>> open_for_execute(Task& task, int dirfd, std::string_view path, unsigned flags) {
    if ((flags & ~static_cast<unsigned>(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH)) != 0) {
        return Errno(EINVAL);
    }
    const LastSymlink last = (flags & AT_SYMLINK_NOFOLLOW) != 0 ? LastSymlink::NoFollow : LastSymlink::Follow;
    const EmptyPath empty = (flags & AT_EMPTY_PATH) != 0 ? EmptyPath::Start : EmptyPath::NoEntry;
    const Path found = TRY(resolve_path(task, Fd{dirfd}, path, last, empty));
    Inode& inode = found.inode();
    if (inode.is_symlink()) {
        return Errno(ELOOP);
    }
    if (!inode.is_regular() || (found.mount && (found.mount->flags & MS_NOEXEC) != 0)) {
        return Errno(EACCES);
    }
    TRY(check_permission(inode, kMayExecute, task.credentials));
    Ref<File> file = TRY(open_inode(found, O_RDONLY | O_LARGEFILE));
    TRY(file->deny_write_access());
    notify_file(*file, IN_OPEN);
    return file;
}

}  // namespace kernel
