// Reciprocal and reciprocal square root estimates: FPRecipEstimate, FPRSqrtEstimate, FPRecpX,
// UnsignedRecipEstimate and UnsignedRSqrtEstimate of the Arm ARM's shared pseudocode. The architecture fixes
// every bit of them.
#pragma once

#include <cstdint>

#include "emu/fp/context.hpp"

namespace levitate::emu::fp {

// Defined for std::uint16_t, std::uint32_t and std::uint64_t.
template <class Bits>
Bits reciprocal_estimate(Bits operand, Context& context);
template <class Bits>
Bits reciprocal_square_root_estimate(Bits operand, Context& context);
template <class Bits>
Bits reciprocal_exponent(Bits operand, Context& context);

// The estimates for a fraction operand / 2^32, which is in [1/2, 1) and [1/4, 1); all ones for one below.
std::uint32_t unsigned_reciprocal_estimate(std::uint32_t operand);
std::uint32_t unsigned_reciprocal_square_root_estimate(std::uint32_t operand);

}  // namespace levitate::emu::fp
