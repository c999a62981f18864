#include "vmm/tracer/boundary_tracer.hpp"

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
            find_vdso_functions(registers);
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
    if (current_) {
        recorder_.auxv_load(
            *current_,
            {.range = auxv_, .address = exit.load_address, .size = exit.load_size, .pc = value(exit.load_pc)},
            memory_);
    }
}

void BoundaryTracer::on_breakpoint() {
    constexpr std::uint64_t kExceptionLevel = 0xc;  // PSTATE.M[3:2]
    const VcpuRegisters registers = engine_.registers();
    if ((registers.pstate & kExceptionLevel) == 0) {
        record_vdso_call(registers);
    }
}

void BoundaryTracer::record_vdso_call(const VcpuRegisters& registers) {
    const auto function = vdso_.find(GuestVirt{registers.pc});
    if (current_ && function != vdso_.end()) {
        recorder_.vdso_call(*current_, {.symbol = function->second,
                                        .arguments = {registers.x[0], registers.x[1]},
                                        .pc = registers.x[30],
                                        .result = std::nullopt,
                                        .payloads = {}});
    }
}

void BoundaryTracer::watch(const InitialStack& stack, std::uint64_t space) {
    constexpr auto kAtSysinfoEhdr = static_cast<std::uint64_t>(traces::abi::constant("AT_SYSINFO_EHDR"));
    auxv_ = stack.auxv_range;
    program_auxv_ = stack.auxv;
    watched_space_ = space;
    engine_.set_watched_loads(space, auxv_.begin, auxv_.end);
    vdso_.clear();
    breakpoints_.clear();
    engine_.set_breakpoints(breakpoints_);
    unread_vdso_.reset();
    if (const auto base = auxv_value(stack.auxv, kAtSysinfoEhdr)) {
        unread_vdso_ = GuestVirt{*base};
    }
}

// A kernel may map the vDSO's pages when they are first touched, as Linux does, so they are looked for at
// each return to the program until they are there. Its start-up code reads the symbols before it can call
// one; what enters a function by the very fault that maps it comes back to that function's first instruction.
void BoundaryTracer::find_vdso_functions(const VcpuRegisters& registers) {
    if (!unread_vdso_ || !current_ || translation_table(registers.ttbr0_el1) != watched_space_ ||
        !engine_.translate(*unread_vdso_, View::User)) {
        return;
    }
    for (VdsoFunction& function : vdso_functions(memory_, *unread_vdso_)) {
        breakpoints_.push_back(function.address);
        vdso_.emplace(function.address, std::move(function.name));
    }
    if (!breakpoints_.empty()) {
        unread_vdso_.reset();
        engine_.set_breakpoints(breakpoints_);
        // The engine steps over a breakpoint that it stands on.
        record_vdso_call(registers);
    }
}

void BoundaryTracer::finish(const traces::OutcomeEvent& outcome, const std::string& incomplete) {
    engine_.set_watched_loads(0, GuestVirt{0}, GuestVirt{0});
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
