// fallocate.
#include <linux/falloc.h>
#include <linux/inotify.h>

#include "fs/file_table.hpp"
#include "fs/notify.hpp"
#include "syscalls/handlers.hpp"
#include "task/task.hpp"

namespace kernel {

Result<long> sys_fallocate(Task& task, Fd fd, unsigned mode, std::int64_t offset, std::int64_t length) {
    constexpr unsigned kKnown = FALLOC_FL_KEEP_SIZE | FALLOC_FL_PUNCH_HOLE | FALLOC_FL_COLLAPSE_RANGE |
                                FALLOC_FL_ZERO_RANGE | FALLOC_FL_INSERT_RANGE | FALLOC_FL_UNSHARE_RANGE;
    const Ref<File> file = TRY(task.files->get_for_io(fd));
    if (offset < 0 || length <= 0) {
        return Errno(EINVAL);
    }
    if ((mode & ~kKnown) != 0) {
        return Errno(EOPNOTSUPP);
    }
    // Linux fs/open.c, vfs_fallocate.
    const bool punches = (mode & FALLOC_FL_PUNCH_HOLE) != 0;
    if (punches && (mode & FALLOC_FL_ZERO_RANGE) != 0) {
        return Errno(EOPNOTSUPP);
    }
    if (punches && (mode & FALLOC_FL_KEEP_SIZE) == 0) {
        return Errno(EOPNOTSUPP);
    }
    constexpr unsigned kWithKeptSize = FALLOC_FL_UNSHARE_RANGE | FALLOC_FL_KEEP_SIZE;
    if (((mode & FALLOC_FL_COLLAPSE_RANGE) != 0 && mode != FALLOC_FL_COLLAPSE_RANGE) ||
        ((mode & FALLOC_FL_INSERT_RANGE) != 0 && mode != FALLOC_FL_INSERT_RANGE) ||
        ((mode & FALLOC_FL_UNSHARE_RANGE) != 0 && (mode & ~kWithKeptSize) != 0)) {
        return Errno(EINVAL);
    }
    if (!file->is_writable()) {
        return Errno(EBADF);
    }
    const FileType type = file->inode().type();
    if (type == FileType::Fifo) {
        return Errno(ESPIPE);
    }
    if (type == FileType::Directory) {
        return Errno(EISDIR);
    }
    if (type != FileType::Regular && type != FileType::BlockDevice) {
        return Errno(ENODEV);
    }
    std::int64_t end = 0;
    if (__builtin_add_overflow(offset, length, &end)) {
        return Errno(EFBIG);
    }
    TRY(file->allocate(mode, offset, length));
    notify_file(*file, IN_MODIFY);
    return 0;
}

}  // namespace kernel
