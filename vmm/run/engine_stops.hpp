// The only place that decides what the engine stops at: what the tracer wants watched and what a debugger
// wants, together.
#pragma once

#include <span>

#include "vmm/engine/engine.hpp"

namespace levitate::vmm {

class EngineStops {
  public:
    explicit EngineStops(Engine& engine) : engine_(engine) {}

    // Cheap if the tracer wants the same as before, because it is asked at every exit.
    void set_tracers(const Stops& wanted);
    void set_debuggers_boundary(bool wanted);
    void set_debuggers_breakpoints(std::span<const GuestVirt> addresses);

    bool debugger_wants_any() const { return debuggers_ != Stops{}; }
    bool debugger_wants_boundary() const { return debuggers_.boundary; }
    bool debugger_has_breakpoint(GuestVirt address) const;

  private:
    void apply();

    Engine& engine_;
    Stops tracers_;
    Stops debuggers_;
};

}  // namespace levitate::vmm
