// Turns what a tracer sees of a program's tasks into the events of a trace. It does not know the engine: the
// boundary tracer (emu) and ptrace (native) both feed it, so that their traces follow the same rules.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "traces/format/event.hpp"
#include "vmm/tracer/initial_stack.hpp"
#include "vmm/tracer/signal_frame.hpp"
#include "vmm/tracer/user_memory.hpp"

namespace levitate::vmm {

// The program's first task, and so its first process.
inline constexpr traces::TaskNumber kFirstTask{1};

struct SyscallEntry {
    std::uint64_t number = 0;                  // x8
    std::array<std::uint64_t, 6> arguments{};  // x0 to x5
    std::uint64_t pc = 0;                      // of the SVC
    std::uint64_t sp = 0;
};

struct AuxvLoad {
    AuxvRange range;
    GuestVirt address{};
    unsigned size = 0;  // bytes
    std::uint64_t pc = 0;
};

struct VdsoEntry {
    std::string symbol;
    std::array<std::uint64_t, 2> arguments{};  // x0 and x1
    std::uint64_t return_pc = 0;               // x30
    std::uint64_t sp = 0;
};

// Precondition of every function that takes a task: it has been started and not ended. Calls come in the
// order in which things happened.
class Recorder {
  public:
    // `header` is complete but for the auxv, which the program's first exec brings. `clock` tells the guest's
    // time and never goes back.
    using Clock = std::function<std::chrono::nanoseconds()>;
    Recorder(traces::EventSink& sink, traces::Header header, Clock clock);

    // The program's first task stands at its first instruction. Begins the trace. `tid` 0: not known.
    traces::TaskNumber start_program(std::int64_t tid, const InitialStack& stack, std::uint64_t sp,
                                     std::uint64_t entry_pc);
    // `tid` is 0 where the child ran before its parent learned it.
    traces::TaskNumber start_task(traces::TaskNumber parent, std::uint64_t clone_flags, std::int64_t tid);
    // A call that is outstanding ends without a result.
    void end_task(traces::TaskNumber task, const traces::TaskEndEvent& end);

    void enter_syscall(traces::TaskNumber task, const SyscallEntry& entry, const UserMemory& memory);
    void return_from_syscall(traces::TaskNumber task, std::int64_t result, const UserMemory& memory);
    // The call does not come back: exit, rt_sigreturn.
    void end_syscall(traces::TaskNumber task);
    // A signal's handler runs first, then the program makes the call again.
    void restart_syscall(traces::TaskNumber task, const UserMemory& memory);
    // The kernel makes the program run the SVC again without a handler in between. The program cannot see
    // that, so the next entry at the same PC continues this call.
    void repeat_syscall(traces::TaskNumber task);
    // nullptr: the task is not in a call.
    const traces::SyscallEvent* outstanding_syscall(traces::TaskNumber task) const;

    void exec(traces::TaskNumber task, const InitialStack& stack, std::uint64_t sp, std::uint64_t entry_pc);
    void signal(traces::TaskNumber task, const DeliveredSignal& signal);
    // A load has retired. There is one event for each entry of the auxv that it touched.
    void auxv_load(traces::TaskNumber task, const AuxvLoad& load, const UserMemory& memory);
    // The task stands at the entry of a function of its vDSO. The event is complete at the return.
    void enter_vdso(traces::TaskNumber task, const VdsoEntry& entry);
    // The task stands at `pc` with this stack pointer. If a function of the vDSO was to return there, it now
    // has.
    void return_to(traces::TaskNumber task, std::uint64_t pc, std::uint64_t sp, std::int64_t result,
                   const UserMemory& memory);
    // Where the functions that tasks have entered will return to, for all tasks.
    std::vector<std::uint64_t> vdso_returns() const;
    void registers_lost(traces::TaskNumber task, const traces::RegistersEvent& loss);

    // Ends the trace. `incomplete` is empty if the program ran to its end. If no program has started, the
    // trace holds only its header and the outcome.
    void finish(const traces::OutcomeEvent& outcome, const std::string& incomplete);

    bool has_started() const { return begun_; }

  private:
    struct Outstanding {
        traces::SyscallEvent event;
        bool repeats = false;
    };
    struct Task {
        std::optional<Outstanding> syscall;
        std::vector<VdsoEntry> vdso;  // entered and not returned from: a signal's handler may call another
    };

    std::uint64_t time() const;
    void emit(traces::TaskNumber number, traces::EventBody body);
    void emit_outstanding(traces::TaskNumber number, Task& task);
    void emit_vdso(traces::TaskNumber number, const VdsoEntry& entry, std::optional<std::int64_t> result,
                   std::vector<traces::Payload> payloads);
    void leave_vdso(traces::TaskNumber number, Task& task, std::size_t depth);
    void emit_exec(traces::TaskNumber number, const InitialStack& stack, std::uint64_t sp,
                   std::uint64_t entry_pc);
    void begin(const std::vector<traces::AuxvEntry>& auxv);
    Task& find(traces::TaskNumber task);

    traces::EventSink& sink_;
    traces::Header header_;
    Clock clock_;
    std::chrono::nanoseconds start_{};
    bool begun_ = false;
    std::map<traces::TaskNumber, Task> tasks_;  // alive
    std::vector<std::uint64_t> next_index_;     // by task number, also of those that ended
    std::uint32_t last_task_ = 0;
    std::uint64_t next_order_ = 0;
};

}  // namespace levitate::vmm
