// Sleeping calls that a signal can interrupt and restart_syscall goes on with.
#pragma once

#include "lib/result.hpp"

namespace kernel {

class Task;

Result<long> restart_nanosleep(Task& task);

}  // namespace kernel
