// truncate, ftruncate.
#include <linux/fcntl.h>
#include <linux/inotify.h>

#include "fs/file_lease.hpp"
#include "fs/file_table.hpp"
#include "fs/namespace.hpp"
#include "fs/notify.hpp"
#include "fs/path_walk.hpp"
#include "syscalls/handlers.hpp"
#include "task/task.hpp"

namespace kernel {

Result<long> sys_truncate(Task& task, UserString pathname, std::int64_t length) {
    if (length < 0) {
        return Errno(EINVAL);
    }
    const String text = TRY(pathname.read_path());
    const Path path = TRY(resolve_path(task, Fd{AT_FDCWD}, text.view(), LastSymlink::Follow));
    if (path.inode().is_directory()) {
        return Errno(EISDIR);
    }
    if (!path.inode().is_regular()) {
        return Errno(EINVAL);
    }
    TRY(check_writable_mount(path));
    TRY(check_permission(path.inode(), kMayWrite, task.credentials));
    if (path.inode().write_access < 0) {
        return Errno(ETXTBSY);
    }
    TRY(make_leases_way(path.inode(), O_WRONLY));
    TRY(check_size_limit(path.inode().current_attributes(), static_cast<std::uint64_t>(length)));
    TRY(path.inode().truncate(static_cast<std::uint64_t>(length)));
    notify_path(path, IN_MODIFY);
    return 0;
}

Result<long> sys_ftruncate(Task& task, Fd fd, std::int64_t length) {
    if (length < 0) {
        return Errno(EINVAL);
    }
    const Ref<File> file = TRY(task.files->get_for_io(fd));
    if (!file->inode().is_regular() || !file->is_writable()) {
        return Errno(EINVAL);
    }
    TRY(check_size_limit(file->attributes(), static_cast<std::uint64_t>(length)));
    TRY(file->truncate(static_cast<std::uint64_t>(length)));
    notify_file(*file, IN_MODIFY);
    return 0;
}

}  // namespace kernel
