// What is behind a Session. session.cpp sets it up and ends it, session_loop.cpp runs it.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "vmm/engine/engine.hpp"
#include "vmm/machine/machine.hpp"
#include "vmm/run/guest_channel.hpp"
#include "vmm/run/ignore_sigpipe.hpp"
#include "vmm/run/live_input.hpp"
#include "vmm/run/recording.hpp"
#include "vmm/run/session.hpp"
#include "vmm/tracer/boundary_tracer.hpp"

namespace levitate::vmm {

struct Session::Implementation {
    // By what a run ends before init has said that it is over.
    enum class Fault { Harness, Guest };

    Implementation(RunSpec the_spec, const RunHooks& the_hooks);

    Result<void> set_up();
    AdvanceReason advance(std::uint64_t instructions);
    std::optional<AdvanceReason> handle(const Exit& exit);
    std::optional<AdvanceReason> handle_boundary(const Exit& exit);
    std::optional<AdvanceReason> handle_breakpoint(const Exit& exit);
    void handle_attention();
    void handle_idle();
    void start_tracer();
    void feed_tracer(const Exit& exit);
    void merge_breakpoints();
    void service();
    void throttle();
    std::chrono::milliseconds time_left() const;
    void end(std::string why, Fault fault = Fault::Harness);
    void end_at_limit();
    Result<Outcome> finish();

    RunSpec spec;
    const RunHooks& hooks;
    IgnoreSigpipe ignore_sigpipe;
    init::HashKey key;  // of the frames
    GuestChannel channel;
    std::unique_ptr<LiveInput> input;  // nullptr: its bytes are in the run description
    HookSink sink;
    traces::Header header;  // empty where nothing is recorded; the tracer takes it
    std::vector<FileMapping> modules;
    std::unique_ptr<Machine> machine;
    std::unique_ptr<Engine> engine;
    std::unique_ptr<BoundaryTracer> tracer;

    std::chrono::steady_clock::time_point begun = std::chrono::steady_clock::now();
    std::uint64_t next_service = 0;
    std::optional<std::chrono::nanoseconds> guest_lead;  // guest time minus ours when the program started
    std::vector<GuestVirt> breakpoints;                  // the debugger's
    std::vector<GuestVirt> tracer_breakpoints;           // as they were merged last
    BoundaryStops boundary_stops = BoundaryStops::Off;
    std::atomic<bool> stop_requested = false;
    bool attention = false;
    bool ended = false;
    std::string incomplete;
    bool never_ends = false;
};

}  // namespace levitate::vmm
