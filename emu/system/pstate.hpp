// PSTATE (Arm ARM C5.2, D1.4), as far as an AArch64-only CPU with EL0 and EL1 has it.
#pragma once

#include <cstdint>

#include "emu/system/flags.hpp"

namespace levitate::emu {

// Bits of SPSR_EL1.
namespace spsr {
inline constexpr std::uint64_t n = std::uint64_t{1} << 31;
inline constexpr std::uint64_t z = std::uint64_t{1} << 30;
inline constexpr std::uint64_t c = std::uint64_t{1} << 29;
inline constexpr std::uint64_t v = std::uint64_t{1} << 28;
inline constexpr unsigned nzcv_shift = 28;
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
        return std::uint64_t{flags.nibble()} << spsr::nzcv_shift | bit(uao, spsr::uao) | bit(pan, spsr::pan) |
               bit(ss, spsr::ss) | bit(il, spsr::il) | bit(ssbs, spsr::ssbs) | daif | mode;
    }

    void set_flags_from_spsr(std::uint64_t value) {
        flags = Flags(static_cast<FlagsNibble>(value >> spsr::nzcv_shift & 15U));
    }
};

}  // namespace levitate::emu
