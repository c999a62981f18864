#include "vmm/tracer/register_check.hpp"

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
