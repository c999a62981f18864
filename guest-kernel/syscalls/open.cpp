// openat.
#include <linux/fcntl.h>
#include <linux/inotify.h>
#include <linux/openat2.h>

#include "fs/file_table.hpp"
#include "fs/namespace.hpp"
#include "fs/notify.hpp"
#include "syscalls/handlers.hpp"
#include "task/task.hpp"

namespace kernel {

namespace {

// Linux include/linux/fcntl.h, VALID_OPEN_FLAGS; openat ignores what else is set.
constexpr unsigned kOpenFlags = O_ACCMODE | O_CREAT | O_EXCL | O_NOCTTY | O_TRUNC | O_APPEND | O_NONBLOCK |
                                O_SYNC | O_DSYNC | FASYNC | O_DIRECT | O_LARGEFILE | O_DIRECTORY |
                                O_NOFOLLOW | O_NOATIME | O_CLOEXEC | O_PATH | __O_TMPFILE;

// Linux fs/open.c, build_open_flags.
Result<unsigned> sane_open_flags(unsigned flags) {
    flags &= kOpenFlags;
    if ((flags & O_PATH) != 0) {
        flags &= O_DIRECTORY | O_NOFOLLOW | O_PATH | O_CLOEXEC;
        return flags;
    }
    if ((flags & __O_TMPFILE) != 0) {
        if ((flags & O_TMPFILE) != O_TMPFILE || (flags & O_CREAT) != 0 || (flags & O_ACCMODE) == O_RDONLY) {
            return Errno(EINVAL);
        }
    }
    if ((flags & O_CREAT) != 0 && (flags & O_DIRECTORY) != 0) {
        return Errno(EINVAL);
    }
    if ((flags & O_EXCL) != 0 && (flags & O_CREAT) != 0) {
        flags |= O_NOFOLLOW;
    }
    return flags | O_LARGEFILE;  // force_o_largefile on 64-bit machines
}

}  // namespace

Result<long> sys_openat(Task& task, Fd dirfd, UserString pathname, unsigned flags, unsigned mode) {
    const unsigned sane = TRY(sane_open_flags(flags));
    const String path = TRY(pathname.read_path());
    TRY(task.files->check_room(1));
    Ref<File> file = TRY(open_path(task, dirfd, path.view(), sane, mode));
    notify_file(*file, IN_OPEN);
    return TRY(task.files->install(std::move(file), close_on_exec_of(flags)));
}

}  // namespace kernel
