// What is known about the disassemblers: how they spell instructions, and where they are wrong.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "emu/decode/pattern.hpp"

namespace levitate::isa {

// Whether a disassembler may print `mnemonic` for an instruction of the row called `row`: it is the first
// word of that name, or stands in spellings.inc.
bool is_spelling(std::string_view mnemonic, std::string_view row);

enum class DecodeJudge : std::uint8_t {
    Vixl,
    Capstone,
    None,  // neither can tell: the Arm ARM alone decides
};

// What a judge does with a word, as against the decode table.
enum class DecodeClaim : std::uint8_t {
    Takes,    // for an instruction, where the table has none
    Refuses,  // where the table has an instruction
    Renames,  // takes it for another instruction than the table does
    Any,
};

// Words of which a judge says other than the decode table, and why. Letters in `bits` stand for any bit, as
// '-' does.
struct DecodeDifference {
    DecodeJudge judge;
    DecodeClaim claim;
    emu::decode::Pattern bits;
    std::string_view reason;

    constexpr bool has(std::uint32_t word) const { return (word & bits.mask) == bits.value; }
};
std::span<const DecodeDifference> decode_differences();

}  // namespace levitate::isa
