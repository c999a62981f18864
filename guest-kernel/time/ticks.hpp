// Linux's USER_HZ: the unit of times(2) and of /proc/<pid>/stat.
#pragma once

#include <cstdint>

#include "time/timespec.hpp"

namespace kernel {

inline constexpr std::int64_t kClockTicksPerSecond = 100;

constexpr std::int64_t to_clock_ticks(std::int64_t nanoseconds) {
    return nanoseconds / (kNanosecondsPerSecond / kClockTicksPerSecond);
}

}  // namespace kernel
