// PSTATE (Arm ARM C5.2, D1.4), as far as an AArch64-only CPU with EL0 and EL1 has it.
#pragma once

#include <cstdint>

#include "emu/cpu.hpp"
#include "emu/system/flags.hpp"

namespace levitate::emu {

// Bits of SPSR_EL1.
namespace spsr {
inline constexpr std::uint64_t kN = std::uint64_t{1} << 31;
inline constexpr std::uint64_t kZ = std::uint64_t{1} << 30;
inline constexpr std::uint64_t kC = std::uint64_t{1} << 29;
inline constexpr std::uint64_t kV = std::uint64_t{1} << 28;
inline constexpr unsigned kNzcvShift = 28;
inline constexpr std::uint64_t kUao = std::uint64_t{1} << 23;
inline constexpr std::uint64_t kPan = std::uint64_t{1} << 22;
inline constexpr std::uint64_t kSs = std::uint64_t{1} << 21;
inline constexpr std::uint64_t kIl = std::uint64_t{1} << 20;
inline constexpr std::uint64_t kSsbs = std::uint64_t{1} << 12;
inline constexpr std::uint64_t kD = std::uint64_t{1} << 9;
inline constexpr std::uint64_t kA = std::uint64_t{1} << 8;
inline constexpr std::uint64_t kI = std::uint64_t{1} << 7;
inline constexpr std::uint64_t kF = std::uint64_t{1} << 6;
inline constexpr std::uint64_t kDaif = kD | kA | kI | kF;
inline constexpr std::uint64_t kAarch32 = std::uint64_t{1} << 4;
inline constexpr std::uint64_t kModeMask = 0xf;
inline constexpr std::uint64_t kModeEl0t = 0x0;
inline constexpr std::uint64_t kModeEl1t = 0x4;
inline constexpr std::uint64_t kModeEl1h = 0x5;
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
    std::uint32_t daif = static_cast<std::uint32_t>(spsr::kDaif);  // at SPSR's bit positions

    bool masks(Signal signal) const { return (daif & (signal == Signal::Fiq ? spsr::kF : spsr::kI)) != 0; }

    std::uint64_t to_spsr() const {
        const auto bit = [](bool set, std::uint64_t mask) { return set ? mask : 0; };
        const std::uint64_t mode = el == 0 ? spsr::kModeEl0t : sp ? spsr::kModeEl1h : spsr::kModeEl1t;
        return std::uint64_t{flags.nibble()} << spsr::kNzcvShift | bit(uao, spsr::kUao) |
               bit(pan, spsr::kPan) | bit(ss, spsr::kSs) | bit(il, spsr::kIl) | bit(ssbs, spsr::kSsbs) |
               daif | mode;
    }

    void set_flags_from_spsr(std::uint64_t value) {
        flags = Flags(static_cast<FlagsNibble>(value >> spsr::kNzcvShift & 15U));
    }
};

}  // namespace levitate::emu
