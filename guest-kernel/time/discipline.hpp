// What adjtimex sees and sets of the discipline of CLOCK_REALTIME (Linux kernel/time/ntp.c). The clock of
// this machine is exact: frequency, tick and offset are kept for readers, and only TAI's offset changes what
// a clock shows.
#pragma once

#include <cstdint>

namespace kernel {

struct ClockDiscipline {
    static constexpr std::int64_t kMaximumError = 16'000'000;  // µs; NTP_PHASE_LIMIT

    std::int64_t offset = 0;       // ns
    std::int64_t single_shot = 0;  // µs, adjtime's
    std::int64_t frequency = 0;    // ppm, 16 binary places
    std::int64_t maximum_error = kMaximumError;
    std::int64_t maximum_error_set = 0;  // monotonic: when maximum_error held
    std::int64_t estimated_error = kMaximumError;
    std::uint32_t status = 0;  // STA_*
    std::int64_t time_constant = 2;
    std::int64_t tick = 10'000;  // µs
    int tai_offset = 0;          // s

    // The clock has been set: it is no longer known how exact it is.
    void forget_exactness();
};

ClockDiscipline& clock_discipline();

}  // namespace kernel
