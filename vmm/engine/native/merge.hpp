// Puts the two recordings of a program together.
#pragma once

#include "traces/format/event.hpp"

namespace levitate::vmm::native {

// Returns `calls` with the auxv reads of `auxv_reads` at their places: between the same events of the same
// task as in the recording that saw them, if both recordings have these events. Reads by tasks that `calls`
// does not have are dropped. The time of a read is that of what `calls` has before it.
//
// With address-space randomisation the two recordings have different addresses. A read is then given as
// `calls` would have seen it: with the value that the vector of its own exec has for the entry, and with its
// pc moved to where the same object lies there.
traces::Trace merge_auxv_reads(traces::Trace calls, const traces::Trace& auxv_reads);

// Gives a recording to a sink, as if it were being made.
void replay_into(const traces::Trace& trace, traces::EventSink& sink);

}  // namespace levitate::vmm::native
