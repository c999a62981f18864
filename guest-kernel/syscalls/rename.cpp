// renameat, renameat2.
#include <linux/fs.h>

#include "fs/namespace.hpp"
#include "syscalls/handlers.hpp"

namespace kernel {

Result<long> sys_renameat2(Task& task, Fd olddirfd, UserString oldpath, Fd newdirfd, UserString newpath,
                           unsigned flags) {
    constexpr unsigned kKnown = RENAME_NOREPLACE | RENAME_EXCHANGE | RENAME_WHITEOUT;
    const bool excluded =
        (flags & RENAME_EXCHANGE) != 0 && (flags & (RENAME_NOREPLACE | RENAME_WHITEOUT)) != 0;
    if ((flags & ~kKnown) != 0 || excluded) {
        return Errno(EINVAL);
    }
    const String old_text = TRY(oldpath.read_path());
    const String new_text = TRY(newpath.read_path());
    TRY(rename_path(task, olddirfd, old_text.view(), newdirfd, new_text.view(), flags));
    return 0;
}

Result<long> sys_renameat(Task& task, Fd olddirfd, UserString oldpath, Fd newdirfd, UserString newpath) {
    return sys_renameat2(task, olddirfd, oldpath, newdirfd, newpath, 0);
}

}  // namespace kernel
