// System registers: the values that are merely kept, and the table of all of them.
#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "emu/instruction.hpp"
#include "emu/system/el0_access.hpp"

namespace levitate::emu {

inline constexpr std::size_t kDebugBreakpoints = 6;  // as ID_AA64DFR0_EL1 says
inline constexpr std::size_t kDebugWatchpoints = 4;

// Named as the Arm ARM does, without the suffix where it is _EL1.
struct SystemRegisters {
    std::uint64_t sctlr = 0x30c50838;  // RES1 bits and what is set at reset
    std::uint64_t cpacr = 0;
    std::uint64_t ttbr0 = 0;
    std::uint64_t ttbr1 = 0;
    std::uint64_t tcr = 0;
    std::uint64_t mair = 0;
    std::uint64_t vbar = 0;
    std::uint64_t elr = 0;
    std::uint64_t spsr = 0;
    std::uint64_t esr = 0;
    std::uint64_t far = 0;
    std::uint64_t par = 0;
    std::uint64_t contextidr = 0;
    std::uint64_t tpidr_el0 = 0;
    std::uint64_t tpidrro_el0 = 0;
    std::uint64_t tpidr = 0;
    std::uint64_t sp_el0 = 0;  // while it is not the current stack pointer
    std::uint64_t sp_el1 = 0;  // while it is not the current stack pointer
    std::uint64_t cntkctl = 0;
    std::uint64_t csselr = 0;
    // Self-hosted debug: debug.hpp says what they ask for.
    std::uint64_t mdscr = 0;
    std::uint64_t mdccint = 0;
    std::uint64_t osdtrrx = 0;
    std::uint64_t osdtrtx = 0;
    std::uint64_t osdlr = 0;
    std::uint64_t os_lock = 1;
    std::uint64_t dbgclaim = 0;
    std::array<std::uint64_t, kDebugBreakpoints> dbgbvr{};
    std::array<std::uint64_t, kDebugBreakpoints> dbgbcr{};
    std::array<std::uint64_t, kDebugWatchpoints> dbgwvr{};
    std::array<std::uint64_t, kDebugWatchpoints> dbgwcr{};
};

// op0<<14 | op1<<11 | CRn<<7 | CRm<<3 | op2, bits 20:5 of the instruction.
constexpr std::uint16_t register_encoding(unsigned op0, unsigned op1, unsigned crn, unsigned crm,
                                          unsigned op2) {
    return static_cast<std::uint16_t>(op0 << 14 | op1 << 11 | crn << 7 | crm << 3 | op2);
}

// Whether what the register shows or does has to do with time or interrupts, so that an instruction that
// accesses it need not do the same the next time: the generic timer has CRn 14; ISR_EL1 and the GIC's CPU
// interface, apart from ICC_PMR_EL1, have CRn 12 and not CRm 0.
constexpr bool depends_on_time(std::uint16_t encoding) {
    const unsigned crn = encoding >> 7 & 15U;
    const unsigned crm = encoding >> 3 & 15U;
    return crn == 14 || (crn == 12 && crm != 0);
}

// A reader or writer that returns Flow::Exception has raised the exception.
using ReadRegister = Flow (*)(Core& core, std::uint64_t& value);
using WriteRegister = Flow (*)(Core& core, std::uint64_t value);

struct SystemRegister {
    const char* name;
    std::uint16_t encoding;
    El0Access el0_read;
    El0Access el0_write;
    ReadRegister read;    // nullptr: write-only
    WriteRegister write;  // nullptr: read-only
    bool of_gic = false;  // there only if the Cpu has the GICv3's CPU interface (Config::gic_registers)
};

// nullptr: there is none, and the access is UNDEFINED.
const SystemRegister* find_register(std::uint16_t encoding);
std::span<const SystemRegister> all_registers();

// Whether reading it changes more than the register that receives the value.
bool reads_with_effect(const SystemRegister& row);

}  // namespace levitate::emu
