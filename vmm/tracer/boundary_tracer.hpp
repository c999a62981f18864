// Finds a program's tasks and calls from what its CPU does, for any kernel: from exceptions out of EL0,
// returns to it, and loads and instruction addresses that the engine watches. Asks nothing of the kernel but
// that each task has an EL1 stack of its own, which the CPU leaves and enters EL1 with empty (Linux does; so
// does every kernel that keeps a task's registers on the task's kernel stack).
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "traces/format/event.hpp"
#include "vmm/engine/engine.hpp"
#include "vmm/tracer/recorder.hpp"
#include "vmm/tracer/register_check.hpp"
#include "vmm/tracer/signal_frame.hpp"
#include "vmm/tracer/task_calls.hpp"
#include "vmm/tracer/user_memory.hpp"

namespace levitate::vmm {

// A guest's user memory under its current translation tables.
class EngineMemory final : public UserMemory {
  public:
    explicit EngineMemory(const Engine& engine) : engine_(engine) {}
    std::size_t read(GuestVirt address, std::span<std::byte> into) const override {
        return engine_.read_memory(address, into, View::User);
    }

  private:
    const Engine& engine_;
};

// The translation table in TTBR0_EL1 (Arm ARM D17.2.144), which stands for an address space: without ASID and
// CnP.
constexpr std::uint64_t translation_table(std::uint64_t ttbr0) {
    return ttbr0 & 0x0000fffffffffffe;
}

// A recorded task, for a debugger.
struct TaskView {
    traces::TaskNumber number{};
    // As it last entered the kernel, EL0's side. Absent: EL0 runs it now, or it has not run yet.
    std::optional<VcpuRegisters> registers;
};

// Records one program and its descendants. The trace starts when a task that is not recorded yet has called
// execve on the program's path, and that call has succeeded.
//
// Loads from the auxv and calls of the vDSO are seen in the address spaces of all tasks: what an exec made,
// and what a fork has copied of it.
class BoundaryTracer {
  public:
    // `program` is the path as it is given to execve in the guest. Enables the engine's boundary exits.
    BoundaryTracer(Engine& engine, traces::Header header, std::string program, traces::EventSink& sink);

    // To be called with every exit of Engine::run, before the engine runs on. Exits that are no business of
    // the tracer are ignored.
    void handle(const Exit& exit);

    // Why this kernel cannot be traced; empty as long as it can. The run should end then.
    const std::string& refusal() const { return refusal_; }
    bool program_started() const { return recorder_.has_started(); }
    // The task that EL0 runs, or ran when it took the last exception. nullopt: one that is not recorded.
    std::optional<traces::TaskNumber> current_task() const { return current_; }
    // The tasks that are alive, as far as is known.
    std::vector<TaskView> tasks() const;
    // As the last exec of the program's first process made it, without AT_NULL; empty before the program has
    // started.
    const std::vector<traces::AuxvEntry>& program_auxv() const { return program_auxv_; }
    // Entry points of the vDSO and where calls of it return: what the tracer has given to
    // Engine::set_breakpoints.
    std::span<const GuestVirt> breakpoints() const { return breakpoints_; }

    // Ends the trace, as Recorder::finish does, and stops watching.
    void finish(const traces::OutcomeEvent& outcome, const std::string& incomplete);

  private:
    enum class Cause { Syscall, Interrupt, Abort, Undefined, Other };

    // What is known of a task between an exception and the return from it.
    struct Visit {
        Cause cause = Cause::Other;
        UserRegisters registers;  // at the exception: PC is after an SVC, on any other instruction
        std::uint64_t number = 0;
        TaskCall call = TaskCall::Other;
        std::optional<InterruptedState> restored;  // rt_sigreturn: what its frame holds
        std::uint32_t instruction = 0;             // Undefined: the word at PC
        std::string describe() const;
    };

    // A breakpoint that was looked at before its instruction has been executed.
    struct Served {
        std::uint64_t pc = 0;
        std::uint64_t retired = 0;  // instructions until then
    };

    struct Task {
        traces::TaskNumber process{};  // the number of its thread group's first task
        std::int64_t tid = 0;          // 0: not learned yet
        std::uint64_t stack = 0;       // SP_EL1 at the boundary; 0: has not run yet
        std::uint64_t space = 0;       // TTBR0_EL1's table
        std::optional<Visit> visit;
        std::optional<Served> served = std::nullopt;
        // At the last exception the instruction at `served` had not been executed yet.
        bool was_served = false;
        bool stands_at_served(std::uint64_t pc) const { return was_served && served && served->pc == pc; }
    };

    // What the kernel has put into an address space at its exec.
    struct Space {
        AuxvRange auxv;
        // Where there is a vDSO whose symbols are not mapped yet.
        std::optional<GuestVirt> unread_vdso;
        std::map<GuestVirt, std::string> vdso;
    };

    // A clone whose child has not been seen, or whose parent has not been told.
    struct PendingBirth {
        traces::TaskNumber parent{};
        traces::TaskNumber parent_process{};
        CloneRequest request;
        UserRegisters at_call;
        std::uint64_t space = 0;
        std::optional<traces::TaskNumber> child;  // once it has its number
        bool parent_returned = false;
        bool child_ran = false;
    };

    // An execve of the program's path by a task that is not recorded.
    struct Candidate {
        std::uint64_t stack = 0;
        std::uint64_t sp = 0;
        std::uint64_t return_pc = 0;
    };

    // Entries (boundary_entry.cpp).
    void on_exception(const VcpuRegisters& registers, bool interrupt);
    void on_syscall(traces::TaskNumber number, Task& task, Visit& visit);
    void on_foreign_exception(const VcpuRegisters& registers, Cause cause);
    Visit make_visit(const VcpuRegisters& registers, bool interrupt) const;
    void end_process(traces::TaskNumber process, const traces::TaskEndEvent& end);
    void end_task(traces::TaskNumber number, const traces::TaskEndEvent& end);

    // Returns (boundary_resume.cpp).
    void on_resume(const VcpuRegisters& registers);
    bool try_start_program(const VcpuRegisters& registers);
    bool continue_task(traces::TaskNumber number, const UserRegisters& now, std::uint64_t space);
    bool continue_syscall(traces::TaskNumber number, const Visit& visit, const UserRegisters& now);
    bool continue_signal_return(traces::TaskNumber number, const Visit& visit, const UserRegisters& now);
    bool continue_exec(traces::TaskNumber number, Task& task, const UserRegisters& now, std::uint64_t space);
    bool continue_interruption(traces::TaskNumber number, const Visit& visit, const UserRegisters& now);
    bool continue_in_handler(traces::TaskNumber number, const Visit& visit, const UserRegisters& now);
    void continue_wrongly(traces::TaskNumber number, const UserRegisters& now);
    bool runs_child_on_stack_of_parent(const UserRegisters& now, std::uint64_t stack) const;
    bool moves_between_stacks(const UserRegisters& now, std::uint64_t space) const;
    void finish_syscall(traces::TaskNumber number, const Visit& visit, std::int64_t result);
    void check_registers(traces::TaskNumber number, const UserRegisters& before, const UserRegisters& after,
                         std::optional<unsigned> may_change, const std::string& during, std::uint64_t pc);
    void begin_space(const InitialStack& stack, std::uint64_t space);
    void check_entry_state(traces::TaskNumber number, const UserRegisters& now);
    void record_signals(traces::TaskNumber number, const std::vector<DeliveredSignal>& signals,
                        const UserRegisters& now);

    // Births (boundary_birth.cpp).
    bool try_birth(const VcpuRegisters& registers);
    traces::TaskNumber start_child(PendingBirth& birth, std::int64_t tid);
    void run_child(PendingBirth& birth, const UserRegisters& now, std::uint64_t stack, std::uint64_t space);
    void parent_returned(traces::TaskNumber parent, std::int64_t result);
    void forget_settled_births();
    void refuse(const std::string& reason);

    // Watches (boundary_tracer.cpp).
    void on_watched_load(const Exit& exit);
    void on_breakpoint();
    void serve_breakpoint(const VcpuRegisters& registers);
    void serve_missed_breakpoint(const VcpuRegisters& registers);
    void find_vdso_functions();
    void copy_space(std::uint64_t from, std::uint64_t to);
    void forget_unused_spaces();
    void set_watches();
    void set_breakpoints();
    Task* find(traces::TaskNumber number);
    std::optional<traces::TaskNumber> find_by_stack(std::uint64_t stack) const;

    Engine& engine_;
    EngineMemory memory_;
    Recorder recorder_;
    std::string program_;
    std::string refusal_;

    std::map<traces::TaskNumber, Task> tasks_;               // alive, as far as is known
    std::map<std::uint64_t, traces::TaskNumber> by_stack_;   // of those that have run
    std::vector<PendingBirth> births_;                       // oldest first
    std::map<std::uint64_t, std::uint64_t> foreign_clones_;  // by SP_EL1: PC after the SVC
    std::optional<Candidate> candidate_;
    std::optional<traces::TaskNumber> current_;

    std::map<std::uint64_t, Space> spaces_;  // by translation table
    std::vector<traces::AuxvEntry> program_auxv_;
    std::vector<GuestVirt> breakpoints_;
    std::set<std::uint64_t> restorers_;  // that the program has given to rt_sigaction
};

}  // namespace levitate::vmm
