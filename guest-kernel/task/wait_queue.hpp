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
    // Called by wake_*; must not block, may unlink itself. `events` are poll(2)'s bits that have become true,
    // or ~0. True: this waiter took the wake-up (counted by wake_one).
    virtual bool wake(std::uint32_t events) = 0;
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

class WaitQueue {
  public:
    static constexpr std::uint32_t kAnyEvent = ~0U;

    void add(Waiter& waiter) { waiters_.push_back(waiter); }
    bool is_empty() { return waiters_.is_empty(); }
    void wake_all(std::uint32_t events = kAnyEvent);
    // The one that has waited longest.
    void wake_one(std::uint32_t events = kAnyEvent);

    // Blocks the current task until ready() is true. ERESTARTSYS when a signal is pending first (what reaches
    // the program is decided at delivery: EINTR, or the call again), ETIMEDOUT when the deadline is first.
    // ready() is asked before the first sleep and after each wake-up.
    template <typename Predicate>
    Result<void> wait(Predicate ready, Deadline deadline = Deadline::never());

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
Result<void> WaitQueue::wait(Predicate ready, Deadline deadline) {
    if (ready()) {
        return {};
    }
    TaskWaiter waiter;
    add(waiter);
    for (;;) {
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
