// The floating-point environment an operation runs in: FPCR in, cumulative FPSR flags out.
#pragma once

#include <cstdint>

namespace levitate::emu::fp {

// Fields of FPCR (Arm ARM D19.2.44). The trap enables are RAZ/WI on this CPU and do not appear.
namespace fpcr {
inline constexpr std::uint32_t alternative_half = 1U << 26;
inline constexpr std::uint32_t default_nan = 1U << 25;
inline constexpr std::uint32_t flush_to_zero = 1U << 24;
inline constexpr std::uint32_t rounding_mask = 3U << 22;
inline constexpr unsigned rounding_shift = 22;
inline constexpr std::uint32_t flush_to_zero_half = 1U << 19;
}  // namespace fpcr

// Cumulative flags of FPSR (Arm ARM D19.2.45).
namespace fpsr {
inline constexpr std::uint32_t invalid_operation = 1U << 0;
inline constexpr std::uint32_t divide_by_zero = 1U << 1;
inline constexpr std::uint32_t overflow = 1U << 2;
inline constexpr std::uint32_t underflow = 1U << 3;
inline constexpr std::uint32_t inexact = 1U << 4;
inline constexpr std::uint32_t input_denormal = 1U << 7;
inline constexpr std::uint32_t saturation = 1U << 27;
}  // namespace fpsr

// The first four are numbered as FPCR.RMode numbers them.
enum class Rounding : std::uint8_t { TieEven, PlusInfinity, MinusInfinity, Zero, TieAway, Odd };

struct Context {
    std::uint32_t fpcr = 0;
    std::uint32_t fpsr = 0;

    void raise(std::uint32_t flags) { fpsr |= flags; }
    Rounding rounding() const {
        return static_cast<Rounding>((fpcr & fpcr::rounding_mask) >> fpcr::rounding_shift);
    }
};

}  // namespace levitate::emu::fp
