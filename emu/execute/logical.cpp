// AND, ORR, EOR, ANDS and their inverted forms, on registers and bit-mask immediates; MOVZ, MOVN and MOVK;
// ADR and ADRP.
#include <bit>
#include <cstdint>
#include <optional>

#include "emu/arch/bits.hpp"
#include "emu/core.hpp"
#include "emu/decode/table.hpp"
#include "emu/execute/arithmetic.hpp"
#include "emu/thread.hpp"

namespace levitate::emu {

namespace {

enum class Logic : std::uint8_t { And, Or, Xor, AndSettingFlags };

template <class T, Logic logic>
T combine(Core& core, T first, T second) {
    if constexpr (logic == Logic::Or) {
        return first | second;
    } else if constexpr (logic == Logic::Xor) {
        return first ^ second;
    } else {
        const T result = first & second;
        if constexpr (logic == Logic::AndSettingFlags) {
            core.pstate.flags = Flags::of_logical(result);
        }
        return result;
    }
}

template <class T, Logic logic>
void logical_immediate(Core& core, Target d, Source n, T mask) {
    core.set(d, combine<T, logic>(core, core.get<T>(n), mask));
}

// The second operand is not shifted.
template <class T, Logic logic>
void logical_register(Core& core, Target d, Source n, Source m) {
    core.set(d, combine<T, logic>(core, core.get<T>(n), core.get<T>(m)));
}

template <class T, Logic logic, bool inverts>
void logical_shifted(Core& core, Target d, Source n, Source m, Shift shift, std::uint8_t amount) {
    T operand = shifted(core.get<T>(m), shift, amount);
    if constexpr (inverts) {
        operand = ~operand;
    }
    core.set(d, combine<T, logic>(core, core.get<T>(n), operand));
}

void move_immediate(Core& core, Target d, std::uint64_t value) {
    core.set(d, value);
}

template <class T>
void move_keep(Core& core, Target d, Source old, std::uint16_t value, std::uint8_t shift) {
    const T cleared = core.get<T>(old) & static_cast<T>(~(T{0xffff} << shift));
    core.set(d, cleared | static_cast<T>(T{value} << shift));
}

void address_in_page(Core& core, const Instruction& instruction, Target d, std::uint64_t offset) {
    core.set(d, core.address_of(instruction) + offset);
}

void address_of_page(Core& core, const Instruction& instruction, Target d, std::uint64_t offset) {
    core.set(d, page_of(core.address_of(instruction)) + offset);
}

// DecodeBitMasks with immediate = TRUE: nullopt if the values are reserved.
std::optional<std::uint64_t> decode_bit_mask(Bit sf, Bit n, Imm<6> immr, Imm<6> imms) {
    const std::uint32_t size_bits = (n ? 0x40U : 0U) | (~imms.value() & 0x3f);
    const int length = 31 - std::countl_zero(size_bits);
    if (length < 1 || (!sf && n)) {
        return std::nullopt;
    }
    const unsigned size = 1U << length;
    const unsigned ones = imms.value() & (size - 1);
    const unsigned rotation = immr.value() & (size - 1);
    if (ones == size - 1) {
        return std::nullopt;
    }
    std::uint64_t element = low_mask(ones + 1);
    if (rotation != 0) {
        const std::uint64_t size_mask = size == 64 ? ~std::uint64_t{0} : low_mask(size);
        element = ((element >> rotation) | (element << (size - rotation))) & size_mask;
    }
    std::uint64_t result = 0;
    for (unsigned at = 0; at < 64; at += size) {
        result |= element << at;
    }
    return result;
}

template <Logic logic>
Operation decode_immediate(Bit sf, Bit n, Imm<6> immr, Imm<6> imms, Reg Rn, Reg Rd) {
    const std::optional<std::uint64_t> mask = decode_bit_mask(sf, n, immr, imms);
    if (!mask.has_value()) {
        return undefined();
    }
    const Target d = logic == Logic::AndSettingFlags ? Rd.target() : Rd.target_or_sp();
    return with_width(sf.set, [&]<class T>(T) {
        return operation<&logical_immediate<T, logic>>(d, Rn.source(), static_cast<T>(*mask));
    });
}
constexpr auto AND_immediate = decode_immediate<Logic::And>;
constexpr auto ORR_immediate = decode_immediate<Logic::Or>;
constexpr auto EOR_immediate = decode_immediate<Logic::Xor>;
constexpr auto ANDS_immediate = decode_immediate<Logic::AndSettingFlags>;

template <Logic logic, bool inverts>
Operation decode_shifted(Bit sf, Imm<2> shift, Reg Rm, Imm<6> amount, Reg Rn, Reg Rd) {
    if (!sf && amount.bit(5)) {
        return undefined();
    }
    return with_width(sf.set, [&]<class T>(T) {
        if constexpr (!inverts) {
            if (amount.value() == 0) {
                return operation<&logical_register<T, logic>>(Rd.target(), Rn.source(), Rm.source());
            }
        }
        return operation<&logical_shifted<T, logic, inverts>>(Rd.target(), Rn.source(), Rm.source(),
                                                              static_cast<Shift>(shift.value()),
                                                              static_cast<std::uint8_t>(amount.value()));
    });
}
constexpr auto AND_shifted = decode_shifted<Logic::And, false>;
constexpr auto BIC_shifted = decode_shifted<Logic::And, true>;
constexpr auto ORR_shifted = decode_shifted<Logic::Or, false>;
constexpr auto ORN_shifted = decode_shifted<Logic::Or, true>;
constexpr auto EOR_shifted = decode_shifted<Logic::Xor, false>;
constexpr auto EON_shifted = decode_shifted<Logic::Xor, true>;
constexpr auto ANDS_shifted = decode_shifted<Logic::AndSettingFlags, false>;
constexpr auto BICS_shifted = decode_shifted<Logic::AndSettingFlags, true>;

// Bit 1 of hw would shift a 32-bit register's value out.
bool is_valid_half(Bit sf, Imm<2> hw) {
    return sf.set || !hw.bit(1);
}

Operation MOVN(Bit sf, Imm<2> hw, Imm<16> imm16, Reg Rd) {
    if (!is_valid_half(sf, hw)) {
        return undefined();
    }
    const std::uint64_t value = ~(std::uint64_t{imm16.value()} << (16 * hw.value()));
    return operation<&move_immediate>(Rd.target(), sf ? value : value & low_mask(32));
}

Operation MOVZ(Bit sf, Imm<2> hw, Imm<16> imm16, Reg Rd) {
    if (!is_valid_half(sf, hw)) {
        return undefined();
    }
    return operation<&move_immediate>(Rd.target(), std::uint64_t{imm16.value()} << (16 * hw.value()));
}

Operation MOVK(Bit sf, Imm<2> hw, Imm<16> imm16, Reg Rd) {
    if (!is_valid_half(sf, hw)) {
        return undefined();
    }
    return with_width(sf.set, [&]<class T>(T) {
        return operation<&move_keep<T>>(Rd.target(), Rd.source(), static_cast<std::uint16_t>(imm16.value()),
                                        static_cast<std::uint8_t>(16 * hw.value()));
    });
}

std::int64_t adr_immediate(Imm<2> immlo, Imm<19> immhi) {
    return immhi.signed_value() * 4 + std::int64_t{immlo.value()};
}

Operation ADR(Imm<2> immlo, Imm<19> immhi, Reg Rd) {
    return operation<&address_in_page>(Rd.target(), static_cast<std::uint64_t>(adr_immediate(immlo, immhi)));
}

Operation ADRP(Imm<2> immlo, Imm<19> immhi, Reg Rd) {
    constexpr auto kBytes = static_cast<std::int64_t>(kPageSize);
    return operation<&address_of_page>(Rd.target(),
                                       static_cast<std::uint64_t>(adr_immediate(immlo, immhi) * kBytes));
}

constexpr decode::Row kRows[] = {
#include "emu/decode/logical.inc"
};

}  // namespace

std::span<const decode::Row> decode::logical_rows() {
    return kRows;
}

}  // namespace levitate::emu
