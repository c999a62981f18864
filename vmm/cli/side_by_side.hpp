// The two events of a divergence beside each other.
#pragma once

#include <string>

#include "traces/compare/compare.hpp"
#include "traces/format/event.hpp"
#include "vmm/cli/text_style.hpp"

namespace levitate::vmm::cli {

// A table of three columns, name | golden | actual, with a row for what the event is and one for each field,
// or, where the line is too narrow for columns, the two values below the name. '>' and colour mark the rows
// that the comparison holds against the trace, '~' others that differ. Data that differs is shown
// around its first differing byte. Long values that agree are cut.
std::string side_by_side(const traces::Trace& golden, const traces::Trace& actual,
                         const traces::Divergence& divergence, const TextStyle& style);

}  // namespace levitate::vmm::cli
