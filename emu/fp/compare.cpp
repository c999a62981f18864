#include "emu/fp/compare.hpp"

#include "emu/fp/value.hpp"

namespace levitate::emu::fp {

namespace {

// Orders the magnitudes of two operands that are no NaNs.
int magnitude_order(const Value& first, const Value& second) {
    const auto rank = [](const Value& value) {
        return value.kind == Kind::Zero ? 0 : value.kind == Kind::Number ? 1 : 2;
    };
    if (rank(first) != rank(second)) {
        return rank(first) < rank(second) ? -1 : 1;
    }
    if (first.kind != Kind::Number) {
        return 0;
    }
    if (first.exponent != second.exponent) {
        return first.exponent < second.exponent ? -1 : 1;
    }
    return first.significand < second.significand ? -1 : first.significand > second.significand ? 1 : 0;
}

Order order(const Value& first, const Value& second) {
    int result = 0;
    if (first.kind == Kind::Zero && second.kind == Kind::Zero) {
        return Order::Equal;
    }
    if (first.negative != second.negative) {
        result = first.negative ? -1 : 1;
    } else {
        result = magnitude_order(first, second) * (first.negative ? -1 : 1);
    }
    return result < 0 ? Order::Less : result > 0 ? Order::Greater : Order::Equal;
}

enum class Extreme : std::uint8_t { Minimum, Maximum };

template <class Bits>
Bits extreme(Bits first, Bits second, Extreme which, Context& context) {
    using L = Layout<Bits>;
    const Value left = unpack(first, context);
    const Value right = unpack(second, context);
    Bits nan;
    if (process_nans(nan, context, first, second)) {
        return nan;
    }
    const bool maximum = which == Extreme::Maximum;
    if (left.kind == Kind::Zero && right.kind == Kind::Zero) {
        const bool negative = maximum ? left.negative && right.negative : left.negative || right.negative;
        return L::with_sign(negative, 0);
    }
    const bool takes_first = order(left, right) == (maximum ? Order::Greater : Order::Less);
    // A flushed operand is returned as the zero it was taken for.
    const Value& winner = takes_first ? left : right;
    return winner.kind == Kind::Zero ? L::with_sign(winner.negative, 0) : takes_first ? first : second;
}

template <class Bits>
Bits extreme_number(Bits first, Bits second, Extreme which, Context& context) {
    using L = Layout<Bits>;
    const bool first_quiet = is_nan(first) && !is_signalling(first);
    const bool second_quiet = is_nan(second) && !is_signalling(second);
    const Bits loser = L::with_sign(which == Extreme::Maximum, L::kInfinity);
    // The operands are unpacked before one is replaced, which raises IDC for a denormal; extreme() does that.
    if (first_quiet && !second_quiet) {
        first = loser;
    } else if (second_quiet && !first_quiet) {
        second = loser;
    }
    return extreme(first, second, which, context);
}

}  // namespace

template <class Bits>
Order soft::compare(Bits first, Bits second, NanRule rule, Context& context) {
    const Value left = unpack(first, context);
    const Value right = unpack(second, context);
    if (left.is_nan() || right.is_nan()) {
        if (rule == NanRule::Signal || left.kind == Kind::SignallingNan ||
            right.kind == Kind::SignallingNan) {
            context.raise(fpsr::kInvalidOperation);
        }
        return Order::Unordered;
    }
    return order(left, right);
}

template <class Bits>
Bits maximum(Bits first, Bits second, Context& context) {
    return extreme(first, second, Extreme::Maximum, context);
}

template <class Bits>
Bits minimum(Bits first, Bits second, Context& context) {
    return extreme(first, second, Extreme::Minimum, context);
}

template <class Bits>
Bits maximum_number(Bits first, Bits second, Context& context) {
    return extreme_number(first, second, Extreme::Maximum, context);
}

template <class Bits>
Bits minimum_number(Bits first, Bits second, Context& context) {
    return extreme_number(first, second, Extreme::Minimum, context);
}

#define INSTANTIATE(Bits)                                        \
    template Order soft::compare(Bits, Bits, NanRule, Context&); \
    template Bits maximum(Bits, Bits, Context&);                 \
    template Bits minimum(Bits, Bits, Context&);                 \
    template Bits maximum_number(Bits, Bits, Context&);          \
    template Bits minimum_number(Bits, Bits, Context&)

INSTANTIATE(std::uint16_t);
INSTANTIATE(std::uint32_t);
INSTANTIATE(std::uint64_t);

#undef INSTANTIATE

}  // namespace levitate::emu::fp
