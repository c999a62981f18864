// Rows of the decode table. emu/decode/README.md says how one is added.
#pragma once

#include <cstdint>
#include <utility>

#include "emu/decode/fields.hpp"
#include "emu/decode/pattern.hpp"
#include "emu/instruction.hpp"

namespace levitate::emu::decode {

struct Row {
    const char* name;  // the Arm ARM's, for people
    std::uint32_t mask;
    std::uint32_t value;
    Operation (*decode)(std::uint32_t word);
};

namespace detail {

template <BitString bits>
inline constexpr Pattern kPatternOf = parse(bits);

template <BitString bits, auto decoder, class... Parameters>
consteval Row make_row(const char* name, Operation (*)(Parameters...)) {
    static_assert(kPatternOf<bits>.field_count == sizeof...(Parameters),
                  "the decoder must have one parameter for each field of the bit string");
    constexpr auto kWidthsMatch = []<std::size_t... i>(std::index_sequence<i...>) {
        return ((kPatternOf<bits>.fields[i].width == Parameters::kWidth) && ...);
    };
    static_assert(kWidthsMatch(std::index_sequence_for<Parameters...>{}),
                  "a parameter's width must be that of its field");
    return {name, kPatternOf<bits>.mask, kPatternOf<bits>.value, [](std::uint32_t word) {
                return [word]<std::size_t... i>(std::index_sequence<i...>) {
                    static_cast<void>(word);
                    return decoder(Parameters::from_field(kPatternOf<bits>.fields[i].extract(word))...);
                }(std::index_sequence_for<Parameters...>{});
            }};
}

}  // namespace detail

// `decoder` is called once for each word that is decoded, with the fields in the order of the bit string.
template <BitString bits, auto decoder>
consteval Row row(const char* name) {
    return detail::make_row<bits, decoder>(name, decoder);
}

}  // namespace levitate::emu::decode

// One row. Files that include an .inc undefine it at their end.
#define INST(decoder, name, bits) ::levitate::emu::decode::row<bits, decoder>(name),
