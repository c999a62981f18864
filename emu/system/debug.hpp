// Self-hosted debug (Arm ARM D2): software step, and the breakpoints and watchpoints that the guest sets in
// its registers. Non-secure state, no EL2, no external debugger.
#pragma once

#include <cstdint>
#include <optional>

#include "emu/system/exception.hpp"
#include "emu/system/pstate.hpp"
#include "emu/system/registers.hpp"

namespace levitate::emu::debug {

// Whether MDSCR_EL1 asks for software step, or for breakpoints and watchpoints of which one at least is
// enabled.
bool asks_for_steps(const SystemRegisters& system);
bool asks_for_breakpoints(const SystemRegisters& system);
bool asks_for_watchpoints(const SystemRegisters& system);

// Whether debug exceptions are taken from this exception level with these masks
// (AArch64.GenerateDebugExceptionsFrom).
bool enabled_from(const SystemRegisters& system, unsigned exception_level, std::uint64_t daif);

// PSTATE.SS after an exception return to `spsr` (DebugExceptionReturnSS). Precondition: `spsr` names EL0 or
// EL1.
bool step_after_return(const SystemRegisters& system, const PState& source, std::uint64_t spsr);

// The ISS of a software step exception that follows the execution of `word`.
std::uint32_t step_syndrome(std::uint32_t word);

// Whether a breakpoint can match in the 4 KiB page at `page`, and whether one matches the instruction at
// `address` now.
bool has_breakpoint_in(const SystemRegisters& system, std::uint64_t page);
bool breaks_at(const SystemRegisters& system, const PState& pstate, std::uint64_t address);

// Whether a watchpoint can match in the 4 KiB page at `page`, and the address for FAR_EL1 where one matches
// the access of `size` bytes at `address`, which has no tag, with EL1's rights or with EL0's.
bool has_watchpoint_in(const SystemRegisters& system, std::uint64_t page);
std::optional<std::uint64_t> watched(const SystemRegisters& system, bool privileged, std::uint64_t address,
                                     unsigned size, Access access);

}  // namespace levitate::emu::debug
