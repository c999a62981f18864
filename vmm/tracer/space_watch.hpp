// What is watched in the program's address spaces: loads from the auxiliary vector, and calls of the vDSO's
// functions and their returns. An address space is known by its translation table (arch/aarch64.hpp).
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "vmm/engine/engine.hpp"
#include "vmm/tracer/initial_stack.hpp"
#include "vmm/tracer/recorder.hpp"
#include "vmm/tracer/register_check.hpp"
#include "vmm/tracer/task_table.hpp"

namespace levitate::vmm {

class SpaceWatch {
  public:
    SpaceWatch(const Engine& engine, const UserMemory& memory, Recorder& recorder, TaskTable& tasks,
               RegisterCheck& check)
        : engine_(engine), memory_(memory), recorder_(recorder), tasks_(tasks), check_(check) {}

    // What the engine has to stop at for this.
    const Stops& stops() const { return stops_; }

    // Ends the watch. Nothing needs to be reported to it any more.
    void end() { stops_ = {}; }

    // begin(): an exec has made the space. copy(): a fork has made it from another.
    void begin(std::uint64_t space, const InitialStack& stack);
    void copy(std::uint64_t from, std::uint64_t to);

    // `number` has loaded from a watched range.
    void on_load(traces::TaskNumber number, const Exit& exit);
    // `number` stands before the instruction at a breakpoint.
    void on_breakpoint(traces::TaskNumber number, const VcpuRegisters& now);
    // `number` has taken an exception from the instruction at `pc`.
    void on_exception(traces::TaskNumber number, std::uint64_t pc);
    // `number` is back from an exception.
    void on_resume(traces::TaskNumber number, const VcpuRegisters& now);

  private:
    // What the kernel has put into an address space at its exec.
    struct Space {
        AuxvRange auxv;
        // The address of the vDSO while its symbols are not mapped yet.
        std::optional<GuestVirt> unread_vdso;
        std::map<GuestVirt, std::string> vdso;
    };

    Space* space_of(traces::TaskNumber number);
    void find_vdso_functions(Space& space);
    void forget_unused();
    void set_loads();
    void set_breakpoints();

    const Engine& engine_;
    const UserMemory& memory_;
    Recorder& recorder_;
    TaskTable& tasks_;
    RegisterCheck& check_;
    std::map<std::uint64_t, Space> spaces_;
    Stops stops_{.boundary = true, .loads = {}, .breakpoints = {}};
};

}  // namespace levitate::vmm
