// Floating-point arithmetic as the Arm ARM's pseudocode has it (shared/functions/float, Arm ARM J1.3), on
// MPFR's numbers: every result is computed exactly, or with a bit that says that something follows, and
// rounded once.
#pragma once

#include <cstdint>
#include <optional>

namespace levitate::isa {

struct FloatFormat {
    unsigned exponent_bits;
    unsigned fraction_bits;

    constexpr unsigned width() const { return 1 + exponent_bits + fraction_bits; }
    bool operator==(const FloatFormat&) const = default;
};
inline constexpr FloatFormat kHalf{5, 10};
inline constexpr FloatFormat kSingle{8, 23};
inline constexpr FloatFormat kDoublePrecision{11, 52};

enum class Rounding { TiesToEven, Up, Down, Zero, TiesAway, Odd };

// What a comparison finds, as PSTATE.NZCV has it.
enum class Relation : std::uint8_t { Equal = 0b0110, Less = 0b1000, Greater = 0b0010, Unordered = 0b0011 };

// Operations under one FPCR, with what they raise in FPSR. Operands and results are bit patterns of the
// format.
class ReferenceFloat {
  public:
    explicit ReferenceFloat(std::uint64_t fpcr) : fpcr_(fpcr) {}

    std::uint64_t flags() const { return flags_; }
    Rounding rounding() const { return static_cast<Rounding>(fpcr_ >> 22 & 3); }

    std::uint64_t add(FloatFormat format, std::uint64_t a, std::uint64_t b);
    std::uint64_t subtract(FloatFormat format, std::uint64_t a, std::uint64_t b);
    std::uint64_t multiply(FloatFormat format, std::uint64_t a, std::uint64_t b);
    // FMULX: infinity times zero is two.
    std::uint64_t multiply_extended(FloatFormat format, std::uint64_t a, std::uint64_t b);
    std::uint64_t divide(FloatFormat format, std::uint64_t a, std::uint64_t b);
    std::uint64_t multiply_add(FloatFormat format, std::uint64_t addend, std::uint64_t a, std::uint64_t b);
    std::uint64_t square_root(FloatFormat format, std::uint64_t a);
    // FRECPS and FRSQRTS.
    std::uint64_t reciprocal_step(FloatFormat format, std::uint64_t a, std::uint64_t b);
    std::uint64_t reciprocal_root_step(FloatFormat format, std::uint64_t a, std::uint64_t b);

    std::uint64_t maximum(FloatFormat format, std::uint64_t a, std::uint64_t b);
    std::uint64_t minimum(FloatFormat format, std::uint64_t a, std::uint64_t b);
    std::uint64_t maximum_number(FloatFormat format, std::uint64_t a, std::uint64_t b);
    std::uint64_t minimum_number(FloatFormat format, std::uint64_t a, std::uint64_t b);

    // Quiet NaNs raise Invalid Operation if `signals`.
    Relation compare(FloatFormat format, std::uint64_t a, std::uint64_t b, bool signals);

    std::uint64_t round_to_integral(FloatFormat format, std::uint64_t a, Rounding rounding,
                                    bool raises_inexact);
    // `fraction_bits` of the fixed-point side; `width` 16, 32 or 64.
    std::uint64_t to_fixed(FloatFormat format, std::uint64_t a, Rounding rounding, unsigned width,
                           bool is_signed, unsigned fraction_bits);
    std::uint64_t from_fixed(FloatFormat format, std::uint64_t value, unsigned width, bool is_signed,
                             unsigned fraction_bits);
    std::uint64_t convert(FloatFormat from, FloatFormat to, std::uint64_t a, Rounding rounding);

    static std::uint64_t negate(FloatFormat format, std::uint64_t a);
    static std::uint64_t absolute(FloatFormat format, std::uint64_t a);

  private:
    class Real;
    enum class Kind { Zero, Finite, Infinity, QuietNan, SignallingNan };
    struct Unpacked;
    enum class Conversion { No, Yes };

    Unpacked unpack(FloatFormat format, std::uint64_t bits, Conversion conversion = Conversion::No);
    bool flushes(FloatFormat format, Conversion conversion) const;
    bool is_alternative_half(FloatFormat format, Conversion conversion) const;
    // `value` is not zero; it is exact, or all its bits that follow are told by a last one that is set.
    std::uint64_t round(FloatFormat format, const Real& value, Rounding rounding,
                        Conversion conversion = Conversion::No);
    std::uint64_t round_or_zero(FloatFormat format, const Real& value);
    std::uint64_t default_nan(FloatFormat format) const;
    std::uint64_t invalid(FloatFormat format);
    std::uint64_t process_nan(FloatFormat format, const Unpacked& nan);
    // The first that decides; nullopt: neither is a NaN.
    std::optional<std::uint64_t> process_nans(FloatFormat format, const Unpacked& a, const Unpacked& b);
    std::uint64_t sum(FloatFormat format, const Unpacked& a, const Unpacked& b);
    std::uint64_t extreme(FloatFormat format, std::uint64_t a, std::uint64_t b, bool is_maximum);
    std::uint64_t extreme_number(FloatFormat format, std::uint64_t a, std::uint64_t b, bool is_maximum);
    std::uint64_t step(FloatFormat format, std::uint64_t a, std::uint64_t b, std::uint64_t from, bool halves);

    std::uint64_t fpcr_;
    std::uint64_t flags_ = 0;
};

}  // namespace levitate::isa
