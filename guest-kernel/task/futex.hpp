// Futexes (man 2 futex; Linux kernel/futex/).
#pragma once

#include <cstdint>

#include "lib/result.hpp"
#include "lib/user.hpp"

namespace kernel {

class Task;

// A thread's end, or execve: the word behind CLONE_CHILD_CLEARTID becomes 0 and one waiter wakes, if anybody
// is left who could wait.
void clear_child_tid(Task& task);
// A thread's end: the mutexes it holds pass to whoever waits for them, marked FUTEX_OWNER_DIED.
void walk_robust_list(Task& task);
// restart_syscall after an interrupted wait.
Result<long> restart_futex_wait(Task& task);

}  // namespace kernel
