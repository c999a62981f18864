// The frame that the kernel lays on the user stack to deliver a signal.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "traces/format/event.hpp"
#include "vmm/arch/registers.hpp"
#include "vmm/tracer/user_memory.hpp"

namespace levitate::vmm {

// struct rt_sigframe { siginfo_t info; struct ucontext uc; } (Linux arch/arm64/kernel/signal.c; its layout is
// ABI: debuggers, unwinders and sanitisers read it). Byte offsets from the stack pointer:
inline constexpr std::uint64_t kSignalInfoSize = 128;
inline constexpr std::uint64_t kSignalFrameContext = kSignalInfoSize;
// struct sigcontext inside it: fault_address, regs[31], sp, pc, pstate.
inline constexpr std::uint64_t kSignalFrameMachineContext = kSignalFrameContext + 176;

// The state in which a program was interrupted, as its signal frame holds it.
struct InterruptedState : GeneralRegisters {
    std::optional<VectorRegisters> vectors;  // of its FPSIMD record
};

// What else the frame holds about the interruption.
struct SignalContext {
    std::uint64_t flags = 0;  // uc_flags
    traces::SignalStack stack;
    std::uint64_t mask = 0;  // uc_sigmask
    std::uint64_t fault_address = 0;
    std::vector<traces::FrameRecord> records;  // up to the terminator, or to the first that is malformed
    std::optional<std::uint64_t> esr;
};

// nullopt: `sp` is misaligned or the frame cannot be read.
std::optional<InterruptedState> read_interrupted_state(const UserMemory& memory, GuestVirt sp);

// One delivered signal: what the handler got and what it interrupted.
struct DeliveredSignal {
    std::uint64_t handler = 0;
    std::uint64_t frame = 0;
    unsigned signal = 0;
    std::vector<std::byte> information;  // siginfo_t; empty where the handler did not ask for it (SA_SIGINFO)
    InterruptedState interrupted;
    SignalContext context;
};

// The signal whose handler is entered here, if this is the entry of one: x0 is a signal's number and SP
// points at a frame.
std::optional<DeliveredSignal> read_delivered_signal(const UserMemory& memory, const GeneralRegisters& entry);

// Where a task was interrupted. A call may have been made to return (PC after its SVC) or to run again (PC on
// it), so there are two PCs that a frame may hold.
struct InterruptionPoint {
    std::uint64_t sp = 0;
    std::uint64_t pc = 0;
    std::uint64_t other_pc = 0;  // the same as `pc` if there is only one
};

// The signals that were delivered at once between an interruption and a resume, in order of delivery. Linux
// may lay several frames before it returns to the program: each interrupts the handler of the one before.
// Empty: `entry`, the resume, is not the entry of a handler that interrupted `point`.
std::vector<DeliveredSignal> delivered_signals(const UserMemory& memory, const GeneralRegisters& entry,
                                               const InterruptionPoint& point);

}  // namespace levitate::vmm
