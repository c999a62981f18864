// What can be judged about the clocks of one trace without another trace.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "traces/compare/compare.hpp"
#include "traces/compare/trace_index.hpp"

namespace levitate::traces::detail {

// Something that no clock does: it runs backwards (man 2 clock_gettime: no clock does unless it is set), it
// does not keep pace with the guest's time, or a call that waits for a time ends before that time.
struct ClockProblem {
    std::size_t event = 0;  // index into Trace::events
    DivergenceKind kind = DivergenceKind::Data;
    std::string text;  // "CLOCK_MONOTONIC runs backwards"
};

// In the order of the events.
std::vector<ClockProblem> clock_problems(const TraceIndex& index);

}  // namespace levitate::traces::detail
