// What runs a kernel: one virtual CPU with its RAM. `emu` implements it; `native` has no machine and is not
// an Engine (see vmm/engine/native).
//
// The tracer and the debugger's target (vmm/run/session_target.hpp) see a guest only through this interface.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "vmm/arch/address.hpp"
#include "vmm/arch/registers.hpp"
#include "vmm/engine/witness.hpp"

namespace levitate::vmm {

enum class ExitReason {
    Budget,            // the instruction budget of this run() is used up
    Idle,              // the guest waits for an interrupt that only the outside (stdin) can cause
    ExceptionFromEl0,  // taken, PC at the vector; elr_el1, spsr_el1 and esr_el1 hold EL0's side
    ChannelCall,       // as ExceptionFromEl0, by the SVC of set_channel_svc(), boundary or not
    ReturnToEl0,       // ERET executed; PC is EL0's next instruction
    WatchedLoad,       // an EL0 load has touched a watched range and has retired
    Breakpoint,        // the instruction at PC is a breakpoint and has not been executed
    PowerOff,          // PSCI SYSTEM_OFF
    Reset,             // PSCI SYSTEM_RESET
    SemihostingExit,   // SYS_EXIT
    Stopped,           // request_stop()
};

struct Exit {
    ExitReason reason = ExitReason::Budget;
    bool irq = false;          // ExceptionFromEl0: asynchronous
    GuestVirt load_pc{};       // WatchedLoad
    GuestVirt load_address{};  // WatchedLoad: where what it read of the range begins
    unsigned load_size = 0;    // WatchedLoad, bytes
    int status = 0;            // SemihostingExit
    // ExceptionFromEl0, ChannelCall, ReturnToEl0, Breakpoint: as they are now. Whoever handles the exit uses
    // these and does not fetch them again.
    VcpuRegisters registers{};
};

// EL0 loads in [begin, end) under the translation table `table` (BADDR, without ASID).
struct WatchedLoads {
    std::uint64_t table = 0;
    GuestVirt begin{};
    GuestVirt end{};
    bool operator==(const WatchedLoads&) const = default;
};

// What run() exits for, beside what ends a run anyway.
struct Stops {
    bool boundary = false;  // ExceptionFromEl0 and ReturnToEl0
    std::vector<WatchedLoads> loads;
    std::vector<GuestVirt> breakpoints;  // sorted, each once
    bool operator==(const Stops&) const = default;
};

enum class View { User, Kernel };  // whose permissions translate an address

// An access to a physical address at which nothing answers, which took an external abort.
struct UnansweredAccess {
    enum class Kind { Read, Write, Fetch, TableWalk };
    GuestPhys address{};
    GuestVirt pc{};  // of the instruction
    std::uint64_t count = 0;
    unsigned size = 0;  // bytes
    Kind kind = Kind::Read;
    bool operator==(const UnansweredAccess&) const = default;
};

struct EngineStatistics {
    std::uint64_t instructions = 0;                // retired
    std::vector<std::string> undefined_encodings;  // "0x<address>: <word> (EL0)", for the report
    std::vector<UnansweredAccess> unanswered;      // distinct ones, oldest first; at most 64
    std::uint64_t unanswered_total = 0;            // of all accesses, those that are not listed too
};

class Engine : public Witness {
  public:
    // Runs until an exit, at most about `instructions` (emu: exactly).
    virtual Exit run(std::uint64_t instructions) = 0;
    // From any thread: makes run() return Stopped soon.
    virtual void request_stop() = 0;

    virtual VcpuRegisters registers() const = 0;
    // Writes all registers except ttbr0_el1, elr_el1, spsr_el1 and esr_el1, which can only be read.
    virtual void set_registers(const VcpuRegisters& registers) = 0;

    // nullopt: not mapped for that view under the current tables.
    virtual std::optional<GuestPhys> translate(GuestVirt address, View view) const = 0;
    // Copy from or to guest memory through the current translation tables. Returns the number of bytes copied
    // before the first byte that is not mapped. It is always a copy, because guest memory is never trusted
    // twice.
    virtual std::size_t read_memory(GuestVirt address, std::span<std::byte> into, View view) const = 0;
    virtual std::size_t write_memory(GuestVirt address, std::span<const std::byte> from, View view) = 0;

    // Replaces those that were set before. Only vmm/run/engine_stops.hpp decides which they are.
    virtual void set_stops(const Stops& stops) = 0;
    // SVCs with this immediate at EL0 are init's calls to the host (vmm/initramfs/init/channel.hpp).
    virtual void set_channel_svc(std::uint16_t immediate) = 0;

    // What the CPU remembers, for restore() by the same build; RAM and devices are the machine's. To be
    // called between runs. Empty: this engine cannot save it.
    virtual std::vector<std::byte> save() const { return {}; }
    // Goes on from there, in a machine that is as it was then. Time jumps from there on as this engine's
    // schedule seed says. False: the bytes are not such, and nothing has changed.
    virtual bool restore(std::span<const std::byte> /*saved*/) { return false; }

    virtual EngineStatistics statistics() const = 0;
    virtual std::uint64_t retired_instructions() const = 0;
    // What the guest's system counter has counted since the start.
    virtual std::chrono::nanoseconds guest_time() const = 0;
};

}  // namespace levitate::vmm
