// What runs a kernel: one virtual CPU with its RAM. `emu` and `kvm` implement it; `native` has no machine and
// is not an Engine (see vmm/engine/native).
//
// The tracer, the debugger and the GDB stub see a guest only through this interface.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace levitate::vmm {

// Guest addresses are types of their own: neither is a host pointer, and neither is the other.
enum class GuestPhys : std::uint64_t {};
enum class GuestVirt : std::uint64_t {};

constexpr std::uint64_t value(GuestPhys address) {
    return static_cast<std::uint64_t>(address);
}
constexpr std::uint64_t value(GuestVirt address) {
    return static_cast<std::uint64_t>(address);
}
constexpr GuestPhys operator+(GuestPhys address, std::uint64_t bytes) {
    return GuestPhys{value(address) + bytes};
}
constexpr GuestVirt operator+(GuestVirt address, std::uint64_t bytes) {
    return GuestVirt{value(address) + bytes};
}

struct Vector128 {
    std::uint64_t low = 0;
    std::uint64_t high = 0;
    bool operator==(const Vector128&) const = default;
};

// `pstate` is laid out as SPSR_EL1 is (Arm ARM C5.2.19).
struct VcpuRegisters {
    std::array<std::uint64_t, 31> x{};
    std::uint64_t sp_el0 = 0;
    std::uint64_t sp_el1 = 0;
    std::uint64_t pc = 0;
    std::uint64_t pstate = 0;
    std::uint64_t tpidr_el0 = 0;
    std::uint64_t ttbr0_el1 = 0;
    std::uint64_t elr_el1 = 0;
    std::uint64_t spsr_el1 = 0;
    std::uint64_t esr_el1 = 0;
    std::uint64_t far_el1 = 0;
    std::array<Vector128, 32> v{};
    std::uint32_t fpcr = 0;
    std::uint32_t fpsr = 0;
};

enum class ExitReason {
    Budget,            // the instruction budget of this run() is used up
    Idle,              // the guest waits for an interrupt that only the outside (stdin) can cause
    ExceptionFromEl0,  // taken, PC at the vector; elr_el1, spsr_el1 and esr_el1 hold EL0's side
    ReturnToEl0,       // ERET executed; PC is EL0's next instruction
    WatchedLoad,       // an EL0 load touched a watched range and has retired
    Breakpoint,        // the instruction at PC is a breakpoint and has not been executed
    PowerOff,          // PSCI SYSTEM_OFF
    Reset,             // PSCI SYSTEM_RESET
    Stopped,           // request_stop()
};

struct Exit {
    ExitReason reason = ExitReason::Budget;
    bool irq = false;          // ExceptionFromEl0: asynchronous
    GuestVirt load_pc{};       // WatchedLoad
    GuestVirt load_address{};  // WatchedLoad: of all that the instruction read of the range
    unsigned load_size = 0;    // WatchedLoad, bytes
};

// EL0 loads in [begin, end) under the translation table `table` (BADDR, without ASID).
struct WatchedLoads {
    std::uint64_t table = 0;
    GuestVirt begin{};
    GuestVirt end{};
};

enum class View { User, Kernel };  // whose permissions translate an address

struct EngineStatistics {
    std::uint64_t instructions = 0;                // retired
    std::vector<std::string> undefined_encodings;  // "0x<address>: <word> (EL0)", for the report
};

class Engine {
  public:
    virtual ~Engine() = default;

    // Runs until an exit, at most about `instructions` (emu: exactly).
    virtual Exit run(std::uint64_t instructions) = 0;
    // From any thread: makes run() return Stopped soon.
    virtual void request_stop() = 0;

    virtual VcpuRegisters registers() const = 0;
    // Writes x, sp_el0, sp_el1, pc, pstate, tpidr_el0, v, fpcr and fpsr. The others are read only.
    virtual void set_registers(const VcpuRegisters& registers) = 0;

    // nullopt: not mapped for that view under the current tables.
    virtual std::optional<GuestPhys> translate(GuestVirt address, View view) const = 0;
    // Copy from or to guest memory through the current translation tables. Returns the number of bytes copied
    // before the first byte that is not mapped. A copy, always: guest memory is never trusted twice.
    virtual std::size_t read_memory(GuestVirt address, std::span<std::byte> into, View view) const = 0;
    virtual std::size_t write_memory(GuestVirt address, std::span<const std::byte> from, View view) = 0;

    virtual void set_boundary_exits(bool enabled) = 0;
    // These loads exit, and no others any more.
    virtual void set_watched_loads(std::span<const WatchedLoads> watched) = 0;
    virtual void set_breakpoints(std::span<const GuestVirt> addresses) = 0;

    virtual EngineStatistics statistics() const = 0;
    virtual std::uint64_t retired_instructions() const = 0;
    // What the guest's system counter has counted since the start.
    virtual std::chrono::nanoseconds guest_time() const = 0;
};

}  // namespace levitate::vmm
