// Who waits for which futex: what plain futexes, those with priority inheritance and vectors of them share
// (Linux kernel/futex/core.c).
#pragma once

#include <cstdint>

#include "lib/list.hpp"
#include "task/futex.hpp"

namespace kernel {

// Which word it is: an address in one address space, or a place in a mapped object.
struct FutexKey {
    const void* owner = nullptr;
    std::uint64_t offset = 0;
    bool operator==(const FutexKey&) const = default;
};

struct FutexWaiter : ListNode<> {
    FutexWaiter(Task& its_task, const FutexKey& its_key, std::uint32_t its_bitset)
        : task(its_task), key(its_key), bitset(its_bitset) {}
    Task& task;
    FutexKey key;
    std::uint32_t bitset;
    bool is_woken = false;
    // FUTEX_WAIT_REQUEUE_PI: where this is to move, and nowhere else; null: a plain waiter.
    const FutexKey* requeue_to = nullptr;
};

List<FutexWaiter>& futex_bucket(const FutexKey& key);
// EINVAL: not on a 4-byte boundary. EFAULT: no program's address, or a shared word that cannot be there.
Result<FutexKey> futex_key(Task& task, UserAddress word, FutexScope scope);
Result<std::uint32_t> load_futex(UserAddress word);
// Wakes up to `count` waiters whose bits meet `bitset`: how many.
long wake_futex_key(const FutexKey& key, long count, std::uint32_t bitset);

}  // namespace kernel
