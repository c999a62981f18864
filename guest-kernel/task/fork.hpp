// New tasks.
#pragma once

#include <cstdint>

#include "lib/result.hpp"
#include "mm/user_memory.hpp"

namespace kernel {

class Task;

// The request of clone or clone3, in one form for both.
struct CloneRequest {
    std::uint64_t flags = 0;  // CLONE_*, without the exit signal
    int exit_signal = 0;
    std::uint64_t stack = 0;  // the child's SP; 0: the parent's
    std::uint64_t tls = 0;
    UserAddress parent_tid;
    UserAddress child_tid;
    UserAddress pidfd;
};

// The child's number. As Linux kernel/fork.c, kernel_clone: EINVAL, EAGAIN, ENOMEM, EFAULT (pidfd).
Result<long> clone_task(Task& parent, const CloneRequest& request);

}  // namespace kernel
