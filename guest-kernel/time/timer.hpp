// Kernel timers: a function that is called once, at a point of CLOCK_MONOTONIC.
#pragma once

#include <cstdint>

#include "lib/list.hpp"

namespace kernel {

// Derive and implement expire(). It runs from the timer interrupt (never inside other kernel code, which is
// not interrupted), must not block, and may start the timer again.
class Timer : public ListNode<> {
  public:
    Timer() = default;
    virtual ~Timer() { stop(); }

    // Starts, or moves, the timer. A time that has passed expires at the next chance.
    void start(std::int64_t monotonic);
    void stop() { unlink(); }
    bool is_running() const { return is_linked(); }
    // Precondition: running.
    std::int64_t expiry() const { return expiry_; }

  protected:
    virtual void expire() = 0;

  private:
    friend class TimerQueue;
    std::int64_t expiry_ = 0;
};

}  // namespace kernel
