// sync, syncfs, fsync, fdatasync, sync_file_range. Everything is in memory: what is written has arrived.
#include <linux/fs.h>

#include "fs/file_table.hpp"
#include "syscalls/handlers.hpp"
#include "task/task.hpp"

namespace kernel {

Result<long> sys_sync(Task&) {
    return 0;
}

Result<long> sys_syncfs(Task& task, Fd fd) {
    TRY(task.files->get_for_io(fd));
    return 0;
}

Result<long> sys_fsync(Task& task, Fd fd) {
    const Ref<File> file = TRY(task.files->get_for_io(fd));
    TRY(file->synchronize());
    return 0;
}

Result<long> sys_fdatasync(Task& task, Fd fd) {
    return sys_fsync(task, fd);
}

// Linux fs/sync.c, sync_file_range.
Result<long> sys_sync_file_range(Task& task, Fd fd, std::int64_t offset, std::int64_t length,
                                 unsigned flags) {
    constexpr unsigned kKnown =
        SYNC_FILE_RANGE_WAIT_BEFORE | SYNC_FILE_RANGE_WRITE | SYNC_FILE_RANGE_WAIT_AFTER;
    const Ref<File> file = TRY(task.files->get_for_io(fd));
    std::int64_t end = 0;
    if ((flags & ~kKnown) != 0 || offset < 0 || length < 0 || __builtin_add_overflow(offset, length, &end)) {
        return Errno(EINVAL);
    }
    const FileType type = file->inode().type();
    if (type != FileType::Regular && type != FileType::BlockDevice && type != FileType::Directory) {
        return Errno(ESPIPE);
    }
    return 0;
}

}  // namespace kernel
