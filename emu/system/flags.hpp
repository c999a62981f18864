// PSTATE.NZCV (Arm ARM C5.2.10). An instruction that sets the flags is mostly followed by one that asks for a
// single condition. So the operands that the flags come from are kept, and only what is asked for is worked
// out.
#pragma once

#include <cstdint>
#include <limits>

namespace levitate::emu {

// Numbered as in the encodings.
enum class Condition : std::uint8_t { EQ, NE, CS, CC, MI, PL, VS, VC, HI, LS, GE, LT, GT, LE, AL, NV };

// NZCV in bits 3 to 0, as CCMP and FCCMP give it.
using FlagsNibble = std::uint8_t;

class Flags {
  public:
    constexpr Flags() = default;
    constexpr explicit Flags(FlagsNibble nibble) : first_(nibble & 15U) {}

    // As SUBS, ADDS and ANDS of this width set them. T is std::uint32_t or std::uint64_t.
    template <class T>
    static constexpr Flags of_difference(T first, T second) {
        return {widened(first), widened(second), Origin::Difference};
    }
    template <class T>
    static constexpr Flags of_sum(T first, T second) {
        return {widened(first), widened(second), Origin::Sum};
    }
    template <class T>
    static constexpr Flags of_logical(T result) {
        return {widened(result), 0, Origin::Logical};
    }

    // N and Z of the result; V is the sign of `overflow`.
    template <class T>
    static constexpr Flags of_result(T result, bool carry, T overflow) {
        return Flags(pack(widened(result), carry, widened(overflow)));
    }

    constexpr FlagsNibble nibble() const {
        switch (origin_) {
            case Origin::Difference: {
                const std::uint64_t result = first_ - second_;
                return pack(result, first_ >= second_, (first_ ^ second_) & (first_ ^ result));
            }
            case Origin::Sum: {
                const std::uint64_t result = first_ + second_;
                return pack(result, result < first_, (first_ ^ result) & (second_ ^ result));
            }
            case Origin::Logical:
                return pack(first_, false, 0);
            case Origin::Nibble:
                break;
        }
        return static_cast<FlagsNibble>(first_);
    }

    constexpr bool carry() const { return holds(Condition::CS); }

    // ConditionHolds of the Arm ARM. Where the condition is a constant and a comparison or a logical
    // operation has set the flags, this is a test of where they come from and one of the condition itself.
    constexpr bool holds(Condition condition) const {
        if (condition == Condition::AL || condition == Condition::NV) {
            return true;
        }
        // The lowest bit inverts what the others ask for.
        const auto number = static_cast<unsigned>(condition);
        const auto asked = static_cast<Condition>(number & ~1U);
        return (origin_ > Origin::Logical ? holds_of(asked, nibble()) : holds_of_operands(asked)) ==
               (number % 2 == 0);
    }

  private:
    // Of a logical operation, the flags but C are those of the result less zero.
    enum class Origin : std::uint8_t { Difference, Logical, Sum, Nibble };

    constexpr Flags(std::uint64_t first, std::uint64_t second, Origin origin)
        : first_(first), second_(second), origin_(origin) {}

    // A narrow operand in the upper bits: sums and differences have the same flags there.
    template <class T>
    static constexpr std::uint64_t widened(T value) {
        return std::uint64_t{value} << (64 - std::numeric_limits<T>::digits);
    }
    static constexpr bool is_negative(std::uint64_t value) { return value >> 63 != 0; }

    static constexpr FlagsNibble pack(std::uint64_t result, bool carry, std::uint64_t overflow) {
        return static_cast<FlagsNibble>((is_negative(result) ? kN : 0) | (result == 0 ? kZ : 0) |
                                        (carry ? kC : 0) | (is_negative(overflow) ? kV : 0));
    }

    // Of a condition with an even number below AL, for a difference or a logical operation.
    constexpr bool holds_of_operands(Condition condition) const {
        const auto first = static_cast<std::int64_t>(first_);
        const auto second = static_cast<std::int64_t>(second_);
        switch (condition) {
            case Condition::EQ:
                return first_ == second_;
            case Condition::CS:
                return first_ >= second_ && origin_ == Origin::Difference;
            case Condition::MI:
                return is_negative(first_ - second_);
            case Condition::VS:
                return is_negative((first_ ^ second_) & (first_ ^ (first_ - second_)));
            case Condition::HI:
                return first_ > second_ && origin_ == Origin::Difference;
            case Condition::GE:
                return first >= second;
            default:
                return first > second;  // GT
        }
    }
    static constexpr bool holds_of(Condition condition, FlagsNibble nibble) {
        const bool n = (nibble & kN) != 0;
        const bool z = (nibble & kZ) != 0;
        const bool c = (nibble & kC) != 0;
        const bool v = (nibble & kV) != 0;
        switch (condition) {
            case Condition::EQ:
                return z;
            case Condition::CS:
                return c;
            case Condition::MI:
                return n;
            case Condition::VS:
                return v;
            case Condition::HI:
                return c && !z;
            case Condition::GE:
                return n == v;
            default:
                return n == v && !z;  // GT
        }
    }

    static constexpr unsigned kN = 8;
    static constexpr unsigned kZ = 4;
    static constexpr unsigned kC = 2;
    static constexpr unsigned kV = 1;

    std::uint64_t first_ = 0;  // the nibble, where that is all there is
    std::uint64_t second_ = 0;
    Origin origin_ = Origin::Nibble;
};

}  // namespace levitate::emu
