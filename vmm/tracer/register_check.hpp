// Which registers a kernel failed to preserve.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <vector>

#include "traces/format/event.hpp"
#include "vmm/engine/engine.hpp"
#include "vmm/tracer/signal_frame.hpp"

namespace levitate::vmm {

// EL0's side of a vCPU: what has to be the same when the kernel comes back from an exception.
struct UserRegisters {
    std::array<std::uint64_t, 31> x{};
    std::uint64_t sp = 0;
    std::uint64_t pc = 0;
    std::uint64_t pstate = 0;
    std::uint64_t tpidr = 0;
    std::array<Vector128, 32> v{};
    std::uint32_t fpcr = 0;
    std::uint32_t fpsr = 0;
};

// At an exception from EL0, whose PC and PSTATE stand in ELR_EL1 and SPSR_EL1.
UserRegisters user_registers_at_exception(const VcpuRegisters& registers);
// At a return to EL0.
UserRegisters user_registers_at_return(const VcpuRegisters& registers);

// The same as a vCPU at EL0 would have them.
VcpuRegisters as_vcpu_registers(const UserRegisters& registers);

// The registers that a signal frame holds, and of `others` those that it does not.
UserRegisters interrupted_registers(const InterruptedState& frame, const UserRegisters& others);

// The registers with which Linux enters a signal's handler. `entered` is how it was entered, for what is free
// within bounds: where the frame record stands, and where a handler returns to if that is one of `restorers`
// or code that calls rt_sigreturn. TPIDR_EL0 is taken from `entered`.
UserRegisters handler_registers(const UserMemory& memory, const DeliveredSignal& signal,
                                const UserRegisters& entered, const std::set<std::uint64_t>& restorers);

// Differences in x0 to x30, SP, PC, NZCV, TPIDR_EL0, V0 to V31, FPCR and FPSR. `may_change` is a register Xn
// that the exception's handling is free to write.
std::vector<traces::RegistersEvent::Change> lost_registers(const UserRegisters& before,
                                                           const UserRegisters& after,
                                                           std::optional<unsigned> may_change);

}  // namespace levitate::vmm
