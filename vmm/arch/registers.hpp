// The registers of an AArch64 program and of its CPU on the host side, smallest part first. emu::Registers is
// separate, because emu includes nothing else of the project.
#pragma once

#include <array>
#include <cstdint>

namespace levitate::vmm {

struct Vector128 {
    std::uint64_t low = 0;
    std::uint64_t high = 0;
    bool operator==(const Vector128&) const = default;
};

// In the order of struct user_pt_regs (Linux arm64 asm/ptrace.h), as ptrace and signal frames have them.
// `pstate` is laid out as SPSR_EL1 is.
struct GeneralRegisters {
    std::array<std::uint64_t, 31> x{};
    std::uint64_t sp = 0;
    std::uint64_t pc = 0;
    std::uint64_t pstate = 0;
};
static_assert(sizeof(GeneralRegisters) == 34 * sizeof(std::uint64_t));

struct VectorRegisters {
    std::array<Vector128, 32> v{};
    std::uint32_t fpcr = 0;
    std::uint32_t fpsr = 0;
};

// EL0's side of a CPU: what has to be unchanged when the kernel returns from an exception.
struct UserRegisters : GeneralRegisters, VectorRegisters {
    std::uint64_t tpidr_el0 = 0;
};

// The whole of a CPU, at any exception level: `sp` is SP_EL0, whichever stack pointer is in use.
struct VcpuRegisters : UserRegisters {
    std::uint64_t sp_el1 = 0;
    std::uint64_t ttbr0_el1 = 0;
    std::uint64_t elr_el1 = 0;
    std::uint64_t spsr_el1 = 0;
    std::uint64_t esr_el1 = 0;
};

}  // namespace levitate::vmm
