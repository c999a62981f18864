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

// How many intervals have passed at `now` since `expiry`, which moves on by them; 0: it is still to come.
std::int64_t forward_expiry(std::int64_t& expiry, std::int64_t now, std::int64_t interval);

struct OnSettableClock {};

// A timer on CLOCK_REALTIME, or on CLOCK_MONOTONIC like any other. The first kind expires when that clock
// shows the time, however it is set meanwhile (Linux kernel/time/hrtimer.c, clock_was_set).
class ClockTimer : public Timer, public ListNode<OnSettableClock> {
  public:
    enum class Base : bool { Monotonic, Realtime };

    // Starts, or moves, the timer. `time` is on the base's clock.
    void start_on(Base base, std::int64_t time);
    void stop_on_clock();
    // What the base's clock shows now.
    static std::int64_t now_on(Base base);
    // CLOCK_REALTIME has been set.
    static void realtime_was_set();

  private:
    std::int64_t realtime_ = 0;
};

}  // namespace kernel
