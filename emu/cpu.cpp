// The CPU as its user sees it: everything is the core's.
#include "emu/cpu.hpp"

#include <algorithm>
#include <utility>

#include "emu/core.hpp"

namespace levitate::emu {

struct Cpu::Implementation {
    Core core;
};

Cpu::Cpu(Config config, Bus& bus, InterruptController& interrupts)
    : implementation_(new Implementation{{std::move(config), bus, interrupts}}) {}

Cpu::~Cpu() = default;

Halt Cpu::run(std::uint64_t instructions) {
    return implementation_->core.run(instructions);
}

void Cpu::request_stop() {
    implementation_->core.request_stop();
}

Registers Cpu::registers() const {
    return {general_registers(), vectors()};
}

GeneralRegisters Cpu::general_registers() const {
    const Core& core = implementation_->core;
    GeneralRegisters result;
    std::copy_n(core.x.begin(), result.x.size(), result.x.begin());
    result.sp_el0 = core.sp_el0();
    result.sp_el1 = core.sp_el1();
    result.pc = core.pc;
    result.pstate = core.pstate.to_spsr();
    result.fpcr = core.fpcr;
    result.fpsr = core.fpsr;
    result.tpidr_el0 = core.system.tpidr_el0;
    result.tpidrro_el0 = core.system.tpidrro_el0;
    return result;
}

const std::array<Vector, 32>& Cpu::vectors() const {
    return implementation_->core.v;
}

EntryRegisters Cpu::entry_registers() const {
    const SystemRegisters& system = implementation_->core.system;
    return {.ttbr0_el1 = system.ttbr0, .elr_el1 = system.elr, .spsr_el1 = system.spsr, .esr_el1 = system.esr};
}

void Cpu::set_registers(const Registers& registers) {
    Core& core = implementation_->core;
    core.apply_spsr(registers.pstate);
    std::ranges::copy(registers.x, core.x.begin());
    core.set_sp_el0(registers.sp_el0);
    core.set_sp_el1(registers.sp_el1);
    core.pc = registers.pc;
    core.v = registers.v;
    core.fpcr = registers.fpcr;
    core.fpsr = registers.fpsr;
    core.system.tpidr_el0 = registers.tpidr_el0;
    core.system.tpidrro_el0 = registers.tpidrro_el0;
}

std::optional<std::uint64_t> Cpu::system_register(std::uint16_t encoding) const {
    return implementation_->core.system_register(encoding);
}

unsigned Cpu::exception_level() const {
    return implementation_->core.pstate.el;
}

std::uint64_t Cpu::program_counter() const {
    return implementation_->core.pc;
}

std::optional<std::uint64_t> Cpu::translate(std::uint64_t address, unsigned exception_level) const {
    return implementation_->core.translate(address, exception_level);
}

void Cpu::set_watched_svc(std::uint16_t immediate) {
    implementation_->core.set_watched_svc(immediate);
}
void Cpu::set_boundary_halts(bool enabled) {
    implementation_->core.set_boundary_halts(enabled);
}

void Cpu::set_watched_ranges(std::span<const WatchedRange> ranges) {
    implementation_->core.set_watched_ranges(ranges);
}

void Cpu::set_breakpoints(std::span<const std::uint64_t> addresses) {
    implementation_->core.set_breakpoints(addresses);
}

void Cpu::ram_written(std::uint64_t address, std::uint64_t size) {
    implementation_->core.ram_written(address, size);
}

void Cpu::wait_for_interrupt() {
    implementation_->core.waiting = Waiting::ForInterrupt;
}

void Cpu::invalidate_code() {
    implementation_->core.invalidate_code();
}

void Cpu::interrupts_changed() {
    implementation_->core.interrupts_changed();
}

std::uint64_t Cpu::retired_instructions() const {
    return implementation_->core.retired;
}

std::uint64_t Cpu::counter() const {
    return implementation_->core.counter();
}

std::vector<TakenException> Cpu::recent_exceptions() const {
    return implementation_->core.log().exceptions();
}

std::span<const LastCall> Cpu::last_calls() const {
    return implementation_->core.log().calls();
}

std::uint64_t Cpu::call_count() const {
    return implementation_->core.log().call_count();
}

void Cpu::watch_influences(bool watch) {
    implementation_->core.watch_influences(watch);
}

Influences Cpu::influences() const {
    return implementation_->core.influences();
}

bool Cpu::interrupt_is_due() const {
    return implementation_->core.interrupt_is_due();
}

std::vector<std::uint64_t> Cpu::state_words() const {
    return implementation_->core.state_words();
}

std::vector<std::byte> Cpu::save() const {
    return implementation_->core.save();
}

bool Cpu::restore(std::span<const std::byte> saved) {
    return implementation_->core.restore(saved);
}

void Cpu::set_schedule_seed(std::uint64_t seed) {
    implementation_->core.set_schedule_seed(seed);
}

std::span<const UndefinedEncoding> Cpu::undefined_encodings() const {
    return implementation_->core.undefined_encodings();
}

std::span<const UnansweredAccess> Cpu::unanswered_accesses() const {
    return implementation_->core.unanswered().accesses();
}

std::uint64_t Cpu::unanswered_total() const {
    return implementation_->core.unanswered().total();
}

}  // namespace levitate::emu
