#include "task/futex.hpp"

#include <linux/futex.h>

#include <array>

#include "lib/faults.hpp"
#include "mm/address_space.hpp"
#include "syscalls/handlers.hpp"
#include "task/scheduler.hpp"
#include "task/task.hpp"
#include "time/clock_setup.hpp"

namespace kernel {

namespace {

enum class Scope { Private, Shared };

// Which word it is: an address in one address space, or a place in a mapped object.
struct Key {
    const void* owner = nullptr;
    std::uint64_t offset = 0;
    bool operator==(const Key&) const = default;
};

struct FutexWaiter : ListNode<> {
    FutexWaiter(Task& its_task, const Key& its_key, std::uint32_t its_bitset)
        : task(its_task), key(its_key), bitset(its_bitset) {}
    Task& task;
    Key key;
    std::uint32_t bitset;
    bool is_woken = false;
};

constexpr std::size_t kBuckets = 64;

List<FutexWaiter>& bucket_of(const Key& key) {
    static std::array<List<FutexWaiter>, kBuckets> buckets;
    const std::uint64_t hash =
        (reinterpret_cast<std::uint64_t>(key.owner) >> 4 ^ key.offset >> 2) * 0x9e37'79b9'7f4a'7c15;
    return buckets[hash >> 58];
}

// EINVAL: not on a 4-byte boundary. EFAULT: no program's address.
Result<Key> key_of(Task& task, UserAddress word, Scope scope) {
    if (word.value() % sizeof(std::uint32_t) != 0) {
        return Errno(EINVAL);
    }
    if (word.value() >= AddressSpace::kUserEnd) {
        return Errno(EFAULT);
    }
    if (scope == Scope::Shared) {
        if (task.address_space->find(word.value()) == nullptr) {
            return Errno(EFAULT);
        }
        const Mapping* mapping = task.address_space->shared_mapping_of(word.value());
        if (mapping != nullptr) {
            return Key{
                .owner = mapping->attributes.object.get(),
                .offset = (mapping->page_index(word.value()) << kPageShift) + (word.value() & kPageMask)};
        }
    }
    return Key{.owner = task.address_space.get(), .offset = word.value()};
}

Result<std::uint32_t> load(UserAddress word) {
    return UserIn<std::uint32_t>(word).read();
}

long wake(const Key& key, long count, std::uint32_t bitset) {
    List<FutexWaiter>& bucket = bucket_of(key);
    long woken = 0;
    FutexWaiter* waiter = bucket.first();
    while (waiter != nullptr && woken < count) {
        FutexWaiter* next = bucket.next(*waiter);
        if (waiter->key == key && (waiter->bitset & bitset) != 0) {
            waiter->unlink();
            waiter->is_woken = true;
            scheduler::make_runnable(waiter->task);
            ++woken;
        }
        waiter = next;
    }
    return woken;
}

struct WaitRequest {
    UserAddress word;
    std::uint32_t expected;
    std::uint32_t bitset;
    Scope scope;
    Deadline deadline;
};

Result<long> wait(Task& task, const WaitRequest& request) {
    if (request.bitset == 0) {
        return Errno(EINVAL);
    }
    const Key key = TRY(key_of(task, request.word, request.scope));
    if (TRY(load(request.word)) != request.expected) {
        return Errno(EAGAIN);
    }
    if (request.deadline.is_never() ? FAULT(futex_times_out_unasked) : FAULT(futex_times_out_early)) {
        return Errno(ETIMEDOUT);
    }
    FutexWaiter waiter(task, key, request.bitset);
    bucket_of(key).push_back(waiter);
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
                        .flags = request.scope == Scope::Shared};
        return Errno(ERESTART_RESTARTBLOCK);
    }
}

struct RequeueRequest {
    UserAddress from;
    UserAddress to;
    Scope scope;
    int wake_count;
    int requeue_count;
    std::optional<std::uint32_t> expected;
};

Result<long> requeue(Task& task, const RequeueRequest& request) {
    if (request.wake_count < 0 || request.requeue_count < 0) {
        return Errno(EINVAL);
    }
    const Key from = TRY(key_of(task, request.from, request.scope));
    const Key to = TRY(key_of(task, request.to, request.scope));
    if (request.expected.has_value() && TRY(load(request.from)) != *request.expected) {
        return Errno(EAGAIN);
    }
    long handled = wake(from, request.wake_count, FUTEX_BITSET_MATCH_ANY);
    List<FutexWaiter>& bucket = bucket_of(from);
    long moved = 0;
    FutexWaiter* waiter = bucket.first();
    while (waiter != nullptr && moved < request.requeue_count) {
        FutexWaiter* next = bucket.next(*waiter);
        if (waiter->key == from) {
            waiter->key = to;
            if (!(from == to)) {
                bucket_of(to).push_back(*waiter);
            }
            ++moved;
        }
        waiter = next;
    }
    return handled + moved;
}

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

Result<long> wake_op(Task& task, const RequeueRequest& words, std::uint32_t encoded) {
    const Key first = TRY(key_of(task, words.from, words.scope));
    const Key second = TRY(key_of(task, words.to, words.scope));
    const WakeOperation operation(encoded);
    // One CPU, not preempted here: load and store are one step for every program.
    const std::uint32_t old = TRY(load(words.to));
    TRY(UserOut<std::uint32_t>(words.to).write(TRY(operation.apply(old))));
    long woken = wake(first, words.wake_count, FUTEX_BITSET_MATCH_ANY);
    if (TRY(operation.compare(static_cast<int>(old)))) {
        woken += wake(second, words.requeue_count, FUTEX_BITSET_MATCH_ANY);
    }
    return woken;
}

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

// One mutex of a robust list whose owner ends (Linux handle_futex_death).
void release_robust_mutex(Task& task, UserAddress word, bool is_pending_operation) {
    if (word.value() % sizeof(std::uint32_t) != 0) {
        return;
    }
    const Result<std::uint32_t> value = load(word);
    const Result<Key> key = key_of(task, word, Scope::Shared);
    if (value.is_error() || key.is_error()) {
        return;
    }
    const Key private_key{.owner = task.address_space.get(), .offset = word.value()};
    const auto wake_one = [&] {
        if (wake(key.value(), 1, FUTEX_BITSET_MATCH_ANY) == 0) {
            wake(private_key, 1, FUTEX_BITSET_MATCH_ANY);
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

}  // namespace

void clear_child_tid(Task& task) {
    const UserAddress word(std::exchange(task.clear_child_tid, 0));
    if (word.is_null() || task.address_space->reference_count() == 1) {
        return;
    }
    (void)UserOut<std::uint32_t>(word).write(0);
    if (FAULT(clear_tid_not_woken)) {
        return;
    }
    // FUTEX_WAKE without FUTEX_PRIVATE_FLAG, as Linux does; threads wait with either.
    const Result<Key> key = key_of(task, word, Scope::Shared);
    if (!key.is_error()) {
        wake(key.value(), 1, FUTEX_BITSET_MATCH_ANY);
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
    // Bit 0 marks a mutex with priority inheritance, which is not offered here.
    const auto entry_of = [](const void* pointer) {
        return UserAddress(reinterpret_cast<std::uint64_t>(pointer) & ~1UL);
    };
    const UserAddress pending = entry_of(head.value().list_op_pending);
    UserAddress entry = entry_of(head.value().list.next);
    for (int count = 0; entry != list && count < ROBUST_LIST_LIMIT; ++count) {
        const Result<struct robust_list> node = UserIn<struct robust_list>(entry).read();
        if (entry != pending) {
            release_robust_mutex(task, entry + offset, false);
        }
        if (node.is_error()) {
            break;
        }
        entry = entry_of(node.value().next);
    }
    if (!pending.is_null()) {
        release_robust_mutex(task, pending + offset, true);
    }
}

Result<long> restart_futex_wait(Task& task) {
    const RestartBlock block = task.restart;
    return wait(task, {.word = UserAddress(block.address),
                       .expected = block.value,
                       .bitset = block.bitset,
                       .scope = block.flags != 0 ? Scope::Shared : Scope::Private,
                       .deadline = Deadline::at(block.deadline)});
}

Result<long> sys_futex(Task& task, UserAddress word, unsigned op, unsigned value, unsigned long timeout,
                       UserAddress word2, unsigned value3) {
    const unsigned command = op & static_cast<unsigned>(FUTEX_CMD_MASK);
    const bool is_realtime = (op & FUTEX_CLOCK_REALTIME) != 0;
    const Scope scope = (op & FUTEX_PRIVATE_FLAG) != 0 ? Scope::Private : Scope::Shared;
    if ((is_realtime && command != FUTEX_WAIT_BITSET) ||
        (FAULT(futex_rejects_private) && scope == Scope::Private)) {
        return Errno(ENOSYS);
    }
    const RequeueRequest words{.from = word,
                               .to = word2,
                               .scope = scope,
                               .wake_count = static_cast<int>(value),
                               .requeue_count = static_cast<int>(timeout),
                               .expected = std::nullopt};
    switch (command) {
        case FUTEX_WAIT:
        case FUTEX_WAIT_BITSET:
            return wait(task, {.word = word,
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
            const Key key = TRY(key_of(task, word, scope));
            // At least one is woken, whatever the number says (Linux futex_wake).
            const int count = static_cast<int>(value) < 1 ? 1 : static_cast<int>(value);
            const long woken = wake(key, count, bitset);
            return FAULT(futex_wake_too_many) ? count + 1L : woken;
        }
        case FUTEX_REQUEUE:
            return requeue(task, words);
        case FUTEX_CMP_REQUEUE: {
            RequeueRequest compared = words;
            compared.expected = value3;
            return requeue(task, compared);
        }
        case FUTEX_WAKE_OP:
            return wake_op(task, words, value3);
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
    TRY(length.write(sizeof(robust_list_head)));
    TRY(head.write(target->robust_list));
    return 0;
}

}  // namespace kernel
