// The machine's clocks.
#pragma once

#include <cstdint>

#include "time/timespec.hpp"

namespace kernel {

// Nanoseconds since the kernel started (CLOCK_MONOTONIC).
std::int64_t monotonic_now();
// Nanoseconds since 1970 (CLOCK_REALTIME).
std::int64_t realtime_now();
// Both clocks as of the last tick (CLOCK_*_COARSE): never ahead of the exact ones.
inline constexpr std::int64_t kCoarseResolution = 4'000'000;  // HZ=250
std::int64_t coarse_monotonic_now();
std::int64_t coarse_realtime_now();
// What file times are taken from (Linux fs/inode.c, current_time).
inline Timespec current_time() {
    return Timespec::from_nanoseconds(coarse_realtime_now());
}

// When a wait is to end: a point of CLOCK_MONOTONIC, in nanoseconds, or never.
class Deadline {
  public:
    static constexpr Deadline never() { return Deadline(INT64_MAX); }
    static constexpr Deadline at(std::int64_t monotonic) { return Deadline(monotonic); }
    // So many nanoseconds from now. A negative length is over already.
    static Deadline after(std::int64_t nanoseconds);

    constexpr bool is_never() const { return monotonic_ == INT64_MAX; }
    constexpr std::int64_t monotonic() const { return monotonic_; }
    bool is_over() const { return !is_never() && monotonic_now() >= monotonic_; }
    // 0 when it is over. Precondition: not never.
    std::int64_t remaining() const;

  private:
    explicit constexpr Deadline(std::int64_t monotonic) : monotonic_(monotonic) {}
    std::int64_t monotonic_;
};

}  // namespace kernel
