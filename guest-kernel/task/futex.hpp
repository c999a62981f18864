// Futexes (man 2 futex; Linux kernel/futex/).
#pragma once

#include <cstdint>
#include <optional>

#include "lib/result.hpp"
#include "mm/user_memory.hpp"
#include "time/clock.hpp"

namespace kernel {

class Task;

// Private: FUTEX_PRIVATE_FLAG, the word is the address space's. Shared: it is the mapped object's, if there
// is one.
enum class FutexScope { Private, Shared };

struct FutexWait {
    UserAddress word;
    std::uint32_t expected;
    std::uint32_t bitset;
    FutexScope scope;
    Deadline deadline;
};

// Two words: one whose waiters are woken, and one to which others move or whose waiters are woken as well.
struct FutexPair {
    UserAddress from;
    UserAddress to;
    FutexScope scope;
    int wake_count;
    int second_count;  // how many move, or are woken at the second word
    std::optional<std::uint32_t> expected;
};

// Sleeps while the word holds what is expected. EAGAIN: it does not; EINVAL: no bitset; ETIMEDOUT. A signal
// restarts the call, through restart_syscall if there is a deadline.
Result<long> wait_on_futex(Task& task, const FutexWait& request);
// How many have been woken. EINVAL, EFAULT: no futex's address.
Result<long> wake_futex(Task& task, UserAddress word, FutexScope scope, long count, std::uint32_t bitset);
// FUTEX_REQUEUE and FUTEX_CMP_REQUEUE: how many have been woken and moved.
Result<long> requeue_futex(Task& task, const FutexPair& request);
// FUTEX_WAKE_OP: `encoded` says what becomes of the second word, and when to wake there.
Result<long> wake_futex_and_operate(Task& task, const FutexPair& request, std::uint32_t encoded);

// A thread's end, or execve: the word behind CLONE_CHILD_CLEARTID becomes 0 and one waiter wakes, if anybody
// is left who could wait.
void clear_child_tid(Task& task);
// A thread's end: the mutexes it holds pass to whoever waits for them, marked FUTEX_OWNER_DIED.
void walk_robust_list(Task& task);
// restart_syscall after an interrupted wait.
Result<long> restart_futex_wait(Task& task);

}  // namespace kernel
