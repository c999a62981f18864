// Hints about how a file will be used. Its pages are in memory already, so a valid hint has nothing to do.
#include <linux/fadvise.h>
#include <linux/fs.h>

#include "fs/file_table.hpp"
#include "syscalls/handlers.hpp"
#include "task/task.hpp"

namespace kernel {

// Linux mm/fadvise.c, generic_fadvise.
Result<long> sys_fadvise64(Task& task, Fd fd, std::int64_t, std::int64_t length, int advice) {
    Ref<File> file = TRY(task.files->get_for_io(fd));
    if (file->inode().type() == FileType::Fifo) {
        return Errno(ESPIPE);
    }
    if (length < 0 || advice < POSIX_FADV_NORMAL || advice > POSIX_FADV_NOREUSE) {
        return Errno(EINVAL);
    }
    return 0L;
}

Result<long> sys_readahead(Task& task, Fd fd, std::int64_t, std::size_t) {
    Ref<File> file = TRY(task.files->get_for_io(fd));
    if (!file->is_readable()) {
        return Errno(EBADF);
    }
    if (!file->inode().is_regular()) {
        return Errno(EINVAL);
    }
    return 0L;
}

// Linux fs/sync.c, sync_file_range.
Result<long> sys_sync_file_range(Task& task, Fd fd, std::int64_t offset, std::int64_t length,
                                 unsigned flags) {
    constexpr unsigned kKnown =
        SYNC_FILE_RANGE_WAIT_BEFORE | SYNC_FILE_RANGE_WRITE | SYNC_FILE_RANGE_WAIT_AFTER;
    Ref<File> file = TRY(task.files->get_for_io(fd));
    std::int64_t end = 0;
    if ((flags & ~kKnown) != 0 || offset < 0 || length < 0 || __builtin_add_overflow(offset, length, &end)) {
        return Errno(EINVAL);
    }
    FileType type = file->inode().type();
    if (type != FileType::Regular && type != FileType::BlockDevice && type != FileType::Directory) {
        return Errno(ESPIPE);
    }
    return 0L;
}

}  // namespace kernel
