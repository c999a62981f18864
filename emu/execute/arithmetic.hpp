// What several groups of integer instructions compute with.
#pragma once

#include <bit>
#include <cstdint>
#include <limits>
#include <type_traits>

#include "emu/decode/fields.hpp"
#include "emu/system/pstate.hpp"

namespace levitate::emu {

template <class T>
inline constexpr unsigned kBitsOf = std::numeric_limits<T>::digits;

// DecodeShift
enum class Shift : std::uint8_t { Lsl, Lsr, Asr, Ror };

// ShiftReg: `amount` is less than the width.
template <class T>
constexpr T shifted(T value, Shift shift, unsigned amount) {
    switch (shift) {
        case Shift::Lsl:
            return value << amount;
        case Shift::Lsr:
            return value >> amount;
        case Shift::Asr:
            return static_cast<T>(static_cast<std::make_signed_t<T>>(value) >> amount);
        case Shift::Ror:
            break;
    }
    return std::rotr(value, static_cast<int>(amount));
}

// DecodeRegExtend
enum class Extend : std::uint8_t { Uxtb, Uxth, Uxtw, Uxtx, Sxtb, Sxth, Sxtw, Sxtx };

// ExtendReg: extends, then shifts left.
constexpr std::uint64_t extended(std::uint64_t value, Extend extend, unsigned shift) {
    const auto sign_extended = [value]<class Narrow>(Narrow) {
        return static_cast<std::uint64_t>(std::int64_t{static_cast<Narrow>(value)});
    };
    std::uint64_t result = value;
    switch (extend) {
        case Extend::Uxtb:
            result = static_cast<std::uint8_t>(value);
            break;
        case Extend::Uxth:
            result = static_cast<std::uint16_t>(value);
            break;
        case Extend::Uxtw:
            result = static_cast<std::uint32_t>(value);
            break;
        case Extend::Sxtb:
            result = sign_extended(std::int8_t{});
            break;
        case Extend::Sxth:
            result = sign_extended(std::int16_t{});
            break;
        case Extend::Sxtw:
            result = sign_extended(std::int32_t{});
            break;
        case Extend::Uxtx:
        case Extend::Sxtx:
            break;
    }
    return result << shift;
}

// AddWithCarry
template <class T>
constexpr T add_with_carry(T first, T second, bool carry_in, Flags& flags) {
    T partial = 0;
    T result = 0;
    const bool carry_1 = __builtin_add_overflow(first, second, &partial);
    const bool carry_2 = __builtin_add_overflow(partial, static_cast<T>(carry_in), &result);
    const T overflow = (first ^ result) & (second ^ result);
    flags = Flags::of_result(result, carry_1 || carry_2, overflow);
    return result;
}

enum class Operator : std::uint8_t { Add, Subtract };
enum class SetFlags : std::uint8_t { No, Yes };

// ADD, SUB, ADDS, SUBS: only Yes touches `flags`.
template <class T, Operator operation, SetFlags sets>
constexpr T add_or_subtract(T first, T second, Flags& flags) {
    if constexpr (sets == SetFlags::Yes) {
        flags =
            operation == Operator::Add ? Flags::of_sum(first, second) : Flags::of_difference(first, second);
    }
    return operation == Operator::Add ? first + second : first - second;
}

// Calls `function` with a value of the type that the encoding's `sf` bit means.
template <class Function>
constexpr auto with_width(bool sixty_four, Function function) {
    return sixty_four ? function(std::uint64_t{}) : function(std::uint32_t{});
}

// Calls `function` with a value of the unsigned type of 1 << size bytes.
template <class Function>
constexpr auto with_size(Imm<2> size, Function function) {
    switch (size.value()) {
        case 0:
            return function(std::uint8_t{});
        case 1:
            return function(std::uint16_t{});
        case 2:
            return function(std::uint32_t{});
        default:
            return function(std::uint64_t{});
    }
}

}  // namespace levitate::emu
