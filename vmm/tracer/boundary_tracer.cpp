#include "vmm/tracer/boundary_tracer.hpp"

#include <algorithm>
#include <cstddef>
#include <utility>

#include "vmm/arch/aarch64.hpp"

namespace levitate::vmm {
namespace {

// Of x19 to x30 two tasks seldom have the same: the registers of a call's arguments tell nothing.
constexpr std::size_t kFirstSaved = 19;

}  // namespace

BoundaryTracer::BoundaryTracer(const Engine& engine, traces::Header header, ProgramStart start,
                               traces::EventSink& sink)
    : memory_(engine),
      recorder_(sink, std::move(header), [&engine] { return engine.guest_time(); }),
      start_(std::move(start)),
      lives_(recorder_, tasks_),
      check_(recorder_, memory_),
      returns_(recorder_, memory_, tasks_, lives_, check_),
      watch_(engine, memory_, recorder_, tasks_, check_) {}

void BoundaryTracer::handle(const Exit& exit) {
    if (!refusal_.empty()) {
        return;
    }
    switch (exit.reason) {
        case ExitReason::ExceptionFromEl0:
            on_exception(exit.registers, exit.irq);
            break;
        case ExitReason::ReturnToEl0:
            on_resume(exit.registers);
            if (current_) {
                watch_.on_resume(*current_, exit.registers);
            }
            break;
        case ExitReason::WatchedLoad:
            if (current_) {
                watch_.on_load(*current_, exit);
            }
            break;
        case ExitReason::Breakpoint:
            if (current_ && is_at_el0(exit.registers.pstate)) {
                watch_.on_breakpoint(*current_, exit.registers);
            }
            break;
        default:
            break;
    }
}

std::optional<traces::TaskNumber> BoundaryTracer::task_on(std::uint64_t sp_el1, std::uint64_t table) const {
    const auto found = std::ranges::find_if(tasks_.all(), [&](const auto& entry) {
        return entry.second.stack == sp_el1 && entry.second.space == table;
    });
    return found == tasks_.all().end() ? std::nullopt : std::optional{found->first};
}

std::vector<TaskView> BoundaryTracer::tasks() const {
    std::vector<TaskView> views;
    for (const auto& [number, task] : tasks_.all()) {
        TaskView view{.number = number, .registers = std::nullopt};
        if (task.visit) {
            view.registers = task.visit->registers;
        }
        views.push_back(view);
    }
    return views;
}

namespace {

std::string why_not_started(const std::string& reason) {
    return "the program never started: " +
           (reason.empty() ? "the kernel was not seen to execute it" : reason);
}

}  // namespace

void BoundaryTracer::finish(const traces::OutcomeEvent& outcome, const std::string& incomplete) {
    const std::string& reason = refusal_.empty() ? incomplete : refusal_;
    if (reason.empty()) {
        // A signal that ends the program also ends its threads, which do not cross the boundary again.
        lives_.end_process(kFirstTask, {.exit_code = outcome.exit_code, .signal = outcome.signal});
    }
    recorder_.finish(outcome, recorder_.has_started() ? reason : why_not_started(reason));
    watch_.end();
}

void BoundaryTracer::refuse(const std::string& reason) {
    refusal_ = reason;
    watch_.end();
}

void BoundaryTracer::on_exception(const VcpuRegisters& at_vector, bool interrupt) {
    // On one CPU it is the task that was resumed last, too.
    if (stacks_tell_tasks_) {
        current_ = tasks_.find_by_stack(at_vector.sp_el1);
    }
    if (!current_ || tasks_.find(*current_) == nullptr) {
        current_.reset();
        on_foreign_exception(at_vector, interrupt);
        return;
    }
    watch_.on_exception(*current_, at_vector.elr_el1);
    TracedTask& task = *tasks_.find(*current_);
    Visit& visit = task.visit.emplace(at_vector, interrupt, memory_);
    if (visit.cause == Visit::Cause::Syscall) {
        on_call(*current_, task.process, visit);
    }
}

void BoundaryTracer::on_foreign_exception(const VcpuRegisters& at_vector, bool interrupt) {
    if (recorder_.has_started()) {
        return;
    }
    foreign_clones_.erase(at_vector.sp_el1);
    if (interrupt || exception_class(at_vector.esr_el1) != ExceptionClass::Svc64) {
        return;
    }
    const TaskCall call = task_call(call_number(at_vector));
    if (call == TaskCall::Clone || call == TaskCall::Clone3) {
        foreign_clones_[at_vector.sp_el1] = at_vector.elr_el1;
    }
    if (call != TaskCall::Execve && call != TaskCall::Execveat) {
        return;
    }
    constexpr std::size_t kLongestPath = 4096;  // PATH_MAX
    const std::uint64_t path = at_vector.x[call == TaskCall::Execve ? 0 : 1];
    if (read_string(memory_, GuestVirt{path}, kLongestPath) == start_.path) {
        candidate_ = Candidate{.stack = at_vector.sp_el1, .sp = at_vector.sp, .return_pc = at_vector.elr_el1};
    }
}

// The task and its visit are gone afterwards if the call is exit or exit_group.
void BoundaryTracer::on_call(traces::TaskNumber number, traces::TaskNumber process, Visit& visit) {
    const std::array<std::uint64_t, 6> arguments = call_arguments(visit.registers);
    recorder_.enter_syscall(
        number, {.number = visit.number, .arguments = arguments, .pc = visit.svc(), .sp = visit.registers.sp},
        memory_);
    const auto exit_code = static_cast<int>(arguments[0] & 0xff);
    switch (visit.call) {
        case TaskCall::Clone:
        case TaskCall::Clone3:
            if (const auto request = read_clone_request(visit.call, arguments, memory_)) {
                lives_.expect_child(number, *request, visit.registers);
            }
            break;
        case TaskCall::Exit:
            lives_.end_task(number, {.exit_code = exit_code, .signal = std::nullopt});
            break;
        case TaskCall::ExitGroup:
            lives_.end_process(process, {.exit_code = exit_code, .signal = std::nullopt});
            break;
        case TaskCall::RtSigaction:
            if (const auto restorer = read_signal_restorer(arguments, memory_)) {
                check_.add_restorer(*restorer);
            }
            break;
        case TaskCall::RtSigreturn:
            visit.restored = read_interrupted_state(memory_, GuestVirt{visit.registers.sp});
            break;
        default:
            break;
    }
}

void BoundaryTracer::on_resume(const VcpuRegisters& now) {
    current_.reset();
    if (runs_child_on_stack_of_parent(now)) {
        stacks_tell_tasks_ = false;
    }
    if (try_start_program(now)) {
        return;
    }
    if (stacks_tell_tasks_ && !tasks_.find_by_stack(now.sp_el1) && moves_between_stacks(now)) {
        stacks_tell_tasks_ = false;
    }
    if (stacks_tell_tasks_) {
        resume_by_stack(now);
    } else {
        resume_by_registers(now);
    }
}

void BoundaryTracer::resume_by_stack(const VcpuRegisters& now) {
    const std::optional<traces::TaskNumber> owner = tasks_.find_by_stack(now.sp_el1);
    if (owner && continue_task(*owner, now)) {
        current_ = owner;
        return;
    }
    if (try_birth(now) || !owner) {
        return;
    }
    if (tasks_.find(*owner)->space != translation_table(now.ttbr0_el1)) {
        // The stack now serves a task that is not recorded, so its last owner has died.
        lives_.end_task(*owner, {});
        return;
    }
    continue_wrongly(*owner, now);
}

void BoundaryTracer::resume_by_registers(const VcpuRegisters& now) {
    const std::vector<traces::TaskNumber> alike = most_alike(now);
    if (alike.size() > 1) {
        refuse(
            "it has one EL1 stack for several tasks, and two of them wait at the same place with the same "
            "registers: they cannot be told apart");
        return;
    }
    // A child may begin where another task's call would be made again.
    const bool may_be_born =
        alike.empty() || tasks_.find(alike.front())->visit->registers.tpidr_el0 != now.tpidr_el0;
    if (may_be_born && try_birth(now)) {
        return;
    }
    if (!alike.empty() && continue_task(alike.front(), now)) {
        current_ = alike.front();
        return;
    }
    if ((!may_be_born && try_birth(now)) || continue_execed(now)) {
        return;
    }
    // Only one that is left could have come here by a fault of the kernel.
    std::vector<traces::TaskNumber> left;
    for (const auto& [number, task] : tasks_.all()) {
        if (task.visit && task.space == translation_table(now.ttbr0_el1)) {
            left.push_back(number);
        }
    }
    if (left.size() == 1) {
        continue_wrongly(left.front(), now);
    }
}

// Those that could go on with `now`, and of these the ones whose other registers are the most like it: a
// kernel may lose some.
std::vector<traces::TaskNumber> BoundaryTracer::most_alike(const VcpuRegisters& now) const {
    constexpr std::size_t kWeightOfThreadPointer = 32;
    std::vector<traces::TaskNumber> best;
    std::size_t most = 0;
    for (const auto& [number, task] : tasks_.all()) {
        const bool returns_to_parent = task.visit && task.visit->is_clone() && now.x[0] == 0;
        if (!task.visit || task.space != translation_table(now.ttbr0_el1) || returns_to_parent ||
            !returns_.fits(*task.visit, now)) {
            continue;
        }
        const UserRegisters& before = task.visit->registers;
        std::size_t same = before.tpidr_el0 == now.tpidr_el0 ? kWeightOfThreadPointer : 1;
        for (std::size_t index = kFirstSaved; index < before.x.size(); ++index) {
            same += before.x[index] == now.x[index] ? 1U : 0U;
        }
        if (same > most) {
            best.clear();
            most = same;
        }
        if (same == most) {
            best.push_back(number);
        }
    }
    return best;
}

// An exec ends in another address space, or in the old one emptied.
bool BoundaryTracer::continue_execed(const VcpuRegisters& now) {
    for (const auto& [number, task] : tasks_.all()) {
        if (task.visit && task.visit->is_exec() && continue_task(number, now)) {
            current_ = number;
            return true;
        }
    }
    return false;
}

void BoundaryTracer::continue_wrongly(traces::TaskNumber number, const VcpuRegisters& now) {
    TracedTask& task = *tasks_.find(number);
    if (task.visit) {
        returns_.continue_wrongly(number, *task.visit, now);
        task.visit.reset();
    }
    current_ = number;
}

// No clone returns 0 to the parent (man 2 clone), so this return is the child's.
bool BoundaryTracer::runs_child_on_stack_of_parent(const VcpuRegisters& now) const {
    if (now.x[0] != 0) {
        return false;
    }
    if (const auto owner = tasks_.find_by_stack(now.sp_el1)) {
        return lives_.expects_child_of(*owner, now.pc);
    }
    const auto foreign = foreign_clones_.find(now.sp_el1);
    return foreign != foreign_clones_.end() && foreign->second == now.pc;
}

// Whether an outstanding call returns to the very stack pointer and registers that it came with, but from
// another EL1 stack.
bool BoundaryTracer::moves_between_stacks(const VcpuRegisters& now) const {
    const std::uint64_t space = translation_table(now.ttbr0_el1);
    return std::ranges::any_of(tasks_.all(), [&](const auto& entry) {
        const TracedTask& task = entry.second;
        if (!task.visit || task.space != space) {
            return false;
        }
        const UserRegisters& before = task.visit->registers;
        return before.pc == now.pc && before.sp == now.sp && before.tpidr_el0 == now.tpidr_el0 &&
               std::equal(before.x.begin() + kFirstSaved, before.x.end(), now.x.begin() + kFirstSaved);
    });
}

bool BoundaryTracer::try_start_program(const VcpuRegisters& now) {
    if (start_.by == ProgramStart::By::Process1) {
        if (recorder_.has_started()) {
            return false;
        }
        // What a kernel that is not finished puts there may be no such stack. The program runs on it anyway.
        start_program(read_initial_stack(memory_, GuestVirt{now.sp}).value_or(InitialStack{}), now);
        return true;
    }
    if (!candidate_ || (stacks_tell_tasks_ && candidate_->stack != now.sp_el1)) {
        return false;
    }
    if (now.pc == candidate_->return_pc && now.sp == candidate_->sp) {
        candidate_.reset();  // the execve has failed
        return false;
    }
    const auto stack = read_initial_stack(memory_, GuestVirt{now.sp});
    if (!stack) {
        return false;
    }
    candidate_.reset();
    start_program(*stack, now);
    return true;
}

void BoundaryTracer::start_program(const InitialStack& stack, const VcpuRegisters& now) {
    const traces::TaskNumber number = recorder_.start_program(0, stack, now.sp, now.pc);
    tasks_.add(number, {.process = number, .stack = now.sp_el1});
    foreign_clones_.clear();
    current_ = number;
    enter_image(number, stack, now);
}

bool BoundaryTracer::try_birth(const VcpuRegisters& now) {
    const std::uint64_t space = translation_table(now.ttbr0_el1);
    const auto born = lives_.take_newborn(now, space, memory_);
    if (!born) {
        return false;
    }
    // A child gets its stack while its parent has one. Any other owner of this stack has died without
    // crossing the boundary again.
    const std::optional<traces::TaskNumber> last = tasks_.find_by_stack(now.sp_el1);
    if (last == born->parent) {
        stacks_tell_tasks_ = false;
    }
    tasks_.set_stack(born->number, now.sp_el1);
    tasks_.find(born->number)->space = space;
    current_ = born->number;
    watch_.copy(born->space, space);
    const UserRegisters first =
        born->signals.empty() ? static_cast<const UserRegisters&>(now)
                              : interrupted_registers(born->signals.front().interrupted, born->expected);
    check_.preserved(
        born->number, born->expected, first, std::nullopt, [] { return std::string("clone, in the child"); },
        born->expected.pc);
    returns_.enter_handlers(born->number, born->signals, now);
    if (last && stacks_tell_tasks_) {
        lives_.end_task(*last, {});
    }
    return true;
}

bool BoundaryTracer::continue_task(traces::TaskNumber number, const VcpuRegisters& now) {
    TracedTask& task = *tasks_.find(number);
    if (!task.visit) {
        return false;
    }
    const Visit& visit = *task.visit;
    const bool returns = now.pc == visit.registers.pc && now.sp == visit.registers.sp;
    const bool continues =
        (visit.is_exec() && !returns && continue_exec(number, task, now)) ||
        (task.space == translation_table(now.ttbr0_el1) && returns_.continues(number, visit, now));
    if (continues) {
        task.visit.reset();
    }
    return continues;
}

bool BoundaryTracer::continue_exec(traces::TaskNumber number, TracedTask& task, const VcpuRegisters& now) {
    const auto stack = read_initial_stack(memory_, GuestVirt{now.sp});
    if (!stack) {
        return false;
    }
    // The other threads of the process have ended (man 2 execve).
    for (const traces::TaskNumber other : tasks_.of_process(task.process)) {
        if (other != number) {
            lives_.end_task(other, {});
        }
    }
    recorder_.exec(number, *stack, now.sp, now.pc);
    enter_image(number, *stack, now);
    return true;
}

// The task stands at the first instruction of what it has executed.
void BoundaryTracer::enter_image(traces::TaskNumber number, const InitialStack& stack,
                                 const VcpuRegisters& now) {
    TracedTask& task = *tasks_.find(number);
    task.space = translation_table(now.ttbr0_el1);
    if (task.process == kFirstTask) {
        program_auxv_ = stack.auxv;
    }
    watch_.begin(task.space, stack);
    check_.program_entry(number, now);
}

}  // namespace levitate::vmm
