#include "tests/isa/generate/encoding.hpp"

namespace levitate::isa {

namespace {

constexpr unsigned n_of(std::uint32_t word) {
    return bits(word, 9, 5);
}
constexpr unsigned t_of(std::uint32_t word) {
    return bits(word, 4, 0);
}
constexpr bool is_simd(std::uint32_t word) {
    return bits(word, 26, 26) == 1;
}

// Load/store exclusive, ordered and compare-and-swap.
MemoryOperand ordered_operand(std::uint32_t word) {
    const bool is_pair = bits(word, 23, 23) == 0 && bits(word, 21, 21) == 1;
    // CASP has its size in bit 30, and so have LDXP and STXP, whose bit 31 is set.
    const unsigned scale = is_pair ? 2 + bits(word, 30, 30) : bits(word, 31, 30);
    return {.base = n_of(word),
            .displacement = 0,
            .index = {},
            .size = (is_pair ? 2U : 1U) << scale,
            .needs_alignment = true,
            .is_single = !is_pair};
}

MemoryOperand pair_operand(std::uint32_t word) {
    const unsigned opc = bits(word, 31, 30);
    const unsigned scale = is_simd(word) ? 2 + opc : 2 + (opc >> 1);
    const bool is_post_indexed = bits(word, 24, 23) == 0b01;
    const std::uint64_t offset = sign_extended(bits(word, 21, 15), 7) << scale;
    return {.base = n_of(word),
            .displacement = is_post_indexed ? 0 : offset,
            .index = {},
            .size = 2U << scale,
            .needs_alignment = false,
            .is_single = false};
}

std::optional<MemoryOperand> register_operand(std::uint32_t word) {
    const unsigned scale = is_simd(word) ? bits(word, 23, 23) << 2 | bits(word, 31, 30) : bits(word, 31, 30);
    const bool is_prefetch = !is_simd(word) && bits(word, 31, 30) == 0b11 && bits(word, 23, 22) == 0b10;
    const bool is_atomic = bits(word, 24, 24) == 0 && bits(word, 21, 21) == 1 && bits(word, 11, 10) == 0b00;
    if (is_prefetch && !is_atomic) {
        return std::nullopt;
    }
    MemoryOperand operand{.base = n_of(word),
                          .displacement = 0,
                          .index = {},
                          .size = 1U << scale,
                          .needs_alignment = is_atomic,
                          .is_single = scale <= 3};
    if (bits(word, 24, 24) == 1) {
        operand.displacement = std::uint64_t{bits(word, 21, 10)} << scale;
    } else if (bits(word, 21, 21) == 0) {
        const bool is_post_indexed = bits(word, 11, 10) == 0b01;
        operand.displacement = is_post_indexed ? 0 : sign_extended(bits(word, 20, 12), 9);
    } else if (bits(word, 11, 10) == 0b10) {
        operand.index = IndexRegister{.number = bits(word, 20, 16),
                                      .option = bits(word, 15, 13),
                                      .shift = bits(word, 12, 12) == 1 ? scale : 0};
    }
    return operand;
}

// Advanced SIMD load/store of structures: at most four registers.
MemoryOperand structure_operand(std::uint32_t word) {
    const bool is_multiple = bits(word, 24, 24) == 0;
    constexpr unsigned kMost = 64;
    return {.base = n_of(word),
            .displacement = 0,
            .index = {},
            .size = is_multiple ? kMost : kMost / 2,
            .needs_alignment = false,
            .is_single = false};
}

bool is_unpredictable_single(std::uint32_t word) {
    const bool writes_back = bits(word, 24, 24) == 0 && bits(word, 21, 21) == 0 && bits(word, 10, 10) == 1;
    return !is_simd(word) && writes_back && t_of(word) == n_of(word) && n_of(word) != 31;
}

bool is_unpredictable_pair(std::uint32_t word) {
    const unsigned t2 = bits(word, 14, 10);
    const bool writes_back = bits(word, 23, 23) == 1 && bits(word, 24, 23) != 0b10;
    const bool loads = bits(word, 22, 22) == 1;
    const bool base_is_data = !is_simd(word) && (n_of(word) == t_of(word) || n_of(word) == t2);
    return (loads && t_of(word) == t2) || (writes_back && n_of(word) != 31 && base_is_data);
}

bool is_unpredictable_exclusive(std::uint32_t word) {
    const unsigned s = bits(word, 20, 16);
    const unsigned t2 = bits(word, 14, 10);
    const bool is_pair = bits(word, 21, 21) == 1;
    if (bits(word, 22, 22) == 1) {
        return is_pair && t_of(word) == t2;
    }
    return s == t_of(word) || (s == n_of(word) && s != 31) || (is_pair && s == t2);
}

}  // namespace

std::uint64_t IndexRegister::offset(std::uint64_t value) const {
    switch (option) {
        case 0b010:
            value = static_cast<std::uint32_t>(value);
            break;
        case 0b110:
            value = sign_extended(value, 32);
            break;
        default:
            break;
    }
    return value << shift;
}

std::uint64_t MemoryOperand::address(const JudgeState& state) const {
    const auto general = [&](unsigned number) { return number == 31 ? 0 : state.x[number]; };
    const std::uint64_t start = base == 31 ? state.sp : state.x[base];
    return start + displacement + (index.has_value() ? index->offset(general(index->number)) : 0);
}

std::optional<MemoryOperand> memory_operand(std::uint32_t word) {
    if ((bits(word, 28, 25) & 0b0101) != 0b0100) {
        return std::nullopt;
    }
    switch (bits(word, 29, 27)) {
        case 0b001:
            return is_simd(word) ? structure_operand(word) : ordered_operand(word);
        case 0b101:
            return pair_operand(word);
        case 0b111:
            return register_operand(word);
        default:
            return std::nullopt;
    }
}

std::optional<BranchOffset> branch_offset(std::uint32_t word) {
    if (bits(word, 30, 26) == 0b00101) {  // B, BL
        return BranchOffset{.low = 0, .width = 26};
    }
    if (bits(word, 30, 25) == 0b011010 || bits(word, 31, 24) == 0b01010100) {  // CBZ, CBNZ, B.cond
        return BranchOffset{.low = 5, .width = 19};
    }
    if (bits(word, 30, 25) == 0b011011) {  // TBZ, TBNZ
        return BranchOffset{.low = 5, .width = 14};
    }
    return std::nullopt;
}

std::optional<unsigned> branch_register(std::uint32_t word) {
    constexpr std::uint32_t kUnconditional = 0b1101011;
    return bits(word, 31, 25) == kUnconditional && bits(word, 24, 23) == 0 ? std::optional{n_of(word)}
                                                                           : std::nullopt;
}

bool is_unpredictable(std::uint32_t word) {
    switch (bits(word, 29, 24)) {
        case 0b001000:
            return bits(word, 23, 23) == 0 && is_unpredictable_exclusive(word);
        case 0b101000:
        case 0b101001:
        case 0b101100:
        case 0b101101:
            return is_unpredictable_pair(word);
        case 0b111000:
            return is_unpredictable_single(word);
        default:
            return false;
    }
}

}  // namespace levitate::isa
