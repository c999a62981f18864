// Which registers a kernel failed to preserve.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "traces/format/event.hpp"
#include "vmm/engine/engine.hpp"

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

// Differences in x0 to x30, SP, PC, NZCV, TPIDR_EL0, V0 to V31, FPCR and FPSR. `may_change` is a register Xn
// that the exception's handling is free to write.
std::vector<traces::RegistersEvent::Change> lost_registers(const UserRegisters& before,
                                                           const UserRegisters& after,
                                                           std::optional<unsigned> may_change);

}  // namespace levitate::vmm
