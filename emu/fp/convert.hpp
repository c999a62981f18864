// Conversions between formats, to and from integers and fixed point, and rounding to integral values:
// FPConvert, FPToFixed, FixedToFP and FPRoundInt of the Arm ARM's shared pseudocode.
#pragma once

#include <bit>
#include <cmath>
#include <cstdint>

#include "emu/fp/arithmetic.hpp"
#include "emu/fp/context.hpp"
#include "emu/fp/format.hpp"

namespace levitate::emu::fp {

enum class Signedness : std::uint8_t { Unsigned, Signed };
// Whether FRINT raises Inexact when it changes its operand (FRINTX).
enum class Exactness : std::uint8_t { Ignored, Reported };

namespace soft {
template <class To, class From>
To convert(From value, Rounding rounding, Context& context);
template <class Bits>
std::uint64_t to_fixed(Bits value, unsigned fraction_bits, unsigned width, Signedness signedness,
                       Rounding rounding, Context& context);
template <class Bits>
Bits from_fixed(std::uint64_t magnitude, bool negative, unsigned fraction_bits, Rounding rounding,
                Context& context);
}  // namespace soft

// `value` in another format, To and From being two of the three. Honours FPCR.AHP.
template <class To, class From>
To convert(From value, Rounding rounding, Context& context) {
    if constexpr (sizeof(To) > 2 && sizeof(From) > 2) {
        using Source = Format<From>::Host;
        using Target = Format<To>::Host;
        // Widening a normal number is exact; narrowing one may not be, see arithmetic.hpp.
        if (is_comfortable(value) && (sizeof(To) > sizeof(From) ||
                                      (rounding == Rounding::TieEven && host_arithmetic_allowed(context)))) {
            const To result = std::bit_cast<To>(static_cast<Target>(std::bit_cast<Source>(value)));
            if (is_comfortable(result)) {
                return result;
            }
        }
    }
    return soft::convert<To>(value, rounding, context);
}

// value * 2^fraction_bits as an integer of `width` (16, 32 or 64) bits, zero-extended; saturates.
// 0 <= fraction_bits <= width.
template <class Bits>
std::uint64_t to_fixed(Bits value, unsigned fraction_bits, unsigned width, Signedness signedness,
                       Rounding rounding, Context& context) {
    if constexpr (sizeof(Bits) > 2) {
        using Host = Format<Bits>::Host;
        const auto number = std::bit_cast<Host>(value);
        // The common cast: to a signed or unsigned number below 2^31, or 2^62.
        const Host limit = width == 64 ? Host{0x1p62} : width == 32 ? Host{0x1p31} : Host{0};
        if (rounding == Rounding::Zero && fraction_bits == 0 && (context.fpcr & fpcr::kFlushToZero) == 0 &&
            std::abs(number) < limit && (signedness == Signedness::Signed || number >= Host{0})) {
            const auto integer = static_cast<std::int64_t>(number);
            if (static_cast<Host>(integer) != number) {
                context.raise(fpsr::kInexact);
            }
            const auto result = static_cast<std::uint64_t>(integer);
            return width == 64 ? result : result & 0xffff'ffffU;
        }
    }
    return soft::to_fixed(value, fraction_bits, width, signedness, rounding, context);
}

// integer * 2^-fraction_bits. `integer` is `width` (16, 32 or 64) bits wide; those above are ignored.
template <class Bits>
Bits from_fixed(std::uint64_t integer, unsigned fraction_bits, unsigned width, Signedness signedness,
                Rounding rounding, Context& context) {
    const unsigned unused = 64 - width;
    const auto extended =
        signedness == Signedness::Signed
            ? static_cast<std::uint64_t>(static_cast<std::int64_t>(integer << unused) >> unused)
            : integer << unused >> unused;
    const bool negative = signedness == Signedness::Signed && (extended >> 63) != 0;
    const std::uint64_t magnitude = negative ? 0 - extended : extended;
    if constexpr (sizeof(Bits) > 2) {
        using Host = Format<Bits>::Host;
        // Exact in every rounding mode.
        if (fraction_bits == 0 && (magnitude >> (Format<Bits>::kFractionBits + 1)) == 0) {
            return std::bit_cast<Bits>(static_cast<Host>(static_cast<std::int64_t>(extended)));
        }
    }
    return soft::from_fixed<Bits>(magnitude, negative, fraction_bits, rounding, context);
}

// Defined for std::uint16_t, std::uint32_t and std::uint64_t.
template <class Bits>
Bits round_to_integral(Bits value, Rounding rounding, Exactness exactness, Context& context);

}  // namespace levitate::emu::fp
