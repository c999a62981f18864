// The fields of an encoding as a row's decoder receives them: each type knows how many bits it is made of.
#pragma once

#include <cstddef>
#include <cstdint>

namespace levitate::emu {

// Places in Core's general registers. 31 means zero, nothing or the stack pointer, as the encoding says; the
// three have places of their own (Core::x), so that executing an instruction asks no question about it.
enum class Source : std::uint8_t {};
enum class Target : std::uint8_t {};

inline constexpr std::uint8_t kZeroPlace = 31;     // always reads as zero
inline constexpr std::uint8_t kDiscardPlace = 32;  // written, never read
inline constexpr std::uint8_t kSpPlace = 33;       // the current stack pointer
inline constexpr std::size_t kGeneralPlaces = 34;

// A register number.
struct Reg {
    static constexpr unsigned kWidth = 5;
    static constexpr Reg from_field(std::uint32_t field) { return {static_cast<std::uint8_t>(field)}; }
    std::uint8_t number;

    // As general registers.
    constexpr Source source() const { return Source{number}; }
    constexpr Target target() const { return Target{number == 31 ? kDiscardPlace : number}; }
    constexpr Source source_or_sp() const { return Source{number == 31 ? kSpPlace : number}; }
    constexpr Target target_or_sp() const { return Target{number == 31 ? kSpPlace : number}; }
    constexpr bool is_31() const { return number == 31; }
    bool operator==(const Reg&) const = default;
};

// An unsigned field of n bits.
template <unsigned n>
struct Imm {
    static_assert(n >= 1 && n <= 26);
    static constexpr unsigned kWidth = n;
    static constexpr Imm from_field(std::uint32_t field) { return {field}; }
    std::uint32_t bits;

    constexpr std::uint32_t value() const { return bits; }
    // Two's complement, n bits wide.
    constexpr std::int64_t signed_value() const {
        constexpr std::uint64_t kSign = std::uint64_t{1} << (n - 1);
        return static_cast<std::int64_t>((bits ^ kSign) - kSign);
    }
    constexpr bool bit(unsigned position) const { return ((bits >> position) & 1) != 0; }
    bool operator==(const Imm&) const = default;
};

// A field of one bit.
struct Bit {
    static constexpr unsigned kWidth = 1;
    static constexpr Bit from_field(std::uint32_t field) { return {field != 0}; }
    bool set;
    constexpr explicit operator bool() const { return set; }
    constexpr bool operator!() const { return !set; }
    bool operator==(const Bit&) const = default;
};

}  // namespace levitate::emu
