// Exceptions, and changes of state that others must hear of.
#include "emu/core.hpp"

#include <algorithm>

#include "emu/arch/bits.hpp"
#include "emu/thread.hpp"

namespace levitate::emu {

namespace {

// SCTLR_EL1 bits (Arm ARM D17.2.118).
constexpr unsigned kSctlrM = 0;
constexpr unsigned kSctlrA = 1;
constexpr unsigned kSctlrSa = 3;
constexpr unsigned kSctlrSa0 = 4;
constexpr unsigned kSctlrSpan = 23;
constexpr unsigned kSctlrDssbs = 44;

// Offsets into the vector table.
constexpr std::uint64_t kVectorCurrentSp0 = 0x000;
constexpr std::uint64_t kVectorCurrentSpx = 0x200;
constexpr std::uint64_t kVectorLower = 0x400;
constexpr std::uint64_t kVectorIrq = 0x80;
constexpr std::uint64_t kVectorFiq = 0x100;

constexpr std::size_t kKeptUndefinedEncodings = 64;

// Whether the class has a form for the same exception level, with the lowest bit set.
constexpr bool tells_level(ExceptionClass exception_class) {
    switch (exception_class) {
        case ExceptionClass::InstructionAbort:
        case ExceptionClass::DataAbort:
        case ExceptionClass::Breakpoint:
        case ExceptionClass::SoftwareStep:
        case ExceptionClass::Watchpoint:
            return true;
        default:
            return false;
    }
}

Flow execute_undefined(Core& core, const Instruction& instruction) {
    return core.raise_undefined(instruction);
}

}  // namespace

Operation undefined() {
    return operation<&execute_undefined>();
}

// NOLINTNEXTLINE(performance-unnecessary-value-param): as Cpu's constructor hands it on
Core::Core(Config config, Bus& bus, InterruptController& interrupts)
    : State(config.counter_frequency_hz, interrupts, config.gic_registers),
      smc_halts(config.smc_halts),
      semihosting(config.semihosting),
      memory_(config.ram),
      bus_(bus),
      time_jumps_(config.schedule_seed) {
    translation_changed();
}

Flow Core::raise_undefined(const Instruction& instruction) {
    record_undefined(address_of(instruction), instruction.word);
    return raise_undefined();
}

void Core::record_undefined(std::uint64_t address, std::uint32_t word) {
    const auto same = [&](const UndefinedEncoding& known) {
        return known.word == word && known.exception_level == pstate.el;
    };
    if (undefined_encodings_.size() < kKeptUndefinedEncodings &&
        std::ranges::none_of(undefined_encodings_, same)) {
        undefined_encodings_.push_back({address, word, pstate.el});
    }
}

bool Core::mmu_enabled() const {
    return bit(system.sctlr, kSctlrM);
}

bool Core::alignment_checked() const {
    return bit(system.sctlr, kSctlrA) || !mmu_enabled();
}

void Core::translation_changed() {
    flush_tlb();
    tag_rules_.set_alignment_checked(alignment_checked());
    level_changed();
}

// What depends on the exception level and on control registers, and is asked by every access.
void Core::level_changed() {
    const unsigned fpen = static_cast<unsigned>(bits(system.cpacr, 21, 20));
    fp_trapped = pstate.el == 0 ? fpen != 3 : (fpen & 1) == 0;
    sp_alignment_checked_ = bit(system.sctlr, pstate.el == 0 ? kSctlrSa0 : kSctlrSa);
    mode_ = pstate.el == 0 ? AccessMode::User
            : pstate.pan   ? AccessMode::KernelWithoutUser
                           : AccessMode::Kernel;
    data_tlb_ = &tlbs_.data(mode_);
}

Flow Core::debug_changed() {
    guest_steps_ = debug::asks_for_steps(system);
    guest_breakpoints_ = debug::asks_for_breakpoints(system);
    guest_watchpoints_ = debug::asks_for_watchpoints(system);
    flush_tlb();
    return Flow::Leave;
}

void Core::set_pan(bool pan) {
    pstate.pan = pan;
    level_changed();
}

void Core::set_level(std::uint8_t el, bool sp) {
    (uses_sp_el1() ? system.sp_el1 : system.sp_el0) = x[kSpPlace];
    pstate.el = el;
    pstate.sp = sp;
    x[kSpPlace] = uses_sp_el1() ? system.sp_el1 : system.sp_el0;
    level_changed();
}

bool Core::apply_spsr(std::uint64_t value) {
    const std::uint64_t mode = value & (spsr::kAarch32 | spsr::kModeMask);
    const bool legal = mode == spsr::kModeEl0t || mode == spsr::kModeEl1t || mode == spsr::kModeEl1h;
    pstate.set_flags_from_spsr(value);
    pstate.daif = static_cast<std::uint32_t>(value & spsr::kDaif);
    pstate.pan = (value & spsr::kPan) != 0;
    pstate.uao = (value & spsr::kUao) != 0;
    pstate.ssbs = (value & spsr::kSsbs) != 0;
    pstate.ss = (value & spsr::kSs) != 0;
    pstate.il = (value & spsr::kIl) != 0 || !legal;
    if (legal) {
        set_level(mode == spsr::kModeEl0t ? 0 : 1, mode == spsr::kModeEl1h);
    } else {
        level_changed();
    }
    return legal;
}

// Arm ARM D1.4.4: an illegal return leaves the exception level as it is and sets PSTATE.IL.
Flow Core::exception_return(std::uint64_t spsr, std::uint64_t address) {
    const bool step = guest_steps_ && debug::step_after_return(system, pstate, spsr);
    const bool legal = apply_spsr(step ? spsr : spsr & ~spsr::kSs);
    monitor.marked = false;
    event_register = true;
    branch_target = address;
    if (pstate.el == 0) {
        log_.note_return(task_key());
    }
    if (legal && pstate.el == 0 && halts_.at_boundary()) {
        return halt_after(Halt{.reason = HaltReason::ReturnToEl0}, Flow::Jump);
    }
    return Flow::Jump;
}

Flow Core::halt_after(const Halt& halt, Flow flow) {
    halts_.request(halt);
    return flow;
}

void Core::take_exception(std::uint64_t address) {
    unanswered_.taken(address);
    constexpr std::uint64_t kSyndromeIl = std::uint64_t{1} << 25;
    auto exception_class = static_cast<std::uint64_t>(exception.exception_class);
    if (tells_level(exception.exception_class) && pstate.el == 1) {
        exception_class |= 1;
    }
    if (exception.resume == Return::Next) {
        pstate.ss = false;  // a call counts as a step (SSAdvance)
    }
    system.esr = exception_class << 26 | kSyndromeIl | exception.iss;
    if (exception.sets_far) {
        system.far = exception.far;
    }
    const std::uint64_t return_address =
        exception.resume == Return::Next ? address + kInstructionBytes : address;
    if (pstate.el == 0 && exception.exception_class == ExceptionClass::Svc &&
        halts_.watches_svc(exception.iss)) {
        halts_.request({.reason = HaltReason::WatchedSvc});
        enter_vector(0, return_address);
        return;
    }
    if (pstate.el == 0 && halts_.at_boundary()) {
        halts_.request({.reason = HaltReason::ExceptionFromEl0});
    }
    if (pstate.el == 0 && exception.exception_class == ExceptionClass::Svc) {
        LastCall call{
            .task = task_key(), .number = x[8], .arguments = {}, .pc = return_address, .retired = retired};
        std::copy_n(x.begin(), call.arguments.size(), call.arguments.begin());
        log_.add_call(call);
        enter_vector(0, return_address);
    } else {
        enter_logged_vector(return_address);
    }
}

// Takes the exception whose syndrome has been set.
void Core::enter_logged_vector(std::uint64_t return_address) {
    TakenException taken{.esr = system.esr,
                         .elr = return_address,
                         .sp = x[kSpPlace],
                         .far = exception.far,
                         .retired = retired,
                         .count = 1,
                         .has_far = exception.sets_far,
                         .from_el0 = pstate.el == 0};
    enter_vector(0, return_address);
    taken.spsr = system.spsr;
    taken.vector = pc;
    log_.add(taken);
}

TaskKey Core::task_key() const {
    constexpr std::uint64_t kTableAddress = 0x0000'ffff'ffff'fffe;
    return {.table = system.ttbr0 & kTableAddress, .sp_el1 = sp_el1(), .tpidr_el0 = system.tpidr_el0};
}

void Core::take_interrupt(Signal signal) {
    if (pstate.el == 0 && halts_.at_boundary()) {
        halts_.request({.reason = HaltReason::ExceptionFromEl0, .irq = true});
    }
    enter_vector(signal == Signal::Fiq ? kVectorFiq : kVectorIrq, pc);
}

void Core::enter_vector(std::uint64_t offset, std::uint64_t return_address) {
    system.spsr = pstate.to_spsr();
    system.elr = return_address;
    const std::uint64_t origin = pstate.el == 0 ? kVectorLower
                                 : pstate.sp    ? kVectorCurrentSpx
                                                : kVectorCurrentSp0;
    pstate.daif = static_cast<std::uint32_t>(spsr::kDaif);
    pstate.ss = false;
    step_syndrome_ = fault::kDebug;
    pstate.il = false;
    pstate.uao = false;
    pstate.pan = pstate.pan || !bit(system.sctlr, kSctlrSpan);
    pstate.ssbs = bit(system.sctlr, kSctlrDssbs);
    set_level(1, true);
    pc = system.vbar + origin + offset;
}

}  // namespace levitate::emu
