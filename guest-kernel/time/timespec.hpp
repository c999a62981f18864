// A point or a length of time as Linux's struct __kernel_timespec counts it.
#pragma once

#include <linux/time_types.h>

#include <compare>
#include <cstdint>

namespace kernel {

inline constexpr std::int64_t kNanosecondsPerSecond = 1'000'000'000;

struct Timespec {
    std::int64_t seconds = 0;
    std::int64_t nanoseconds = 0;  // 0 … 999,999,999 when valid

    static constexpr Timespec from_nanoseconds(std::int64_t nanoseconds) {
        return {.seconds = nanoseconds / kNanosecondsPerSecond,
                .nanoseconds = nanoseconds % kNanosecondsPerSecond};
    }
    // Saturates at about 292 years, as Linux's ktime does (include/linux/ktime.h, ktime_set).
    constexpr std::int64_t to_nanoseconds() const {
        constexpr std::int64_t kMaximumSeconds = INT64_MAX / kNanosecondsPerSecond;
        return seconds >= kMaximumSeconds ? INT64_MAX : seconds * kNanosecondsPerSecond + nanoseconds;
    }
    // What Linux accepts from a program as a length of time (timespec64_valid).
    constexpr bool is_valid() const {
        return seconds >= 0 && nanoseconds >= 0 && nanoseconds < kNanosecondsPerSecond;
    }
    constexpr auto operator<=>(const Timespec&) const = default;

    static constexpr Timespec from_user(const __kernel_timespec& time) {
        return {.seconds = time.tv_sec, .nanoseconds = time.tv_nsec};
    }
    constexpr __kernel_timespec to_user() const { return {.tv_sec = seconds, .tv_nsec = nanoseconds}; }
};

}  // namespace kernel
