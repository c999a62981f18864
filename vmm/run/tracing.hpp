// A session's tracer, from when the guest's init runs to the end of the trace.
#pragma once

#include <memory>
#include <string>

#include "traces/format/event.hpp"
#include "vmm/engine/engine.hpp"
#include "vmm/run/engine_stops.hpp"
#include "vmm/run/recording.hpp"
#include "vmm/run/run.hpp"
#include "vmm/tracer/boundary_tracer.hpp"

namespace levitate::vmm {

class Tracing {
  public:
    // `header` is complete but for the kernel's name and the auxv, and empty where nothing is recorded.
    // `observer` sees all events, whether or not they are recorded; nullptr: there is none.
    Tracing(const RunHooks& hooks, traces::EventSink* observer, Engine& engine, EngineStops& stops,
            traces::Header header, ProgramStart start);

    // nullptr: nothing is recorded, or the guest's init does not run yet.
    const BoundaryTracer* tracer() const { return tracer_.get(); }
    // To be called when process 1 runs or is about to, with the kernel's name. Nothing happens if nothing is
    // recorded, or the second time.
    void start(const std::string& kernel);
    // Returns why this kernel cannot be traced; empty as long as it can.
    std::string feed(const Exit& exit);
    // Ends the trace, if there is one. Returns what speaks against `outcome` in what was traced, for people;
    // empty: nothing.
    std::string finish(const traces::OutcomeEvent& outcome, const std::string& kernel,
                       const std::string& incomplete);

    // Whether RunHooks::on_event has asked for a stop: true once for each time it asks.
    bool take_stop_wanted() { return sink_.take_stop_wanted(); }

  private:
    bool is_wanted_;
    const Engine& engine_;
    EngineStops& stops_;
    HookSink sink_;
    traces::Header header_;  // the tracer takes it
    ProgramStart start_;
    std::unique_ptr<BoundaryTracer> tracer_;
};

}  // namespace levitate::vmm
