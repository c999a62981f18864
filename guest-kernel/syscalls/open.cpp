// openat, openat2.
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

constexpr unsigned kPathFlags = O_DIRECTORY | O_NOFOLLOW | O_PATH | O_CLOEXEC;

constexpr std::uint64_t kResolveFlags = RESOLVE_NO_XDEV | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_SYMLINKS |
                                        RESOLVE_BENEATH | RESOLVE_IN_ROOT | RESOLVE_CACHED;

// What openat leaves out silently, and openat2 does not (Linux fs/open.c, build_open_how).
unsigned known_open_flags(unsigned flags) {
    return flags & ((flags & O_PATH) != 0 ? kPathFlags : kOpenFlags);
}

// Linux fs/open.c, build_open_flags. Precondition: only known flags.
Result<unsigned> sane_open_flags(unsigned flags) {
    if ((flags & __O_TMPFILE) != 0) {
        if ((flags & O_TMPFILE) != O_TMPFILE || (flags & O_CREAT) != 0 || (flags & O_ACCMODE) == O_RDONLY) {
            return Errno(EINVAL);
        }
    }
    if ((flags & O_CREAT) != 0 && (flags & O_DIRECTORY) != 0) {
        return Errno(EINVAL);
    }
    // force_o_largefile on 64-bit machines
    return (flags & O_PATH) != 0 ? flags : flags | O_LARGEFILE;
}

// A structure whose size the caller says (Linux include/linux/uaccess.h, copy_struct_from_user). E2BIG: what
// we do not know of it is not 0.
Result<open_how> read_how(UserIn<open_how> how, std::size_t size) {
    if (size < sizeof(open_how)) {
        return Errno(EINVAL);
    }
    if (size > kPageSize) {
        return Errno(E2BIG);
    }
    for (std::size_t offset = sizeof(open_how); offset < size; ++offset) {
        if (TRY(UserIn<std::uint8_t>(how.address() + offset).read()) != 0) {
            return Errno(E2BIG);
        }
    }
    return how.read();
}

// What openat2 refuses of its structure (Linux fs/open.c, build_open_flags).
Result<void> check_how(const open_how& how) {
    constexpr std::uint64_t kExclusive = RESOLVE_BENEATH | RESOLVE_IN_ROOT;
    const bool creates = (how.flags & (O_CREAT | __O_TMPFILE)) != 0;
    if ((how.flags & ~std::uint64_t{kOpenFlags}) != 0 || (how.resolve & ~kResolveFlags) != 0 ||
        (how.resolve & kExclusive) == kExclusive || (how.mode & ~std::uint64_t{creates ? 07777U : 0U}) != 0) {
        return Errno(EINVAL);
    }
    TRY(sane_open_flags(static_cast<unsigned>(how.flags)));
    if ((how.flags & O_PATH) != 0 && (how.flags & ~std::uint64_t{kPathFlags}) != 0) {
        return Errno(EINVAL);
    }
    if ((how.resolve & RESOLVE_CACHED) != 0 && (creates || (how.flags & O_TRUNC) != 0)) {
        return Errno(EAGAIN);
    }
    return {};
}

ResolveRules rules_of(std::uint64_t resolve) {
    return {.no_mounts = (resolve & RESOLVE_NO_XDEV) != 0,
            .no_magic_links = (resolve & RESOLVE_NO_MAGICLINKS) != 0,
            .no_symlinks = (resolve & RESOLVE_NO_SYMLINKS) != 0,
            .beneath = (resolve & RESOLVE_BENEATH) != 0,
            .in_root = (resolve & RESOLVE_IN_ROOT) != 0};
}

Result<long> open_and_install(Task& task, Fd dirfd, UserString pathname, unsigned flags, unsigned mode,
                              const ResolveRules& rules) {
    const unsigned sane = TRY(sane_open_flags(flags));
    const String path = TRY(pathname.read_path());
    TRY(task.files->check_room(1));
    Ref<File> file = TRY(open_path(task, dirfd, path.view(), sane, mode, rules));
    notify_file(*file, IN_OPEN);
    return TRY(task.files->install(std::move(file), close_on_exec_of(flags)));
}

}  // namespace

Result<long> sys_openat(Task& task, Fd dirfd, UserString pathname, unsigned flags, unsigned mode) {
    return open_and_install(task, dirfd, pathname, known_open_flags(flags), mode, {});
}

Result<long> sys_openat2(Task& task, Fd dirfd, UserString pathname, UserIn<open_how> how, std::size_t size) {
    const open_how request = TRY(read_how(how, size));
    TRY(check_how(request));
    return open_and_install(task, dirfd, pathname, static_cast<unsigned>(request.flags),
                            static_cast<unsigned>(request.mode), rules_of(request.resolve));
}

}  // namespace kernel
