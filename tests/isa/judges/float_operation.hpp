// What a floating-point word computes, read from the encoding tables of the Arm ARM (C4.1.96).
#pragma once

#include <cstdint>
#include <optional>

#include "tests/isa/judges/reference_float.hpp"

namespace levitate::isa {

enum class FloatOperation {
    // One operand.
    SquareRoot,
    RoundToIntegral,
    RoundToIntegralExact,
    Convert,
    ToFixed,
    FromFixed,
    CompareZeroEqual,
    CompareZeroGreater,
    CompareZeroGreaterEqual,
    CompareZeroLess,
    CompareZeroLessEqual,
    // Two.
    Add,
    Subtract,
    Multiply,
    MultiplyExtended,
    NegatedMultiply,
    Divide,
    Difference,
    Maximum,
    Minimum,
    MaximumNumber,
    MinimumNumber,
    ReciprocalStep,
    ReciprocalRootStep,
    CompareEqual,
    CompareGreater,
    CompareGreaterEqual,
    CompareAbsoluteGreater,
    CompareAbsoluteGreaterEqual,
    // Three: the addend, and a product.
    MultiplyAdd,
    MultiplySubtract,
    NegatedMultiplyAdd,
    NegatedMultiplySubtract,
    // Into NZCV.
    CompareFlags,
    CompareFlagsSignalling,
};

enum class FloatShape {
    Lanes,         // Vd[i] from Vn[i], Vm[i] (and Vd[i])
    ByElement,     // Vd[i] from Vn[i] and one element of Vm
    Pairwise,      // Vd[i] from neighbours in Vm:Vn
    PairToScalar,  // Vd from the two elements of Vn
    AcrossLanes,   // Vd from all elements of Vn
    Narrow,        // Convert to the lower or (Q) upper half
    Lengthen,      // Convert from the lower or (Q) upper half
    Scalar,        // Vd from Vn, Vm, Va
    ToGeneral,
    FromGeneral,
    Flags,
};

struct FloatInstruction {
    FloatOperation operation;
    FloatShape shape;
    FloatFormat format;           // the source's, or the result's where the source is an integer
    FloatFormat target = format;  // of Convert's result
    std::optional<Rounding> rounding = std::nullopt;  // none: FPCR's
    bool is_signed = true;                            // of the integer
    unsigned integer_width = 0;                       // of the integer
    unsigned fraction_bits = 0;                       // of the integer
    bool is_scalar = false;                           // one lane
    bool is_full = false;                             // Q
    unsigned element = 0;                             // ByElement: of the register below
    unsigned element_register = 0;
};

// nullopt: not floating point, or nothing that MPFR computes.
std::optional<FloatInstruction> float_instruction(std::uint32_t word);

}  // namespace levitate::isa
