// fadvise64, readahead: hints about how a file will be used. Its pages are in memory already, so a valid hint
// has nothing to do.
#include <linux/fadvise.h>

#include "fs/file_table.hpp"
#include "syscalls/handlers.hpp"
#include "task/task.hpp"

namespace kernel {

// Linux mm/fadvise.c, generic_fadvise.
Result<long> sys_fadvise64(Task& task, Fd fd, std::int64_t, std::int64_t length, int advice) {
    const Ref<File> file = TRY(task.files->get_for_io(fd));
    if (file->inode().type() == FileType::Fifo) {
        return Errno(ESPIPE);
    }
    if (length < 0 || advice < POSIX_FADV_NORMAL || advice > POSIX_FADV_NOREUSE) {
        return Errno(EINVAL);
    }
    return 0;
}

Result<long> sys_readahead(Task& task, Fd fd, std::int64_t, std::size_t) {
    const Ref<File> file = TRY(task.files->get_readable(fd));
    if (!file->inode().is_regular()) {
        return Errno(EINVAL);
    }
    return 0;
}

}  // namespace kernel
