// statfs, fstatfs.
#include <linux/fcntl.h>
#include <linux/mount.h>

#include "fs/file_system.hpp"
#include "fs/file_table.hpp"
#include "fs/mount.hpp"
#include "lib/faults.hpp"
#include "syscalls/handlers.hpp"
#include "syscalls/path_at.hpp"
#include "task/task.hpp"

namespace kernel {

namespace {

struct statfs to_statfs(const Path& path) {
    struct statfs result = path.inode().file_system().statistics();
    // Linux fs/statfs.c, flags_by_mnt: ST_VALID and the mount's own flags, whose ST_ values are these MS_
    // ones.
    constexpr long kValid = 0x20;
    constexpr long kRelativeTime = 0x1000;
    result.f_flags = kValid;
    if (path.mount) {
        const unsigned long flags = path.mount->flags;
        result.f_flags |= static_cast<long>(
            flags & (MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC | MS_NOATIME | MS_NODIRATIME));
        result.f_flags |= (flags & MS_RELATIME) != 0 ? kRelativeTime : 0;
    }
    return result;
}

}  // namespace

Result<long> sys_statfs(Task& task, UserString pathname, UserOut<struct statfs> buffer) {
    const Path path = TRY(path_at(task, Fd{AT_FDCWD}, pathname, 0));
    TRY(buffer.write(FAULT(statfs_zero) ? (struct statfs){} : to_statfs(path)));
    return 0;
}

Result<long> sys_fstatfs(Task& task, Fd fd, UserOut<struct statfs> buffer) {
    const Ref<File> file = TRY(task.files->get(fd));
    TRY(buffer.write(to_statfs(file->path())));
    return 0;
}

}  // namespace kernel
