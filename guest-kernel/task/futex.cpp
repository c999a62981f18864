#include "task/futex.hpp"

#include <linux/futex.h>

#include "lib/faults.hpp"
#include "mm/address_space.hpp"
#include "task/futex_pi.hpp"
#include "task/futex_queue.hpp"
#include "task/scheduler.hpp"
#include "task/task.hpp"

namespace kernel {

namespace {

// FUTEX_WAKE_OP's second word: what it becomes, and whether its old value says to wake there too.
struct WakeOperation {
    explicit WakeOperation(std::uint32_t encoded)
        : operation(encoded >> 28 & 7),
          shifts((encoded >> 28 & FUTEX_OP_OPARG_SHIFT) != 0),
          comparison(encoded >> 24 & 15),
          argument(sign_extend(encoded >> 12 & 0xfff)),
          compared(sign_extend(encoded & 0xfff)) {}

    static int sign_extend(std::uint32_t field) { return static_cast<int>(field << 20) >> 20; }

    Result<std::uint32_t> apply(std::uint32_t old) const {
        const std::uint32_t operand =
            shifts ? 1U << (static_cast<unsigned>(argument) & 31) : static_cast<std::uint32_t>(argument);
        switch (operation) {
            case FUTEX_OP_SET:
                return operand;
            case FUTEX_OP_ADD:
                return old + operand;
            case FUTEX_OP_OR:
                return old | operand;
            case FUTEX_OP_ANDN:
                return old & ~operand;
            case FUTEX_OP_XOR:
                return old ^ operand;
            default:
                return Errno(ENOSYS);
        }
    }

    Result<bool> compare(int old) const {
        switch (comparison) {
            case FUTEX_OP_CMP_EQ:
                return old == compared;
            case FUTEX_OP_CMP_NE:
                return old != compared;
            case FUTEX_OP_CMP_LT:
                return old < compared;
            case FUTEX_OP_CMP_LE:
                return old <= compared;
            case FUTEX_OP_CMP_GT:
                return old > compared;
            case FUTEX_OP_CMP_GE:
                return old >= compared;
            default:
                return Errno(ENOSYS);
        }
    }

    std::uint32_t operation;
    bool shifts;
    std::uint32_t comparison;
    int argument;
    int compared;
};

// One mutex of a robust list whose owner ends (Linux handle_futex_death).
void release_robust_mutex(Task& task, UserAddress word, bool has_inheritance, bool is_pending_operation) {
    if (word.value() % sizeof(std::uint32_t) != 0) {
        return;
    }
    const Result<std::uint32_t> value = load_futex(word);
    const Result<FutexKey> key = futex_key(task, word, FutexScope::Shared);
    if (value.is_error() || key.is_error()) {
        return;
    }
    // Who waits for a lock with priority inheritance gets it by release_pi_futexes.
    const auto wake_one = [&] {
        if (!has_inheritance) {
            wake_futex_key(key.value(), 1, FUTEX_BITSET_MATCH_ANY);
        }
    };
    if (is_pending_operation && value.value() == 0) {
        wake_one();
        return;
    }
    if ((value.value() & FUTEX_TID_MASK) != static_cast<std::uint32_t>(task.id)) {
        return;
    }
    (void)UserOut<std::uint32_t>(word).write((value.value() & FUTEX_WAITERS) | FUTEX_OWNER_DIED);
    if ((value.value() & FUTEX_WAITERS) != 0) {
        wake_one();
    }
}

// Who waits for a lock, or is to be requeued to one, is not to be woken or moved otherwise. EINVAL.
Result<void> check_plain(const FutexKey& key) {
    if (is_pi_futex(key)) {
        return Errno(EINVAL);
    }
    for (const FutexWaiter& waiter : futex_bucket(key)) {
        if (waiter.key == key && waiter.requeue_to != nullptr) {
            return Errno(EINVAL);
        }
    }
    return {};
}

}  // namespace

Result<long> wait_on_futex(Task& task, const FutexWait& request) {
    if (request.bitset == 0) {
        return Errno(EINVAL);
    }
    const FutexKey key = TRY(futex_key(task, request.word, request.scope));
    if (TRY(load_futex(request.word)) != request.expected) {
        return Errno(EAGAIN);
    }
    if (request.deadline.is_never() ? FAULT(futex_times_out_unasked) : FAULT(futex_times_out_early)) {
        return Errno(ETIMEDOUT);
    }
    FutexWaiter waiter(task, key, request.bitset);
    futex_bucket(key).push_back(waiter);
    for (;;) {
        const Result<void> slept = sleep_until(request.deadline);
        if (waiter.is_woken) {
            return FAULT(futex_wait_returns_one) ? 1 : 0;
        }
        if (!slept.is_error()) {
            continue;
        }
        if (slept.error() == Errno(ETIMEDOUT) || request.deadline.is_never()) {
            return slept.error();
        }
        task.restart = {.kind = RestartBlock::Kind::FutexWait,
                        .deadline = request.deadline.monotonic(),
                        .address = request.word.value(),
                        .value = request.expected,
                        .bitset = request.bitset,
                        .flags = request.scope == FutexScope::Shared};
        return Errno(ERESTART_RESTARTBLOCK);
    }
}

Result<long> wake_futex(Task& task, UserAddress word, FutexScope scope, long count, std::uint32_t bitset) {
    const FutexKey key = TRY(futex_key(task, word, scope));
    TRY(check_plain(key));
    return wake_futex_key(key, count, bitset);
}

Result<long> requeue_futex(Task& task, const FutexPair& request) {
    if (request.wake_count < 0 || request.second_count < 0) {
        return Errno(EINVAL);
    }
    const FutexKey from = TRY(futex_key(task, request.from, request.scope));
    const FutexKey to = TRY(futex_key(task, request.to, request.scope));
    if (request.expected.has_value() && TRY(load_futex(request.from)) != *request.expected) {
        return Errno(EAGAIN);
    }
    TRY(check_plain(from));
    const long handled = wake_futex_key(from, request.wake_count, FUTEX_BITSET_MATCH_ANY);
    List<FutexWaiter>& bucket = futex_bucket(from);
    long moved = 0;
    FutexWaiter* waiter = bucket.first();
    while (waiter != nullptr && moved < request.second_count) {
        FutexWaiter* next = bucket.next(*waiter);
        if (waiter->key == from) {
            waiter->key = to;
            if (!(from == to)) {
                futex_bucket(to).push_back(*waiter);
            }
            ++moved;
        }
        waiter = next;
    }
    return handled + moved;
}

Result<long> wake_futex_and_operate(Task& task, const FutexPair& request, std::uint32_t encoded) {
    const FutexKey first = TRY(futex_key(task, request.from, request.scope));
    const FutexKey second = TRY(futex_key(task, request.to, request.scope));
    const WakeOperation operation(encoded);
    // There is one CPU, and the kernel is not preempted: no program sees a state between load and store.
    const std::uint32_t old = TRY(load_futex(request.to));
    TRY(UserOut<std::uint32_t>(request.to).write(TRY(operation.apply(old))));
    long woken = wake_futex_key(first, request.wake_count, FUTEX_BITSET_MATCH_ANY);
    if (TRY(operation.compare(static_cast<int>(old)))) {
        woken += wake_futex_key(second, request.second_count, FUTEX_BITSET_MATCH_ANY);
    }
    return woken;
}

void clear_child_tid(Task& task) {
    const UserAddress word(std::exchange(task.clear_child_tid, 0));
    if (word.is_null() || task.address_space->reference_count() == 1) {
        return;
    }
    (void)UserOut<std::uint32_t>(word).write(0);
    if (FAULT(clear_tid_not_woken)) {
        return;
    }
    // FUTEX_WAKE without FUTEX_PRIVATE_FLAG, as Linux does.
    const Result<FutexKey> key = futex_key(task, word, FutexScope::Shared);
    if (!key.is_error()) {
        wake_futex_key(key.value(), 1, FUTEX_BITSET_MATCH_ANY);
    }
}

void walk_robust_list(Task& task) {
    if (task.robust_list == 0) {
        return;
    }
    const UserAddress list(std::exchange(task.robust_list, 0));
    const Result<robust_list_head> head = UserIn<robust_list_head>(list).read();
    if (head.is_error()) {
        return;
    }
    const auto offset = static_cast<std::uint64_t>(head.value().futex_offset);
    // Bit 0 marks a mutex with priority inheritance.
    const auto entry_of = [](const void* pointer) {
        return UserAddress(reinterpret_cast<std::uint64_t>(pointer) & ~1UL);
    };
    const auto has_inheritance = [](const void* pointer) {
        return (reinterpret_cast<std::uint64_t>(pointer) & 1) != 0;
    };
    const UserAddress pending = entry_of(head.value().list_op_pending);
    UserAddress entry = entry_of(head.value().list.next);
    bool is_inheriting = has_inheritance(head.value().list.next);
    for (int count = 0; entry != list && count < ROBUST_LIST_LIMIT; ++count) {
        const Result<struct robust_list> node = UserIn<struct robust_list>(entry).read();
        if (entry != pending) {
            release_robust_mutex(task, entry + offset, is_inheriting, false);
        }
        if (node.is_error()) {
            break;
        }
        entry = entry_of(node.value().next);
        is_inheriting = has_inheritance(node.value().next);
    }
    if (!pending.is_null()) {
        release_robust_mutex(task, pending + offset, has_inheritance(head.value().list_op_pending), true);
    }
}

Result<long> restart_futex_wait(Task& task) {
    const RestartBlock block = task.restart;
    return wait_on_futex(task, {.word = UserAddress(block.address),
                                .expected = block.value,
                                .bitset = block.bitset,
                                .scope = block.flags != 0 ? FutexScope::Shared : FutexScope::Private,
                                .deadline = Deadline::at(block.deadline)});
}

}  // namespace kernel
