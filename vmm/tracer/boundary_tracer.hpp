// Finds a program's tasks and calls from what its CPU does, for any kernel: from exceptions out of EL0,
// returns to it, and loads and instruction addresses that the engine watches.
//
// Most kernels give each task an EL1 stack of its own, which is empty whenever the CPU enters or leaves EL1
// (as on Linux, and on every kernel that keeps a task's registers on the task's kernel stack). Then SP_EL1
// tells tasks apart. Once a kernel is seen to do it in another way, the address space and the registers of
// the pending call do: a task goes on where Linux could let it go on, with the registers that it had.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "traces/format/event.hpp"
#include "vmm/engine/engine.hpp"
#include "vmm/tracer/engine_memory.hpp"
#include "vmm/tracer/recorder.hpp"
#include "vmm/tracer/register_check.hpp"
#include "vmm/tracer/space_watch.hpp"
#include "vmm/tracer/task_lives.hpp"
#include "vmm/tracer/task_return.hpp"
#include "vmm/tracer/task_table.hpp"

namespace levitate::vmm {

// A recorded task, for a debugger.
struct TaskView {
    traces::TaskNumber number{};
    // Its registers when it last entered the kernel. Absent: EL0 runs it now, or it has not run yet.
    std::optional<UserRegisters> registers;
};

// What the program's first task is known by.
struct ProgramStart {
    enum class By {
        Exec,      // a task that is not recorded has called execve on `path`, and that call has succeeded
        Process1,  // it is the first task that EL0 runs at all: the kernel has executed the program itself
    };
    By by = By::Exec;
    std::string path;  // Exec: as it is given to execve in the guest
};

// Records one program and its descendants.
//
// Loads from the auxv and calls of the vDSO are seen in the address spaces of all tasks, in those that an
// exec has made and in copies that a fork has made.
class BoundaryTracer {
  public:
    BoundaryTracer(const Engine& engine, traces::Header header, ProgramStart start, traces::EventSink& sink);

    // What the engine has to stop at until the next handle() or finish(). The caller sets this.
    const Stops& stops() const { return watch_.stops(); }
    // To be called with every exit of Engine::run, before the engine runs on. Exits that do not concern the
    // tracer are ignored.
    void handle(const Exit& exit);

    // Why this kernel cannot be traced; empty as long as it can. The run should end then.
    const std::string& refusal() const { return refusal_; }
    bool program_started() const { return recorder_.has_started(); }
    // The task that EL0 runs, or ran when it took the last exception. nullopt: one that is not recorded.
    std::optional<traces::TaskNumber> current_task() const { return current_; }
    // The task on this EL1 stack in the address space of this translation table, if it is recorded.
    std::optional<traces::TaskNumber> task_on(std::uint64_t sp_el1, std::uint64_t table) const;
    // The tasks that are alive, as far as is known.
    std::vector<TaskView> tasks() const;
    // The vector that the last exec of the program's first process made, without AT_NULL; empty before the
    // program has started.
    const std::vector<traces::AuxvEntry>& program_auxv() const { return program_auxv_; }

    // See TaskLives. To be asked before finish().
    std::optional<int> program_exit_code() const { return lives_.program_exit_code(); }

    // Ends the trace, as Recorder::finish does, and stops watching.
    void finish(const traces::OutcomeEvent& outcome, const std::string& incomplete);

  private:
    // An execve of the program's path by a task that is not recorded, which may start the program.
    struct Candidate {
        std::uint64_t stack = 0;
        std::uint64_t sp = 0;
        std::uint64_t return_pc = 0;
    };

    void on_exception(const VcpuRegisters& at_vector, bool interrupt);
    void on_foreign_exception(const VcpuRegisters& at_vector, bool interrupt);
    void on_call(traces::TaskNumber number, traces::TaskNumber process, Visit& visit);
    void on_resume(const VcpuRegisters& now);
    bool try_start_program(const VcpuRegisters& now);
    void start_program(const InitialStack& stack, const VcpuRegisters& now);
    bool try_birth(const VcpuRegisters& now);
    bool continue_task(traces::TaskNumber number, const VcpuRegisters& now);
    bool continue_exec(traces::TaskNumber number, TracedTask& task, const VcpuRegisters& now);
    void enter_image(traces::TaskNumber number, const InitialStack& stack, const VcpuRegisters& now);
    bool runs_child_on_stack_of_parent(const VcpuRegisters& now) const;
    bool moves_between_stacks(const VcpuRegisters& now) const;
    void resume_by_stack(const VcpuRegisters& now);
    void resume_by_registers(const VcpuRegisters& now);
    std::vector<traces::TaskNumber> most_alike(const VcpuRegisters& now) const;
    bool continue_execed(const VcpuRegisters& now);
    void continue_wrongly(traces::TaskNumber number, const VcpuRegisters& now);
    void refuse(const std::string& reason);

    EngineMemory memory_;
    Recorder recorder_;
    ProgramStart start_;
    std::string refusal_;

    TaskTable tasks_;
    TaskLives lives_;
    RegisterCheck check_;
    TaskReturns returns_;
    SpaceWatch watch_;

    std::optional<traces::TaskNumber> current_;
    bool stacks_tell_tasks_ = true;  // SP_EL1 does; false: this kernel has been seen to share stacks
    std::vector<traces::AuxvEntry> program_auxv_;
    // Before the program has started.
    std::map<std::uint64_t, std::uint64_t> foreign_clones_;  // by SP_EL1: PC after the SVC
    std::optional<Candidate> candidate_;
};

}  // namespace levitate::vmm
