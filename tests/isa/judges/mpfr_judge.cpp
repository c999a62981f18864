#include "tests/isa/judges/mpfr_judge.hpp"

#include <algorithm>
#include <cstring>

#include "tests/isa/generate/encoding.hpp"
#include "tests/isa/judges/differences.hpp"
#include "tests/isa/judges/float_operation.hpp"

namespace levitate::isa {

namespace {

constexpr unsigned kVectorBits = 128;

std::uint64_t lane(const std::uint64_t (&vector)[2], unsigned width, unsigned index) {
    const std::uint64_t whole = vector[index * width / 64] >> (index * width % 64);
    return width == 64 ? whole : whole & ((std::uint64_t{1} << width) - 1);
}

// A vector that is written lane by lane from zero.
class Result {
  public:
    void set(unsigned width, unsigned index, std::uint64_t value) {
        value_[index * width / 64] |= value << (index * width % 64);
    }
    void store(std::uint64_t (&vector)[2]) const { std::memcpy(vector, value_, sizeof value_); }

  private:
    std::uint64_t value_[2] = {0, 0};
};

struct Operands {
    std::uint64_t n = 0;
    std::uint64_t m = 0;
    std::uint64_t addend = 0;
};

class Executor {
  public:
    Executor(const FloatInstruction& instruction, std::uint32_t word, const JudgeState& before)
        : instruction_(instruction),
          word_(word),
          before_(before),
          float_(before.fpcr),
          d_(before.v[bits(word, 4, 0)]),
          n_(before.v[bits(word, 9, 5)]),
          m_(before.v[bits(word, 20, 16)]) {}

    // `state` is that of before, to be changed.
    void execute(JudgeState& state) {
        auto& destination = state.v[bits(word_, 4, 0)];
        switch (instruction_.shape) {
            case FloatShape::Lanes:
            case FloatShape::ByElement:
            case FloatShape::Pairwise:
            case FloatShape::PairToScalar:
            case FloatShape::AcrossLanes:
                lanes().store(destination);
                break;
            case FloatShape::Narrow:
                narrow().store(destination);
                break;
            case FloatShape::Lengthen:
                lengthen().store(destination);
                break;
            case FloatShape::Scalar:
                scalar().store(destination);
                break;
            case FloatShape::ToGeneral:
                to_general(state);
                break;
            case FloatShape::FromGeneral:
                from_general().store(destination);
                break;
            case FloatShape::Flags:
                compare_flags(state);
                break;
        }
        state.fpsr |= float_.flags();
    }

  private:
    unsigned width() const { return instruction_.format.width(); }
    unsigned lane_count() const {
        return instruction_.is_scalar ? 1 : (instruction_.is_full ? kVectorBits : kVectorBits / 2) / width();
    }
    Rounding rounding() const { return instruction_.rounding.value_or(float_.rounding()); }

    Result lanes() {
        Result result;
        const unsigned count = lane_count();
        switch (instruction_.shape) {
            case FloatShape::AcrossLanes:
                result.set(width(), 0, reduce(0, count));
                break;
            case FloatShape::PairToScalar:
                result.set(width(), 0, two_operands(lane(n_, width(), 0), lane(n_, width(), 1)));
                break;
            case FloatShape::Pairwise:
                for (unsigned i = 0; i < count; ++i) {
                    const auto& source = i < count / 2 ? n_ : m_;
                    const unsigned first = 2 * i % count;
                    result.set(width(), i,
                               two_operands(lane(source, width(), first), lane(source, width(), first + 1)));
                }
                break;
            default:
                for (unsigned i = 0; i < count; ++i) {
                    result.set(width(), i, compute(operands(i)));
                }
                break;
        }
        return result;
    }

    // Halves against each other, as the pseudocode's Reduce() has it.
    std::uint64_t reduce(unsigned first, unsigned count) {
        if (count == 1) {
            return lane(n_, width(), first);
        }
        const std::uint64_t low = reduce(first, count / 2);
        const std::uint64_t high = reduce(first + count / 2, count / 2);
        return two_operands(low, high);
    }

    Operands operands(unsigned index) const {
        const bool has_element = instruction_.shape == FloatShape::ByElement;
        return {.n = lane(n_, width(), index),
                .m = has_element
                         ? lane(before_.v[instruction_.element_register], width(), instruction_.element)
                         : lane(m_, width(), index),
                .addend = lane(d_, width(), index)};
    }

    Result scalar() {
        Result result;
        const Operands operands{.n = lane(n_, width(), 0),
                                .m = lane(m_, width(), 0),
                                .addend = lane(before_.v[bits(word_, 14, 10)], width(), 0)};
        result.set(instruction_.target.width(), 0, compute(operands));
        return result;
    }

    void to_general(JudgeState& state) {
        const std::uint64_t value = one_operand(lane(n_, width(), 0));
        if (const unsigned number = bits(word_, 4, 0); number != 31) {
            state.x[number] = value;
        }
    }

    Result from_general() {
        const unsigned number = bits(word_, 9, 5);
        Result result;
        result.set(width(), 0, one_operand(number == 31 ? 0 : before_.x[number]));
        return result;
    }

    Result narrow() {
        const unsigned to = instruction_.target.width();
        const unsigned count = instruction_.is_scalar ? 1 : kVectorBits / 2 / to;
        const bool is_upper = instruction_.is_full && !instruction_.is_scalar;
        Result result;
        if (is_upper) {
            result.set(64, 0, d_[0]);
        }
        for (unsigned i = 0; i < count; ++i) {
            result.set(to, is_upper ? count + i : i, one_operand(lane(n_, width(), i)));
        }
        return result;
    }

    Result lengthen() {
        const unsigned to = instruction_.target.width();
        const unsigned count = kVectorBits / to;
        Result result;
        for (unsigned i = 0; i < count; ++i) {
            result.set(to, i, one_operand(lane(n_, width(), instruction_.is_full ? count + i : i)));
        }
        return result;
    }

    void compare_flags(JudgeState& state) {
        const bool with_zero = bits(word_, 3, 3) == 1;
        const bool signals = instruction_.operation == FloatOperation::CompareFlagsSignalling;
        const std::uint64_t second = with_zero ? 0 : lane(m_, width(), 0);
        const Relation relation = float_.compare(instruction_.format, lane(n_, width(), 0), second, signals);
        constexpr std::uint64_t kNzcv = 0xf0000000;
        state.pstate = (state.pstate & ~kNzcv) | std::uint64_t{static_cast<std::uint8_t>(relation)} << 28;
    }

    std::uint64_t compute(const Operands& operands) {
        switch (instruction_.operation) {
            case FloatOperation::MultiplyAdd:
                return multiply_add(operands, false, false);
            case FloatOperation::MultiplySubtract:
                return multiply_add(operands, false, true);
            case FloatOperation::NegatedMultiplyAdd:
                return multiply_add(operands, true, true);
            case FloatOperation::NegatedMultiplySubtract:
                return multiply_add(operands, true, false);
            default:
                return instruction_.operation <= FloatOperation::CompareZeroLessEqual
                           ? one_operand(operands.n)
                           : two_operands(operands.n, operands.m);
        }
    }

    std::uint64_t multiply_add(const Operands& operands, bool negates_addend, bool negates_product) {
        const FloatFormat format = instruction_.format;
        const auto maybe_negated = [&](std::uint64_t value, bool negates) {
            return negates ? ReferenceFloat::negate(format, value) : value;
        };
        return float_.multiply_add(format, maybe_negated(operands.addend, negates_addend),
                                   maybe_negated(operands.n, negates_product), operands.m);
    }

    std::uint64_t mask_if(bool holds) const { return holds ? ~std::uint64_t{0} >> (64 - width()) : 0; }

    // The relation of `a` to `b` is one of those.
    std::uint64_t compare(std::uint64_t a, std::uint64_t b, bool signals, Relation either, Relation other) {
        const Relation relation = float_.compare(instruction_.format, a, b, signals);
        return mask_if(relation == either || relation == other);
    }

    std::uint64_t one_operand(std::uint64_t a) {
        const FloatFormat format = instruction_.format;
        switch (instruction_.operation) {
            case FloatOperation::SquareRoot:
                return float_.square_root(format, a);
            case FloatOperation::RoundToIntegral:
                return float_.round_to_integral(format, a, rounding(), false);
            case FloatOperation::RoundToIntegralExact:
                return float_.round_to_integral(format, a, rounding(), true);
            case FloatOperation::Convert:
                return float_.convert(format, instruction_.target, a, rounding());
            case FloatOperation::ToFixed:
                return float_.to_fixed(format, a, rounding(), instruction_.integer_width,
                                       instruction_.is_signed, instruction_.fraction_bits);
            case FloatOperation::FromFixed:
                return float_.from_fixed(format, a, instruction_.integer_width, instruction_.is_signed,
                                         instruction_.fraction_bits);
            case FloatOperation::CompareZeroEqual:
                return compare(a, 0, false, Relation::Equal, Relation::Equal);
            case FloatOperation::CompareZeroGreater:
                return compare(a, 0, true, Relation::Greater, Relation::Greater);
            case FloatOperation::CompareZeroGreaterEqual:
                return compare(a, 0, true, Relation::Greater, Relation::Equal);
            case FloatOperation::CompareZeroLess:
                return compare(a, 0, true, Relation::Less, Relation::Less);
            default:
                return compare(a, 0, true, Relation::Less, Relation::Equal);
        }
    }

    std::uint64_t two_operands(std::uint64_t a, std::uint64_t b) {
        const FloatFormat format = instruction_.format;
        const auto absolute = [&](std::uint64_t value) { return ReferenceFloat::absolute(format, value); };
        switch (instruction_.operation) {
            case FloatOperation::Add:
                return float_.add(format, a, b);
            case FloatOperation::Subtract:
                return float_.subtract(format, a, b);
            case FloatOperation::Multiply:
                return float_.multiply(format, a, b);
            case FloatOperation::MultiplyExtended:
                return float_.multiply_extended(format, a, b);
            case FloatOperation::NegatedMultiply:
                return ReferenceFloat::negate(format, float_.multiply(format, a, b));
            case FloatOperation::Divide:
                return float_.divide(format, a, b);
            case FloatOperation::Difference:
                return absolute(float_.subtract(format, a, b));
            case FloatOperation::Maximum:
                return float_.maximum(format, a, b);
            case FloatOperation::Minimum:
                return float_.minimum(format, a, b);
            case FloatOperation::MaximumNumber:
                return float_.maximum_number(format, a, b);
            case FloatOperation::MinimumNumber:
                return float_.minimum_number(format, a, b);
            case FloatOperation::ReciprocalStep:
                return float_.reciprocal_step(format, a, b);
            case FloatOperation::ReciprocalRootStep:
                return float_.reciprocal_root_step(format, a, b);
            case FloatOperation::CompareEqual:
                return compare(a, b, false, Relation::Equal, Relation::Equal);
            case FloatOperation::CompareGreater:
                return compare(a, b, true, Relation::Greater, Relation::Greater);
            case FloatOperation::CompareGreaterEqual:
                return compare(a, b, true, Relation::Greater, Relation::Equal);
            case FloatOperation::CompareAbsoluteGreater:
                return compare(absolute(a), absolute(b), true, Relation::Greater, Relation::Greater);
            default:
                return compare(absolute(a), absolute(b), true, Relation::Greater, Relation::Equal);
        }
    }

    const FloatInstruction& instruction_;
    std::uint32_t word_;
    const JudgeState& before_;
    ReferenceFloat float_;
    const std::uint64_t (&d_)[2];
    const std::uint64_t (&n_)[2];
    const std::uint64_t (&m_)[2];
};

}  // namespace

std::expected<void, std::string> MpfrJudge::begin(const Batch& batch,
                                                  std::span<const EmulatedStep> emulated) {
    for (std::uint64_t slot = 0; slot < JUDGE_SLOTS; ++slot) {
        const std::uint32_t word = batch.steps[slot].word;
        JudgeReply& reply = replies_[slot];
        reply.outcome = JUDGE_NOT_RUN;
        if (emulated[slot].reply.outcome != JUDGE_RETIRED ||
            is_known_difference(name(), word, emulated[slot].before)) {
            continue;
        }
        if (const auto instruction = float_instruction(word)) {
            reply.outcome = JUDGE_RETIRED;
            reply.pc = JUDGE_CODE + slot * JUDGE_STRIDE + JUDGE_WORD_OFFSET + 4;
            reply.state = emulated[slot].before;
            Executor{*instruction, word, emulated[slot].before}.execute(reply.state);
        }
    }
    return {};
}

std::expected<std::span<const JudgeReply>, std::string> MpfrJudge::verdict() {
    return std::span<const JudgeReply>{replies_};
}

}  // namespace levitate::isa
