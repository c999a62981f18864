// Follows a program and its descendants with ptrace and tells a Recorder what they do.
#pragma once

#include <sys/types.h>

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "traces/format/event.hpp"
#include "vmm/engine/native/auxv_guard.hpp"
#include "vmm/engine/native/ptrace.hpp"
#include "vmm/engine/native/vdso_probe.hpp"
#include "vmm/tracer/recorder.hpp"
#include "vmm/tracer/task_calls.hpp"

namespace levitate::vmm::native {

// A program is recorded twice (ARCHITECTURE.md). Both passes see the same events, except the auxv reads.
enum class Pass {
    Calls,      // nothing is moved
    AuxvReads,  // the initial vector has been moved and its page protected
};

// What ptrace makes visible, but a program without a tracer would not see, is hidden here: under ptrace an
// ignored signal interrupts a call, and the call is then continued as if nothing had happened.
//
// Two differences remain: a vDSO probe's trap is forced on a task even if it has SIGTRAP blocked or ignored,
// which resets that signal's action; and a signal that interrupts a function of the vDSO finds the address of
// a trap in its x30.
class NativeTracer {
  public:
    // `program` has been launched and seized.
    NativeTracer(Recorder& recorder, Pass pass, pid_t program);

    // Serves every ptrace stop there is, without waiting for one. To be called after each SIGCHLD.
    void serve();
    // The wait status of the program's first process once it has ended.
    std::optional<int> program_status() const { return program_status_; }
    // Pass::AuxvReads: whether the vector of every exec could be guarded.
    bool guards_auxv() const { return guards_auxv_; }
    // Kills what still runs. Nothing of that is recorded.
    void kill_all();

  private:
    // What threads share and fork copies.
    struct AddressSpace {
        VdsoProbes probes;
        std::optional<AuxvGuard> guard;
    };

    // Where a function of the vDSO really has to return to after it was made to return to the trap.
    struct VdsoReturn {
        std::uint64_t pc = 0;
        std::uint64_t sp = 0;
    };

    struct Tracee {
        traces::TaskNumber task{};  // 0: the program's execve has not succeeded yet
        pid_t process = 0;          // the id of its thread group
        std::shared_ptr<AddressSpace> space;
        std::optional<CloneRequest> clone;  // in a clone or clone3
        bool in_call = false;
        bool in_signal_return = false;
        std::vector<VdsoReturn> vdso_returns = {};
        bool has_executed = false;    // PTRACE_EVENT_EXEC has come, the call's exit has not
        bool enters_handler = false;  // resumed by a step into a signal's handler
        // The registers as the program has them, if the kernel was given others.
        std::optional<GeneralRegisters> before_execve = std::nullopt;
    };

    void dispatch(pid_t tid, int status);
    void on_end(pid_t tid, int status);
    void on_event(pid_t tid, Tracee& tracee, int event, int signal);
    void on_birth(pid_t parent, Tracee& tracee);
    void on_exec(pid_t tid, Tracee& tracee);
    void on_syscall_stop(pid_t tid, Tracee& tracee);
    void on_syscall_entry(pid_t tid, Tracee& tracee, const GeneralRegisters& registers);
    void let_kernel_read_vectors(pid_t tid, Tracee& tracee, const GeneralRegisters& registers);
    void on_syscall_exit(pid_t tid, Tracee& tracee, const GeneralRegisters& registers);
    void on_program_image(pid_t tid, Tracee& tracee);
    void on_signal(pid_t tid, Tracee& tracee, int signal);
    void on_handler_entry(pid_t tid, Tracee& tracee);
    bool on_trap(pid_t tid, Tracee& tracee);
    void on_vdso_call(Tracee& tracee, const VdsoProbes::Hit& hit, GeneralRegisters& registers);
    bool on_vdso_return(pid_t tid, Tracee& tracee, GeneralRegisters& registers);
    bool on_guarded_page(pid_t tid, Tracee& tracee);
    TraceeMemory memory_of(pid_t tid, const Tracee& tracee) const;
    void end_task(Tracee& tracee, int status);
    void requeue(pid_t tid, const std::optional<Interrupted>& interrupted);
    void go_on(pid_t tid);

    Recorder& recorder_;
    Pass pass_;
    pid_t program_;
    std::optional<int> program_status_;
    bool guards_auxv_ = false;
    std::map<pid_t, Tracee> tracees_;
    std::map<pid_t, int> early_stops_;  // of children whose parent's event has not come yet
    std::deque<std::pair<pid_t, int>> queued_;
};

}  // namespace levitate::vmm::native
