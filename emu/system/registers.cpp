#include "emu/system/registers.hpp"

#include <algorithm>
#include <array>
#include <string_view>
#include <type_traits>
#include <vector>

#include "emu/arch/bits.hpp"
#include "emu/core.hpp"
#include "emu/system/instructions.hpp"

namespace levitate::emu {

namespace {

// --- Values that are constant or merely kept ---------------------------------------------------------------

template <std::uint64_t value>
Flow constant(Core& /*core*/, std::uint64_t& result) {
    result = value;
    return Flow::Next;
}

Flow ignore(Core& /*core*/, std::uint64_t /*value*/) {
    return Flow::Next;
}

template <auto member>
Flow kept(Core& core, std::uint64_t& result) {
    result = core.system.*member;
    return Flow::Next;
}

template <auto member>
Flow keep(Core& core, std::uint64_t value) {
    core.system.*member = value;
    return Flow::Next;
}

// Writes a register whose upper 32 bits are RES0.
template <auto member>
Flow keep_word(Core& core, std::uint64_t value) {
    core.system.*member = value & low_mask(32);
    return Flow::Next;
}

template <auto member, std::size_t index>
Flow kept_at(Core& core, std::uint64_t& result) {
    result = (core.system.*member)[index];
    return Flow::Next;
}

template <auto member>
Flow keep_translation(Core& core, std::uint64_t value) {
    if (core.system.*member != value) {
        core.system.*member = value;
        core.translation_changed();
    }
    return Flow::Leave;
}

// --- Identification and control ----------------------------------------------------------------------------

Flow read_pfr0(Core& core, std::uint64_t& result) {
    constexpr std::uint64_t kGic = std::uint64_t{1} << 24;  // ICC_*_EL1 are there
    constexpr std::uint64_t kOthers = 0x1100000010110011;
    result = kOthers | (core.gic.has_registers() ? kGic : 0);
    return Flow::Next;
}

Flow read_ccsidr(Core& core, std::uint64_t& result) {
    // CCSIDR_EL1 of 64 KiB of data, 64 KiB of instructions and 1 MiB of both.
    constexpr std::array<std::uint64_t, 3> kSizes{0x701fe01a, 0x201fe01a, 0x70ffe03a};
    const std::uint64_t selected = core.system.csselr;
    result = selected < kSizes.size() ? kSizes[selected] : 0;
    return Flow::Next;
}

Flow write_csselr(Core& core, std::uint64_t value) {
    core.system.csselr = value & 0xf;
    return Flow::Next;
}

Flow read_dczid(Core& core, std::uint64_t& result) {
    constexpr std::uint64_t kLog2Words = 4;  // 64 bytes
    constexpr std::uint64_t kProhibited = std::uint64_t{1} << 4;
    const bool allowed = core.pstate.el != 0 || bit(core.system.sctlr, kSctlrDze);
    result = kLog2Words | (allowed ? 0 : kProhibited);
    return Flow::Next;
}

Flow write_cpacr(Core& core, std::uint64_t value) {
    constexpr std::uint64_t kFpen = std::uint64_t{3} << 20;
    core.system.cpacr = value & kFpen;
    core.level_changed();
    return Flow::Next;
}

Flow write_vbar(Core& core, std::uint64_t value) {
    core.system.vbar = value & ~low_mask(11);
    return Flow::Next;
}

Flow read_isr(Core& core, std::uint64_t& result) {
    const Signal signal = core.gic.signals();
    result = signal == Signal::Irq ? spsr::kI : signal == Signal::Fiq ? spsr::kF : 0;
    return Flow::Next;
}

// SP_EL0 cannot be named while it is the stack pointer in use.
Flow read_sp_el0(Core& core, std::uint64_t& result) {
    if (!core.pstate.sp) {
        return core.raise_undefined();
    }
    result = core.system.sp_el0;
    return Flow::Next;
}

Flow write_sp_el0(Core& core, std::uint64_t value) {
    if (!core.pstate.sp) {
        return core.raise_undefined();
    }
    core.system.sp_el0 = value;
    return Flow::Next;
}

// --- PSTATE ------------------------------------------------------------------------------------------------

Flow read_spsel(Core& core, std::uint64_t& result) {
    result = core.pstate.sp ? 1 : 0;
    return Flow::Next;
}

Flow write_spsel(Core& core, std::uint64_t value) {
    core.set_level(core.pstate.el, bit(value, 0));
    return Flow::Next;
}

Flow read_current_el(Core& core, std::uint64_t& result) {
    result = std::uint64_t{core.pstate.el} << 2;
    return Flow::Next;
}

Flow read_pan(Core& core, std::uint64_t& result) {
    result = core.pstate.pan ? spsr::kPan : 0;
    return Flow::Next;
}

Flow write_pan(Core& core, std::uint64_t value) {
    core.set_pan((value & spsr::kPan) != 0);
    return Flow::Next;
}

Flow read_uao(Core& core, std::uint64_t& result) {
    result = core.pstate.uao ? spsr::kUao : 0;
    return Flow::Next;
}

Flow write_uao(Core& core, std::uint64_t value) {
    core.pstate.uao = (value & spsr::kUao) != 0;
    return Flow::Next;
}

Flow read_ssbs(Core& core, std::uint64_t& result) {
    result = core.pstate.ssbs ? spsr::kSsbs : 0;
    return Flow::Next;
}

Flow write_ssbs(Core& core, std::uint64_t value) {
    core.pstate.ssbs = (value & spsr::kSsbs) != 0;
    return Flow::Next;
}

Flow read_nzcv(Core& core, std::uint64_t& result) {
    result = core.pstate.to_spsr() & (spsr::kN | spsr::kZ | spsr::kC | spsr::kV);
    return Flow::Next;
}

Flow write_nzcv(Core& core, std::uint64_t value) {
    core.pstate.set_flags_from_spsr(value);
    return Flow::Next;
}

Flow read_daif(Core& core, std::uint64_t& result) {
    result = core.pstate.daif;
    return Flow::Next;
}

Flow write_daif(Core& core, std::uint64_t value) {
    core.pstate.daif = static_cast<std::uint32_t>(value & spsr::kDaif);
    return Flow::Leave;
}

Flow read_fpcr(Core& core, std::uint64_t& result) {
    result = core.fpcr;
    return core.fp_trapped ? core.trap_fp() : Flow::Next;
}

Flow write_fpcr(Core& core, std::uint64_t value) {
    // AHP, DN, FZ, RMode and FZ16: the trap enables are RAZ/WI on this CPU.
    constexpr std::uint64_t kWritable = 0x07c80000;
    if (core.fp_trapped) {
        return core.trap_fp();
    }
    core.fpcr = static_cast<std::uint32_t>(value & kWritable);
    return Flow::Next;
}

Flow read_fpsr(Core& core, std::uint64_t& result) {
    result = core.fpsr;
    return core.fp_trapped ? core.trap_fp() : Flow::Next;
}

Flow write_fpsr(Core& core, std::uint64_t value) {
    // QC and the cumulative exception bits.
    constexpr std::uint64_t kWritable = 0x0800009f;
    if (core.fp_trapped) {
        return core.trap_fp();
    }
    core.fpsr = static_cast<std::uint32_t>(value & kWritable);
    return Flow::Next;
}

// --- Generic timer -----------------------------------------------------------------------------------------

Flow read_frequency(Core& core, std::uint64_t& result) {
    result = core.timer.frequency_hz();
    return Flow::Next;
}

Flow read_counter(Core& core, std::uint64_t& result) {
    result = core.counter();
    return Flow::Next;
}

template <TimerOutput timer>
Flow read_timer_value(Core& core, std::uint64_t& result) {
    result = core.timer.timer_value(timer, core.counter());
    return Flow::Next;
}

template <TimerOutput timer>
Flow write_timer_value(Core& core, std::uint64_t value) {
    core.timer.set_timer_value(timer, value, core.counter());
    return core.timers_changed();
}

template <TimerOutput timer>
Flow read_timer_control(Core& core, std::uint64_t& result) {
    result = core.timer.control(timer, core.counter());
    return Flow::Next;
}

template <TimerOutput timer>
Flow write_timer_control(Core& core, std::uint64_t value) {
    core.timer.set_control(timer, value);
    return core.timers_changed();
}

template <TimerOutput timer>
Flow read_timer_compare(Core& core, std::uint64_t& result) {
    result = core.timer.compare_value(timer);
    return Flow::Next;
}

template <TimerOutput timer>
Flow write_timer_compare(Core& core, std::uint64_t value) {
    core.timer.set_compare_value(timer, value);
    return core.timers_changed();
}

// --- GICv3 CPU interface -----------------------------------------------------------------------------------

template <auto member>
Flow read_gic(Core& core, std::uint64_t& result) {
    result = core.gic.*member;
    return Flow::Next;
}

template <auto function>
Flow ask_gic(Core& core, std::uint64_t& result) {
    result = (core.gic.*function)();
    return Flow::Next;
}

template <auto function>
Flow write_gic(Core& core, std::uint64_t value) {
    (core.gic.*function)(value);
    return core.interrupts_changed();
}

Flow acknowledge_interrupt(Core& core, std::uint64_t& result) {
    result = core.gic.acknowledge();
    return core.interrupts_changed();
}

// --- Self-hosted debug -------------------------------------------------------------------------------------

template <auto member, std::uint64_t writable>
Flow keep_debug(Core& core, std::uint64_t value) {
    core.system.*member = value & writable;
    return core.debug_changed();
}

template <auto member, std::size_t index, std::uint64_t writable = ~std::uint64_t{0}>
Flow keep_debug_at(Core& core, std::uint64_t value) {
    (core.system.*member)[index] = value & writable;
    return core.debug_changed();
}

Flow write_oslar(Core& core, std::uint64_t value) {
    core.system.os_lock = value & 1;
    return core.debug_changed();
}

Flow read_oslsr(Core& core, std::uint64_t& result) {
    constexpr std::uint64_t kLockImplemented = 8;  // OSLM = 0b10
    result = kLockImplemented | (core.system.os_lock << 1);
    return Flow::Next;
}

Flow write_claim_set(Core& core, std::uint64_t value) {
    core.system.dbgclaim |= value & 0xff;
    return Flow::Next;
}

Flow write_claim_clear(Core& core, std::uint64_t value) {
    core.system.dbgclaim &= ~value;
    return Flow::Next;
}

constexpr auto kRegisters = std::to_array<SystemRegister>({
#define REGISTER(name, op0, op1, crn, crm, op2, el0_read, el0_write, reader, writer)                        \
    {#name,  register_encoding(op0, op1, crn, crm, op2), El0Access::el0_read, El0Access::el0_write, reader, \
     writer, std::string_view{#name}.starts_with("ICC_")},
#include "emu/system/registers.inc"
#undef REGISTER
});

// Identification registers that are reserved read as zero (Arm ARM D17.1.3); those of AArch32 as well.
constexpr SystemRegister kReservedId{
    "ID register (reserved)", 0, El0Access::None, El0Access::None, constant<0>, nullptr, false};

bool is_reserved_id(std::uint16_t encoding) {
    constexpr std::uint16_t kFirst = register_encoding(3, 0, 0, 1, 0);
    constexpr std::uint16_t kLast = register_encoding(3, 0, 0, 7, 7);
    return encoding >= kFirst && encoding <= kLast;
}

}  // namespace

const SystemRegister* find_register(std::uint16_t encoding) {
    static const std::vector<SystemRegister> kSorted = [] {
        std::vector<SystemRegister> rows(kRegisters.begin(), kRegisters.end());
        std::ranges::sort(rows, {}, &SystemRegister::encoding);
        return rows;
    }();
    const auto found = std::ranges::lower_bound(kSorted, encoding, {}, &SystemRegister::encoding);
    if (found != kSorted.end() && found->encoding == encoding) {
        return &*found;
    }
    return is_reserved_id(encoding) ? &kReservedId : nullptr;
}

std::span<const SystemRegister> all_registers() {
    return kRegisters;
}

bool reads_with_effect(const SystemRegister& row) {
    return row.read == &acknowledge_interrupt;
}

}  // namespace levitate::emu
