#include "vmm/run/session_target.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "vmm/arch/aarch64.hpp"
#include "vmm/tracer/boundary_tracer.hpp"

namespace levitate::vmm {
namespace {

// How many instructions go by between two looks at whether the debugger wants to interrupt: a few
// milliseconds of an interpreter.
constexpr std::uint64_t kSlice = 500'000;

constexpr ThreadId kCpu{1};
const TargetStop kStepped{.kind = TargetStop::Kind::Stepped, .status = 0, .message = {}};

ThreadId thread_of(traces::TaskNumber task) {
    return ThreadId{static_cast<std::uint32_t>(task) + static_cast<std::uint32_t>(kCpu)};
}

}  // namespace

bool SessionTarget::at_el0() const {
    return is_at_el0(session_.engine().registers().pstate);
}

bool SessionTarget::run_to_program(const std::function<bool()>& interrupted) {
    session_.set_boundary_stops(BoundaryStops::On);
    bool started = false;
    while (!started && !session_.ended() && !interrupted()) {
        session_.advance(kSlice);
        started = session_.tracer() != nullptr && session_.tracer()->program_started();
    }
    session_.set_boundary_stops(BoundaryStops::Off);
    return started;
}

std::vector<TargetThread> SessionTarget::threads() const {
    std::vector<TargetThread> threads{{kCpu, "CPU, " + std::string{at_el0() ? "EL0" : "EL1"}}};
    if (const BoundaryTracer* tracer = session_.tracer()) {
        for (const TaskView& task : tracer->tasks()) {
            threads.push_back({thread_of(task.number),
                               fmt::format("task {}{}", static_cast<std::uint32_t>(task.number),
                                           tracer->current_task() == task.number ? ", on the CPU" : "")});
        }
    }
    return threads;
}

std::optional<VcpuRegisters> SessionTarget::registers(ThreadId thread) const {
    const VcpuRegisters cpu = session_.engine().registers();
    if (thread == kCpu) {
        return cpu;
    }
    const BoundaryTracer* tracer = session_.tracer();
    if (tracer == nullptr) {
        return std::nullopt;
    }
    for (const TaskView& task : tracer->tasks()) {
        if (thread_of(task.number) == thread) {
            return task.registers ? VcpuRegisters{*task.registers} : cpu;
        }
    }
    return std::nullopt;
}

bool SessionTarget::set_registers(ThreadId thread, const VcpuRegisters& registers) {
    if (thread != kCpu) {
        return false;
    }
    session_.engine().set_registers(registers);
    return true;
}

std::size_t SessionTarget::read_memory(GuestVirt address, std::span<std::byte> into) const {
    return session_.engine().read_memory(address, into, View::Kernel);
}

std::size_t SessionTarget::write_memory(GuestVirt address, std::span<const std::byte> from) {
    return session_.engine().write_memory(address, from, View::Kernel);
}

void SessionTarget::insert_breakpoint(GuestVirt address) {
    breakpoints_.insert(address);
    set_breakpoints();
}

void SessionTarget::remove_breakpoint(GuestVirt address) {
    breakpoints_.erase(address);
    set_breakpoints();
}

void SessionTarget::set_breakpoints() {
    const std::vector<GuestVirt> addresses(breakpoints_.begin(), breakpoints_.end());
    session_.set_breakpoints(addresses);
}

void SessionTarget::insert_watchpoint(const WatchedMemory& memory) {
    // Until init runs there is nothing but the kernel, which may lie in either half.
    const bool in_kernel = is_upper_half(value(memory.address)) || session_.tracer() == nullptr;
    const std::uint64_t space = translation_table(session_.engine().registers().ttbr0_el1);
    watchpoints_[memory] = {.space = in_kernel ? 0 : space, .bytes = {}};
}

void SessionTarget::remove_watchpoint(const WatchedMemory& memory) {
    watchpoints_.erase(memory);
}

std::vector<std::byte> SessionTarget::auxiliary_vector() const {
    std::vector<std::byte> bytes;
    if (session_.tracer() == nullptr || session_.tracer()->program_auxv().empty()) {
        return bytes;
    }
    const auto append = [&bytes](const traces::AuxvEntry& entry) {
        for (const std::uint64_t word : {entry.type, entry.value}) {
            const auto raw = std::as_bytes(std::span{&word, 1});
            bytes.insert(bytes.end(), raw.begin(), raw.end());
        }
    };
    for (const traces::AuxvEntry& entry : session_.tracer()->program_auxv()) {
        append(entry);
    }
    append({});  // AT_NULL
    return bytes;
}

bool SessionTarget::stops_here(GuestVirt address) const {
    // What EL1 executes is the kernel, in whichever half it lies.
    if (is_upper_half(value(address)) || !at_el0()) {
        return true;
    }
    return session_.tracer() != nullptr && session_.tracer()->current_task().has_value();
}

TargetStop SessionTarget::ended() {
    const auto outcome = session_.finish();
    if (!outcome) {
        return {.kind = TargetStop::Kind::Lost, .status = 0, .message = outcome.error().message};
    }
    if (const auto signal = outcome->signal) {
        return {.kind = TargetStop::Kind::Killed, .status = *signal, .message = {}};
    }
    if (const auto exit_code = outcome->exit_code) {
        return {.kind = TargetStop::Kind::Exited, .status = *exit_code, .message = {}};
    }
    return {.kind = TargetStop::Kind::Lost, .status = 0, .message = outcome->incomplete};
}

TargetStop SessionTarget::step(const std::function<bool()>& interrupted) {
    const std::uint64_t pc = session_.engine().registers().pc;
    const bool from_program = at_el0();
    while (true) {
        if (session_.advance(1) == AdvanceReason::Ended) {
            return ended();
        }
        if (!from_program || at_el0()) {
            return kStepped;
        }
        // A fault (a page's first use) or an interrupt came before the instruction was executed; an SVC has
        // been executed.
        const bool executed = session_.engine().registers().elr_el1 != pc;
        const TargetStop stop = return_to_program(interrupted);
        if (stop.kind != TargetStop::Kind::Stepped || executed || session_.engine().registers().pc != pc) {
            return stop;
        }
    }
}

// Runs from the kernel to the next instruction of the task that has entered it.
TargetStop SessionTarget::return_to_program(const std::function<bool()>& interrupted) {
    const auto task = session_.tracer() != nullptr ? session_.tracer()->current_task() : std::nullopt;
    TargetStop stop = kStepped;
    session_.set_boundary_stops(BoundaryStops::On);
    while (!at_el0() || (session_.tracer() != nullptr && session_.tracer()->current_task() != task)) {
        if (session_.advance(kSlice) == AdvanceReason::Ended) {
            stop = ended();
            break;
        }
        if (interrupted()) {
            stop.kind = TargetStop::Kind::Interrupted;
            break;
        }
    }
    session_.set_boundary_stops(BoundaryStops::Off);
    return stop;
}

TargetStop SessionTarget::resume(ResumeKind kind, const std::function<bool()>& interrupted) {
    if (session_.ended()) {
        return ended();
    }
    if (kind == ResumeKind::Step) {
        return step(interrupted);
    }
    for (auto& [memory, watchpoint] : watchpoints_) {
        watchpoint.bytes = read(memory);
    }
    // With watchpoints the kernel runs up to its return to the program, whose instructions are watched.
    session_.set_boundary_stops(watchpoints_.empty() ? BoundaryStops::Off : BoundaryStops::On);
    const TargetStop stop = go_on(interrupted);
    session_.set_boundary_stops(BoundaryStops::Off);
    return stop;
}

// How far to run before the watchpoints have to be looked at.
std::uint64_t SessionTarget::budget() const {
    const bool watches_kernel = std::ranges::any_of(
        watchpoints_, [](const auto& watchpoint) { return watchpoint.second.space == 0; });
    const bool watches_here = !watchpoints_.empty() && (watches_kernel || at_el0());
    return watches_here ? 1 : kSlice;
}

std::vector<std::byte> SessionTarget::read(const WatchedMemory& memory) const {
    std::vector<std::byte> bytes(memory.size);
    bytes.resize(read_memory(memory.address, bytes));
    return bytes;
}

std::optional<GuestVirt> SessionTarget::changed_memory() {
    if (watchpoints_.empty()) {
        return std::nullopt;
    }
    const std::uint64_t space = translation_table(session_.engine().registers().ttbr0_el1);
    for (auto& [memory, watchpoint] : watchpoints_) {
        if (watchpoint.space != 0 && (watchpoint.space != space || !at_el0())) {
            continue;
        }
        std::vector<std::byte> bytes = read(memory);
        if (bytes != watchpoint.bytes) {
            watchpoint.bytes = std::move(bytes);
            return memory.address;
        }
    }
    return std::nullopt;
}

TargetStop SessionTarget::go_on(const std::function<bool()>& interrupted) {
    std::uint64_t next_question = 0;
    while (true) {
        switch (session_.advance(budget())) {
            case AdvanceReason::Ended:
                return ended();
            case AdvanceReason::Breakpoint:
                if (stops_here(GuestVirt{session_.engine().registers().pc})) {
                    return {.kind = TargetStop::Kind::Breakpoint, .status = 0, .message = {}};
                }
                break;
            case AdvanceReason::Stopped:
                return {.kind = TargetStop::Kind::Interrupted, .status = 0, .message = {}};
            case AdvanceReason::Budget:
            case AdvanceReason::Boundary:
                break;
        }
        if (const auto address = changed_memory()) {
            return {.kind = TargetStop::Kind::Watchpoint, .status = 0, .message = {}, .address = *address};
        }
        const std::uint64_t now = session_.engine().retired_instructions();
        if (now >= next_question) {
            next_question = now + kSlice;
            if (interrupted()) {
                return {.kind = TargetStop::Kind::Interrupted, .status = 0, .message = {}};
            }
        }
    }
}

}  // namespace levitate::vmm
