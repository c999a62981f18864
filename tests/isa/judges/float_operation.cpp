#include "tests/isa/judges/float_operation.hpp"

#include <iterator>

#include "tests/isa/generate/encoding.hpp"

namespace levitate::isa {

namespace {

using Operation = FloatOperation;
using Shape = FloatShape;

constexpr bool bit(std::uint32_t word, unsigned place) {
    return bits(word, place, place) == 1;
}

std::optional<FloatFormat> format_of_type(std::uint32_t type) {
    switch (type) {
        case 0b00:
            return kSingle;
        case 0b01:
            return kDoublePrecision;
        case 0b11:
            return kHalf;
        default:
            return std::nullopt;
    }
}

// RMode as FPCR and conversions have it.
Rounding rounding_of(std::uint32_t mode) {
    return static_cast<Rounding>(mode);
}

// --- Scalar floating point ---------------------------------------------------------------------------------

std::optional<FloatInstruction> one_source(std::uint32_t word, FloatFormat format) {
    FloatInstruction result{
        .operation = Operation::RoundToIntegral, .shape = Shape::Scalar, .format = format};
    const std::uint32_t opcode = bits(word, 20, 15);
    switch (opcode) {
        case 0b000011:
            result.operation = Operation::SquareRoot;
            return result;
        case 0b001000:
        case 0b001001:
        case 0b001010:
        case 0b001011:
            result.rounding = rounding_of(opcode & 3);
            return result;
        case 0b001100:
            result.rounding = Rounding::TiesAway;
            return result;
        case 0b001110:
            result.operation = Operation::RoundToIntegralExact;
            return result;
        case 0b001111:
            return result;
        case 0b000100:
        case 0b000101:
        case 0b000111: {
            const auto target = format_of_type(opcode & 3);
            result.operation = Operation::Convert;
            result.target = target.value_or(format);
            return target.has_value() ? std::optional{result} : std::nullopt;
        }
        default:
            return std::nullopt;
    }
}

std::optional<FloatInstruction> two_sources(std::uint32_t word, FloatFormat format) {
    constexpr Operation kOperations[] = {
        Operation::Multiply,      Operation::Divide,        Operation::Add,
        Operation::Subtract,      Operation::Maximum,       Operation::Minimum,
        Operation::MaximumNumber, Operation::MinimumNumber, Operation::NegatedMultiply,
    };
    const std::uint32_t opcode = bits(word, 15, 12);
    return opcode < std::size(kOperations)
               ? std::optional{FloatInstruction{
                     .operation = kOperations[opcode], .shape = Shape::Scalar, .format = format}}
               : std::nullopt;
}

std::optional<FloatInstruction> with_integer(std::uint32_t word, FloatFormat format) {
    const std::uint32_t mode = bits(word, 20, 19);
    const std::uint32_t opcode = bits(word, 18, 16);
    FloatInstruction result{.operation = Operation::ToFixed,
                            .shape = Shape::ToGeneral,
                            .format = format,
                            .is_signed = (opcode & 1) == 0,
                            .integer_width = bit(word, 31) ? 64U : 32U};
    if (!bit(word, 21)) {
        result.fraction_bits = 64 - bits(word, 15, 10);
    }
    switch (opcode >> 1) {
        case 0b00:
            result.rounding = rounding_of(mode);
            return result;
        case 0b01:
            result.operation = Operation::FromFixed;
            result.shape = Shape::FromGeneral;
            return mode == 0 ? std::optional{result} : std::nullopt;
        case 0b10:
            result.rounding = Rounding::TiesAway;
            return mode == 0 ? std::optional{result} : std::nullopt;
        default:
            return std::nullopt;
    }
}

std::optional<FloatInstruction> scalar(std::uint32_t word) {
    const auto format = format_of_type(bits(word, 23, 22));
    if (!format.has_value() || bit(word, 29)) {
        return std::nullopt;
    }
    if (bit(word, 24)) {
        constexpr Operation kOperations[] = {Operation::MultiplyAdd, Operation::MultiplySubtract,
                                             Operation::NegatedMultiplyAdd,
                                             Operation::NegatedMultiplySubtract};
        const std::uint32_t index = bits(word, 21, 21) << 1 | bits(word, 15, 15);
        return FloatInstruction{.operation = kOperations[index], .shape = Shape::Scalar, .format = *format};
    }
    if (!bit(word, 21) || bits(word, 15, 10) == 0) {
        return with_integer(word, *format);
    }
    switch (bits(word, 11, 10)) {
        case 0b00:
            if (bits(word, 14, 10) == 0b10000) {
                return one_source(word, *format);
            }
            if (bits(word, 13, 10) == 0b1000) {
                return FloatInstruction{
                    .operation = bit(word, 4) ? Operation::CompareFlagsSignalling : Operation::CompareFlags,
                    .shape = Shape::Flags,
                    .format = *format};
            }
            return std::nullopt;
        case 0b10:
            return two_sources(word, *format);
        default:
            return std::nullopt;
    }
}

// --- Advanced SIMD -----------------------------------------------------------------------------------------

struct LaneOperation {
    Operation operation;
    Shape shape = Shape::Lanes;
};

// By U, a and the opcode's lower three bits.
std::optional<LaneOperation> three_same(std::uint32_t key) {
    switch (key) {
        case 0b00'000:
            return {{Operation::MaximumNumber}};
        case 0b00'001:
            return {{Operation::MultiplyAdd}};
        case 0b00'010:
            return {{Operation::Add}};
        case 0b00'011:
            return {{Operation::MultiplyExtended}};
        case 0b00'100:
            return {{Operation::CompareEqual}};
        case 0b00'110:
            return {{Operation::Maximum}};
        case 0b00'111:
            return {{Operation::ReciprocalStep}};
        case 0b01'000:
            return {{Operation::MinimumNumber}};
        case 0b01'001:
            return {{Operation::MultiplySubtract}};
        case 0b01'010:
            return {{Operation::Subtract}};
        case 0b01'110:
            return {{Operation::Minimum}};
        case 0b01'111:
            return {{Operation::ReciprocalRootStep}};
        case 0b10'000:
            return {{Operation::MaximumNumber, Shape::Pairwise}};
        case 0b10'010:
            return {{Operation::Add, Shape::Pairwise}};
        case 0b10'011:
            return {{Operation::Multiply}};
        case 0b10'100:
            return {{Operation::CompareGreaterEqual}};
        case 0b10'101:
            return {{Operation::CompareAbsoluteGreaterEqual}};
        case 0b10'110:
            return {{Operation::Maximum, Shape::Pairwise}};
        case 0b10'111:
            return {{Operation::Divide}};
        case 0b11'000:
            return {{Operation::MinimumNumber, Shape::Pairwise}};
        case 0b11'010:
            return {{Operation::Difference}};
        case 0b11'100:
            return {{Operation::CompareGreater}};
        case 0b11'101:
            return {{Operation::CompareAbsoluteGreater}};
        case 0b11'110:
            return {{Operation::Minimum, Shape::Pairwise}};
        default:
            return std::nullopt;
    }
}

FloatInstruction lanes(std::uint32_t word, FloatFormat format) {
    return {.operation = Operation::Add,
            .shape = Shape::Lanes,
            .format = format,
            .integer_width = format.width(),
            .is_scalar = bit(word, 28),
            .is_full = bit(word, 30)};
}

std::optional<FloatInstruction> three_same(std::uint32_t word, FloatFormat format) {
    const std::uint32_t key = bits(word, 29, 29) << 4 | bits(word, 23, 23) << 3 | bits(word, 13, 11);
    const auto operation = three_same(key);
    if (!operation.has_value()) {
        return std::nullopt;
    }
    FloatInstruction result = lanes(word, format);
    result.operation = operation->operation;
    result.shape = operation->shape;
    return result;
}

std::optional<FloatInstruction> two_misc(std::uint32_t word, FloatFormat format) {
    FloatInstruction result = lanes(word, format);
    const bool u = bit(word, 29);
    const std::uint32_t a = bits(word, 23, 23);
    const std::uint32_t opcode = bits(word, 16, 12);
    result.is_signed = !u;
    const auto with = [&](Operation operation) {
        result.operation = operation;
        return std::optional{result};
    };
    switch (opcode) {
        case 0b01100:
            return with(u ? Operation::CompareZeroGreaterEqual : Operation::CompareZeroGreater);
        case 0b01101:
            return with(u ? Operation::CompareZeroLessEqual : Operation::CompareZeroEqual);
        case 0b01110:
            return u ? std::nullopt : with(Operation::CompareZeroLess);
        case 0b11000:
        case 0b11001: {
            // o2:o1 is the mode, N P M Z; with U FRINTA, FRINTX and FRINTI.
            const std::uint32_t mode = (opcode & 1) << 1 | a;
            if (!u) {
                result.rounding = rounding_of(mode);
            } else if (mode == 0) {
                result.rounding = Rounding::TiesAway;
            } else if (mode == 1) {
                return std::nullopt;
            }
            return with(u && mode == 2 ? Operation::RoundToIntegralExact : Operation::RoundToIntegral);
        }
        case 0b11010:
        case 0b11011:
            result.rounding = rounding_of((opcode & 1) << 1 | a);
            return with(Operation::ToFixed);
        case 0b11100:
            result.rounding = Rounding::TiesAway;
            return a == 0 ? with(Operation::ToFixed) : std::nullopt;
        case 0b11101:
            return a == 0 ? with(Operation::FromFixed) : std::nullopt;
        case 0b11111:
            return u && a == 1 ? with(Operation::SquareRoot) : std::nullopt;
        case 0b10110:
            // FCVTN, and FCVTXN with U: from the wider of the two formats.
            result.shape = Shape::Narrow;
            result.format = bit(word, 22) ? kDoublePrecision : kSingle;
            result.target = bit(word, 22) ? kSingle : kHalf;
            if (u) {
                result.rounding = Rounding::Odd;
            }
            return a == 0 ? with(Operation::Convert) : std::nullopt;
        case 0b10111:
            result.shape = Shape::Lengthen;
            result.format = bit(word, 22) ? kSingle : kHalf;
            result.target = bit(word, 22) ? kDoublePrecision : kSingle;
            return a == 0 && !u ? with(Operation::Convert) : std::nullopt;
        default:
            return std::nullopt;
    }
}

// FADDP, FMAXP and the like (scalar), FMAXV and the like: U tells single and double precision from half.
std::optional<FloatInstruction> reduction(std::uint32_t word) {
    const bool is_half = !bit(word, 29);
    FloatInstruction result = lanes(word, is_half ? kHalf : bit(word, 22) ? kDoublePrecision : kSingle);
    result.shape = result.is_scalar ? Shape::PairToScalar : Shape::AcrossLanes;
    const bool is_minimum = bit(word, 23);
    switch (bits(word, 16, 12)) {
        case 0b01100:
            result.operation = is_minimum ? Operation::MinimumNumber : Operation::MaximumNumber;
            return result;
        case 0b01101:
            result.operation = Operation::Add;
            return result.is_scalar ? std::optional{result} : std::nullopt;
        case 0b01111:
            result.operation = is_minimum ? Operation::Minimum : Operation::Maximum;
            return result;
        default:
            return std::nullopt;
    }
}

std::optional<FloatInstruction> by_element(std::uint32_t word) {
    const std::uint32_t size = bits(word, 23, 22);
    const std::uint32_t high = bits(word, 11, 11);
    const std::uint32_t low = bits(word, 21, 21);
    const std::uint32_t m = bits(word, 20, 20);
    if (size == 0b01) {
        return std::nullopt;
    }
    FloatInstruction result = lanes(word, size == 0b00 ? kHalf : size == 0b10 ? kSingle : kDoublePrecision);
    result.shape = Shape::ByElement;
    result.element = size == 0b00 ? high << 2 | low << 1 | m : size == 0b10 ? high << 1 | low : high;
    result.element_register = size == 0b00 ? bits(word, 19, 16) : bits(word, 20, 16);
    const bool u = bit(word, 29);
    switch (bits(word, 15, 12)) {
        case 0b0001:
            result.operation = Operation::MultiplyAdd;
            return u ? std::nullopt : std::optional{result};
        case 0b0101:
            result.operation = Operation::MultiplySubtract;
            return u ? std::nullopt : std::optional{result};
        case 0b1001:
            result.operation = u ? Operation::MultiplyExtended : Operation::Multiply;
            return result;
        default:
            return std::nullopt;
    }
}

std::optional<FloatInstruction> fixed_point(std::uint32_t word) {
    const std::uint32_t immh = bits(word, 22, 19);
    if (immh < 2) {
        return std::nullopt;
    }
    FloatInstruction result = lanes(word, immh >= 8 ? kDoublePrecision : immh >= 4 ? kSingle : kHalf);
    result.is_signed = !bit(word, 29);
    result.fraction_bits = 2 * result.format.width() - bits(word, 22, 16);
    switch (bits(word, 15, 11)) {
        case 0b11100:
            result.operation = Operation::FromFixed;
            return result;
        case 0b11111:
            result.operation = Operation::ToFixed;
            result.rounding = Rounding::Zero;
            return result;
        default:
            return std::nullopt;
    }
}

std::optional<FloatInstruction> simd(std::uint32_t word) {
    const FloatFormat wide = bit(word, 22) ? kDoublePrecision : kSingle;
    if (bit(word, 24)) {
        return bit(word, 10) ? (bit(word, 23) ? std::nullopt : fixed_point(word)) : by_element(word);
    }
    if (bit(word, 10)) {
        if (bit(word, 21) && bits(word, 15, 14) == 0b11) {
            return three_same(word, wide);
        }
        return !bit(word, 21) && bit(word, 22) && bits(word, 15, 14) == 0b00 ? three_same(word, kHalf)
                                                                             : std::nullopt;
    }
    if (bits(word, 11, 10) != 0b10) {
        return std::nullopt;
    }
    if (bits(word, 21, 17) == 0b10000) {
        return two_misc(word, wide);
    }
    if (bits(word, 22, 17) == 0b111100) {
        return two_misc(word, kHalf);
    }
    return bits(word, 21, 17) == 0b11000 ? reduction(word) : std::nullopt;
}

}  // namespace

std::optional<FloatInstruction> float_instruction(std::uint32_t word) {
    const bool is_scalar = bits(word, 28, 25) == 0b1111;
    if (is_scalar && !bit(word, 30)) {
        return scalar(word);
    }
    const bool is_vector = bits(word, 28, 25) == 0b0111;
    return (is_scalar || is_vector) && !bit(word, 31) ? simd(word) : std::nullopt;
}

}  // namespace levitate::isa
