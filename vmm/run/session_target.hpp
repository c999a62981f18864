// A Session as a debugger's Target.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "vmm/debugger/target.hpp"
#include "vmm/run/session.hpp"

namespace levitate::vmm {

class SessionTarget final : public Target {
  public:
    // The session must record (have a sink): the program's tasks are known from its tracer. It must outlive
    // the target.
    explicit SessionTarget(Session& session) : session_(session) { session_.leave_to_debugger(); }

    // Runs to the program's first instruction. False: the run ended before that, or `interrupted` asked to
    // stop.
    bool run_to_program(const std::function<bool()>& interrupted);

    std::vector<TargetThread> threads() const override;
    std::optional<VcpuRegisters> registers(ThreadId thread) const override;
    bool set_registers(ThreadId thread, const VcpuRegisters& registers) override;
    std::size_t read_memory(GuestVirt address, std::span<std::byte> into) const override;
    std::size_t write_memory(GuestVirt address, std::span<const std::byte> from) override;
    void insert_breakpoint(GuestVirt address) override;
    void remove_breakpoint(GuestVirt address) override;
    void insert_watchpoint(const WatchedMemory& memory) override;
    void remove_watchpoint(const WatchedMemory& memory) override;
    std::vector<std::byte> auxiliary_vector() const override;
    // A step at EL0 that enters the kernel goes on until the same task is back at EL0, as a user of gdb on
    // Linux expects; a step at EL1 is one instruction.
    TargetStop resume(ResumeKind kind, const std::function<bool()>& interrupted) override;

  private:
    // What a watchpoint's memory held when it was last looked at.
    struct Watchpoint {
        std::uint64_t space = 0;  // its translation table; 0: any, for the kernel's half
        std::vector<std::byte> bytes;
    };

    TargetStop step(const std::function<bool()>& interrupted);
    TargetStop return_to_program(const std::function<bool()>& interrupted);
    TargetStop go_on(const std::function<bool()>& interrupted);
    std::uint64_t budget() const;
    std::optional<GuestVirt> changed_memory();
    std::vector<std::byte> read(const WatchedMemory& memory) const;
    TargetStop ended();
    bool at_el0() const;
    bool stops_here(GuestVirt address) const;
    void set_breakpoints();

    Session& session_;
    std::set<GuestVirt> breakpoints_;
    std::map<WatchedMemory, Watchpoint> watchpoints_;
};

}  // namespace levitate::vmm
