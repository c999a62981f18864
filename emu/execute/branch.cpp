// Branches: to immediates and registers, conditional ones, CBZ and TBZ, and ERET.
#include <array>
#include <cstdint>
#include <utility>

#include "emu/core.hpp"
#include "emu/decode/table.hpp"
#include "emu/execute/arithmetic.hpp"
#include "emu/thread.hpp"

namespace levitate::emu {

namespace {

// A branch target relative to the instruction, in bytes; added modulo 2^64.
using Offset = std::uint64_t;
constexpr Reg kLinkRegister{30};

template <unsigned width>
Offset byte_offset(Imm<width> words) {
    return static_cast<Offset>(words.signed_value()) * kInstructionBytes;
}

Flow branch_relative(Core& core, const Instruction& instruction, Offset offset) {
    core.branch_target = core.address_of(instruction) + offset;
    return Flow::Branch;
}

Flow branch_if(bool taken, Core& core, const Instruction& instruction, Offset offset) {
    return taken ? branch_relative(core, instruction, offset) : Flow::Next;
}

void link(Core& core, const Instruction& instruction) {
    core.set(kLinkRegister.target(), core.address_of(instruction) + kInstructionBytes);
}

Flow branch_with_link(Core& core, const Instruction& instruction, Offset offset) {
    link(core, instruction);
    return branch_relative(core, instruction, offset);
}

template <Condition condition>
Flow branch_conditional(Core& core, const Instruction& instruction, Offset offset) {
    return branch_if(core.pstate.flags.holds(condition), core, instruction, offset);
}

enum class Test : std::uint8_t { Zero, NonZero };

template <class T, Test test>
Flow compare_and_branch(Core& core, const Instruction& instruction, Source t, Offset offset) {
    return branch_if((core.get<T>(t) == 0) == (test == Test::Zero), core, instruction, offset);
}

template <Test test>
Flow test_and_branch(Core& core, const Instruction& instruction, Source t, std::uint64_t mask,
                     std::int32_t offset) {
    return branch_if(((core.get(t) & mask) == 0) == (test == Test::Zero), core, instruction,
                     static_cast<Offset>(std::int64_t{offset}));
}

Flow branch_register(Core& core, Source n) {
    core.branch_target = core.get(n);
    return Flow::Branch;
}

Flow branch_register_with_link(Core& core, const Instruction& instruction, Source n) {
    core.branch_target = core.get(n);
    link(core, instruction);
    return Flow::Branch;
}

Flow exception_return(Core& core) {
    if (core.pstate.el == 0) {
        return core.raise_undefined();
    }
    return core.exception_return(core.system.spsr, core.system.elr);
}

// B.cond has an executor for each condition.
template <std::size_t... i>
Operation decode_conditional(std::uint32_t condition, Offset offset, std::index_sequence<i...>) {
    constexpr std::array kMake{&operation<&branch_conditional<static_cast<Condition>(i)>, Offset>...};
    return kMake[condition](offset);
}

Operation B_cond(Imm<19> imm19, Imm<4> condition) {
    return decode_conditional(condition.value(), byte_offset(imm19), std::make_index_sequence<16>{});
}

Operation B(Imm<26> imm26) {
    return operation<&branch_relative>(byte_offset(imm26));
}

Operation BL(Imm<26> imm26) {
    return operation<&branch_with_link>(byte_offset(imm26));
}

template <Test test>
Operation decode_compare(Bit sf, Imm<19> imm19, Reg Rt) {
    return with_width(sf.set, [&]<class T>(T) {
        return operation<&compare_and_branch<T, test>>(Rt.source(), byte_offset(imm19));
    });
}
constexpr auto CBZ = decode_compare<Test::Zero>;
constexpr auto CBNZ = decode_compare<Test::NonZero>;

template <Test test>
Operation decode_test(Bit b5, Imm<5> b40, Imm<14> imm14, Reg Rt) {
    const std::uint64_t mask = std::uint64_t{1} << (b40.value() + (b5 ? 32U : 0U));
    return operation<&test_and_branch<test>>(Rt.source(), mask,
                                             static_cast<std::int32_t>(imm14.signed_value() * 4));
}
constexpr auto TBZ = decode_test<Test::Zero>;
constexpr auto TBNZ = decode_test<Test::NonZero>;

Operation BR(Reg Rn) {
    return operation<&branch_register>(Rn.source());
}

Operation BLR(Reg Rn) {
    return operation<&branch_register_with_link>(Rn.source());
}

Operation RET(Reg Rn) {
    return operation<&branch_register>(Rn.source());
}

Operation ERET() {
    return operation<&exception_return>();
}

constexpr decode::Row kRows[] = {
#include "emu/decode/branch.inc"
};

}  // namespace

std::span<const decode::Row> decode::branch_rows() {
    return kRows;
}

}  // namespace levitate::emu
