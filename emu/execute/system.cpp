// What leaves the program or changes how it runs: exceptions, hints and barriers, PSTATE fields, and access
// to system registers.
#include <cstdint>

#include "emu/arch/bits.hpp"
#include "emu/core.hpp"
#include "emu/decode/table.hpp"
#include "emu/thread.hpp"

namespace levitate::emu {

namespace {

// --- Exceptions --------------------------------------------------------------------------------------------

Flow supervisor_call(Core& core, std::uint16_t immediate) {
    return core.raise({.exception_class = ExceptionClass::Svc, .iss = immediate, .resume = Return::Next});
}

// There is no EL2 and no EL3: whoever runs the CPU answers in their place, as QEMU does for PSCI.
Flow hypercall(Core& core) {
    if (core.pstate.el == 0) {
        return core.raise_undefined();
    }
    return core.halt_after(Halt{.reason = HaltReason::Hypercall}, Flow::Leave);
}

Flow secure_monitor_call(Core& core, const Instruction& instruction) {
    return core.smc_halts ? hypercall(core) : core.raise_undefined(instruction);
}

// Semihosting for AArch32 and AArch64 (Arm, version 4.1), section 3: how an AArch64 guest asks its host.
constexpr std::uint16_t kSemihostingCall = 0xf000;

Flow halting_breakpoint(Core& core, const Instruction& instruction, std::uint16_t immediate) {
    if (core.semihosting && immediate == kSemihostingCall && core.pstate.el != 0) {
        return core.halt_after(Halt{.reason = HaltReason::Semihosting}, Flow::Leave);
    }
    return core.raise_undefined(instruction);
}

Flow breakpoint(Core& core, std::uint16_t immediate) {
    return core.raise({.exception_class = ExceptionClass::Brk, .iss = immediate});
}

Operation SVC(Imm<16> imm16) {
    return operation<&supervisor_call>(static_cast<std::uint16_t>(imm16.value()));
}

Operation HVC(Imm<16> /*imm16*/) {
    return operation<&hypercall>();
}

Operation SMC(Imm<16> /*imm16*/) {
    return operation<&secure_monitor_call>();
}

Operation HLT(Imm<16> imm16) {
    return operation<&halting_breakpoint>(static_cast<std::uint16_t>(imm16.value()));
}

Operation BRK(Imm<16> imm16) {
    return operation<&breakpoint>(static_cast<std::uint16_t>(imm16.value()));
}

// --- Hints and barriers ------------------------------------------------------------------------------------

void no_operation(Core& /*core*/) {}

// SCTLR_EL1.nTWI and nTWE
constexpr unsigned kSctlrNtwi = 16;
constexpr unsigned kSctlrNtwe = 18;

Flow wait_for(Core& core, Waiting event, unsigned not_trapped, std::uint32_t trapped_instruction) {
    constexpr std::uint32_t kConditionAlways = 0x1e << 20;  // CV and COND
    if (core.pstate.el == 0 && !bit(core.system.sctlr, not_trapped)) {
        return core.raise(
            {.exception_class = ExceptionClass::WaitTrap, .iss = kConditionAlways | trapped_instruction});
    }
    core.waiting = event;
    return Flow::Leave;
}

Flow wait_for_interrupt(Core& core) {
    return wait_for(core, Waiting::ForInterrupt, kSctlrNtwi, 0);
}

Flow wait_for_event(Core& core) {
    if (core.event_register) {
        core.event_register = false;
        return Flow::Next;
    }
    return wait_for(core, Waiting::ForEvent, kSctlrNtwe, 1);
}

void send_event(Core& core) {
    core.event_register = true;
}

void clear_exclusive(Core& core) {
    core.monitor.marked = false;
}

Operation HINT() {
    return operation<&no_operation>();
}

Operation WFE() {
    return operation<&wait_for_event>();
}

Operation WFI() {
    return operation<&wait_for_interrupt>();
}

Operation SEV() {
    return operation<&send_event>();
}

Operation SEVL() {
    return operation<&send_event>();
}

Operation CLREX() {
    return operation<&clear_exclusive>();
}

Operation DSB() {
    return operation<&no_operation>();
}

Operation DMB() {
    return operation<&no_operation>();
}

Operation ISB() {
    return operation<&no_operation>();
}

// --- PSTATE fields -----------------------------------------------------------------------------------------

Flow check_el0_access(Core& core, El0Access access, std::uint32_t word) {
    return core.pstate.el != 0 ? Flow::Next : check_access_of_el0(core, access, word);
}

enum class PstateField : std::uint8_t { Uao, Pan, SpSel, Ssbs, DaifSet, DaifClear };

constexpr std::uint32_t kDaifShift = 6;  // of DAIF in PSTATE::daif

Flow write_pstate(Core& core, const Instruction& instruction, PstateField field, std::uint8_t immediate) {
    const El0Access access = field == PstateField::Ssbs ? El0Access::Always
                             : field == PstateField::DaifSet || field == PstateField::DaifClear
                                 ? El0Access::Uma
                                 : El0Access::None;
    if (const Flow flow = check_el0_access(core, access, instruction.word); flow != Flow::Next) {
        return flow;
    }
    const bool set = (immediate & 1) != 0;
    switch (field) {
        case PstateField::Uao:
            core.pstate.uao = set;
            break;
        case PstateField::Pan:
            core.set_pan(set);
            break;
        case PstateField::SpSel:
            core.set_level(core.pstate.el, set);
            break;
        case PstateField::Ssbs:
            core.pstate.ssbs = set;
            break;
        case PstateField::DaifSet:
            core.pstate.daif |= std::uint32_t{immediate} << kDaifShift;
            break;
        case PstateField::DaifClear:
            core.pstate.daif &= ~(std::uint32_t{immediate} << kDaifShift);
            return Flow::Leave;
    }
    return Flow::Next;
}

Operation MSR_immediate(Imm<3> op1, Imm<4> crm, Imm<3> op2) {
    const auto make = [&](PstateField field) {
        return operation<&write_pstate>(field, static_cast<std::uint8_t>(crm.value()));
    };
    switch (op1.value() << 3 | op2.value()) {
        case 0b000'011:
            return make(PstateField::Uao);
        case 0b000'100:
            return make(PstateField::Pan);
        case 0b000'101:
            return make(PstateField::SpSel);
        case 0b011'001:
            return make(PstateField::Ssbs);
        case 0b011'110:
            return make(PstateField::DaifSet);
        case 0b011'111:
            return make(PstateField::DaifClear);
        default:
            return undefined();
    }
}

// --- System registers --------------------------------------------------------------------------------------

// A row of the register table, as an operand.
struct Row {
    const SystemRegister* at;
    const SystemRegister* operator->() const { return at; }
};

Flow read_register(Core& core, const Instruction& instruction, RetiredBefore now, Row row, Target t) {
    if (row->of_gic && !core.gic.has_registers()) {
        return core.raise_undefined(instruction);
    }
    if (const Flow flow = check_el0_access(core, row->el0_read, instruction.word); flow != Flow::Next) {
        return flow;
    }
    core.observe_time(now);
    core.note_register(row->encoding);
    std::uint64_t value = 0;
    const Flow flow = row->read(core, value);
    if (flow != Flow::Exception) {
        core.set(t, value);
    }
    return flow;
}

Flow write_register(Core& core, const Instruction& instruction, RetiredBefore now, Row row, Source t) {
    if (row->of_gic && !core.gic.has_registers()) {
        return core.raise_undefined(instruction);
    }
    if (const Flow flow = check_el0_access(core, row->el0_write, instruction.word); flow != Flow::Next) {
        return flow;
    }
    core.observe_time(now);
    core.note_register(row->encoding);
    return row->write(core, core.get(t));
}

// Bits 20:5 of the instruction; bit 20, the upper bit of op0, is one in MSR and MRS.
std::uint16_t encoding_of(Imm<15> field) {
    return static_cast<std::uint16_t>(0x8000U | field.value());
}

Operation MRS(Imm<15> field, Reg Rt) {
    const SystemRegister* row = find_register(encoding_of(field));
    return row != nullptr && row->read != nullptr ? operation<&read_register>(Row{row}, Rt.target())
                                                  : undefined();
}

Operation write_operation(std::uint16_t encoding, Reg Rt) {
    const SystemRegister* row = find_register(encoding);
    return row != nullptr && row->write != nullptr ? operation<&write_register>(Row{row}, Rt.source())
                                                   : undefined();
}

Operation MSR_register(Imm<15> field, Reg Rt) {
    return write_operation(encoding_of(field), Rt);
}

Operation SYS(Imm<14> field, Reg Rt) {
    constexpr std::uint16_t kOp0One = 1 << 14;
    return write_operation(static_cast<std::uint16_t>(kOp0One | field.value()), Rt);
}

constexpr decode::Row kRows[] = {
#include "emu/decode/system.inc"
};

}  // namespace

std::span<const decode::Row> decode::system_rows() {
    return kRows;
}

}  // namespace levitate::emu
