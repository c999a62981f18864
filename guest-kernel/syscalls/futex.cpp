// futex, set_robust_list, get_robust_list.
#include <linux/futex.h>
#include <linux/time.h>

#include "lib/faults.hpp"
#include "syscalls/handlers.hpp"
#include "syscalls/poll_wait.hpp"
#include "task/futex.hpp"
#include "task/futex_pi.hpp"
#include "task/futex_vector.hpp"
#include "task/inspection.hpp"
#include "task/task.hpp"
#include "time/clock_setup.hpp"

namespace kernel {

namespace {

// FUTEX_WAIT's time is a length, that of other operations a point of a clock.
Result<Deadline> deadline_of(unsigned operation, bool is_realtime, UserAddress timeout) {
    if (timeout.is_null() || operation == FUTEX_WAIT) {
        return deadline_of(UserIn<__kernel_timespec>(timeout));
    }
    const std::int64_t absolute = TRY(read_time(UserIn<__kernel_timespec>(timeout)));
    return Deadline::at(is_realtime ? realtime_to_monotonic(absolute) : absolute);
}

}  // namespace

Result<long> sys_futex(Task& task, UserAddress word, unsigned op, unsigned value, unsigned long timeout,
                       UserAddress word2, unsigned value3) {
    const unsigned command = op & static_cast<unsigned>(FUTEX_CMD_MASK);
    const bool is_realtime = (op & FUTEX_CLOCK_REALTIME) != 0;
    const FutexScope scope = (op & FUTEX_PRIVATE_FLAG) != 0 ? FutexScope::Private : FutexScope::Shared;
    const bool may_be_realtime =
        command == FUTEX_WAIT_BITSET || command == FUTEX_WAIT_REQUEUE_PI || command == FUTEX_LOCK_PI2;
    if (is_realtime && (command == FUTEX_WAIT || command == FUTEX_LOCK_PI) && timeout != 0) {
        TRY(read_time(UserIn<__kernel_timespec>(UserAddress(timeout))));  // before the flag is refused
    }
    if ((is_realtime && !may_be_realtime) || (FAULT(futex_rejects_private) && scope == FutexScope::Private)) {
        return Errno(ENOSYS);
    }
    const FutexPair words{.from = word,
                          .to = word2,
                          .scope = scope,
                          .wake_count = static_cast<int>(value),
                          .second_count = static_cast<int>(timeout),
                          .expected = std::nullopt};
    switch (command) {
        case FUTEX_WAIT:
        case FUTEX_WAIT_BITSET:
            return wait_on_futex(task,
                                 {.word = word,
                                  .expected = value,
                                  .bitset = command == FUTEX_WAIT ? FUTEX_BITSET_MATCH_ANY : value3,
                                  .scope = scope,
                                  .deadline = TRY(deadline_of(command, is_realtime, UserAddress(timeout)))});
        case FUTEX_WAKE:
        case FUTEX_WAKE_BITSET: {
            const std::uint32_t bitset = command == FUTEX_WAKE ? FUTEX_BITSET_MATCH_ANY : value3;
            if (bitset == 0) {
                return Errno(EINVAL);
            }
            // At least one is woken, whatever the number says (Linux futex_wake).
            const int count = static_cast<int>(value) < 1 ? 1 : static_cast<int>(value);
            const long woken = TRY(wake_futex(task, word, scope, count, bitset));
            return FAULT(futex_wake_too_many) ? count + 1L : woken;
        }
        case FUTEX_REQUEUE:
            return requeue_futex(task, words);
        case FUTEX_CMP_REQUEUE: {
            FutexPair compared = words;
            compared.expected = value3;
            return requeue_futex(task, compared);
        }
        case FUTEX_WAKE_OP:
            return wake_futex_and_operate(task, words, value3);
        case FUTEX_LOCK_PI:
        case FUTEX_LOCK_PI2: {
            const bool by_wall_clock = is_realtime || command == FUTEX_LOCK_PI;
            return lock_pi_futex(task, word, scope,
                                 TRY(deadline_of(command, by_wall_clock, UserAddress(timeout))), false);
        }
        case FUTEX_TRYLOCK_PI:
            return lock_pi_futex(task, word, scope, Deadline::never(), true);
        case FUTEX_UNLOCK_PI:
            return unlock_pi_futex(task, word, scope);
        case FUTEX_WAIT_REQUEUE_PI:
            return wait_for_pi_requeue(
                task,
                {.word = word,
                 .expected = value,
                 .bitset = FUTEX_BITSET_MATCH_ANY,
                 .scope = scope,
                 .deadline = TRY(deadline_of(command, is_realtime, UserAddress(timeout)))},
                word2);
        case FUTEX_CMP_REQUEUE_PI: {
            FutexPair compared = words;
            compared.expected = value3;
            return requeue_to_pi_futex(task, compared);
        }
        default:
            return Errno(ENOSYS);
    }
}

// Linux kernel/futex/syscalls.c.
Result<long> sys_futex_waitv(Task& task, UserIn<futex_waitv> waiters, unsigned count, unsigned flags,
                             UserIn<__kernel_timespec> timeout, int clock) {
    constexpr unsigned kKnownFlags = FUTEX_32 | FUTEX_PRIVATE_FLAG;
    if (flags != 0 || count == 0 || count > FUTEX_WAITV_MAX || waiters.is_null()) {
        return Errno(EINVAL);
    }
    Deadline deadline = Deadline::never();
    if (!timeout.is_null()) {
        if (clock != CLOCK_REALTIME && clock != CLOCK_MONOTONIC) {
            return Errno(EINVAL);
        }
        deadline = TRY(deadline_of(FUTEX_WAIT_BITSET, clock == CLOCK_REALTIME, timeout.address()));
    }
    Vector<FutexInVector> futexes;
    TRY(futexes.resize(count));
    for (unsigned i = 0; i < count; ++i) {
        const futex_waitv waiter = TRY(waiters.read_at(i));
        if ((waiter.flags & ~kKnownFlags) != 0 || waiter.__reserved != 0 || (waiter.flags & FUTEX_32) == 0) {
            return Errno(EINVAL);
        }
        futexes[i] = {
            .word = UserAddress(waiter.uaddr),
            .expected = static_cast<std::uint32_t>(waiter.val),
            .scope = (waiter.flags & FUTEX_PRIVATE_FLAG) != 0 ? FutexScope::Private : FutexScope::Shared};
    }
    return wait_on_futexes(task, futexes.span(), deadline);
}

Result<long> sys_set_robust_list(Task& task, UserAddress head, std::size_t length) {
    if (length != sizeof(robust_list_head)) {
        return Errno(EINVAL);
    }
    task.robust_list = head.value();
    return 0;
}

Result<long> sys_get_robust_list(Task& task, int pid, UserOut<std::uint64_t> head,
                                 UserOut<std::uint64_t> length) {
    const Ref<Task> target = pid == 0 ? Ref<Task>(&task) : TRY(find_task(pid));
    if (!may_inspect(task, *target)) {
        return Errno(EPERM);
    }
    TRY(length.write(sizeof(robust_list_head)));
    TRY(head.write(target->robust_list));
    return 0;
}

}  // namespace kernel
