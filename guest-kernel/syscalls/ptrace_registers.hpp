// The sets of registers that PTRACE_GETREGSET and PTRACE_SETREGSET know.
#pragma once

#include <linux/uio.h>

#include "lib/result.hpp"
#include "mm/user_memory.hpp"

namespace kernel {

class Task;

// As much as there is room for in the program's vector, whose length becomes what was transferred. EINVAL: no
// such set, or a part of a register. Precondition: the task stands in a stop for its tracer.
Result<void> get_register_set(Task& tracee, unsigned type, UserInOut<iovec> vector);
Result<void> set_register_set(Task& tracee, unsigned type, UserInOut<iovec> vector);

}  // namespace kernel
