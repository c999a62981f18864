// Waiting for one of several futexes (Linux kernel/futex/waitwake.c, futex_wait_multiple).
#pragma once

#include <span>

#include "task/futex.hpp"

namespace kernel {

struct FutexInVector {
    UserAddress word;
    std::uint32_t expected;
    FutexScope scope;
};

// Which of them was woken. EAGAIN: one does not hold what is expected; ETIMEDOUT, ERESTARTSYS, EINVAL,
// EFAULT, ENOMEM.
Result<long> wait_on_futexes(Task& task, std::span<const FutexInVector> futexes, Deadline deadline);

}  // namespace kernel
