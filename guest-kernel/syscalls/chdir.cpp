// Where the paths of a task begin: chdir, fchdir, chroot, getcwd.
#include <linux/fcntl.h>
#include <linux/limits.h>

#include "fs/file_table.hpp"
#include "fs/fs_context.hpp"
#include "fs/path_walk.hpp"
#include "fs/text_buffer.hpp"
#include "syscalls/handlers.hpp"
#include "task/task.hpp"

namespace kernel {

Result<long> sys_chdir(Task& task, UserString pathname) {
    const String text = TRY(pathname.read_path());
    Path path = TRY(resolve_path(task, Fd{AT_FDCWD}, text.view(), LastSymlink::Follow));
    if (!path.inode().is_directory()) {
        return Errno(ENOTDIR);
    }
    TRY(check_permission(path.inode(), kMayExecute, task.credentials));
    task.fs->working_directory = std::move(path);
    return 0;
}

Result<long> sys_fchdir(Task& task, Fd fd) {
    const Ref<File> file = TRY(task.files->get(fd));
    if (!file->inode().is_directory()) {
        return Errno(ENOTDIR);
    }
    TRY(check_permission(file->inode(), kMayExecute, task.credentials));
    task.fs->working_directory = file->path();
    return 0;
}

Result<long> sys_chroot(Task& task, UserString pathname) {
    const String text = TRY(pathname.read_path());
    Path path = TRY(resolve_path(task, Fd{AT_FDCWD}, text.view(), LastSymlink::Follow));
    if (!path.inode().is_directory()) {
        return Errno(ENOTDIR);
    }
    TRY(check_permission(path.inode(), kMayExecute, task.credentials));
    if (!task.credentials.has(CAP_SYS_CHROOT)) {
        return Errno(EPERM);
    }
    task.fs->root = std::move(path);
    return 0;
}

Result<long> sys_getcwd(Task& task, UserBuffer buffer, std::size_t size) {
    const Path& here = task.fs->working_directory;
    if (here.dentry->is_deleted()) {
        return Errno(ENOENT);
    }
    TextBuffer name;
    String result;
    if (describe_path(here, task.fs->root, name) == PathReach::Unreachable) {
        TRY(result.append("(unreachable)"));
    }
    TRY(name.append_to(result));
    const std::size_t length = result.size() + 1;
    if (length > PATH_MAX) {
        return Errno(ENAMETOOLONG);
    }
    if (length > size) {
        return Errno(ERANGE);
    }
    TRY(copy_to_user(buffer.address(), result.c_str(), length));
    return static_cast<long>(length);
}

}  // namespace kernel
