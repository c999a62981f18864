// Runs a case again up to one of its events and stands there: runs under `emu` repeat exactly, so the place
// of a divergence can be visited after it has been found.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "traces/format/sinks.hpp"
#include "vmm/debugger/backtrace.hpp"
#include "vmm/run/run.hpp"
#include "vmm/run/session.hpp"

namespace levitate::vmm::cli {

class Rerun {
  public:
    // Error: the run could not be set up, or ended before event number `order` of the trace.
    static Result<std::unique_ptr<Rerun>> to_event(const RunSpec& spec, std::uint64_t order);

    Session& session() { return *session_; }
    // The call stack of the task that the event belongs to.
    std::vector<Frame> backtrace() const;

  private:
    traces::TraceCollector collector_;
    RunHooks hooks_;
    traces::TaskNumber task_{};
    std::unique_ptr<Session> session_;
};

}  // namespace levitate::vmm::cli
