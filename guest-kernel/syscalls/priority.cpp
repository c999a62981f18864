// getpriority, setpriority.
#include "syscalls/priority.hpp"

#include "syscalls/handlers.hpp"
#include "task/table.hpp"
#include "task/task.hpp"

namespace kernel {

namespace {

// man 2 getpriority: calls what for each task that `which` and `who` name. ESRCH: none.
template <typename Action>
Result<void> for_each_named(Task& caller, int which, int who, Action action) {
    bool found = false;
    for (Task& task : all_tasks()) {
        bool is_named = false;
        switch (which) {
            case 0:  // PRIO_PROCESS
                is_named = who == 0 ? &task == &caller : task.id == who;
                break;
            case 1:  // PRIO_PGRP
                is_named = task.process->group == (who == 0 ? caller.process->group : who);
                break;
            case 2:  // PRIO_USER
                is_named = task.credentials.user ==
                           (who == 0 ? caller.credentials.user : static_cast<std::uint32_t>(who));
                break;
            default:
                return Errno(EINVAL);
        }
        if (is_named) {
            found = true;
            TRY(action(task));
        }
    }
    return found ? Result<void>() : Result<void>(Errno(ESRCH));
}

constexpr int kNicest = 19;
constexpr int kRudest = -20;

}  // namespace

Result<long> sys_getpriority(Task& task, int which, int who) {
    int best = kNicest;
    TRY(for_each_named(task, which, who, [&](const Task& one) -> Result<void> {
        best = one.nice < best ? one.nice : best;
        return {};
    }));
    return 20 - best;  // 40 … 1: never negative
}

Result<long> sys_setpriority(Task& task, int which, int who, int priority) {
    int nice = priority > kNicest ? kNicest : priority;
    nice = nice < kRudest ? kRudest : nice;
    TRY(for_each_named(task, which, who, [&](Task& one) -> Result<void> {
        if (!task.credentials.has(CAP_SYS_NICE)) {
            if (!has_same_owner(task, one)) {
                return Errno(EPERM);
            }
            if (nice < one.nice && !may_be_as_nice_as(one, nice)) {
                return Errno(EACCES);
            }
        }
        one.nice = nice;
        return {};
    }));
    return 0;
}

}  // namespace kernel
