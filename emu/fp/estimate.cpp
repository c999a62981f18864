#include "emu/fp/estimate.hpp"

#include "emu/fp/value.hpp"

namespace levitate::emu::fp {

namespace {

// RecipEstimate: `scaled` is in [256, 512) and stands for [1/2, 1); the result stands for (1, 2].
std::uint32_t reciprocal_table(std::uint32_t scaled) {
    const std::uint32_t middle = scaled * 2 + 1;
    return ((1U << 19) / middle + 1) / 2;
}

// RecipSqrtEstimate: `scaled` is in [128, 512) and stands for [1/4, 1); the result is in [256, 512).
std::uint32_t reciprocal_square_root_table(std::uint32_t scaled) {
    const std::uint32_t middle = scaled < 256 ? scaled * 2 + 1 : ((scaled >> 1 << 1) + 1) * 2;
    std::uint32_t root = 512;
    while (middle * (root + 1) * (root + 1) < (1U << 28)) {
        ++root;
    }
    return (root + 1) / 2;
}

// The leading one and the eight bits below it.
std::uint32_t scaled_fraction(const Value& value) {
    return static_cast<std::uint32_t>(value.significand >> 55);
}

template <class Bits>
Bits estimate_overflow(bool negative, Context& context) {
    using L = Layout<Bits>;
    context.raise(fpsr::kOverflow | fpsr::kInexact);
    return L::with_sign(negative,
                        overflows_to_infinity(negative, context.rounding()) ? L::kInfinity : L::kLargest);
}

}  // namespace

template <class Bits>
Bits reciprocal_estimate(Bits operand, Context& context) {
    using L = Layout<Bits>;
    const Value value = unpack(operand, context);
    switch (value.kind) {
        case Kind::QuietNan:
        case Kind::SignallingNan:
            return process_nan(operand, context);
        case Kind::Infinity:
            return L::with_sign(value.negative, 0);
        case Kind::Zero:
            context.raise(fpsr::kDivideByZero);
            return L::with_sign(value.negative, L::kInfinity);
        case Kind::Number:
            break;
    }
    if (value.exponent < -L::kBias - 1) {
        return estimate_overflow<Bits>(value.negative, context);
    }
    if (value.exponent >= L::kBias - 1 && flushes<Bits>(context, HalfRule::Arithmetic)) {
        context.raise(fpsr::kUnderflow);
        return L::with_sign(value.negative, 0);
    }
    // The result is 1.fraction * 2^(-exponent - 1), and exponents of the two largest binades make it
    // subnormal.
    const std::uint32_t fraction = reciprocal_table(scaled_fraction(value)) & 0xff;
    const int biased = L::kBias - value.exponent - 1;
    Bits magnitude = static_cast<Bits>(Bits{1} << L::kFractionBits);
    magnitude = static_cast<Bits>(magnitude | static_cast<Bits>(Bits(fraction) << (L::kFractionBits - 8)));
    if (biased <= 0) {
        magnitude = static_cast<Bits>(magnitude >> (1 - biased));
    } else {
        magnitude = static_cast<Bits>((magnitude & L::kFractionMask) |
                                      static_cast<Bits>(static_cast<Bits>(biased) << L::kFractionBits));
    }
    return L::with_sign(value.negative, magnitude);
}

template <class Bits>
Bits reciprocal_square_root_estimate(Bits operand, Context& context) {
    using L = Layout<Bits>;
    const Value value = unpack(operand, context);
    if (value.is_nan()) {
        return process_nan(operand, context);
    }
    if (value.kind == Kind::Zero) {
        context.raise(fpsr::kDivideByZero);
        return L::with_sign(value.negative, L::kInfinity);
    }
    if (value.negative) {
        return invalid<Bits>(context);
    }
    if (value.kind == Kind::Infinity) {
        return 0;
    }
    // The operand as [1/4, 1) times an even power of two.
    const bool odd = (value.exponent & 1) != 0;
    const std::uint32_t scaled = odd ? scaled_fraction(value) : scaled_fraction(value) >> 1;
    const int half_exponent = (value.exponent + (odd ? 1 : 2)) / 2;
    const std::uint32_t fraction = reciprocal_square_root_table(scaled) & 0xff;
    const int biased = L::kBias - half_exponent;
    return static_cast<Bits>(static_cast<Bits>(static_cast<Bits>(biased) << L::kFractionBits) |
                             static_cast<Bits>(Bits(fraction) << (L::kFractionBits - 8)));
}

template <class Bits>
Bits reciprocal_exponent(Bits operand, Context& context) {
    using L = Layout<Bits>;
    const Value value = unpack(operand, context);
    if (value.is_nan()) {
        return process_nan(operand, context);
    }
    const auto exponent = static_cast<Bits>(operand & L::kInfinity);
    const Bits inverted = exponent == 0 ? static_cast<Bits>(L::kInfinity - L::kSmallestNormal)
                                        : static_cast<Bits>(exponent ^ L::kInfinity);
    return L::with_sign(value.negative, inverted);
}

#define INSTANTIATE(Bits)                                          \
    template Bits reciprocal_estimate(Bits, Context&);             \
    template Bits reciprocal_square_root_estimate(Bits, Context&); \
    template Bits reciprocal_exponent(Bits, Context&)

INSTANTIATE(std::uint16_t);
INSTANTIATE(std::uint32_t);
INSTANTIATE(std::uint64_t);

#undef INSTANTIATE

std::uint32_t unsigned_reciprocal_estimate(std::uint32_t operand) {
    return operand >> 31 == 0 ? 0xffff'ffffU : reciprocal_table(operand >> 23) << 23;
}

std::uint32_t unsigned_reciprocal_square_root_estimate(std::uint32_t operand) {
    return operand >> 30 == 0 ? 0xffff'ffffU : reciprocal_square_root_table(operand >> 23) << 23;
}

}  // namespace levitate::emu::fp
