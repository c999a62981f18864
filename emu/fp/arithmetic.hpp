// Addition, multiplication, division, square root and fused multiply-add of half, single and double precision
// numbers as bit patterns: FPAdd, FPSub, FPMul, FPMulX, FPDiv, FPSqrt, FPMulAdd, FPRecipStepFused and
// FPRSqrtStepFused of the Arm ARM's shared pseudocode.
//
// Two implementations stand behind each operation. soft:: does everything with integers: every rounding mode,
// flush to zero, NaN rules and flags. It is ours because Debian 12 packages no soft-float library, and MPFR,
// which it does package and which judges it (tests/isa), allocates for every number. In front of it, single
// and double precision use the host's FPU (IEEE 754 arithmetic, which SSE2 and every AArch64 host has) in the
// one case where it is exact in result and flags:
//   - FPCR rounds to nearest even and does not flush;
//   - FPSR.IXC is already set, so that it does not matter whether this operation is inexact. The flag is
//     cumulative, so only the operations up to a program's first inexact one (per FPSR reset) take the slow
//     path, and the host's status register (slow to read, and shared with the emulator's own arithmetic) is
//     never used;
//   - the result's magnitude is above the smallest normal number and finite. Then no operand was a NaN,
//     nothing overflowed, and it cannot be tiny: Arm detects tininess before rounding, x86 after, and the two
//     differ only for results that round up to the smallest normal number.
// The host must not flush denormals and its compiler must not contract or reassociate (-ffp-contract=off).
#pragma once

#include <bit>
#include <cmath>
#include <cstdint>

#include "emu/fp/context.hpp"
#include "emu/fp/format.hpp"

namespace levitate::emu::fp {

namespace soft {
// Defined for std::uint16_t, std::uint32_t and std::uint64_t.
template <class Bits>
Bits add(Bits first, Bits second, Context& context);
template <class Bits>
Bits multiply(Bits first, Bits second, Context& context);
template <class Bits>
Bits divide(Bits first, Bits second, Context& context);
template <class Bits>
Bits square_root(Bits operand, Context& context);
template <class Bits>
Bits multiply_add(Bits addend, Bits first, Bits second, Context& context);
}  // namespace soft

template <class Bits>
constexpr Bits negate(Bits value) {
    return static_cast<Bits>(value ^ Layout<Bits>::kSign);
}

template <class Bits>
constexpr Bits absolute(Bits value) {
    return static_cast<Bits>(value & static_cast<Bits>(~Layout<Bits>::kSign));
}

// Whether the host's FPU may be tried at all; see above.
inline bool host_arithmetic_allowed(const Context& context) {
    return (context.fpcr & (fpcr::kRoundingMask | fpcr::kFlushToZero)) == 0 &&
           (context.fpsr & fpsr::kInexact) != 0;
}

// Whether a result is finite and above the smallest normal number in magnitude.
template <class Bits>
constexpr bool is_comfortable(Bits result) {
    using L = Layout<Bits>;
    return static_cast<Bits>(absolute(result) - L::kSmallestNormal - 1) <
           L::kInfinity - L::kSmallestNormal - 1;
}

template <class Bits>
Bits add(Bits first, Bits second, Context& context) {
    if constexpr (sizeof(Bits) > 2) {
        using Host = Format<Bits>::Host;
        if (host_arithmetic_allowed(context)) {
            const Bits sum = std::bit_cast<Bits>(std::bit_cast<Host>(first) + std::bit_cast<Host>(second));
            // A sum of zero is always exact.
            if (is_comfortable(sum) || absolute(sum) == 0) {
                return sum;
            }
        }
    }
    return soft::add(first, second, context);
}

template <class Bits>
Bits subtract(Bits first, Bits second, Context& context) {
    if constexpr (sizeof(Bits) > 2) {
        using Host = Format<Bits>::Host;
        if (host_arithmetic_allowed(context)) {
            const Bits sum = std::bit_cast<Bits>(std::bit_cast<Host>(first) - std::bit_cast<Host>(second));
            if (is_comfortable(sum) || absolute(sum) == 0) {
                return sum;
            }
        }
    }
    // FPSub propagates the second operand's NaN with the sign it has.
    return soft::add(first, is_nan(second) ? second : negate(second), context);
}

template <class Bits>
Bits multiply(Bits first, Bits second, Context& context) {
    if constexpr (sizeof(Bits) > 2) {
        using Host = Format<Bits>::Host;
        if (host_arithmetic_allowed(context)) {
            const Bits product =
                std::bit_cast<Bits>(std::bit_cast<Host>(first) * std::bit_cast<Host>(second));
            if (is_comfortable(product)) {
                return product;
            }
        }
    }
    return soft::multiply(first, second, context);
}

template <class Bits>
Bits divide(Bits first, Bits second, Context& context) {
    if constexpr (sizeof(Bits) > 2) {
        using Host = Format<Bits>::Host;
        // The host is not asked for x / 0: a sanitizer would object.
        if (host_arithmetic_allowed(context) && absolute(second) != 0) {
            const Bits quotient =
                std::bit_cast<Bits>(std::bit_cast<Host>(first) / std::bit_cast<Host>(second));
            if (is_comfortable(quotient)) {
                return quotient;
            }
        }
    }
    return soft::divide(first, second, context);
}

template <class Bits>
Bits square_root(Bits operand, Context& context) {
    if constexpr (sizeof(Bits) > 2) {
        using Host = Format<Bits>::Host;
        // NaNs and negative numbers are above infinity as integers.
        if (host_arithmetic_allowed(context) && operand < Layout<Bits>::kInfinity) {
            const Bits root = std::bit_cast<Bits>(std::sqrt(std::bit_cast<Host>(operand)));
            if (is_comfortable(root)) {
                return root;
            }
        }
    }
    return soft::square_root(operand, context);
}

// addend + first * second with one rounding. std::fma is correct, if slow, on a host without the instruction.
template <class Bits>
Bits multiply_add(Bits addend, Bits first, Bits second, Context& context) {
    if constexpr (sizeof(Bits) > 2) {
        using Host = Format<Bits>::Host;
        if (host_arithmetic_allowed(context)) {
            const Bits sum = std::bit_cast<Bits>(std::fma(
                std::bit_cast<Host>(first), std::bit_cast<Host>(second), std::bit_cast<Host>(addend)));
            if (is_comfortable(sum)) {
                return sum;
            }
        }
    }
    return soft::multiply_add(addend, first, second, context);
}

// As multiply(), but infinity times zero is 2.0 with the product's sign, and valid.
template <class Bits>
Bits multiply_extended(Bits first, Bits second, Context& context);

// 2.0 - first * second.
template <class Bits>
Bits reciprocal_step(Bits first, Bits second, Context& context);

// (3.0 - first * second) / 2.0, rounded once.
template <class Bits>
Bits reciprocal_square_root_step(Bits first, Bits second, Context& context);

}  // namespace levitate::emu::fp
