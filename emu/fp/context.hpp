// The floating-point environment an operation runs in: FPCR in, cumulative FPSR flags out.
#pragma once

#include <cstdint>

namespace levitate::emu::fp {

// Fields of FPCR (Arm ARM D19.2.44). The trap enables are RAZ/WI on this CPU and do not appear.
namespace fpcr {
inline constexpr std::uint32_t kAlternativeHalf = 1U << 26;
inline constexpr std::uint32_t kDefaultNan = 1U << 25;
inline constexpr std::uint32_t kFlushToZero = 1U << 24;
inline constexpr std::uint32_t kRoundingMask = 3U << 22;
inline constexpr unsigned kRoundingShift = 22;
inline constexpr std::uint32_t kFlushToZeroHalf = 1U << 19;
}  // namespace fpcr

// Cumulative flags of FPSR (Arm ARM D19.2.45).
namespace fpsr {
inline constexpr std::uint32_t kInvalidOperation = 1U << 0;
inline constexpr std::uint32_t kDivideByZero = 1U << 1;
inline constexpr std::uint32_t kOverflow = 1U << 2;
inline constexpr std::uint32_t kUnderflow = 1U << 3;
inline constexpr std::uint32_t kInexact = 1U << 4;
inline constexpr std::uint32_t kInputDenormal = 1U << 7;
inline constexpr std::uint32_t kSaturation = 1U << 27;
}  // namespace fpsr

// The first four are numbered as FPCR.RMode numbers them.
enum class Rounding : std::uint8_t { TieEven, PlusInfinity, MinusInfinity, Zero, TieAway, Odd };

struct Context {
    std::uint32_t fpcr = 0;
    std::uint32_t fpsr = 0;

    void raise(std::uint32_t flags) { fpsr |= flags; }
    Rounding rounding() const {
        return static_cast<Rounding>((fpcr & fpcr::kRoundingMask) >> fpcr::kRoundingShift);
    }
};

}  // namespace levitate::emu::fp
