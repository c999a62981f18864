// What the waiting calls of the poll family share.
#pragma once

#include "lib/user.hpp"
#include "signal/temporary_mask.hpp"
#include "syscalls/structures.hpp"

namespace kernel {

class Task;

// For the rest of the call, the mask that a program gave. Nothing for a null pointer. EINVAL: the size is not
// that of the kernel's set; EFAULT.
Result<void> use_temporary_mask(Task& task, UserIn<kernel_sigset_t> mask, std::size_t size);

}  // namespace kernel
