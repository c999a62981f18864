// futex, set_robust_list, get_robust_list.
#include <linux/futex.h>

#include "lib/faults.hpp"
#include "syscalls/handlers.hpp"
#include "task/futex.hpp"
#include "task/inspection.hpp"
#include "task/task.hpp"
#include "time/clock_setup.hpp"

namespace kernel {

namespace {

Result<Deadline> deadline_of(unsigned operation, bool is_realtime, UserAddress timeout) {
    if (timeout.is_null()) {
        return Deadline::never();
    }
    const Timespec time = Timespec::from_user(TRY(UserIn<__kernel_timespec>(timeout).read()));
    if (!time.is_valid()) {
        return Errno(EINVAL);
    }
    if (operation == FUTEX_WAIT) {
        return Deadline::after(time.to_nanoseconds());
    }
    const std::int64_t absolute = time.to_nanoseconds();
    return Deadline::at(is_realtime ? realtime_to_monotonic(absolute) : absolute);
}

}  // namespace

Result<long> sys_futex(Task& task, UserAddress word, unsigned op, unsigned value, unsigned long timeout,
                       UserAddress word2, unsigned value3) {
    const unsigned command = op & static_cast<unsigned>(FUTEX_CMD_MASK);
    const bool is_realtime = (op & FUTEX_CLOCK_REALTIME) != 0;
    const FutexScope scope = (op & FUTEX_PRIVATE_FLAG) != 0 ? FutexScope::Private : FutexScope::Shared;
    if ((is_realtime && command != FUTEX_WAIT_BITSET) ||
        (FAULT(futex_rejects_private) && scope == FutexScope::Private)) {
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
        default:
            return Errno(ENOSYS);  // priority inheritance
    }
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
