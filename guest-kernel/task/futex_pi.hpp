// Futexes whose word names their owner: FUTEX_LOCK_PI and its kin (man 2 futex, "Priority-inheritance
// futexes"; Linux kernel/futex/pi.c and requeue.c). Waiters of a higher real-time priority come first. All
// turns being equal here, the owner's priority changes nothing.
#pragma once

#include <cstdint>

#include "lib/result.hpp"
#include "mm/user_memory.hpp"
#include "task/futex.hpp"
#include "task/futex_queue.hpp"

namespace kernel {

class Task;

// EDEADLK: the caller has it, or waits for itself through others; EAGAIN: `only_tries`, and another has it;
// ESRCH: its owner is gone; EINVAL, EFAULT, ETIMEDOUT, ERESTARTNOINTR.
Result<long> lock_pi_futex(Task& task, UserAddress word, FutexScope scope, Deadline deadline,
                           bool only_tries);
// EPERM: the caller does not have it.
Result<long> unlock_pi_futex(Task& task, UserAddress word, FutexScope scope);

// FUTEX_WAIT_REQUEUE_PI: sleeps on one word until it is requeued to `lock`, which it then takes.
Result<long> wait_for_pi_requeue(Task& task, const FutexWait& request, UserAddress lock);
// FUTEX_CMP_REQUEUE_PI: the first waiter gets the lock if it is free, others wait for it. How many were woken
// and moved.
Result<long> requeue_to_pi_futex(Task& task, const FutexPair& request);

// Is somebody waiting for the word as a lock? Plain operations on it are errors then.
bool is_pi_futex(const FutexKey& key);
// A thread's end: those who wait for what it has get it, marked FUTEX_OWNER_DIED.
void release_pi_futexes(Task& task);

}  // namespace kernel
