// A row's bit string, as "z0010001ssiiiiiiiiiiiinnnnnddddd", turned into mask, value and fields at compile
// time.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace levitate::emu::decode {

inline constexpr std::size_t kWordBits = 32;

// 32 characters, bit 31 first: '0' and '1' must match, '-' is ignored, and each run of one letter is a field.
struct BitString {
    std::array<char, kWordBits> text{};

    consteval BitString(
        const char (&string)[kWordBits + 1]) {  // NOLINT: implicit, to be written as a literal
        for (std::size_t i = 0; i < kWordBits; ++i) {
            text[i] = string[i];
        }
    }
};

struct Field {
    unsigned shift = 0;
    unsigned width = 0;

    constexpr std::uint32_t extract(std::uint32_t word) const {
        return (word >> shift) & ((std::uint32_t{1} << width) - 1);
    }
};

struct Pattern {
    static constexpr std::size_t kMaxFields = 12;
    std::uint32_t mask = 0;
    std::uint32_t value = 0;
    std::size_t field_count = 0;
    std::array<Field, kMaxFields> fields{};
};

consteval Pattern parse(const BitString& bits) {
    Pattern pattern;
    for (std::size_t i = 0; i < kWordBits; ++i) {
        const char letter = bits.text[i];
        const auto position = static_cast<unsigned>(kWordBits - 1 - i);
        if (letter == '0' || letter == '1') {
            pattern.mask |= std::uint32_t{1} << position;
            pattern.value |= static_cast<std::uint32_t>(letter == '1') << position;
        } else if (letter >= 'a' && letter <= 'z') {
            if (i == 0 || bits.text[i - 1] != letter) {
                ++pattern.field_count;
            }
            // Out of bounds, and so a compile error, if there are too many.
            Field& field = pattern.fields[pattern.field_count - 1];
            field.shift = position;
            ++field.width;
        } else if (letter != '-') {
            throw "a bit string holds 0, 1, - and lower-case letters";
        }
    }
    return pattern;
}

}  // namespace levitate::emu::decode
