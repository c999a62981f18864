// Why divergences came about, in the words of a kernel's author.
#pragma once

#include <vector>

#include "traces/compare/compare.hpp"
#include "traces/compare/trace_index.hpp"

namespace levitate::traces::detail {

// Gives each divergence its cause. Of those that have the same kind and cause, only the first stays, with
// their count.
void merge_causes(const TraceIndex& golden, const TraceIndex& actual, std::vector<Divergence>& divergences);

}  // namespace levitate::traces::detail
