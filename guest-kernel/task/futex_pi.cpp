#include "task/futex_pi.hpp"

#include <linux/futex.h>

#include "task/scheduler.hpp"
#include "task/table.hpp"
#include "task/task.hpp"
#include "task/wait_queue.hpp"

namespace kernel {

namespace {

struct PiLock;

struct PiWaiter : ListNode<> {
    PiWaiter(Task& its_task, UserAddress its_word) : task(its_task), word(its_word) {}
    Task& task;
    UserAddress word;  // in the waiter's address space
    PiLock* lock = nullptr;
    bool has_lock = false;
    bool owner_died = false;
};

// A lock that somebody waits for (Linux's futex_pi_state).
struct PiLock : ListNode<> {
    PiLock(const FutexKey& its_key, Task& its_owner) : key(its_key), owner(&its_owner) {}
    FutexKey key;
    Task* owner;
    List<PiWaiter> waiters;
};

List<PiLock>& all_locks() {
    static List<PiLock> locks;
    return locks;
}

PiLock* find_lock(const FutexKey& key) {
    for (PiLock& lock : all_locks()) {
        if (lock.key == key) {
            return &lock;
        }
    }
    return nullptr;
}

// The lock that a task sleeps for.
PiLock* awaited_by(const Task& task) {
    for (PiLock& lock : all_locks()) {
        for (const PiWaiter& waiter : lock.waiters) {
            if (&waiter.task == &task) {
                return &lock;
            }
        }
    }
    return nullptr;
}

// Would `task` wait for something that it has itself, through the owners of what the owners wait for?
bool closes_circle(const Task& task, PiLock* lock) {
    while (lock != nullptr) {
        if (lock->owner == &task) {
            return true;
        }
        lock = awaited_by(*lock->owner);
    }
    return false;
}

bool has_plain_waiter(const FutexKey& key) {
    for (const FutexWaiter& waiter : futex_bucket(key)) {
        if (waiter.key == key) {
            return true;
        }
    }
    return false;
}

void enqueue(PiLock& lock, PiWaiter& waiter) {
    waiter.lock = &lock;
    for (PiWaiter& other : lock.waiters) {
        if (other.task.realtime_priority < waiter.task.realtime_priority) {
            return List<PiWaiter>::insert_before(other, waiter);
        }
    }
    lock.waiters.push_back(waiter);
}

void forget_if_unused(PiLock& lock) {
    if (lock.waiters.is_empty()) {
        delete &lock;
    }
}

std::uint32_t number_of(const Task& task) {
    return static_cast<std::uint32_t>(task.id);
}

Result<void> store(UserAddress word, std::uint32_t value) {
    return UserOut<std::uint32_t>(word).write(value);
}

// Hands the lock to who has waited longest. That task writes the word when its owner has died
// (fixup_pi_owner).
void hand_over(PiLock& lock, bool owner_died) {
    PiWaiter& next = *lock.waiters.pop_front();
    next.has_lock = true;
    next.owner_died = owner_died;
    next.lock = nullptr;
    lock.owner = &next.task;
    scheduler::make_runnable(next.task);
    forget_if_unused(lock);
}

enum class Attempt { Taken, MustWait };

// Linux futex_lock_pi_atomic for `taker`: takes a lock that is free, or finds out whose it is. `lock` is set
// where the taker has to wait.
Result<Attempt> try_to_take(Task& taker, UserAddress word, const FutexKey& key, bool leaves_waiters,
                            PiLock*& lock) {
    const std::uint32_t value = TRY(load_futex(word));
    const std::uint32_t owner = value & FUTEX_TID_MASK;
    if (owner == number_of(taker)) {
        return Errno(EDEADLK);
    }
    lock = find_lock(key);
    if (lock != nullptr) {
        const bool is_consistent = owner == number_of(*lock->owner);
        return is_consistent ? Result<Attempt>(Attempt::MustWait) : Result<Attempt>(Errno(EINVAL));
    }
    if (has_plain_waiter(key)) {
        return Errno(EINVAL);
    }
    if (owner == 0) {
        TRY(store(word,
                  (value & FUTEX_OWNER_DIED) | number_of(taker) | (leaves_waiters ? FUTEX_WAITERS : 0U)));
        return Attempt::Taken;
    }
    TRY(store(word, value | FUTEX_WAITERS));
    const Ref<Task> holder = TRY(find_task(static_cast<int>(owner)));
    auto* made = new (std::nothrow) PiLock(key, *holder);
    if (made == nullptr) {
        return Errno(ENOMEM);
    }
    all_locks().push_back(*made);
    lock = made;
    return Attempt::MustWait;
}

// The new owner's first deed.
Result<long> take_over(const PiWaiter& waiter) {
    if (!waiter.owner_died) {
        return 0;
    }
    TRY(store(waiter.word, number_of(waiter.task) | FUTEX_WAITERS | FUTEX_OWNER_DIED));
    return 0;
}

void leave(PiWaiter& waiter) {
    PiLock& lock = *waiter.lock;
    waiter.unlink();
    forget_if_unused(lock);
}

// Sleeps in the lock's queue. Precondition: enqueued. ETIMEDOUT, ERESTARTSYS.
Result<long> wait_for_lock(PiWaiter& waiter, Deadline deadline) {
    for (;;) {
        const Result<void> slept = sleep_until(deadline);
        if (waiter.has_lock) {
            return take_over(waiter);
        }
        if (slept.is_error()) {
            leave(waiter);
            return slept.error();
        }
    }
}

// A waiter that stands for a FUTEX_WAIT_REQUEUE_PI: first in the queue of a plain futex, then in a lock's.
struct RequeueWaiter : FutexWaiter {
    RequeueWaiter(Task& its_task, const FutexKey& its_key, std::uint32_t its_bitset, UserAddress lock_word)
        : FutexWaiter(its_task, its_key, its_bitset), in_lock(its_task, lock_word) {}
    PiWaiter in_lock;
};

}  // namespace

bool is_pi_futex(const FutexKey& key) {
    return find_lock(key) != nullptr;
}

Result<long> lock_pi_futex(Task& task, UserAddress word, FutexScope scope, Deadline deadline,
                           bool only_tries) {
    const FutexKey key = TRY(futex_key(task, word, scope));
    PiLock* lock = nullptr;
    if (TRY(try_to_take(task, word, key, false, lock)) == Attempt::Taken) {
        return 0;
    }
    if (only_tries || closes_circle(task, lock)) {
        forget_if_unused(*lock);
        return Errno(only_tries ? EAGAIN : EDEADLK);
    }
    PiWaiter waiter(task, word);
    enqueue(*lock, waiter);
    const Result<long> waited = wait_for_lock(waiter, deadline);
    if (waited.is_error()) {
        return Errno(waited.error() == Errno(ERESTARTSYS) ? ERESTARTNOINTR : waited.error().value);
    }
    return waited.value();
}

Result<long> unlock_pi_futex(Task& task, UserAddress word, FutexScope scope) {
    const std::uint32_t value = TRY(load_futex(word));
    if ((value & FUTEX_TID_MASK) != number_of(task)) {
        return Errno(EPERM);
    }
    const FutexKey key = TRY(futex_key(task, word, scope));
    PiLock* lock = find_lock(key);
    if (lock == nullptr) {
        if (has_plain_waiter(key)) {
            return Errno(EINVAL);
        }
        TRY(store(word, 0));
        return 0;
    }
    if (lock->owner != &task) {
        return Errno(EINVAL);
    }
    TRY(store(word, FUTEX_WAITERS | number_of(lock->waiters.front().task)));
    hand_over(*lock, false);
    return 0;
}

Result<long> wait_for_pi_requeue(Task& task, const FutexWait& request, UserAddress lock) {
    if (request.word == lock || request.bitset == 0) {
        return Errno(EINVAL);
    }
    const FutexKey lock_key = TRY(futex_key(task, lock, request.scope));
    const FutexKey key = TRY(futex_key(task, request.word, request.scope));
    if (TRY(load_futex(request.word)) != request.expected) {
        return Errno(EAGAIN);
    }
    if (key == lock_key) {
        return Errno(EINVAL);
    }
    RequeueWaiter waiter(task, key, request.bitset, lock);
    waiter.requeue_to = &lock_key;
    futex_bucket(key).push_back(waiter);
    for (;;) {
        const Result<void> slept = sleep_until(request.deadline);
        if (waiter.in_lock.has_lock) {
            return take_over(waiter.in_lock);
        }
        if (!slept.is_error()) {
            continue;
        }
        const bool is_late = slept.error() == Errno(ETIMEDOUT);
        if (waiter.in_lock.lock != nullptr) {
            leave(waiter.in_lock);
            return Errno(is_late ? ETIMEDOUT
                                 : EAGAIN);  // the word has changed: no restart would find it as it was
        }
        return Errno(is_late ? ETIMEDOUT : ERESTARTNOINTR);
    }
}

namespace {

// The waiter that has waited longest on a word.
FutexWaiter* first_waiter(const FutexKey& key) {
    for (FutexWaiter& waiter : futex_bucket(key)) {
        if (waiter.key == key) {
            return &waiter;
        }
    }
    return nullptr;
}

// Linux futex_proxy_trylock_atomic and what follows for each waiter: gives the lock to it, or lets it wait
// for it.
Result<Attempt> move_to_lock(FutexWaiter& moved, UserAddress word, const FutexKey& key, bool leaves_waiters) {
    auto& waiter = static_cast<RequeueWaiter&>(moved);
    PiLock* lock = nullptr;
    const Attempt attempt = TRY(try_to_take(waiter.task, word, key, leaves_waiters, lock));
    if (attempt == Attempt::MustWait && closes_circle(waiter.task, lock)) {
        forget_if_unused(*lock);
        return Errno(EDEADLK);
    }
    waiter.unlink();
    if (attempt == Attempt::Taken) {
        waiter.in_lock.has_lock = true;
        scheduler::make_runnable(waiter.task);
    } else {
        enqueue(*lock, waiter.in_lock);
    }
    return attempt;
}

}  // namespace

Result<long> requeue_to_pi_futex(Task& task, const FutexPair& request) {
    if (request.wake_count < 0 || request.second_count < 0 || request.from == request.to ||
        request.wake_count != 1) {
        return Errno(EINVAL);
    }
    const FutexKey from = TRY(futex_key(task, request.from, request.scope));
    const FutexKey to = TRY(futex_key(task, request.to, request.scope));
    if (from == to) {
        return Errno(EINVAL);
    }
    if (TRY(load_futex(request.from)) != request.expected.value_or(0)) {
        return Errno(EAGAIN);
    }
    long handled = 0;
    bool is_first = true;
    while (handled < static_cast<long>(request.second_count) + 1) {
        FutexWaiter* waiter = first_waiter(from);
        if (waiter == nullptr) {
            break;
        }
        if (waiter->requeue_to == nullptr || !(*waiter->requeue_to == to)) {
            return Errno(EINVAL);
        }
        const bool leaves_waiters = request.second_count > 0;
        const Attempt attempt = TRY(move_to_lock(*waiter, request.to, to, leaves_waiters));
        if (is_first && attempt == Attempt::MustWait && request.second_count == 0) {
            return 0;
        }
        is_first = false;
        ++handled;
    }
    return handled;
}

void release_pi_futexes(Task& task) {
    PiLock* lock = all_locks().first();
    while (lock != nullptr) {
        PiLock* next = all_locks().next(*lock);
        if (lock->owner == &task) {
            hand_over(*lock, true);
        }
        lock = next;
    }
}

}  // namespace kernel
