// What EL0 may do with system registers, and what becomes of it where it may not.
#pragma once

#include <cstdint>

#include "emu/instruction.hpp"

namespace levitate::emu {

inline constexpr unsigned kSctlrDze = 14;

// Who may access a register, or perform a system instruction, at EL0. What is not allowed by a control bit of
// EL1 traps there (EC 0x18); the rest is UNDEFINED.
enum class El0Access : std::uint8_t {
    None,
    Always,
    Uma,              // SCTLR_EL1.UMA: DAIF
    Uct,              // SCTLR_EL1.UCT: CTR_EL0
    Uci,              // SCTLR_EL1.UCI: cache maintenance
    Dze,              // SCTLR_EL1.DZE: DC ZVA
    PhysicalCounter,  // CNTKCTL_EL1.EL0PCTEN
    VirtualCounter,   // CNTKCTL_EL1.EL0VCTEN
    AnyCounter,       // either: CNTFRQ_EL0
    PhysicalTimer,    // CNTKCTL_EL1.EL0PTEN
    VirtualTimer,     // CNTKCTL_EL1.EL0VTEN
};

// Of an access at EL0: goes on if `access` allows it; otherwise raises UNDEFINED or the trap. `word` is the
// MSR, MRS or SYS.
Flow check_access_of_el0(Core& core, El0Access access, std::uint32_t word);

}  // namespace levitate::emu
