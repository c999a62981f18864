// sched_* and getcpu: scheduling, as far as one CPU with equal turns can show it.
#include <linux/sched.h>

#include "syscalls/handlers.hpp"
#include "syscalls/priority.hpp"
#include "syscalls/sched.hpp"
#include "task/scheduler.hpp"
#include "task/table.hpp"
#include "task/task.hpp"

namespace kernel {

namespace {

constexpr std::uint64_t kAllCpus = 1;
constexpr int kHighestRealtime = 99;
constexpr int kLowestRealtime = 1;

bool is_realtime(int policy) {
    return policy == SCHED_FIFO || policy == SCHED_RR;
}

bool is_policy(int policy) {
    return is_realtime(policy) || policy == SCHED_NORMAL || policy == SCHED_BATCH || policy == SCHED_IDLE;
}

// Linux kernel/sched/core.c, user_check_sched_setscheduler.
bool needs_privilege(const Task& task, const Task& target, int policy, int priority, bool resets_on_fork) {
    const auto limit = target.process->limit(RLIMIT_RTPRIO).rlim_cur;
    if (is_realtime(policy) &&
        ((policy != target.policy && limit == 0) ||
         (priority > target.realtime_priority && static_cast<std::uint64_t>(priority) > limit))) {
        return true;
    }
    if (target.policy == SCHED_IDLE && policy != SCHED_IDLE && !may_be_as_nice_as(target, target.nice)) {
        return true;
    }
    return !has_same_owner(task, target) || (target.resets_policy_on_fork && !resets_on_fork);
}

int policy_with_flags(const Task& task) {
    return task.policy | (task.resets_policy_on_fork ? SCHED_RESET_ON_FORK : 0);
}

// For affinities a negative number is no error of its own: there is no such task.
Result<Ref<Task>> affinity_target_of(Task& task, int pid) {
    return pid == 0 ? Result<Ref<Task>>(Ref<Task>(&task)) : find_task(pid);
}

}  // namespace

Result<Ref<Task>> scheduling_target(Task& task, int pid) {
    if (pid < 0) {
        return Errno(EINVAL);
    }
    return pid == 0 ? Result<Ref<Task>>(Ref<Task>(&task)) : find_task(pid);
}

Result<void> change_policy(Task& task, Task& target, int wanted, int priority) {
    const bool resets_on_fork = (wanted & SCHED_RESET_ON_FORK) != 0;
    const int policy = wanted & ~SCHED_RESET_ON_FORK;
    if (!is_policy(policy)) {
        return Errno(EINVAL);
    }
    if (is_realtime(policy) ? priority < kLowestRealtime || priority > kHighestRealtime : priority != 0) {
        return Errno(EINVAL);
    }
    if (!task.credentials.has(CAP_SYS_NICE) &&
        needs_privilege(task, target, policy, priority, resets_on_fork)) {
        return Errno(EPERM);
    }
    target.policy = policy;
    target.deadline = {};
    target.realtime_priority = priority;
    target.resets_policy_on_fork = resets_on_fork;
    return {};
}

Result<long> sys_sched_yield(Task&) {
    scheduler::yield();
    return 0;
}

Result<long> sys_sched_getaffinity(Task& task, int pid, unsigned length, UserBuffer mask) {
    if (length * 8 < 1 || length % sizeof(std::uint64_t) != 0) {
        return Errno(EINVAL);
    }
    TRY(affinity_target_of(task, pid));
    TRY(copy_to_user(mask.address(), &kAllCpus, sizeof(kAllCpus)));
    return static_cast<long>(sizeof(kAllCpus));
}

Result<long> sys_sched_setaffinity(Task& task, int pid, unsigned length, UserBuffer mask) {
    std::uint64_t wanted = 0;
    TRY(copy_from_user(&wanted, mask.address(), length < sizeof(wanted) ? length : sizeof(wanted)));
    const Ref<Task> target = TRY(affinity_target_of(task, pid));
    if (!has_same_owner(task, *target) && !task.credentials.has(CAP_SYS_NICE)) {
        return Errno(EPERM);
    }
    return (wanted & kAllCpus) == 0 ? Result<long>(Errno(EINVAL)) : Result<long>(0);
}

Result<long> sys_sched_getscheduler(Task& task, int pid) {
    return policy_with_flags(*TRY(scheduling_target(task, pid)));
}

Result<long> sys_sched_setscheduler(Task& task, int pid, int policy, UserIn<sched_param> param) {
    if (policy < 0 || param.is_null()) {
        return Errno(EINVAL);
    }
    const sched_param value = TRY(param.read());
    TRY(change_policy(task, *TRY(scheduling_target(task, pid)), policy, value.sched_priority));
    return 0;
}

Result<long> sys_sched_getparam(Task& task, int pid, UserOut<sched_param> param) {
    if (param.is_null()) {
        return Errno(EINVAL);
    }
    TRY(param.write({.sched_priority = TRY(scheduling_target(task, pid))->realtime_priority}));
    return 0;
}

Result<long> sys_sched_setparam(Task& task, int pid, UserIn<sched_param> param) {
    if (param.is_null()) {
        return Errno(EINVAL);
    }
    const sched_param value = TRY(param.read());
    const Ref<Task> target = TRY(scheduling_target(task, pid));
    TRY(change_policy(task, *target, policy_with_flags(*target), value.sched_priority));
    return 0;
}

Result<long> sys_sched_get_priority_max(Task&, int policy) {
    if (is_realtime(policy)) {
        return kHighestRealtime;
    }
    return is_policy(policy) || policy == SCHED_DEADLINE ? Result<long>(0) : Result<long>(Errno(EINVAL));
}

Result<long> sys_sched_get_priority_min(Task&, int policy) {
    if (is_realtime(policy)) {
        return kLowestRealtime;
    }
    return is_policy(policy) || policy == SCHED_DEADLINE ? Result<long>(0) : Result<long>(Errno(EINVAL));
}

Result<long> sys_sched_rr_get_interval(Task& task, int pid, UserOut<__kernel_timespec> interval) {
    constexpr std::int64_t kRealtimeSlice = 100'000'000;  // RR_TIMESLICE
    std::int64_t slice = scheduler::kSlice;
    const int policy = TRY(scheduling_target(task, pid))->policy;
    if (is_realtime(policy)) {
        slice = policy == SCHED_RR ? kRealtimeSlice : 0;
    }
    TRY(interval.write(Timespec::from_nanoseconds(slice).to_user()));
    return 0;
}

Result<long> sys_getcpu(Task&, UserOut<unsigned> cpu, UserOut<unsigned> node, UserAddress) {
    if (!cpu.is_null()) {
        TRY(cpu.write(0));
    }
    if (!node.is_null()) {
        TRY(node.write(0));
    }
    return 0;
}

}  // namespace kernel
