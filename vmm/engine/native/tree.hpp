// A root of its own for each recording.
#pragma once

#include <string>

namespace levitate::vmm::native {

struct TreeFailure {
    const char* step = nullptr;  // nullptr: all is well. Else the call that failed
    int error = 0;               // its errno
};

// Makes a copy of the directory `tree`, with /proc, /sys and /dev mounted in it, the root of the calling
// process, in a mount namespace that ends with it and its children: nothing has to be cleaned up, and what
// the program does to its files is seen by no other recording. `mount_point` is any directory outside `tree`.
// Needs CAP_SYS_ADMIN. To be called in a process with one thread.
TreeFailure enter_fresh_tree(const std::string& tree, const std::string& mount_point);

}  // namespace levitate::vmm::native
