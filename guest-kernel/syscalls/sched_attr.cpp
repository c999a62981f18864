// sched_setattr, sched_getattr (Linux kernel/sched/core.c and deadline.c).
#include <linux/capability.h>
#include <linux/sched.h>
#include <linux/sched/types.h>

#include <cstddef>

#include "lib/vector.hpp"
#include "mm/page.hpp"
#include "syscalls/handlers.hpp"
#include "syscalls/priority.hpp"
#include "syscalls/sched.hpp"

namespace kernel {

namespace {

constexpr int kLowestNice = 19;
constexpr int kHighestNice = -20;

// E2BIG tells how large the structure is.
Errno too_big(UserIn<sched_attr> attributes) {
    const auto size = static_cast<std::uint32_t>(sizeof(sched_attr));
    const bool is_written =
        !UserOut<std::uint32_t>(attributes.address() + offsetof(sched_attr, size)).write(size).is_error();
    return Errno(is_written ? E2BIG : EFAULT);
}

// Linux sched_copy_attr: older and newer programs give other sizes; what is not known has to be 0.
Result<sched_attr> read_attributes(UserIn<sched_attr> attributes) {
    std::uint32_t size = TRY(UserIn<std::uint32_t>(attributes.address()).read());
    if (size == 0) {
        size = SCHED_ATTR_SIZE_VER0;
    }
    if (size < SCHED_ATTR_SIZE_VER0 || size > kPageSize) {
        return too_big(attributes);
    }
    sched_attr result{};
    TRY(copy_from_user(&result, attributes.address(), size < sizeof(result) ? size : sizeof(result)));
    for (std::size_t i = sizeof(result); i < size; ++i) {
        if (TRY(UserIn<char>(attributes.address()).read_at(i)) != 0) {
            return too_big(attributes);
        }
    }
    if ((result.sched_flags & SCHED_FLAG_UTIL_CLAMP) != 0 && size < SCHED_ATTR_SIZE_VER1) {
        return Errno(EINVAL);
    }
    result.size = size;
    result.sched_nice = result.sched_nice < kHighestNice  ? kHighestNice
                        : result.sched_nice > kLowestNice ? kLowestNice
                                                          : result.sched_nice;
    return result;
}

// Linux __checkparam_dl and, for this one CPU, sched_dl_overflow: 95 % may be given away. EINVAL, EBUSY.
Result<DeadlineParameters> deadline_of(const sched_attr& wanted) {
    constexpr std::uint64_t kLeastRuntime = 1024;
    constexpr std::uint64_t kTopBit = std::uint64_t{1} << 63;
    constexpr std::uint64_t kLeastPeriod = 100'000;       // sched_deadline_period_min_us
    constexpr std::uint64_t kMostPeriod = 4'194'304'000;  // sched_deadline_period_max_us
    const std::uint64_t period = wanted.sched_period != 0 ? wanted.sched_period : wanted.sched_deadline;
    if (wanted.sched_deadline == 0 || wanted.sched_runtime < kLeastRuntime ||
        ((wanted.sched_deadline | period) & kTopBit) != 0 || period < wanted.sched_deadline ||
        wanted.sched_deadline < wanted.sched_runtime || period < kLeastPeriod || period > kMostPeriod) {
        return Errno(EINVAL);
    }
    if (wanted.sched_runtime > period / 100 * 95) {
        return Errno(EBUSY);
    }
    return DeadlineParameters{.runtime = wanted.sched_runtime,
                              .deadline = wanted.sched_deadline,
                              .period = period,
                              .flags = wanted.sched_flags & (SCHED_FLAG_RECLAIM | SCHED_FLAG_DL_OVERRUN)};
}

Result<void> set_deadline(Task& task, Task& target, const sched_attr& wanted) {
    if (wanted.sched_priority != 0) {
        return Errno(EINVAL);
    }
    const DeadlineParameters parameters = TRY(deadline_of(wanted));
    if (!task.credentials.has(CAP_SYS_NICE)) {
        return Errno(EPERM);
    }
    target.policy = SCHED_DEADLINE;
    target.realtime_priority = 0;
    target.deadline = parameters;
    target.resets_policy_on_fork = (wanted.sched_flags & SCHED_FLAG_RESET_ON_FORK) != 0;
    return {};
}

bool is_fair(unsigned policy) {
    return policy == SCHED_NORMAL || policy == SCHED_BATCH || policy == SCHED_IDLE;
}

Result<void> set_attributes(Task& task, Task& target, sched_attr wanted) {
    const bool resets_on_fork = (wanted.sched_flags & SCHED_FLAG_KEEP_POLICY) != 0
                                    ? target.resets_policy_on_fork
                                    : (wanted.sched_flags & SCHED_FLAG_RESET_ON_FORK) != 0;
    if ((wanted.sched_flags & SCHED_FLAG_KEEP_POLICY) != 0) {
        wanted.sched_policy = static_cast<std::uint32_t>(target.policy);
    }
    if ((wanted.sched_flags & ~static_cast<std::uint64_t>(SCHED_FLAG_ALL)) != 0) {
        return Errno(EINVAL);
    }
    if ((wanted.sched_flags & SCHED_FLAG_UTIL_CLAMP) != 0) {
        return Errno(EOPNOTSUPP);  // Debian's kernel is built without it
    }
    if ((wanted.sched_flags & SCHED_FLAG_KEEP_PARAMS) != 0) {
        // Then the policy stays as well, whatever it says (Linux __sched_setscheduler).
        target.resets_policy_on_fork = resets_on_fork;
        return {};
    }
    if (wanted.sched_policy == SCHED_DEADLINE) {
        return set_deadline(task, target, wanted);
    }
    const bool changes_nice = is_fair(wanted.sched_policy) && wanted.sched_nice < target.nice;
    if (changes_nice && !may_be_as_nice_as(target, wanted.sched_nice) &&
        !task.credentials.has(CAP_SYS_NICE)) {
        return Errno(EPERM);
    }
    const int flags = resets_on_fork ? SCHED_RESET_ON_FORK : 0;
    TRY(change_policy(task, target, static_cast<int>(wanted.sched_policy) | flags,
                      static_cast<int>(wanted.sched_priority)));
    if (is_fair(wanted.sched_policy)) {
        target.nice = wanted.sched_nice;
    }
    return {};
}

sched_attr describe(const Task& task) {
    sched_attr result{};
    result.sched_policy = static_cast<std::uint32_t>(task.policy);
    result.sched_flags = task.resets_policy_on_fork ? SCHED_FLAG_RESET_ON_FORK : 0;
    if (task.policy == SCHED_DEADLINE) {
        result.sched_runtime = task.deadline.runtime;
        result.sched_deadline = task.deadline.deadline;
        result.sched_period = task.deadline.period;
        result.sched_flags |= task.deadline.flags;
    } else if (is_fair(result.sched_policy)) {
        result.sched_nice = task.nice;
    } else {
        result.sched_priority = static_cast<std::uint32_t>(task.realtime_priority);
    }
    return result;
}

}  // namespace

Result<long> sys_sched_setattr(Task& task, int pid, UserIn<sched_attr> attributes, unsigned flags) {
    if (attributes.is_null() || pid < 0 || flags != 0) {
        return Errno(EINVAL);
    }
    const sched_attr wanted = TRY(read_attributes(attributes));
    if (static_cast<std::int32_t>(wanted.sched_policy) < 0) {
        return Errno(EINVAL);
    }
    TRY(set_attributes(task, *TRY(scheduling_target(task, pid)), wanted));
    return 0;
}

Result<long> sys_sched_getattr(Task& task, int pid, UserBuffer attributes, unsigned size, unsigned flags) {
    if (attributes.is_null() || pid < 0 || size > kPageSize || size < SCHED_ATTR_SIZE_VER0 || flags != 0) {
        return Errno(EINVAL);
    }
    sched_attr result = describe(*TRY(scheduling_target(task, pid)));
    const std::size_t length = size < sizeof(result) ? size : sizeof(result);
    result.size = static_cast<std::uint32_t>(length);
    TRY(copy_to_user(attributes.address(), &result, length));
    return 0;
}

}  // namespace kernel
