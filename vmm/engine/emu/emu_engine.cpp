#include "vmm/engine/emu/emu_engine.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <iterator>
#include <utility>
#include <variant>

#include "emu/cpu.hpp"
#include "vmm/arch/aarch64.hpp"
#include "vmm/machine/memory_map.hpp"
#include "vmm/machine/psci.hpp"

namespace levitate::vmm {
namespace {

constexpr std::uint64_t kCounterHz = 62'500'000;
constexpr std::chrono::nanoseconds kCounterPeriod{1'000'000'000 / kCounterHz};

class BusAdapter final : public emu::Bus {
  public:
    explicit BusAdapter(MmioBus& bus) : bus_(bus) {}
    std::optional<std::uint64_t> read(std::uint64_t address, unsigned size) override {
        return bus_.read(address, size);
    }
    bool write(std::uint64_t address, unsigned size, std::uint64_t value) override {
        return bus_.write(address, size, value);
    }

  private:
    MmioBus& bus_;
};

// The private interrupts of the generic timer.
void set_timer_line(InterruptController& gic, emu::TimerOutput output, bool level) {
    const bool is_virtual = output == emu::TimerOutput::Virtual;
    gic.set_line(is_virtual ? kTimerVirtualIntid : kTimerPhysicalIntid, level ? Level::High : Level::Low);
}

class GicV2Adapter final : public emu::InterruptController {
  public:
    explicit GicV2Adapter(GicV2& gic) : gic_(gic) {}
    emu::Signal signalled() override {
        switch (gic_.signalled()) {
            case GicV2::Signal::None:
                return emu::Signal::None;
            case GicV2::Signal::Irq:
                return emu::Signal::Irq;
            case GicV2::Signal::Fiq:
                break;
        }
        return emu::Signal::Fiq;
    }
    // The CPU has no interface of its own that would ask these.
    std::optional<Pending> highest_pending() override { return std::nullopt; }
    void acknowledge(std::uint32_t /*intid*/) override {}
    void deactivate(std::uint32_t /*intid*/) override {}
    void send_sgi(std::uint64_t /*value*/) override {}
    void set_timer_output(emu::TimerOutput output, bool level) override {
        set_timer_line(gic_, output, level);
    }

  private:
    GicV2& gic_;
};

class GicV3Adapter final : public emu::InterruptController {
  public:
    explicit GicV3Adapter(GicV3& gic) : gic_(gic) {}
    std::optional<Pending> highest_pending() override {
        const auto pending = gic_.highest_pending();
        return pending ? std::optional{Pending{.intid = pending->intid, .priority = pending->priority}}
                       : std::nullopt;
    }
    void acknowledge(std::uint32_t intid) override { gic_.acknowledge(intid); }
    void deactivate(std::uint32_t intid) override { gic_.deactivate(intid); }
    void send_sgi(std::uint64_t value) override { gic_.send_sgi(value); }
    void set_timer_output(emu::TimerOutput output, bool level) override {
        set_timer_line(gic_, output, level);
    }

  private:
    GicV3& gic_;
};

std::unique_ptr<emu::InterruptController> adapter_of(Board::Gic& gic) {
    if (auto* const two = std::get_if<GicV2>(&gic)) {
        return std::make_unique<GicV2Adapter>(*two);
    }
    return std::make_unique<GicV3Adapter>(std::get<GicV3>(gic));
}

UnansweredAccess::Kind kind_of(emu::UnansweredAccess::Kind kind) {
    switch (kind) {
        case emu::UnansweredAccess::Kind::Read:
            return UnansweredAccess::Kind::Read;
        case emu::UnansweredAccess::Kind::Write:
            return UnansweredAccess::Kind::Write;
        case emu::UnansweredAccess::Kind::Fetch:
            return UnansweredAccess::Kind::Fetch;
        case emu::UnansweredAccess::Kind::TableWalk:
            break;
    }
    return UnansweredAccess::Kind::TableWalk;
}

class EmuEngine final : public Engine {
  public:
    EmuEngine(Machine& machine, std::uint64_t schedule_seed)
        : machine_(machine),
          schedule_seed_(schedule_seed),
          bus_(machine.board().bus()),
          interrupts_(adapter_of(machine.board().gic())),
          cpu_(emu::Config{.ram = {{.base = kRamBase, .bytes = machine.ram()}},
                           .counter_frequency_hz = kCounterHz,
                           .schedule_seed = schedule_seed,
                           .gic_registers = std::holds_alternative<GicV3>(machine.board().gic()),
                           .smc_halts = true,
                           .semihosting = true},
               bus_, *interrupts_) {
        machine.board().interrupts().on_change([this] { cpu_.interrupts_changed(); });
        machine.board().set_time_source([this] { return guest_time(); });
        machine.guest_memory().on_write(
            [this](std::uint64_t address, std::size_t size) { cpu_.ram_written(address, size); });
        emu::Registers registers = cpu_.registers();
        registers.pc = machine.entry().pc;
        registers.x[0] = machine.entry().device_tree;
        cpu_.set_registers(registers);
    }
    ~EmuEngine() override {
        machine_.guest_memory().on_write(nullptr);
        machine_.board().interrupts().on_change(nullptr);
        machine_.board().set_time_source(nullptr);
    }

    Exit run(std::uint64_t instructions) override;
    void request_stop() override { cpu_.request_stop(); }

    VcpuRegisters registers() const override;
    void set_registers(const VcpuRegisters& registers) override;

    std::optional<GuestPhys> translate(GuestVirt address, View view) const override {
        const auto physical = cpu_.translate(value(address), view == View::User ? 0 : 1);
        return physical ? std::optional{GuestPhys{*physical}} : std::nullopt;
    }
    std::size_t read_memory(GuestVirt address, std::span<std::byte> into, View view) const override;
    std::size_t write_memory(GuestVirt address, std::span<const std::byte> from, View view) override;

    void set_stops(const Stops& stops) override;
    void set_channel_svc(std::uint16_t immediate) override { cpu_.set_watched_svc(immediate); }

    std::vector<TakenException> recent_exceptions() const override;
    std::vector<LastCall> last_calls() const override;
    std::uint64_t call_count() const override { return cpu_.call_count(); }
    void watch_influences(bool watch) override {
        called_firmware_ = false;
        cpu_.watch_influences(watch);
    }
    Influences influences() const override;
    bool interrupt_is_due() const override { return cpu_.interrupt_is_due(); }
    std::vector<std::uint64_t> state_words() const override { return cpu_.state_words(); }
    GuestVirt program_counter() const override { return GuestVirt{cpu_.program_counter()}; }

    std::vector<std::byte> save() const override { return cpu_.save(); }
    bool restore(std::span<const std::byte> saved) override;

    EngineStatistics statistics() const override;
    std::uint64_t retired_instructions() const override { return cpu_.retired_instructions(); }
    std::chrono::nanoseconds guest_time() const override {
        return static_cast<std::int64_t>(cpu_.counter()) * kCounterPeriod;
    }

  private:
    // The part of RAM that `address` and what follows it in the same page translates to; empty: not RAM.
    std::span<std::byte> page_rest(GuestVirt address, View view) const;
    PowerAction call_firmware();
    // The status with which the guest ends the machine.
    std::optional<int> call_host();
    Exit exit_at(ExitReason reason, bool irq = false) const;
    void read_registers(VcpuRegisters& into) const;

    Machine& machine_;
    std::uint64_t schedule_seed_;
    BusAdapter bus_;
    std::unique_ptr<emu::InterruptController> interrupts_;
    emu::Cpu cpu_;
    Stops stops_;
    bool called_firmware_ = false;
};

Exit EmuEngine::run(std::uint64_t instructions) {
    const std::uint64_t end = cpu_.retired_instructions() + instructions;
    for (;;) {
        const std::uint64_t now = cpu_.retired_instructions();
        if (now >= end) {
            return {.reason = ExitReason::Budget};
        }
        const emu::Halt halt = cpu_.run(end - now);
        switch (halt.reason) {
            case emu::HaltReason::Budget:
                return {.reason = ExitReason::Budget};
            case emu::HaltReason::Idle:
                return {.reason = ExitReason::Idle};
            case emu::HaltReason::ExceptionFromEl0:
                return exit_at(ExitReason::ExceptionFromEl0, halt.irq);
            case emu::HaltReason::WatchedSvc:
                called_firmware_ = true;  // the host may answer
                return exit_at(ExitReason::ChannelCall);
            case emu::HaltReason::ReturnToEl0:
                return exit_at(ExitReason::ReturnToEl0);
            case emu::HaltReason::WatchedLoad:
                return {.reason = ExitReason::WatchedLoad,
                        .load_pc = GuestVirt{halt.pc},
                        .load_address = GuestVirt{halt.address},
                        .load_size = halt.size};
            case emu::HaltReason::Breakpoint:
                return exit_at(ExitReason::Breakpoint);
            case emu::HaltReason::Stopped:
                return {.reason = ExitReason::Stopped};
            case emu::HaltReason::Hypercall:
                switch (call_firmware()) {
                    case PowerAction::None:
                        break;
                    case PowerAction::Wait:
                        cpu_.wait_for_interrupt();
                        break;
                    case PowerAction::Off:
                        return {.reason = ExitReason::PowerOff};
                    case PowerAction::Reset:
                        return {.reason = ExitReason::Reset};
                }
                break;
            case emu::HaltReason::Semihosting:
                if (const std::optional<int> status = call_host()) {
                    return {.reason = ExitReason::SemihostingExit, .status = *status};
                }
                break;
        }
    }
}

std::optional<int> EmuEngine::call_host() {
    called_firmware_ = true;
    emu::Registers registers = cpu_.registers();
    const SemihostingReply reply = machine_.board().semihosting().call(
        static_cast<std::uint32_t>(registers.x[0]), registers.x[1],
        [this](GuestVirt from, std::span<std::byte> into) { return read_memory(from, into, View::Kernel); });
    registers.x[0] = reply.result;
    cpu_.set_registers(registers);
    return reply.exit_status;
}

PowerAction EmuEngine::call_firmware() {
    called_firmware_ = true;
    emu::Registers registers = cpu_.registers();
    const PsciReply reply = call_psci({registers.x[0], registers.x[1], registers.x[2], registers.x[3]});
    registers.x[0] = reply.result;
    cpu_.set_registers(registers);
    return reply.action;
}

Exit EmuEngine::exit_at(ExitReason reason, bool irq) const {
    Exit exit{.reason = reason, .irq = irq};
    read_registers(exit.registers);
    return exit;
}

VcpuRegisters EmuEngine::registers() const {
    VcpuRegisters registers;
    read_registers(registers);
    return registers;
}

void EmuEngine::read_registers(VcpuRegisters& into) const {
    const emu::GeneralRegisters from = cpu_.general_registers();
    into.x = from.x;
    into.sp = from.sp_el0;
    into.sp_el1 = from.sp_el1;
    into.pc = from.pc;
    into.pstate = from.pstate;
    into.fpcr = from.fpcr;
    into.fpsr = from.fpsr;
    into.tpidr_el0 = from.tpidr_el0;
    std::ranges::transform(cpu_.vectors(), into.v.begin(), [](const emu::Vector& vector) {
        return Vector128{.low = vector.d[0], .high = vector.d[1]};
    });
    const emu::EntryRegisters entry = cpu_.entry_registers();
    into.ttbr0_el1 = entry.ttbr0_el1;
    into.elr_el1 = entry.elr_el1;
    into.spsr_el1 = entry.spsr_el1;
    into.esr_el1 = entry.esr_el1;
}

void EmuEngine::set_registers(const VcpuRegisters& registers) {
    emu::Registers to = cpu_.registers();
    to.x = registers.x;
    to.sp_el0 = registers.sp;
    to.sp_el1 = registers.sp_el1;
    to.pc = registers.pc;
    to.pstate = registers.pstate;
    to.tpidr_el0 = registers.tpidr_el0;
    to.fpcr = registers.fpcr;
    to.fpsr = registers.fpsr;
    std::ranges::transform(registers.v, to.v.begin(), [](const Vector128& vector) {
        return emu::Vector{.d = {vector.low, vector.high}};
    });
    cpu_.set_registers(to);
}

// Changing ranges or breakpoints flushes the CPU's TLB, so only what differs is changed.
void EmuEngine::set_stops(const Stops& stops) {
    cpu_.set_boundary_halts(stops.boundary);
    if (stops.loads != stops_.loads) {
        std::vector<emu::WatchedRange> ranges;
        ranges.reserve(stops.loads.size());
        for (const WatchedLoads& one : stops.loads) {
            ranges.push_back({.table = one.table, .begin = value(one.begin), .end = value(one.end)});
        }
        cpu_.set_watched_ranges(ranges);
    }
    if (stops.breakpoints != stops_.breakpoints) {
        std::vector<std::uint64_t> addresses;
        addresses.reserve(stops.breakpoints.size());
        for (const GuestVirt address : stops.breakpoints) {
            addresses.push_back(value(address));
        }
        cpu_.set_breakpoints(addresses);
    }
    stops_ = stops;
}

std::span<std::byte> EmuEngine::page_rest(GuestVirt address, View view) const {
    const auto physical = translate(address, view);
    const std::span<std::byte> ram = machine_.ram();
    if (!physical || value(*physical) < kRamBase || value(*physical) - kRamBase >= ram.size()) {
        return {};
    }
    const std::uint64_t offset = value(*physical) - kRamBase;
    return ram.subspan(offset, std::min(kPageSize - offset % kPageSize, ram.size() - offset));
}

std::size_t EmuEngine::read_memory(GuestVirt address, std::span<std::byte> into, View view) const {
    std::size_t done = 0;
    while (done < into.size()) {
        const auto part = page_rest(address + done, view);
        if (part.empty()) {
            break;
        }
        const std::size_t count = std::min(part.size(), into.size() - done);
        std::memcpy(into.data() + done, part.data(), count);
        done += count;
    }
    return done;
}

std::size_t EmuEngine::write_memory(GuestVirt address, std::span<const std::byte> from, View view) {
    std::size_t done = 0;
    while (done < from.size()) {
        const auto part = page_rest(address + done, view);
        if (part.empty()) {
            break;
        }
        const std::size_t count = std::min(part.size(), from.size() - done);
        std::memcpy(part.data(), from.data() + done, count);
        cpu_.ram_written(kRamBase + static_cast<std::uint64_t>(part.data() - machine_.ram().data()), count);
        done += count;
    }
    return done;
}

std::vector<TakenException> EmuEngine::recent_exceptions() const {
    std::vector<TakenException> exceptions;
    for (const emu::TakenException& one : cpu_.recent_exceptions()) {
        exceptions.push_back({.esr = one.esr,
                              .elr = GuestVirt{one.elr},
                              .spsr = one.spsr,
                              .vector = GuestVirt{one.vector},
                              .sp = one.sp,
                              .far = GuestVirt{one.far},
                              .retired = one.retired,
                              .count = one.count,
                              .has_far = one.has_far,
                              .from_el0 = one.from_el0});
    }
    return exceptions;
}

std::vector<LastCall> EmuEngine::last_calls() const {
    std::vector<LastCall> calls;
    for (const emu::LastCall& one : cpu_.last_calls()) {
        calls.push_back({.table = one.task.table,
                         .sp_el1 = one.task.sp_el1,
                         .tpidr_el0 = one.task.tpidr_el0,
                         .number = one.number,
                         .arguments = one.arguments,
                         .pc = GuestVirt{one.pc},
                         .retired = one.retired,
                         .returned = one.returned});
    }
    return calls;
}

Influences EmuEngine::influences() const {
    const emu::Influences met = cpu_.influences();
    return {.memory = met.memory,
            .device = met.device || called_firmware_,
            .time = met.time,
            .unmasked = met.unmasked};
}

bool EmuEngine::restore(std::span<const std::byte> saved) {
    if (!cpu_.restore(saved)) {
        return false;
    }
    cpu_.set_schedule_seed(schedule_seed_);
    return true;
}

EngineStatistics EmuEngine::statistics() const {
    EngineStatistics statistics;
    statistics.instructions = cpu_.retired_instructions();
    for (const emu::UndefinedEncoding& one : cpu_.undefined_encodings()) {
        statistics.undefined_encodings.push_back(
            fmt::format("{:#x}: {:08x} (EL{})", one.address, one.word, one.exception_level));
    }
    std::ranges::transform(cpu_.unanswered_accesses(), std::back_inserter(statistics.unanswered),
                           [](const emu::UnansweredAccess& one) {
                               return UnansweredAccess{.address = GuestPhys{one.physical},
                                                       .pc = GuestVirt{one.pc},
                                                       .count = one.count,
                                                       .size = one.size,
                                                       .kind = kind_of(one.kind)};
                           });
    statistics.unanswered_total = cpu_.unanswered_total();
    return statistics;
}

}  // namespace

std::unique_ptr<Engine> make_emu_engine(Machine& machine, std::uint64_t schedule_seed) {
    return std::make_unique<EmuEngine>(machine, schedule_seed);
}

}  // namespace levitate::vmm
