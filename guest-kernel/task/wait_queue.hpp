// Waiting. The kernel is not preempted: between a test of a condition and going to sleep nothing else runs,
// so a wake-up cannot be lost and no lock is needed.
#pragma once

#include <cstdint>

#include "lib/list.hpp"
#include "lib/result.hpp"
#include "time/clock.hpp"

namespace kernel {

class Task;
class WaitQueue;

// Something that is told of the wake-ups on one queue. It leaves the queue when it is destroyed.
class Waiter : public ListNode<> {
  public:
    virtual ~Waiter() = default;
    // Called by wake and wake_all; must not block, may unlink itself. `events` are poll(2)'s bits that have
    // become true, or ~0. True: this waiter took the wake-up, so that no other exclusive one needs it.
    virtual bool wake(std::uint32_t events) = 0;

  private:
    friend class WaitQueue;
    bool is_exclusive_ = false;
};

// The common waiter: makes a task runnable. Several may stand for one task, in several queues (poll).
class TaskWaiter : public Waiter {
  public:
    TaskWaiter();  // the current task
    explicit TaskWaiter(Task& task) : task_(task) {}
    bool wake(std::uint32_t events) override;

  private:
    Task& task_;
};

// The same for one queue: the wake-up takes it out, so that the next one reaches the next waiter.
class LeavingTaskWaiter final : public TaskWaiter {
  public:
    bool wake(std::uint32_t events) override;
};

// Are all waiters told, or do those that are exclusive share the wake-ups (Linux's WQ_FLAG_EXCLUSIVE)?
enum class Share { WithAll, OneByOne };

class WaitQueue {
  public:
    static constexpr std::uint32_t kAnyEvent = ~0U;

    // Waiters who are all told stand in front, the newest first; the exclusive ones behind them, the oldest
    // first (Linux kernel/sched/wait.c, add_wait_queue and add_wait_queue_exclusive).
    void add(Waiter& waiter, Share share = Share::WithAll);
    // Exclusive, and yet in front: the newest is told first (Linux's __add_wait_queue_exclusive).
    void add_first_exclusive(Waiter& waiter);
    bool is_empty() { return waiters_.is_empty(); }
    // Tells all that are not exclusive, and of the exclusive ones the first who takes it.
    void wake(std::uint32_t events = kAnyEvent);
    void wake_all(std::uint32_t events = kAnyEvent);

    // Blocks the current task until ready() is true. ERESTARTSYS when a signal is pending first (what reaches
    // the program is decided at delivery: EINTR, or the call again), ETIMEDOUT when the deadline is first.
    // ready() is asked before the first sleep and after each wake-up.
    template <typename Predicate>
    Result<void> wait(Predicate ready, Deadline deadline = Deadline::never(), Share share = Share::WithAll);
    template <typename Predicate>
    Result<void> wait_one_by_one(Predicate ready, Deadline deadline = Deadline::never()) {
        return wait(ready, deadline, Share::OneByOne);
    }

    // The same, and nothing but SIGKILL ends it early (vfork).
    template <typename Predicate>
    Result<void> wait_killable(Predicate ready);

  private:
    List<Waiter> waiters_;
};

enum class Interruptible { Signals, OnlyKill };

// Sleeps until something wakes the current task (a Waiter, a signal that `interruptible` lets through, the
// deadline) or at once when such a signal is pending already. Spurious returns happen. Callers loop over
// their condition. Result: ERESTARTSYS with a signal pending, ETIMEDOUT with the deadline over, else nothing.
Result<void> sleep_until(Deadline deadline, Interruptible interruptible = Interruptible::Signals);

template <typename Predicate>
Result<void> WaitQueue::wait(Predicate ready, Deadline deadline, Share share) {
    if (ready()) {
        return {};
    }
    LeavingTaskWaiter waiter;
    for (;;) {
        if (!waiter.is_linked()) {
            add(waiter, share);
        }
        const Result<void> slept = sleep_until(deadline);
        if (ready()) {
            return {};
        }
        if (slept.is_error()) {
            return slept.error();
        }
    }
}

template <typename Predicate>
Result<void> WaitQueue::wait_killable(Predicate ready) {
    if (ready()) {
        return {};
    }
    TaskWaiter waiter;
    add(waiter);
    for (;;) {
        const Result<void> slept = sleep_until(Deadline::never(), Interruptible::OnlyKill);
        if (ready()) {
            return {};
        }
        if (slept.is_error()) {
            return slept.error();
        }
    }
}

}  // namespace kernel
