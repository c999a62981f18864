// The time without a system call: from the counter and the page that the kernel keeps (time/vdso_data.h).
// For everything else it makes the system call.
#include <asm/unistd.h>
#include <linux/errno.h>
#include <linux/time.h>
#include <linux/time_types.h>

#include "time/vdso_data.h"

extern "C" {

[[gnu::visibility("hidden")]] extern const VdsoData vdso_data;

int __kernel_clock_gettime(int clock, __kernel_timespec* time);
int __kernel_gettimeofday(__kernel_old_timeval* time, struct timezone* zone);
int __kernel_clock_getres(int clock, __kernel_timespec* resolution);
}

namespace {

__extension__ using Wide = unsigned __int128;

constexpr int64_t kNanosecondsPerSecond = 1'000'000'000;
constexpr int64_t kNanosecondsPerMicrosecond = 1'000;
constexpr int64_t kCoarseResolution = 4'000'000;  // a tick at HZ=250

inline uint64_t counter() {
    uint64_t value;
    asm volatile("isb\n mrs %0, cntvct_el0" : "=r"(value) : : "memory");
    return value;
}

struct Now {
    int64_t monotonic;
    int64_t realtime_offset;
    int64_t last_set;

    // As of the last tick (time/clock.cpp, coarse_monotonic_now).
    int64_t coarse() const {
        const int64_t tick = monotonic - monotonic % kCoarseResolution;
        return tick > last_set ? tick : last_set;
    }
};

inline Now read_clocks() {
    for (;;) {
        const uint32_t sequence = vdso_data.sequence;
        asm volatile("dmb ishld" : : : "memory");
        const uint64_t ticks = counter() - vdso_data.counter_base;
        const Now now{.monotonic = static_cast<int64_t>(Wide{ticks} * vdso_data.multiplier >> 32),
                      .realtime_offset = vdso_data.realtime_offset,
                      .last_set = vdso_data.last_set};
        asm volatile("dmb ishld" : : : "memory");
        if ((sequence & 1) == 0 && sequence == vdso_data.sequence) {
            return now;
        }
    }
}

inline int ask_kernel(long number, long argument0, void* argument1) {
    register long x0 asm("x0") = argument0;
    register void* x1 asm("x1") = argument1;
    register long x8 asm("x8") = number;
    asm volatile("svc #0" : "+r"(x0) : "r"(x1), "r"(x8) : "memory");
    return static_cast<int>(x0);
}

}  // namespace

int __kernel_clock_gettime(int clock, __kernel_timespec* time) {
    const Now now = read_clocks();
    int64_t value = 0;
    switch (clock) {
        case CLOCK_REALTIME:
        case CLOCK_TAI:
            value = now.monotonic + now.realtime_offset;
            break;
        case CLOCK_MONOTONIC:
        case CLOCK_MONOTONIC_RAW:
        case CLOCK_BOOTTIME:
            value = now.monotonic;
            break;
        case CLOCK_REALTIME_COARSE:
            value = now.coarse() + now.realtime_offset;
            break;
        case CLOCK_MONOTONIC_COARSE:
            value = now.coarse();
            break;
        default:
            return ask_kernel(__NR_clock_gettime, clock, time);
    }
    time->tv_sec = value / kNanosecondsPerSecond;
    time->tv_nsec = value % kNanosecondsPerSecond;
    return 0;
}

int __kernel_gettimeofday(__kernel_old_timeval* time, struct timezone* zone) {
    if (time != nullptr) {
        const Now now = read_clocks();
        const int64_t value = now.monotonic + now.realtime_offset;
        time->tv_sec = value / kNanosecondsPerSecond;
        time->tv_usec = value % kNanosecondsPerSecond / kNanosecondsPerMicrosecond;
    }
    if (zone != nullptr) {
        zone->tz_minuteswest = vdso_data.minutes_west;
        zone->tz_dsttime = vdso_data.daylight_saving;
    }
    return 0;
}

int __kernel_clock_getres(int clock, __kernel_timespec* resolution) {
    int64_t value = 1;
    switch (clock) {
        case CLOCK_REALTIME:
        case CLOCK_MONOTONIC:
        case CLOCK_MONOTONIC_RAW:
        case CLOCK_BOOTTIME:
        case CLOCK_TAI:
            break;
        case CLOCK_REALTIME_COARSE:
        case CLOCK_MONOTONIC_COARSE:
            value = kCoarseResolution;
            break;
        default:
            return ask_kernel(__NR_clock_getres, clock, resolution);
    }
    if (resolution != nullptr) {
        resolution->tv_sec = 0;
        resolution->tv_nsec = value;
    }
    return 0;
}
