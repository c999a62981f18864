// What a debugger sees of a run: threads, registers, memory, breakpoints and resumption. The GDB stub and the
// backtrace are written against this interface alone.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "vmm/arch/address.hpp"
#include "vmm/arch/registers.hpp"

namespace levitate::vmm {

// Thread 1 is the virtual CPU with whatever it executes, kernel or program. The program's tasks follow, each
// with the registers it had when it last entered the kernel.
enum class ThreadId : std::uint32_t {};

struct TargetThread {
    ThreadId id{};
    std::string name;
};

enum class ResumeKind { Continue, Step };

struct TargetStop {
    enum class Kind {
        Breakpoint,   // the next instruction is at a breakpoint
        Watchpoint,   // memory at `address` has changed under a watchpoint
        Stepped,      // one instruction has retired
        Interrupted,  // `interrupted` asked for it
        Exited,       // the program ended with exit status `status`
        Killed,       // the program ended by signal `status`
        Lost,         // the run ended without the program's status: see `message`
    };
    Kind kind = Kind::Stepped;
    int status = 0;
    std::string message;
    GuestVirt address{};
};

struct WatchedMemory {
    GuestVirt address{};
    std::uint64_t size = 0;  // bytes
    auto operator<=>(const WatchedMemory&) const = default;
};

class Target {
  public:
    virtual ~Target() = default;

    // Never empty while the run lasts; the first is the virtual CPU.
    virtual std::vector<TargetThread> threads() const = 0;
    // nullopt: no such thread.
    virtual std::optional<VcpuRegisters> registers(ThreadId thread) const = 0;
    // Only the virtual CPU's registers can be written; false for any other thread.
    virtual bool set_registers(ThreadId thread, const VcpuRegisters& registers) = 0;

    // Reads through the current translation tables. Returns how many bytes come before the first one that is
    // not mapped.
    virtual std::size_t read_memory(GuestVirt address, std::span<std::byte> into) const = 0;
    virtual std::size_t write_memory(GuestVirt address, std::span<const std::byte> from) = 0;

    // Both may be repeated. A breakpoint below the kernel's half stops at EL1 and in the traced program only:
    // other programs of the guest use the same addresses.
    virtual void insert_breakpoint(GuestVirt address) = 0;
    virtual void remove_breakpoint(GuestVirt address) = 0;

    // Stops resume(Continue) when the bytes are no longer what they were when it began. Both may be repeated.
    // In the program's half the address space is the one that the CPU is in when the watchpoint is inserted.
    // The CPU runs much slower while there is one.
    virtual void insert_watchpoint(const WatchedMemory& memory) = 0;
    virtual void remove_watchpoint(const WatchedMemory& memory) = 0;

    // The program's auxiliary vector as /proc/pid/auxv has it (man 5 proc); empty before the program has
    // started. A debugger learns from it where a position-independent program lies.
    virtual std::vector<std::byte> auxiliary_vector() const = 0;

    // Runs until a stop. `interrupted` is asked a few hundred times a second whether to stop.
    virtual TargetStop resume(ResumeKind kind, const std::function<bool()>& interrupted) = 0;
};

}  // namespace levitate::vmm
