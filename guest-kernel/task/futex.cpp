#include "task/futex.hpp"

#include <linux/futex.h>

#include <array>

#include "lib/faults.hpp"
#include "mm/address_space.hpp"
#include "task/scheduler.hpp"
#include "task/task.hpp"

namespace kernel {

namespace {

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

// Is there a page that a shared futex can stand on? One that can only be read will never change if it is
// private memory, so that is an error too (Linux kernel/futex/core.c, get_futex_key).
Result<void> check_shared_word(AddressSpace& space, std::uint64_t address) {
    if (space.resolve_fault(address, Access::Write) == FaultResult::Resolved) {
        return {};
    }
    const Mapping* mapping = space.find(address);
    const bool is_private_memory = mapping != nullptr && !mapping->attributes.object;
    if (is_private_memory || space.resolve_fault(address, Access::Read) != FaultResult::Resolved) {
        return Errno(EFAULT);
    }
    return {};
}

// EINVAL: not on a 4-byte boundary. EFAULT: no program's address, or a shared word that cannot be there.
Result<Key> key_of(Task& task, UserAddress word, FutexScope scope) {
    if (word.value() % sizeof(std::uint32_t) != 0) {
        return Errno(EINVAL);
    }
    if (!is_user_range(word, sizeof(std::uint32_t))) {
        return Errno(EFAULT);
    }
    if (scope == FutexScope::Shared) {
        const std::uint64_t place = word.without_tag().value();
        TRY(check_shared_word(*task.address_space, place));
        const Mapping* mapping = task.address_space->shared_mapping_of(place);
        if (mapping != nullptr) {
            return Key{.owner = mapping->attributes.object.get(),
                       .offset = (mapping->page_index(place) << kPageShift) + (place & kPageMask)};
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
void release_robust_mutex(Task& task, UserAddress word, bool is_pending_operation) {
    if (word.value() % sizeof(std::uint32_t) != 0) {
        return;
    }
    const Result<std::uint32_t> value = load(word);
    const Result<Key> key = key_of(task, word, FutexScope::Shared);
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

Result<long> wait_on_futex(Task& task, const FutexWait& request) {
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
                        .flags = request.scope == FutexScope::Shared};
        return Errno(ERESTART_RESTARTBLOCK);
    }
}

Result<long> wake_futex(Task& task, UserAddress word, FutexScope scope, long count, std::uint32_t bitset) {
    return wake(TRY(key_of(task, word, scope)), count, bitset);
}

Result<long> requeue_futex(Task& task, const FutexPair& request) {
    if (request.wake_count < 0 || request.second_count < 0) {
        return Errno(EINVAL);
    }
    const Key from = TRY(key_of(task, request.from, request.scope));
    const Key to = TRY(key_of(task, request.to, request.scope));
    if (request.expected.has_value() && TRY(load(request.from)) != *request.expected) {
        return Errno(EAGAIN);
    }
    const long handled = wake(from, request.wake_count, FUTEX_BITSET_MATCH_ANY);
    List<FutexWaiter>& bucket = bucket_of(from);
    long moved = 0;
    FutexWaiter* waiter = bucket.first();
    while (waiter != nullptr && moved < request.second_count) {
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

Result<long> wake_futex_and_operate(Task& task, const FutexPair& request, std::uint32_t encoded) {
    const Key first = TRY(key_of(task, request.from, request.scope));
    const Key second = TRY(key_of(task, request.to, request.scope));
    const WakeOperation operation(encoded);
    // There is one CPU, and the kernel is not preempted: no program sees a state between load and store.
    const std::uint32_t old = TRY(load(request.to));
    TRY(UserOut<std::uint32_t>(request.to).write(TRY(operation.apply(old))));
    long woken = wake(first, request.wake_count, FUTEX_BITSET_MATCH_ANY);
    if (TRY(operation.compare(static_cast<int>(old)))) {
        woken += wake(second, request.second_count, FUTEX_BITSET_MATCH_ANY);
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
    // FUTEX_WAKE without FUTEX_PRIVATE_FLAG, as Linux does; threads wait with either.
    const Result<Key> key = key_of(task, word, FutexScope::Shared);
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
    // Bit 0 marks a mutex with priority inheritance, which is not supported.
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
    return wait_on_futex(task, {.word = UserAddress(block.address),
                                .expected = block.value,
                                .bitset = block.bitset,
                                .scope = block.flags != 0 ? FutexScope::Shared : FutexScope::Private,
                                .deadline = Deadline::at(block.deadline)});
}

}  // namespace kernel
