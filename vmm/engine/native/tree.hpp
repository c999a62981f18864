// Gives each recording a root directory of its own.
#pragma once

#include <string>

namespace levitate::vmm::native {

struct TreeFailure {
    const char* step = nullptr;  // nullptr: all is well; else the call that failed
    int error = 0;               // its errno
};

// Copies the directory `tree`, mounts /proc, /sys and /dev in the copy, and makes it the root of the calling
// process, in a mount namespace that ends with the process and its children. So nothing has to be cleaned up,
// and no other recording sees what the program does to its files. `mount_point` is any directory outside
// `tree`. Needs CAP_SYS_ADMIN. To be called in a process with one thread.
TreeFailure enter_fresh_tree(const std::string& tree, const std::string& mount_point);

}  // namespace levitate::vmm::native
