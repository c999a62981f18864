// Compares the memory that the arguments of two calls point to.
#pragma once

#include "traces/compare/call_pair.hpp"
#include "traces/compare/object_comparer.hpp"

namespace levitate::traces::detail {

// What differs goes to `objects`. Precondition: the calls have a row.
void compare_payloads(const CallPair& calls, Equivalence& equivalence, ObjectComparer& objects);

}  // namespace levitate::traces::detail
