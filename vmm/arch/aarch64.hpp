// What the host side has to know of the architecture (Arm ARM, DDI 0487). emu and guest-kernel state these
// facts for themselves, so that a mistake here is not repeated there.
#pragma once

#include <cstdint>

namespace levitate::vmm {

inline constexpr std::uint64_t kInstructionSize = 4;
// The translation granule of the kernels that run here, which Linux then calls a page.
inline constexpr std::uint64_t kPageSize = 4096;

// The layout of PSTATE in SPSR_EL1 (C5.2.19).
namespace spsr {
inline constexpr std::uint64_t kConditionFlags = 0xf0000000;  // N, Z, C, V
inline constexpr std::uint64_t kExceptionLevel = 0xc;         // M[3:2]
inline constexpr std::uint64_t kMode = 0xf;                   // M[3:0]
inline constexpr std::uint64_t kModeEl1h = 0x5;
}  // namespace spsr

constexpr bool is_at_el0(std::uint64_t pstate) {
    return (pstate & spsr::kExceptionLevel) == 0;
}

// The values of ESR_EL1.EC (D17.2.37) by which exceptions from EL0 are told apart.
enum class ExceptionClass : std::uint64_t {
    Unknown = 0x00,
    Svc64 = 0x15,
    SystemRegister = 0x18,
    InstructionAbort = 0x20,
    DataAbort = 0x24,
};

constexpr ExceptionClass exception_class(std::uint64_t esr) {
    return static_cast<ExceptionClass>((esr >> 26) & 0x3f);
}

// The translation table in TTBR0_EL1 (D17.2.144), which stands for an address space: without ASID and CnP.
constexpr std::uint64_t translation_table(std::uint64_t ttbr0) {
    return ttbr0 & 0x0000fffffffffffe;
}

// Whether TTBR1_EL1 translates the address, and not TTBR0_EL1 (D8.2.2: bit 55).
constexpr bool is_upper_half(std::uint64_t address) {
    return ((address >> 55) & 1) != 0;
}

}  // namespace levitate::vmm
