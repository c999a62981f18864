// Starting and setting the clocks.
#pragma once

#include <cstdint>

#include "lib/list.hpp"

struct VdsoData;

namespace kernel {

// Starts CLOCK_MONOTONIC at 0 and CLOCK_REALTIME at `realtime` ns since 1970.
void set_up_clock(std::int64_t realtime);
void set_realtime(std::int64_t realtime);
// The zone that settimeofday sets and gettimeofday shows. The first one, if it comes without a time, says
// that the clock has been running on local time, which is put right (Linux kernel/time/time.c,
// do_sys_settimeofday64).
void set_time_zone(int minutes_west, int daylight_saving, bool comes_alone);
// The point of CLOCK_MONOTONIC at which CLOCK_REALTIME, as set now, is `realtime`.
std::int64_t realtime_to_monotonic(std::int64_t realtime);
// And the other way round.
std::int64_t monotonic_to_realtime(std::int64_t monotonic);

// Is told that CLOCK_REALTIME has been set, once it is in realtime_listeners().
class RealtimeListener : public ListNode<> {
  public:
    virtual ~RealtimeListener() = default;
    virtual void realtime_was_set() = 0;
};
List<RealtimeListener>& realtime_listeners();

// The page that the vDSO reads.
VdsoData& vdso_data();

}  // namespace kernel
