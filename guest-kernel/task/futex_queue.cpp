#include "task/futex_queue.hpp"

#include <array>

#include "mm/address_space.hpp"
#include "task/scheduler.hpp"
#include "task/task.hpp"

namespace kernel {

namespace {

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

}  // namespace

List<FutexWaiter>& futex_bucket(const FutexKey& key) {
    constexpr std::size_t kBuckets = 64;
    static std::array<List<FutexWaiter>, kBuckets> buckets;
    const std::uint64_t hash =
        (reinterpret_cast<std::uint64_t>(key.owner) >> 4 ^ key.offset >> 2) * 0x9e37'79b9'7f4a'7c15;
    return buckets[hash >> 58];
}

Result<FutexKey> futex_key(Task& task, UserAddress word, FutexScope scope) {
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
            return FutexKey{.owner = mapping->attributes.object.get(),
                            .offset = (mapping->page_index(place) << kPageShift) + (place & kPageMask)};
        }
        // Of private memory: a key of its own, which who waits with FUTEX_PRIVATE_FLAG has not
        // (FUT_OFF_MMSHARED).
        constexpr std::uint64_t kByShared = 2;
        return FutexKey{.owner = task.address_space.get(), .offset = word.value() | kByShared};
    }
    return FutexKey{.owner = task.address_space.get(), .offset = word.value()};
}

Result<std::uint32_t> load_futex(UserAddress word) {
    return UserIn<std::uint32_t>(word).read();
}

long wake_futex_key(const FutexKey& key, long count, std::uint32_t bitset) {
    List<FutexWaiter>& bucket = futex_bucket(key);
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

}  // namespace kernel
