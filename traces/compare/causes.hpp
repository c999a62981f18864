// Why divergences came about, as a kernel's author would say it.
#pragma once

#include <vector>

#include "traces/compare/compare.hpp"
#include "traces/compare/trace_index.hpp"

namespace levitate::traces::detail {

// Gives each divergence its cause, and leaves of those with one kind and one cause the first, with their
// count.
void merge_causes(const TraceIndex& golden, const TraceIndex& actual, std::vector<Divergence>& divergences);

}  // namespace levitate::traces::detail
