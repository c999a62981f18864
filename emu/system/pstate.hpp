// PSTATE (Arm ARM C5.2, D1.4), as far as an AArch64-only CPU with EL0 and EL1 has it.
#pragma once

#include <cstdint>

namespace levitate::emu {

struct Flags {
    bool n = false;
    bool z = false;
    bool c = false;
    bool v = false;

    // NZCV in bits 3 to 0, as CCMP and FCCMP give it.
    static constexpr Flags from_nibble(std::uint32_t bits) {
        return {(bits & 8) != 0, (bits & 4) != 0, (bits & 2) != 0, (bits & 1) != 0};
    }
    bool operator==(const Flags&) const = default;
};

// Numbered as in the encodings.
enum class Condition : std::uint8_t { EQ, NE, CS, CC, MI, PL, VS, VC, HI, LS, GE, LT, GT, LE, AL, NV };

// ConditionHolds of the Arm ARM. Where the condition is a constant this is one or two tests.
constexpr bool holds(Condition condition, const Flags& flags) {
    switch (condition) {
        case Condition::EQ:
            return flags.z;
        case Condition::NE:
            return !flags.z;
        case Condition::CS:
            return flags.c;
        case Condition::CC:
            return !flags.c;
        case Condition::MI:
            return flags.n;
        case Condition::PL:
            return !flags.n;
        case Condition::VS:
            return flags.v;
        case Condition::VC:
            return !flags.v;
        case Condition::HI:
            return flags.c && !flags.z;
        case Condition::LS:
            return !flags.c || flags.z;
        case Condition::GE:
            return flags.n == flags.v;
        case Condition::LT:
            return flags.n != flags.v;
        case Condition::GT:
            return flags.n == flags.v && !flags.z;
        case Condition::LE:
            return flags.n != flags.v || flags.z;
        case Condition::AL:
        case Condition::NV:
            break;
    }
    return true;
}

// Bits of SPSR_EL1.
namespace spsr {
inline constexpr std::uint64_t n = std::uint64_t{1} << 31;
inline constexpr std::uint64_t z = std::uint64_t{1} << 30;
inline constexpr std::uint64_t c = std::uint64_t{1} << 29;
inline constexpr std::uint64_t v = std::uint64_t{1} << 28;
inline constexpr std::uint64_t uao = std::uint64_t{1} << 23;
inline constexpr std::uint64_t pan = std::uint64_t{1} << 22;
inline constexpr std::uint64_t ss = std::uint64_t{1} << 21;
inline constexpr std::uint64_t il = std::uint64_t{1} << 20;
inline constexpr std::uint64_t ssbs = std::uint64_t{1} << 12;
inline constexpr std::uint64_t d = std::uint64_t{1} << 9;
inline constexpr std::uint64_t a = std::uint64_t{1} << 8;
inline constexpr std::uint64_t i = std::uint64_t{1} << 7;
inline constexpr std::uint64_t f = std::uint64_t{1} << 6;
inline constexpr std::uint64_t daif = d | a | i | f;
inline constexpr std::uint64_t aarch32 = std::uint64_t{1} << 4;
inline constexpr std::uint64_t mode_mask = 0xf;
inline constexpr std::uint64_t mode_el0t = 0x0;
inline constexpr std::uint64_t mode_el1t = 0x4;
inline constexpr std::uint64_t mode_el1h = 0x5;
}  // namespace spsr

struct PState {
    Flags flags;
    std::uint8_t el = 1;
    bool sp = true;  // SPSel: at EL1, SP is SP_EL1
    bool pan = false;
    bool uao = false;
    bool ssbs = false;
    bool il = false;
    bool ss = false;  // software step: the next instruction is to be executed
    std::uint32_t daif = static_cast<std::uint32_t>(spsr::daif);  // at SPSR's bit positions

    bool irq_masked() const { return (daif & spsr::i) != 0; }

    std::uint64_t to_spsr() const {
        const auto bit = [](bool set, std::uint64_t mask) { return set ? mask : 0; };
        const std::uint64_t mode = el == 0 ? spsr::mode_el0t : sp ? spsr::mode_el1h : spsr::mode_el1t;
        return bit(flags.n, spsr::n) | bit(flags.z, spsr::z) | bit(flags.c, spsr::c) | bit(flags.v, spsr::v) |
               bit(uao, spsr::uao) | bit(pan, spsr::pan) | bit(ss, spsr::ss) | bit(il, spsr::il) |
               bit(ssbs, spsr::ssbs) | daif | mode;
    }

    void set_flags_from_spsr(std::uint64_t value) {
        flags = Flags::from_nibble(static_cast<std::uint32_t>(value >> 28));
    }
};

}  // namespace levitate::emu
