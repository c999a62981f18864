#include "traces/compare/align.hpp"

#include "traces/compare/walk.hpp"

namespace levitate::traces::detail {

Alignment align(const TraceIndex& golden, const TraceIndex& actual, const Variation& variation,
                const OptionalCalls& optional) {
    return Walk(golden, actual, variation, optional, nullptr).run();
}

void collect_variation(const TraceIndex& reference, const TraceIndex& other, const OptionalCalls& optional,
                       Variation& variation) {
    variation.begin_recording();
    const Variation nothing;
    Walk(reference, other, nothing, optional, &variation).run();
}

}  // namespace levitate::traces::detail
