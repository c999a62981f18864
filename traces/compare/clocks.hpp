// Clocks of one trace: what can be judged without another.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "traces/compare/trace_index.hpp"

namespace levitate::traces::detail {

// A reading of a clock that is before one that was done when it began (man 2 clock_gettime: no clock runs
// backwards unless it is set).
struct BackwardReading {
    std::size_t event = 0;  // index into Trace::events
    std::string clock;      // "CLOCK_MONOTONIC"
};

std::vector<BackwardReading> backward_readings(const TraceIndex& index);

}  // namespace levitate::traces::detail
