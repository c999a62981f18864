// How the *at calls on a file's attributes find it.
#pragma once

#include <linux/fcntl.h>

#include "fs/path_walk.hpp"
#include "mm/user_memory.hpp"

namespace kernel {

// AT_SYMLINK_NOFOLLOW and AT_EMPTY_PATH.
inline LastSymlink last_symlink(unsigned at_flags) {
    return (at_flags & AT_SYMLINK_NOFOLLOW) != 0 ? LastSymlink::NoFollow : LastSymlink::Follow;
}

inline EmptyPath empty_path(unsigned at_flags) {
    return (at_flags & AT_EMPTY_PATH) != 0 ? EmptyPath::Start : EmptyPath::NoEntry;
}

inline Result<Path> path_at(Task& task, Fd dirfd, UserString pathname, unsigned at_flags) {
    const String text = TRY(pathname.read_path());
    return resolve_path(task, dirfd, text.view(), last_symlink(at_flags), empty_path(at_flags));
}

}  // namespace kernel
