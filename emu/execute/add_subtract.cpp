// ADD, SUB, ADDS, SUBS and their aliases CMP, CMN, NEG: immediate, shifted and extended operands, and those
// with carry.
#include <cstdint>

#include "emu/core.hpp"
#include "emu/decode/table.hpp"
#include "emu/execute/arithmetic.hpp"
#include "emu/thread.hpp"

namespace levitate::emu {

namespace {

template <class T, Operator op, SetFlags sets>
void add_immediate(Core& core, Target d, Source n, std::uint32_t immediate) {
    core.set(d, add_or_subtract<T, op, sets>(core.get<T>(n), immediate, core.pstate.flags));
}

template <class T, Operator op, SetFlags sets>
void add_register(Core& core, Target d, Source n, Source m) {
    core.set(d, add_or_subtract<T, op, sets>(core.get<T>(n), core.get<T>(m), core.pstate.flags));
}

template <class T, Operator op, SetFlags sets>
void add_shifted(Core& core, Target d, Source n, Source m, Shift shift, std::uint8_t amount) {
    const T operand = shifted(core.get<T>(m), shift, amount);
    core.set(d, add_or_subtract<T, op, sets>(core.get<T>(n), operand, core.pstate.flags));
}

template <class T, Operator op, SetFlags sets>
void add_extended(Core& core, Target d, Source n, Source m, Extend extend, std::uint8_t shift) {
    const auto operand = static_cast<T>(extended(core.get(m), extend, shift));
    core.set(d, add_or_subtract<T, op, sets>(core.get<T>(n), operand, core.pstate.flags));
}

template <class T, Operator op, SetFlags sets>
void add_carry(Core& core, Target d, Source n, Source m) {
    const T operand = core.get<T>(m);
    Flags flags = core.pstate.flags;
    const T result = add_with_carry(core.get<T>(n), op == Operator::Add ? operand : static_cast<T>(~operand),
                                    flags.carry(), flags);
    core.set(d, result);
    if constexpr (sets == SetFlags::Yes) {
        core.pstate.flags = flags;
    }
}

template <Operator op, SetFlags sets>
Operation decode_immediate(Bit sf, Bit shift, Imm<12> imm12, Reg Rn, Reg Rd) {
    const std::uint32_t immediate = imm12.value() << (shift ? 12 : 0);
    // The forms that set flags are CMP and CMN when Rd is 31; the others move to and from SP.
    const Target d = sets == SetFlags::Yes ? Rd.target() : Rd.target_or_sp();
    return with_width(sf.set, [&]<class T>(T) {
        return operation<&add_immediate<T, op, sets>>(d, Rn.source_or_sp(), immediate);
    });
}

template <Operator op, SetFlags sets>
Operation decode_shifted(Bit sf, Imm<2> shift, Reg Rm, Imm<6> amount, Reg Rn, Reg Rd) {
    const auto kind = static_cast<Shift>(shift.value());
    if (kind == Shift::Ror || (!sf && amount.bit(5))) {
        return undefined();
    }
    return with_width(sf.set, [&]<class T>(T) {
        if (amount.value() == 0) {
            return operation<&add_register<T, op, sets>>(Rd.target(), Rn.source(), Rm.source());
        }
        return operation<&add_shifted<T, op, sets>>(Rd.target(), Rn.source(), Rm.source(), kind,
                                                    static_cast<std::uint8_t>(amount.value()));
    });
}

template <Operator op, SetFlags sets>
Operation decode_extended(Bit sf, Reg Rm, Imm<3> option, Imm<3> shift, Reg Rn, Reg Rd) {
    if (shift.value() > 4) {
        return undefined();
    }
    const Target d = sets == SetFlags::Yes ? Rd.target() : Rd.target_or_sp();
    return with_width(sf.set, [&]<class T>(T) {
        return operation<&add_extended<T, op, sets>>(d, Rn.source_or_sp(), Rm.source(),
                                                     static_cast<Extend>(option.value()),
                                                     static_cast<std::uint8_t>(shift.value()));
    });
}

template <Operator op, SetFlags sets>
Operation decode_carry(Bit sf, Reg Rm, Reg Rn, Reg Rd) {
    return with_width(sf.set, [&]<class T>(T) {
        return operation<&add_carry<T, op, sets>>(Rd.target(), Rn.source(), Rm.source());
    });
}

constexpr auto ADD_immediate = decode_immediate<Operator::Add, SetFlags::No>;
constexpr auto ADDS_immediate = decode_immediate<Operator::Add, SetFlags::Yes>;
constexpr auto SUB_immediate = decode_immediate<Operator::Subtract, SetFlags::No>;
constexpr auto SUBS_immediate = decode_immediate<Operator::Subtract, SetFlags::Yes>;

constexpr auto ADD_shifted = decode_shifted<Operator::Add, SetFlags::No>;
constexpr auto ADDS_shifted = decode_shifted<Operator::Add, SetFlags::Yes>;
constexpr auto SUB_shifted = decode_shifted<Operator::Subtract, SetFlags::No>;
constexpr auto SUBS_shifted = decode_shifted<Operator::Subtract, SetFlags::Yes>;

constexpr auto ADD_extended = decode_extended<Operator::Add, SetFlags::No>;
constexpr auto ADDS_extended = decode_extended<Operator::Add, SetFlags::Yes>;
constexpr auto SUB_extended = decode_extended<Operator::Subtract, SetFlags::No>;
constexpr auto SUBS_extended = decode_extended<Operator::Subtract, SetFlags::Yes>;

constexpr auto ADC = decode_carry<Operator::Add, SetFlags::No>;
constexpr auto ADCS = decode_carry<Operator::Add, SetFlags::Yes>;
constexpr auto SBC = decode_carry<Operator::Subtract, SetFlags::No>;
constexpr auto SBCS = decode_carry<Operator::Subtract, SetFlags::Yes>;

constexpr decode::Row kRows[] = {
#include "emu/decode/add_subtract.inc"
};

}  // namespace

std::span<const decode::Row> decode::add_subtract_rows() {
    return kRows;
}

}  // namespace levitate::emu
