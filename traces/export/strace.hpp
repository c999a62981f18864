// Traces in strace's notation.
#pragma once

#include <cstddef>
#include <string>

#include "traces/format/event.hpp"

namespace levitate::traces {

// One event as `strace -f` writes it, without a line feed: names of flags, strings, structs and errors. Tasks
// other than the first have "[task 2] " in front. What strace has no notation for (a read of the auxiliary
// vector, a call into the vDSO, a lost register) has one in the same spirit. Precondition: event <
// trace.events.size().
std::string strace_line(const Trace& trace, std::size_t event);

}  // namespace levitate::traces
