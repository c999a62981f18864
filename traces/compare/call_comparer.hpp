// Compares two calls: their arguments, results and the memory that their arguments point to.
#pragma once

#include <vector>

#include "traces/compare/fields.hpp"

namespace levitate::traces::detail {

// Adds what differs between two calls that are the same call. Precondition: same_identity of two calls.
void compare_calls(const EventPair& pair, Equivalence& equivalence,
                   std::vector<FieldDifference>& differences);

}  // namespace levitate::traces::detail
