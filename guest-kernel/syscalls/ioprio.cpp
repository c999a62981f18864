// ioprio_get, ioprio_set (Linux block/ioprio.c). Nothing here waits for a disk: priorities are kept,
// inherited and told.
#include <linux/ioprio.h>
#include <linux/sched.h>

#include "syscalls/handlers.hpp"
#include "syscalls/priority.hpp"
#include "task/table.hpp"
#include "task/task.hpp"

namespace kernel {

namespace {

unsigned class_of(int priority) {
    return static_cast<unsigned>(priority) >> IOPRIO_CLASS_SHIFT & 7U;
}

// Three bits, above which are hints for the disk.
unsigned level_of(int priority) {
    return static_cast<unsigned>(priority) & 7U;
}

// Linux ioprio_check_cap.
Result<void> check(const Task& task, int priority) {
    switch (class_of(priority)) {
        case IOPRIO_CLASS_RT:
            if (!task.credentials.has(CAP_SYS_ADMIN) && !task.credentials.has(CAP_SYS_NICE)) {
                return Errno(EPERM);
            }
            return {};
        case IOPRIO_CLASS_BE:
        case IOPRIO_CLASS_IDLE:
            return {};
        case IOPRIO_CLASS_NONE:
            return level_of(priority) == 0 ? Result<void>() : Result<void>(Errno(EINVAL));
        default:
            return Errno(EINVAL);
    }
}

bool is_named(const Task& task, const Task& caller, int which, int who) {
    switch (which) {
        case IOPRIO_WHO_PROCESS:
            return who == 0 ? &task == &caller : task.id == who;
        case IOPRIO_WHO_PGRP:
            return task.process->group == (who == 0 ? caller.process->group : who);
        default:
            return task.credentials.user == static_cast<std::uint32_t>(who);
    }
}

// Calls the action for each task that `which` and `who` name; those of a group from the newest on, as Linux
// keeps them. ESRCH: none; EINVAL.
template <typename Action>
Result<void> for_each_ioprio_target(Task& caller, int which, int who, Action action) {
    if (which != IOPRIO_WHO_PROCESS && which != IOPRIO_WHO_PGRP && which != IOPRIO_WHO_USER) {
        return Errno(EINVAL);
    }
    Vector<Ref<Task>> named;
    for (Task& task : all_tasks()) {
        if (is_named(task, caller, which, who)) {
            TRY(named.insert(which == IOPRIO_WHO_PGRP ? 0 : named.size(), Ref<Task>(&task)));
        }
    }
    for (const Ref<Task>& task : named) {
        TRY(action(*task));
    }
    return named.is_empty() ? Result<void>(Errno(ESRCH)) : Result<void>();
}

// What a task without a priority of its own has: its nice value says it (Linux __get_task_ioprio).
int effective_priority(const Task& task) {
    if (class_of(task.io_priority) != IOPRIO_CLASS_NONE) {
        return task.io_priority;
    }
    unsigned kind = IOPRIO_CLASS_BE;
    if (task.policy == SCHED_IDLE) {
        kind = IOPRIO_CLASS_IDLE;
    } else if (task.policy == SCHED_FIFO || task.policy == SCHED_RR || task.policy == SCHED_DEADLINE) {
        kind = IOPRIO_CLASS_RT;
    }
    return static_cast<int>(kind << IOPRIO_CLASS_SHIFT) | (task.nice + 20) / 5;
}

}  // namespace

Result<long> sys_ioprio_set(Task& task, int which, int who, int priority) {
    TRY(check(task, priority));
    TRY(for_each_ioprio_target(task, which, who, [&](Task& one) -> Result<void> {
        const Credentials& mine = task.credentials;
        const std::uint32_t user = one.credentials.user;
        if (user != mine.effective_user && user != mine.user && !mine.has(CAP_SYS_NICE)) {
            return Errno(EPERM);
        }
        one.io_priority = one.has_ended() ? one.io_priority : priority;
        return {};
    }));
    return 0;
}

// Of one task what was set is told; of several, the best that one has. User 0 is the caller's here, and root
// where priorities are set.
Result<long> sys_ioprio_get(Task& task, int which, int who) {
    int best = INT32_MAX;
    if (which == IOPRIO_WHO_USER && who == 0) {
        who = static_cast<int>(task.credentials.user);
    }
    TRY(for_each_ioprio_target(task, which, who, [&](const Task& one) -> Result<void> {
        const int priority = which == IOPRIO_WHO_PROCESS ? one.io_priority : effective_priority(one);
        best = priority < best ? priority : best;
        return {};
    }));
    return best;
}

}  // namespace kernel
