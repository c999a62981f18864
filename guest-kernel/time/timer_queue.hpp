// All running timers, in order of expiry.
#pragma once

#include <cstdint>

#include "lib/list.hpp"
#include "time/timer.hpp"

namespace kernel {

class TimerQueue {
  public:
    void add(Timer& timer, std::int64_t monotonic);
    // INT64_MAX: none.
    std::int64_t next_expiry();
    // Calls every timer whose time has come.
    void expire(std::int64_t now);

  private:
    List<Timer> timers_;
};

TimerQueue& timer_queue();

// The counter's value at a point of CLOCK_MONOTONIC, rounded up; UINT64_MAX for INT64_MAX.
std::uint64_t counter_at(std::int64_t monotonic);

}  // namespace kernel
