// Clocks of one trace: what can be judged without another.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "traces/compare/compare.hpp"
#include "traces/compare/trace_index.hpp"

namespace levitate::traces::detail {

// What no clock does: it runs backwards (man 2 clock_gettime: none does unless it is set), it does not go
// with the time that passes for the guest, or a call that waits for a time ends before it.
struct ClockProblem {
    std::size_t event = 0;  // index into Trace::events
    DivergenceKind kind = DivergenceKind::Data;
    std::string text;  // "CLOCK_MONOTONIC runs backwards"
};

// In the order of the events.
std::vector<ClockProblem> clock_problems(const TraceIndex& index);

}  // namespace levitate::traces::detail
