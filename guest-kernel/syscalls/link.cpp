// linkat, symlinkat, unlinkat, readlinkat.
#include <linux/fcntl.h>

#include "fs/mount.hpp"
#include "fs/namespace.hpp"
#include "fs/path_walk.hpp"
#include "syscalls/handlers.hpp"

namespace kernel {

Result<long> sys_linkat(Task& task, Fd olddirfd, UserString oldpath, Fd newdirfd, UserString newpath,
                        unsigned flags) {
    if ((flags & ~static_cast<unsigned>(AT_SYMLINK_FOLLOW | AT_EMPTY_PATH)) != 0) {
        return Errno(EINVAL);
    }
    const String old_text = TRY(oldpath.read_path());
    const LastSymlink last = (flags & AT_SYMLINK_FOLLOW) != 0 ? LastSymlink::Follow : LastSymlink::NoFollow;
    const EmptyPath empty = (flags & AT_EMPTY_PATH) != 0 ? EmptyPath::Start : EmptyPath::NoEntry;
    const Path target = TRY(resolve_path(task, olddirfd, old_text.view(), last, empty));
    const String new_text = TRY(newpath.read_path());
    TRY(make_link(task, target, newdirfd, new_text.view()));
    return 0;
}

Result<long> sys_symlinkat(Task& task, UserString target, Fd newdirfd, UserString linkpath) {
    const String text = TRY(target.read_path());
    if (text.is_empty()) {
        return Errno(ENOENT);
    }
    const String path = TRY(linkpath.read_path());
    TRY(make_symlink(task, text.view(), newdirfd, path.view()));
    return 0;
}

Result<long> sys_unlinkat(Task& task, Fd dirfd, UserString pathname, unsigned flags) {
    if ((flags & ~static_cast<unsigned>(AT_REMOVEDIR)) != 0) {
        return Errno(EINVAL);
    }
    const String path = TRY(pathname.read_path());
    if ((flags & AT_REMOVEDIR) != 0) {
        TRY(remove_directory(task, dirfd, path.view()));
    } else {
        TRY(remove_file(task, dirfd, path.view()));
    }
    return 0;
}

Result<long> sys_readlinkat(Task& task, Fd dirfd, UserString pathname, UserBuffer buffer, int size) {
    if (size <= 0) {
        return Errno(EINVAL);
    }
    const String text = TRY(pathname.read_path());
    // An empty path means the link that the descriptor was opened on (O_PATH | O_NOFOLLOW).
    const Path path = TRY(resolve_path(task, dirfd, text.view(), LastSymlink::NoFollow, EmptyPath::Start));
    if (!path.inode().is_symlink()) {
        return Errno(text.is_empty() ? ENOENT : EINVAL);
    }
    const String target = TRY(path.inode().read_link());
    note_access(path);
    const std::size_t length = std::min(target.size(), static_cast<std::size_t>(size));
    TRY(copy_to_user(buffer.address(), target.view().data(), length));
    return static_cast<long>(length);
}

}  // namespace kernel
