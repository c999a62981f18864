// What the kernel tells the vDSO: one page that programs map readable ([vvar]).
#pragma once

#include <stdint.h>

struct VdsoData {
    volatile uint32_t sequence;  // odd while the kernel changes the rest
    uint64_t counter_base;       // CNTVCT_EL0 when CLOCK_MONOTONIC was 0
    uint64_t multiplier;         // nanoseconds a tick, 32 binary places
    int64_t realtime_offset;     // CLOCK_REALTIME minus CLOCK_MONOTONIC, ns
    int64_t last_set;      // CLOCK_MONOTONIC when CLOCK_REALTIME was set: coarse clocks are never before
    int32_t minutes_west;  // the time zone of settimeofday
    int32_t daylight_saving;
};
