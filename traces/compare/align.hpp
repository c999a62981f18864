// Walks two traces beside one another, task by task.
#pragma once

#include <cstddef>
#include <set>
#include <vector>

#include "traces/compare/compare.hpp"
#include "traces/compare/habits.hpp"
#include "traces/compare/judge.hpp"
#include "traces/compare/task_walk.hpp"
#include "traces/compare/trace_index.hpp"

namespace levitate::traces::detail {

struct Alignment {
    std::vector<Divergence> divergences;  // in the order in which they were found
    // Golden events that were found in the actual trace before the first divergence.
    std::size_t matched = 0;
    std::vector<Normalisation> normalised;
    // Golden tasks that went on in the actual trace after the point where the golden recording's process
    // ended.
    std::set<TaskNumber> outlived;
};

struct AlignOptions {
    Depth depth = Depth::All;
    AddressMode addresses = AddressMode::Exact;
};

// Holds `actual` against one golden recording. `judge` says which values may differ.
Alignment align(const TraceIndex& golden, const TraceIndex& actual, Judge& judge, const Habits& habits,
                const AlignOptions& options);

}  // namespace levitate::traces::detail
