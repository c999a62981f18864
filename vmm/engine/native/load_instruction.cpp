#include "vmm/engine/native/load_instruction.hpp"

namespace levitate::vmm::native {
namespace {

constexpr std::uint32_t bits(std::uint32_t instruction, unsigned high, unsigned low) {
    return (instruction >> low) & ((1U << (high - low + 1)) - 1);
}

constexpr bool is_vector(std::uint32_t instruction) {
    return bits(instruction, 26, 26) != 0;
}

// Load/store exclusive, ordered, and compare and swap: bits 31:30 are the size, bit 22 is L, and bit 21 makes
// the exclusive ones a pair.
std::optional<unsigned> exclusive_bytes(std::uint32_t instruction) {
    if (bits(instruction, 22, 22) == 0) {
        return std::nullopt;
    }
    const unsigned size = 1U << bits(instruction, 31, 30);
    const bool is_pair = bits(instruction, 23, 23) == 0 && bits(instruction, 21, 21) != 0;
    return is_pair ? 2 * size : size;
}

// Load register (literal): bits 31:30 are opc.
unsigned literal_bytes(std::uint32_t instruction) {
    const std::uint32_t opc = bits(instruction, 31, 30);
    if (is_vector(instruction)) {
        return 4U << opc;
    }
    return opc == 1 ? 8 : 4;
}

std::optional<unsigned> pair_bytes(std::uint32_t instruction) {
    if (bits(instruction, 22, 22) == 0) {
        return std::nullopt;
    }
    const std::uint32_t opc = bits(instruction, 31, 30);
    if (is_vector(instruction)) {
        return 2 * (4U << opc);
    }
    return opc == 2 ? 16 : 8;
}

// Atomic memory operations stand among the loads and stores of a register, with bit 21 set and bits 11:10
// zero.
bool is_atomic(std::uint32_t instruction) {
    return !is_vector(instruction) && bits(instruction, 29, 28) == 0b11 && bits(instruction, 24, 24) == 0 &&
           bits(instruction, 21, 21) != 0 && bits(instruction, 11, 10) == 0;
}

// Load/store register: bits 31:30 are size, 23:22 are opc. Q registers have size 0 and opc 1x. Atomic memory
// operations, which also load, have opc's place taken by A and R.
std::optional<unsigned> register_bytes(std::uint32_t instruction) {
    const std::uint32_t size = bits(instruction, 31, 30);
    const std::uint32_t opc = bits(instruction, 23, 22);
    if (is_atomic(instruction)) {
        return 1U << size;
    }
    if (is_vector(instruction)) {
        const bool is_load = (opc & 1) != 0;
        const unsigned bytes = (opc & 2) != 0 ? 16 : 1U << size;
        return is_load ? std::optional(bytes) : std::nullopt;
    }
    return opc != 0 ? std::optional(1U << size) : std::nullopt;
}

// The bits as a number in two's complement.
constexpr std::uint64_t signed_bits(std::uint32_t instruction, unsigned high, unsigned low) {
    const std::uint64_t sign = std::uint64_t{1} << (high - low);
    return (bits(instruction, high, low) ^ sign) - sign;
}

// The address of a load of one register with an unsigned scaled offset, with a register as offset or with an
// offset of 9 bits, or of an atomic operation.
std::uint64_t register_load_address(std::uint32_t instruction, std::uint64_t size, std::uint64_t base,
                                    const std::array<std::uint64_t, 32>& registers) {
    if (bits(instruction, 24, 24) != 0) {
        return base + size * bits(instruction, 21, 10);
    }
    if (is_atomic(instruction)) {
        return base;
    }
    if (bits(instruction, 21, 21) != 0) {
        constexpr unsigned kZeroRegister = 31;
        constexpr unsigned kUnsignedWord = 0b010;
        constexpr unsigned kSignedWord = 0b110;
        const unsigned number = bits(instruction, 20, 16);
        std::uint64_t index = number == kZeroRegister ? 0 : registers[number];
        if (bits(instruction, 15, 13) == kUnsignedWord) {
            index = static_cast<std::uint32_t>(index);
        } else if (bits(instruction, 15, 13) == kSignedWord) {
            index = static_cast<std::uint64_t>(std::int64_t{static_cast<std::int32_t>(index)});
        }
        return base + (bits(instruction, 12, 12) != 0 ? size * index : index);
    }
    constexpr unsigned kPostIndex = 0b01;
    return bits(instruction, 11, 10) == kPostIndex ? base : base + signed_bits(instruction, 20, 12);
}

// Advanced SIMD structures: bit 30 is Q, bit 22 L, bits 15:12 opcode.
std::optional<unsigned> structure_bytes(std::uint32_t instruction) {
    if (bits(instruction, 22, 22) == 0) {
        return std::nullopt;
    }
    const unsigned vector = bits(instruction, 30, 30) != 0 ? 16 : 8;
    switch (bits(instruction, 15, 12)) {
        case 0b0000:  // LD4
        case 0b0010:  // LD1, four registers
            return 4 * vector;
        case 0b0100:  // LD3
        case 0b0110:  // LD1, three registers
            return 3 * vector;
        case 0b1000:  // LD2
        case 0b1010:  // LD1, two registers
            return 2 * vector;
        default:
            return vector;
    }
}

// One lane or one element for all lanes: the scale is in bits 15:14 (and 11:10 for the widest).
std::optional<unsigned> single_structure_bytes(std::uint32_t instruction) {
    if (bits(instruction, 22, 22) == 0) {
        return std::nullopt;
    }
    const std::uint32_t scale = bits(instruction, 15, 14);
    const std::uint32_t size = bits(instruction, 11, 10);
    unsigned element = 1U << scale;
    if (scale == 3) {
        element = 1U << size;  // LD1R to LD4R
    } else if (scale == 2 && size == 1) {
        element = 8;
    }
    const unsigned registers = 1 + bits(instruction, 21, 21) + 2 * bits(instruction, 13, 13);
    return element * registers;
}

}  // namespace

std::optional<unsigned> loaded_bytes(std::uint32_t instruction) {
    switch (bits(instruction, 29, 28)) {
        case 0b00:
            if (!is_vector(instruction)) {
                return exclusive_bytes(instruction);
            }
            return bits(instruction, 24, 24) == 0 ? structure_bytes(instruction)
                                                  : single_structure_bytes(instruction);
        case 0b01:
            return bits(instruction, 24, 24) == 0 ? std::optional(literal_bytes(instruction))
                                                  : register_bytes(instruction);
        case 0b10:
            return pair_bytes(instruction);
        default:
            return register_bytes(instruction);
    }
}

std::optional<std::uint64_t> load_address(std::uint32_t instruction, std::uint64_t pc,
                                          const std::array<std::uint64_t, 32>& registers) {
    const auto bytes = loaded_bytes(instruction);
    if (!bytes) {
        return std::nullopt;
    }
    const std::uint64_t base = registers[bits(instruction, 9, 5)];
    const std::uint32_t group = bits(instruction, 29, 28);
    if (group == 0b00) {
        return base;  // exclusive, ordered, structures: a post-index is applied afterwards
    }
    if (group == 0b01 && bits(instruction, 24, 24) == 0) {
        return pc + 4 * signed_bits(instruction, 23, 5);
    }
    if (group == 0b01) {
        return base + signed_bits(instruction, 20, 12);  // ordered with an unscaled offset
    }
    if (group == 0b10) {
        constexpr std::uint32_t kPostIndex = 0b01;
        const std::uint64_t element = *bytes / 2;
        const bool is_post = bits(instruction, 24, 23) == kPostIndex;
        return is_post ? base : base + element * signed_bits(instruction, 21, 15);
    }
    return register_load_address(instruction, *bytes, base, registers);
}

std::optional<unsigned> base_register(std::uint32_t instruction) {
    const std::uint32_t group = bits(instruction, 29, 28);
    const bool is_exclusive_or_ordered = group == 0b00 && !is_vector(instruction);
    const bool is_literal = group == 0b01 && bits(instruction, 24, 24) == 0;
    if (is_exclusive_or_ordered || is_literal || is_atomic(instruction) || !loaded_bytes(instruction)) {
        return std::nullopt;
    }
    return bits(instruction, 9, 5);
}

bool loads_its_base(std::uint32_t instruction) {
    constexpr unsigned kStackPointer = 31;
    const std::uint32_t base = bits(instruction, 9, 5);
    if (is_vector(instruction) || base == kStackPointer) {
        return false;
    }
    const bool is_pair = bits(instruction, 29, 28) == 0b10;
    return bits(instruction, 4, 0) == base || (is_pair && bits(instruction, 14, 10) == base);
}

}  // namespace levitate::vmm::native
