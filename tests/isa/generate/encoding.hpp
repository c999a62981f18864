// What the generator and the judges need to know of a word beyond its row. Written from the encoding tables
// of the Arm ARM (C4.1), not from emu/decode, so that a mistake there is not made twice.
#pragma once

#include <cstdint>
#include <optional>

#include "tests/isa/judges/protocol.h"

namespace levitate::isa {

constexpr std::uint32_t bits(std::uint32_t word, unsigned high, unsigned low) {
    return (word >> low) & ((std::uint32_t{1} << (high - low + 1)) - 1);
}
constexpr std::uint64_t sign_extended(std::uint64_t value, unsigned width) {
    const std::uint64_t sign = std::uint64_t{1} << (width - 1);
    const std::uint64_t low = value & (sign | (sign - 1));
    return (low ^ sign) - sign;
}

// The index of a load or store (register offset): X[number], extended and shifted.
struct IndexRegister {
    unsigned number;
    unsigned option;  // as in the encoding: UXTW 2, LSL 3, SXTW 6, SXTX 7
    unsigned shift;

    std::uint64_t offset(std::uint64_t value) const;
};

// How a load or store with a base register makes its address.
struct MemoryOperand {
    unsigned base;               // 31 is SP
    std::uint64_t displacement;  // two's complement
    std::optional<IndexRegister> index;
    unsigned size;         // of the whole access in bytes
    bool needs_alignment;  // to its size: exclusive, ordered and atomic accesses
    bool is_single;        // one register's worth: a fault leaves memory as it was

    std::uint64_t address(const JudgeState& state) const;
};

// nullopt: not a load or store, one of a literal, or a prefetch.
std::optional<MemoryOperand> memory_operand(std::uint32_t word);

// LDR, LDRSW, PRFM (literal).
constexpr bool is_literal_load(std::uint32_t word) {
    return bits(word, 29, 27) == 0b011 && bits(word, 25, 24) == 0;
}
// STXR, STXP, LDXR and LDXP, with their releasing and acquiring forms.
constexpr bool is_store_exclusive(std::uint32_t word) {
    return bits(word, 29, 22) == 0b00100000 && !(bits(word, 31, 31) == 0 && bits(word, 21, 21) == 1);
}
constexpr bool is_load_exclusive(std::uint32_t word) {
    return bits(word, 29, 22) == 0b00100001 && !(bits(word, 31, 31) == 0 && bits(word, 21, 21) == 1);
}

// A branch to an address in the word: where the immediate lies.
struct BranchOffset {
    unsigned low;
    unsigned width;
};
std::optional<BranchOffset> branch_offset(std::uint32_t word);
// BR, BLR, RET: the register.
std::optional<unsigned> branch_register(std::uint32_t word);

// Choices of registers that leave the outcome to the implementation (Arm ARM K1.2: CONSTRAINED
// UNPREDICTABLE).
bool is_unpredictable(std::uint32_t word);

}  // namespace levitate::isa
