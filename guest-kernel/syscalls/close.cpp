// close, close_range.
#include <linux/close_range.h>

#include "fs/file_table.hpp"
#include "syscalls/handlers.hpp"
#include "task/task.hpp"

namespace kernel {

Result<long> sys_close(Task& task, Fd fd) {
    TRY(task.files->close(fd));
    return 0;
}

Result<long> sys_close_range(Task& task, unsigned first, unsigned last, unsigned flags) {
    if ((flags & ~static_cast<unsigned>(CLOSE_RANGE_UNSHARE | CLOSE_RANGE_CLOEXEC)) != 0 || first > last) {
        return Errno(EINVAL);
    }
    if ((flags & CLOSE_RANGE_UNSHARE) != 0 && task.files->reference_count() > 1) {
        task.files = TRY(task.files->clone());
    }
    if ((flags & CLOSE_RANGE_CLOEXEC) != 0) {
        task.files->mark_range(first, last);
    } else {
        task.files->close_range(first, last);
    }
    return 0;
}

}  // namespace kernel
