#include "vmm/tracer/boundary_tracer.hpp"

#include <algorithm>
#include <utility>

#include "traces/abi/constants.hpp"
#include "vmm/tracer/vdso.hpp"

namespace levitate::vmm {

BoundaryTracer::BoundaryTracer(Engine& engine, traces::Header header, std::string program,
                               traces::EventSink& sink)
    : engine_(engine),
      memory_(engine),
      recorder_(sink, std::move(header), [&engine] { return engine.guest_time(); }),
      program_(std::move(program)) {
    engine_.set_boundary_exits(true);
}

void BoundaryTracer::handle(const Exit& exit) {
    if (!refusal_.empty()) {
        return;
    }
    switch (exit.reason) {
        case ExitReason::ExceptionFromEl0:
            on_exception(engine_.registers(), exit.irq);
            break;
        case ExitReason::ReturnToEl0: {
            const VcpuRegisters registers = engine_.registers();
            on_resume(registers);
            find_vdso_functions();
            serve_missed_breakpoint(registers);
            break;
        }
        case ExitReason::WatchedLoad:
            on_watched_load(exit);
            break;
        case ExitReason::Breakpoint:
            on_breakpoint();
            break;
        default:
            break;
    }
}

std::vector<TaskView> BoundaryTracer::tasks() const {
    std::vector<TaskView> views;
    for (const auto& [number, task] : tasks_) {
        TaskView view{.number = number, .registers = std::nullopt};
        if (task.visit) {
            view.registers = as_vcpu_registers(task.visit->registers);
        }
        views.push_back(view);
    }
    return views;
}

BoundaryTracer::Task* BoundaryTracer::find(traces::TaskNumber number) {
    const auto found = tasks_.find(number);
    return found == tasks_.end() ? nullptr : &found->second;
}

std::optional<traces::TaskNumber> BoundaryTracer::find_by_stack(std::uint64_t stack) const {
    const auto found = by_stack_.find(stack);
    return found == by_stack_.end() ? std::nullopt : std::optional(found->second);
}

void BoundaryTracer::on_watched_load(const Exit& exit) {
    if (!current_) {
        return;
    }
    const auto space = spaces_.find(find(*current_)->space);
    if (space != spaces_.end()) {
        recorder_.auxv_load(*current_,
                            {.range = space->second.auxv,
                             .address = exit.load_address,
                             .size = exit.load_size,
                             .pc = value(exit.load_pc)},
                            memory_);
    }
}

void BoundaryTracer::on_breakpoint() {
    constexpr std::uint64_t kExceptionLevel = 0xc;  // PSTATE.M[3:2]
    const VcpuRegisters registers = engine_.registers();
    if ((registers.pstate & kExceptionLevel) == 0) {
        serve_breakpoint(registers);
    }
}

void BoundaryTracer::serve_breakpoint(const VcpuRegisters& registers) {
    if (!current_ || !std::ranges::binary_search(breakpoints_, GuestVirt{registers.pc})) {
        return;
    }
    const traces::TaskNumber number = *current_;
    Task& task = *find(number);
    task.served = Served{.pc = registers.pc, .retired = engine_.retired_instructions()};
    recorder_.return_to(number, registers.pc, registers.sp_el0, static_cast<std::int64_t>(registers.x[0]),
                        memory_);
    const auto space = spaces_.find(task.space);
    if (space != spaces_.end()) {
        const auto function = space->second.vdso.find(GuestVirt{registers.pc});
        if (function != space->second.vdso.end()) {
            recorder_.enter_vdso(number, {.symbol = function->second,
                                          .arguments = {registers.x[0], registers.x[1]},
                                          .return_pc = registers.x[30],
                                          .sp = registers.sp_el0});
        }
    }
    set_breakpoints();
}

// The engine steps over a breakpoint that it stands on, and takes an interrupt before it looks for one.
void BoundaryTracer::serve_missed_breakpoint(const VcpuRegisters& registers) {
    const Task* const task = current_ ? find(*current_) : nullptr;
    if (task != nullptr && !task->stands_at_served(registers.pc)) {
        serve_breakpoint(registers);
    }
}

void BoundaryTracer::begin_space(const InitialStack& stack, std::uint64_t space) {
    constexpr auto kAtSysinfoEhdr = static_cast<std::uint64_t>(traces::abi::constant("AT_SYSINFO_EHDR"));
    Space made{.auxv = stack.auxv_range, .unread_vdso = std::nullopt, .vdso = {}};
    if (const auto base = auxv_value(stack.auxv, kAtSysinfoEhdr)) {
        made.unread_vdso = GuestVirt{*base};
    }
    spaces_.insert_or_assign(space, std::move(made));
    forget_unused_spaces();
    set_watches();
}

void BoundaryTracer::copy_space(std::uint64_t from, std::uint64_t to) {
    const auto found = spaces_.find(from);
    if (from != to && found != spaces_.end()) {
        spaces_.insert_or_assign(to, Space(found->second));
        forget_unused_spaces();
        set_watches();
    }
}

void BoundaryTracer::forget_unused_spaces() {
    std::erase_if(spaces_, [this](const auto& space) {
        return std::ranges::none_of(tasks_,
                                    [&](const auto& task) { return task.second.space == space.first; });
    });
}

void BoundaryTracer::set_watches() {
    std::vector<WatchedLoads> watched;
    watched.reserve(spaces_.size());
    for (const auto& [table, space] : spaces_) {
        watched.push_back({.table = table, .begin = space.auxv.begin, .end = space.auxv.end});
    }
    engine_.set_watched_loads(watched);
    set_breakpoints();
}

void BoundaryTracer::set_breakpoints() {
    std::set<GuestVirt> wanted;
    for (const auto& [table, space] : spaces_) {
        for (const auto& [address, name] : space.vdso) {
            wanted.insert(address);
        }
    }
    for (const std::uint64_t address : recorder_.vdso_returns()) {
        wanted.insert(GuestVirt{address});
    }
    if (!std::ranges::equal(wanted, breakpoints_)) {
        breakpoints_.assign(wanted.begin(), wanted.end());
        engine_.set_breakpoints(breakpoints_);
    }
}

// A kernel may map the vDSO's pages when they are first touched, as Linux does, so they are looked for at
// each return to the program until they are there. Its start-up code reads the symbols before it can call
// one; what enters a function by the very fault that maps it comes back to that function's first instruction.
void BoundaryTracer::find_vdso_functions() {
    if (!current_) {
        return;
    }
    const auto found = spaces_.find(find(*current_)->space);
    if (found == spaces_.end()) {
        return;
    }
    Space& space = found->second;
    if (!space.unread_vdso || !engine_.translate(*space.unread_vdso, View::User)) {
        return;
    }
    for (VdsoFunction& function : vdso_functions(memory_, *space.unread_vdso)) {
        space.vdso.emplace(function.address, std::move(function.name));
    }
    if (!space.vdso.empty()) {
        space.unread_vdso.reset();
        set_breakpoints();
    }
}

void BoundaryTracer::finish(const traces::OutcomeEvent& outcome, const std::string& incomplete) {
    engine_.set_watched_loads({});
    engine_.set_breakpoints({});
    engine_.set_boundary_exits(false);
    const std::string& reason = refusal_.empty() ? incomplete : refusal_;
    const bool never_started = reason.empty() && !recorder_.has_started();
    if (reason.empty()) {
        // A signal that ends the program ends its threads too, without their crossing the boundary again.
        end_process(kFirstTask, {.exit_code = outcome.exit_code, .signal = outcome.signal});
    }
    recorder_.finish(outcome, never_started ? "the program was never seen to start" : reason);
}

}  // namespace levitate::vmm
