// What restart_syscall goes on with after a signal has interrupted nanosleep.
#pragma once

#include "lib/result.hpp"

namespace kernel {

class Task;

Result<long> restart_nanosleep(Task& task);

}  // namespace kernel
