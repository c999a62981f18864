// What the sched_ calls share.
#pragma once

#include "task/task.hpp"

namespace kernel {

// 0: the caller. EINVAL: a negative number; ESRCH.
Result<Ref<Task>> scheduling_target(Task& task, int pid);
// sched_setscheduler: `wanted` may have SCHED_RESET_ON_FORK. EINVAL, EPERM.
Result<void> change_policy(Task& task, Task& target, int wanted, int priority);

}  // namespace kernel
