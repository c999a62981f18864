// Walks two traces beside one another, task by task, up to the first difference.
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <vector>

#include "traces/compare/compare.hpp"
#include "traces/compare/equivalence.hpp"
#include "traces/compare/fields.hpp"
#include "traces/compare/optional_calls.hpp"
#include "traces/compare/trace_index.hpp"
#include "traces/compare/variation.hpp"

namespace levitate::traces::detail {

struct Alignment {
    std::optional<Divergence> divergence;
    // Golden events that were found in the actual trace before the divergence.
    std::size_t matched = 0;
    std::vector<Normalisation> normalised;
};

// Holds `actual` against one golden recording, with what its fellows let vary.
Alignment align(const TraceIndex& golden, const TraceIndex& actual, const Variation& variation,
                const OptionalCalls& optional);

// Adds to `variation` how another recording differs from the reference. Where the two part in more than
// values, the rest of that task adds nothing.
void collect_variation(const TraceIndex& reference, const TraceIndex& other, const OptionalCalls& optional,
                       Variation& variation);

}  // namespace levitate::traces::detail
