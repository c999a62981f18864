// One run in progress: the machine, its engine, what runs on it (workload.hpp) and the tracer. run() advances
// it to the end; a debugger advances it by as much as it likes.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

#include "vmm/engine/engine.hpp"
#include "vmm/error.hpp"
#include "vmm/run/run.hpp"

namespace levitate::vmm {

class BoundaryTracer;

// Why Session::advance() came back.
enum class AdvanceReason {
    Budget,      // that many instructions have retired
    Boundary,    // stop_at_boundaries(): the guest stands at an exception from EL0 or at a return to it
    Breakpoint,  // the next instruction is at one of set_breakpoints()
    Stopped,     // RunHooks::on_event said false, or Session::request_stop()
    Ended,       // the run is over: see finish()
};

enum class BoundaryStops { Off, On };

class Session {
  public:
    // Packs the initramfs, loads kernel and device tree, and stands before the first instruction. `hooks` and
    // what it refers to must outlive the session.
    static Result<std::unique_ptr<Session>> create(const RunSpec& spec, const RunHooks& hooks);
    ~Session();
    Session(const Session&) = delete;
    Session& operator=(const Session&) = delete;

    // Runs at most about `instructions`. Serves the console, our stdin, the tracer and the time limit.
    AdvanceReason advance(std::uint64_t instructions);
    // From any thread or signal handler: makes advance() return Stopped soon.
    void request_stop();

    // From any thread or signal handler: passes a signal on to the program, or to its process group. Where it
    // has not started, or the guest has not taken the last signal yet, this is request_stop().
    void pass_signal(int signal, bool to_group);

    // While On, advance() returns at every boundary after the tracer has seen it.
    void set_boundary_stops(BoundaryStops stops);
    // From now on no endless loop of the guest ends the run, and RunHooks::on_silence is not called.
    void leave_to_debugger();
    // The debugger's breakpoints. The tracer's own are kept beside them and do not end advance().
    void set_breakpoints(std::span<const GuestVirt> addresses);

    Engine& engine();
    const Engine& engine() const;
    // The tracer. nullptr: nothing is recorded, or the guest's init does not run yet.
    const BoundaryTracer* tracer() const;
    // Where the program stands in the guest's root.
    const std::string& guest_program() const;
    // The ELF files of the guest's root, program first: their guest paths and where they are on the host.
    const std::vector<FileMapping>& modules() const;

    bool ended() const;
    // What became of the run. Precondition: ended(), or nobody will advance it further, in which case it is
    // incomplete. Error: the guest could not execute the program.
    Result<Outcome> finish();

  private:
    struct Running;
    class Implementation;
    explicit Session(std::unique_ptr<Implementation> implementation);
    std::unique_ptr<Implementation> implementation_;
};

}  // namespace levitate::vmm
