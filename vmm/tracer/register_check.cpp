#include "vmm/tracer/register_check.hpp"

#include <array>
#include <cinttypes>
#include <cstdio>
#include <string>

namespace levitate::vmm {
namespace {

using Change = traces::RegistersEvent::Change;

constexpr std::uint64_t kConditionFlags = 0xf0000000;  // PSTATE.NZCV in SPSR's layout

std::string hex(std::uint64_t number) {
    char text[2 + 16 + 1];
    std::snprintf(text, sizeof(text), "0x%" PRIx64, number);
    return text;
}

std::string hex(const Vector128& vector) {
    char text[2 + 32 + 1];
    std::snprintf(text, sizeof(text), "0x%016" PRIx64 "%016" PRIx64, vector.high, vector.low);
    return text;
}

UserRegisters user_registers(const VcpuRegisters& registers, std::uint64_t pc, std::uint64_t pstate) {
    return {.x = registers.x,
            .sp = registers.sp_el0,
            .pc = pc,
            .pstate = pstate,
            .tpidr = registers.tpidr_el0,
            .v = registers.v,
            .fpcr = registers.fpcr,
            .fpsr = registers.fpsr};
}

}  // namespace

UserRegisters user_registers_at_exception(const VcpuRegisters& registers) {
    return user_registers(registers, registers.elr_el1, registers.spsr_el1);
}

UserRegisters user_registers_at_return(const VcpuRegisters& registers) {
    return user_registers(registers, registers.pc, registers.pstate);
}

VcpuRegisters as_vcpu_registers(const UserRegisters& registers) {
    VcpuRegisters vcpu;
    vcpu.x = registers.x;
    vcpu.sp_el0 = registers.sp;
    vcpu.pc = registers.pc;
    vcpu.pstate = registers.pstate;
    vcpu.tpidr_el0 = registers.tpidr;
    vcpu.v = registers.v;
    vcpu.fpcr = registers.fpcr;
    vcpu.fpsr = registers.fpsr;
    return vcpu;
}

UserRegisters interrupted_registers(const InterruptedState& frame, const UserRegisters& others) {
    UserRegisters registers = others;
    registers.x = frame.x;
    registers.sp = frame.sp;
    registers.pc = frame.pc;
    registers.pstate = frame.pstate;
    if (frame.vectors) {
        registers.v = frame.vectors->v;
        registers.fpcr = frame.vectors->fpcr;
        registers.fpsr = frame.vectors->fpsr;
    }
    return registers;
}

UserRegisters handler_registers(const UserMemory& memory, const DeliveredSignal& signal,
                                const UserRegisters& entered, const std::set<std::uint64_t>& restorers) {
    using Pair = std::array<std::uint64_t, 2>;
    constexpr std::size_t kFramePointer = 29;
    constexpr std::size_t kLink = 30;
    // MOV X8, #139 (rt_sigreturn); SVC #0: what Linux's own trampoline consists of.
    constexpr std::uint64_t kCallsSigreturn = 0xd4000001'd2801168;
    UserRegisters expected = interrupted_registers(signal.interrupted, entered);
    expected.sp = signal.frame;
    expected.pc = signal.handler;
    expected.x[0] = signal.signal;
    if (!signal.information.empty()) {
        expected.x[1] = signal.frame;
        expected.x[2] = signal.frame + kSignalFrameContext;
    }
    const std::uint64_t record = entered.x[kFramePointer];
    const Pair saved{signal.interrupted.x[kFramePointer], signal.interrupted.x[kLink]};
    if (record > signal.frame && read_value<Pair>(memory, GuestVirt{record}) == saved) {
        expected.x[kFramePointer] = record;
    }
    const std::uint64_t link = entered.x[kLink];
    if (restorers.contains(link) || read_value<std::uint64_t>(memory, GuestVirt{link}) == kCallsSigreturn) {
        expected.x[kLink] = link;
    }
    return expected;
}

std::vector<Change> lost_registers(const UserRegisters& before, const UserRegisters& after,
                                   std::optional<unsigned> may_change) {
    std::vector<Change> changes;
    const auto hold = [&changes](const std::string& name, const auto& was, const auto& is) {
        if (was != is) {
            changes.push_back({.name = name, .before = hex(was), .after = hex(is)});
        }
    };
    for (unsigned index = 0; index < before.x.size(); ++index) {
        if (may_change != index) {
            hold("x" + std::to_string(index), before.x[index], after.x[index]);
        }
    }
    hold("sp", before.sp, after.sp);
    hold("pc", before.pc, after.pc);
    hold("nzcv", before.pstate & kConditionFlags, after.pstate & kConditionFlags);
    hold("tpidr_el0", before.tpidr, after.tpidr);
    for (unsigned index = 0; index < before.v.size(); ++index) {
        hold("v" + std::to_string(index), before.v[index], after.v[index]);
    }
    hold("fpcr", before.fpcr, after.fpcr);
    hold("fpsr", before.fpsr, after.fpsr);
    return changes;
}

}  // namespace levitate::vmm
