// faccessat, faccessat2.
#include <linux/fcntl.h>
#include <linux/mount.h>

#include "fs/fs_context.hpp"
#include "fs/mount.hpp"
#include "fs/namespace.hpp"
#include "fs/path_walk.hpp"
#include "syscalls/handlers.hpp"
#include "syscalls/path_at.hpp"
#include "task/task.hpp"

namespace kernel {

Result<long> sys_faccessat2(Task& task, Fd dirfd, UserString pathname, unsigned mode, unsigned flags) {
    if ((mode & ~7U) != 0 ||
        (flags & ~static_cast<unsigned>(AT_EACCESS | AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH)) != 0) {
        return Errno(EINVAL);
    }
    // Without AT_EACCESS the real ids count, and capabilities only for root (Linux access_override_creds).
    Credentials real = task.credentials;
    if ((flags & AT_EACCESS) == 0) {
        real.file_system_user = real.user;
        real.file_system_group = real.group;
        real.effective = real.user == 0 ? real.permitted : 0;
    }
    const String text = TRY(pathname.read_path());
    if (text.is_empty() && empty_path(flags) == EmptyPath::NoEntry) {
        return Errno(ENOENT);
    }
    PathWalk walk(*task.fs, real, TRY(start_of(task, dirfd, text.view())));
    const Path path = TRY(walk.resolve(text.view(), last_symlink(flags), empty_path(flags)));
    if ((mode & kMayExecute) != 0 && path.inode().is_regular() && path.mount &&
        (path.mount->flags & MS_NOEXEC) != 0) {
        return Errno(EACCES);
    }
    TRY(check_permission(path.inode(), mode, real));
    const bool special =
        !path.inode().is_regular() && !path.inode().is_directory() && !path.inode().is_symlink();
    if ((mode & kMayWrite) != 0 && !special) {
        TRY(check_writable_mount(path));
    }
    return 0;
}

Result<long> sys_faccessat(Task& task, Fd dirfd, UserString pathname, unsigned mode) {
    return sys_faccessat2(task, dirfd, pathname, mode, 0);
}

}  // namespace kernel
