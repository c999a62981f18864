// Runs a program and notices when its main begins and ends, so that a report can say how early something went
// wrong.
#pragma once

#include <cstdint>
#include <optional>

#include "traces/format/event.hpp"
#include "traces/format/sinks.hpp"
#include "vmm/error.hpp"
#include "vmm/run/run.hpp"

namespace levitate::vmm::cli {

// The task that main runs in.
inline constexpr traces::TaskNumber kFirstTask{1};

// In numbers of Event::order.
struct MainSpan {
    bool known = false;                  // whether it is known where main is, so that it can be noticed
    std::optional<std::uint64_t> begin;  // the first that may be main's; absent: it was not reached
    std::optional<std::uint64_t> end;    // the first after it has returned; absent: it did not
};

// Runs the program to its end like run(), which the breakpoints at main do not change. Events go to
// `collector`; output is captured.
Result<Outcome> run_with_main(const RunSpec& spec, RunHooks hooks, traces::TraceCollector& collector,
                              MainSpan& span);

}  // namespace levitate::vmm::cli
