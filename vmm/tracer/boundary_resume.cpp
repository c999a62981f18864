// The boundary tracer's half that looks at returns to EL0: which task goes on, and how.
#include <algorithm>
#include <utility>

#include "vmm/tracer/boundary_tracer.hpp"

namespace levitate::vmm {
namespace {

constexpr std::uint64_t kInstructionSize = 4;

HandlerEntry as_handler_entry(const UserRegisters& now) {
    return {.x = now.x, .sp = now.sp, .pc = now.pc};
}

// The register that an MRS writes; nullopt: another instruction. Linux emulates reads of ID registers
// (arch/arm64/kernel/cpufeature.c, emulate_mrs).
std::optional<unsigned> destination_of_mrs(std::uint32_t instruction) {
    constexpr std::uint32_t kMask = 0xfff00000;
    constexpr std::uint32_t kMrs = 0xd5300000;  // Arm ARM C6.2.225
    return (instruction & kMask) == kMrs ? std::optional(instruction & 31U) : std::nullopt;
}

}  // namespace

void BoundaryTracer::on_resume(const VcpuRegisters& registers) {
    const UserRegisters now = user_registers_at_return(registers);
    const std::uint64_t space = translation_table(registers.ttbr0_el1);
    current_.reset();
    if (runs_child_on_stack_of_parent(now, registers.sp_el1)) {
        refuse(
            "this kernel runs a child on the EL1 stack of its parent: its tasks cannot be told apart by "
            "SP_EL1");
        return;
    }
    if (try_start_program(registers)) {
        return;
    }
    const std::optional<traces::TaskNumber> owner = find_by_stack(registers.sp_el1);
    if (owner && continue_task(*owner, now, space)) {
        current_ = owner;
        return;
    }
    if (try_birth(registers)) {
        return;
    }
    if (!owner) {
        if (moves_between_stacks(now, space)) {
            refuse(
                "this kernel returns from an exception with another SP_EL1 than it entered EL1 with: its "
                "tasks "
                "cannot be told apart");
        }
        return;
    }
    if (find(*owner)->space == space) {
        continue_wrongly(*owner, now);
        current_ = owner;
    } else {
        // The stack serves a task that is not recorded: its last owner has died.
        end_task(*owner, {});
    }
}

void BoundaryTracer::refuse(const std::string& reason) {
    refusal_ = reason;
    engine_.set_boundary_exits(false);
}

// No clone returns 0 to the parent (man 2 clone), so this return is the child's.
bool BoundaryTracer::runs_child_on_stack_of_parent(const UserRegisters& now, std::uint64_t stack) const {
    if (now.x[0] != 0) {
        return false;
    }
    if (const auto owner = find_by_stack(stack)) {
        return std::ranges::any_of(births_, [&](const PendingBirth& birth) {
            return birth.parent == *owner && !birth.parent_returned && birth.at_call.pc == now.pc;
        });
    }
    const auto foreign = foreign_clones_.find(stack);
    return foreign != foreign_clones_.end() && foreign->second == now.pc;
}

// The return of an outstanding call to the very stack pointer and registers that it came with, but from
// another EL1 stack.
bool BoundaryTracer::moves_between_stacks(const UserRegisters& now, std::uint64_t space) const {
    constexpr std::size_t kFirstSaved = 19;  // x19 to x29: a call's own arguments say nothing
    return std::ranges::any_of(tasks_, [&](const auto& entry) {
        const Task& task = entry.second;
        if (!task.visit || task.space != space) {
            return false;
        }
        const UserRegisters& before = task.visit->registers;
        return before.pc == now.pc && before.sp == now.sp && before.tpidr == now.tpidr &&
               std::equal(before.x.begin() + kFirstSaved, before.x.end(), now.x.begin() + kFirstSaved);
    });
}

bool BoundaryTracer::try_start_program(const VcpuRegisters& registers) {
    if (!candidate_ || candidate_->stack != registers.sp_el1) {
        return false;
    }
    const Candidate candidate = *candidate_;
    candidate_.reset();
    if (registers.pc == candidate.return_pc && registers.sp_el0 == candidate.sp) {
        return false;  // the execve has failed
    }
    const auto stack = read_initial_stack(memory_, GuestVirt{registers.sp_el0});
    if (!stack) {
        return false;
    }
    const traces::TaskNumber number = recorder_.start_program(0, *stack, registers.sp_el0, registers.pc);
    const std::uint64_t space = translation_table(registers.ttbr0_el1);
    tasks_.emplace(
        number,
        Task{.process = number, .tid = 0, .stack = registers.sp_el1, .space = space, .visit = std::nullopt});
    by_stack_.emplace(registers.sp_el1, number);
    foreign_clones_.clear();
    current_ = number;
    program_auxv_ = stack->auxv;
    begin_space(*stack, space);
    check_entry_state(number, user_registers_at_return(registers));
    return true;
}

bool BoundaryTracer::continue_task(traces::TaskNumber number, const UserRegisters& now, std::uint64_t space) {
    Task* const task = find(number);
    if (!task->visit) {
        return false;
    }
    const Visit visit = *task->visit;
    const bool returns = now.pc == visit.registers.pc && now.sp == visit.registers.sp;
    const bool is_exec = visit.call == TaskCall::Execve || visit.call == TaskCall::Execveat;
    bool continues = is_exec && !returns && continue_exec(number, *task, now, space);
    if (!continues && task->space == space) {
        continues = visit.cause == Cause::Syscall ? continue_syscall(number, visit, now)
                                                  : continue_interruption(number, visit, now);
    }
    if (continues) {
        find(number)->visit.reset();
    }
    return continues;
}

bool BoundaryTracer::continue_exec(traces::TaskNumber number, Task& task, const UserRegisters& now,
                                   std::uint64_t space) {
    const auto stack = read_initial_stack(memory_, GuestVirt{now.sp});
    if (!stack) {
        return false;
    }
    // The other threads of the process have ended (man 2 execve).
    std::vector<traces::TaskNumber> others;
    for (const auto& [other, state] : tasks_) {
        if (other != number && state.process == task.process) {
            others.push_back(other);
        }
    }
    for (const traces::TaskNumber other : others) {
        end_task(other, {});
    }
    recorder_.exec(number, *stack, now.sp, now.pc);
    task.space = space;
    if (task.process == kFirstTask) {
        program_auxv_ = stack->auxv;
    }
    begin_space(*stack, space);
    check_entry_state(number, now);
    return true;
}

// Linux clears every register that it does not set (arch/arm64/include/asm/processor.h, start_thread;
// arch/arm64/kernel/process.c, flush_thread).
void BoundaryTracer::check_entry_state(traces::TaskNumber number, const UserRegisters& now) {
    const UserRegisters cleared{.sp = now.sp, .pc = now.pc};
    check_registers(number, cleared, now, std::nullopt, "execve", now.pc);
}

bool BoundaryTracer::continue_syscall(traces::TaskNumber number, const Visit& visit,
                                      const UserRegisters& now) {
    if (visit.call == TaskCall::RtSigreturn) {
        return continue_signal_return(number, visit, now);
    }
    UserRegisters before = visit.registers;
    const std::uint64_t svc = before.pc - kInstructionSize;
    if (now.sp == before.sp && now.pc == before.pc) {
        finish_syscall(number, visit, static_cast<std::int64_t>(now.x[0]));
        check_registers(number, before, now, 0, visit.describe(), svc);
        return true;
    }
    if (now.sp == before.sp && now.pc == svc) {
        // A restart without a handler. Linux may turn the call into restart_syscall
        // (arch/arm64/kernel/signal.c, setup_restart_syscall).
        recorder_.repeat_syscall(number);
        const bool renumbers = task_call(now.x[8]) == TaskCall::RestartSyscall;
        before.pc = svc;
        check_registers(number, before, now, renumbers ? std::optional(8U) : std::nullopt,
                        "restart of " + visit.describe(), svc);
        return true;
    }
    return continue_in_handler(number, visit, now);
}

bool BoundaryTracer::continue_signal_return(traces::TaskNumber number, const Visit& visit,
                                            const UserRegisters& now) {
    if (!visit.restored) {
        recorder_.end_syscall(number);
        return continue_in_handler(number, visit, now);
    }
    const InterruptedState& restored = *visit.restored;
    if (now.pc == restored.pc && now.sp == restored.sp) {
        recorder_.end_syscall(number);
        check_registers(number, interrupted_registers(restored, visit.registers), now, std::nullopt,
                        visit.describe(), visit.registers.pc - kInstructionSize);
        return true;
    }
    const auto signals = delivered_signals(memory_, as_handler_entry(now),
                                           {.sp = restored.sp, .pc = restored.pc, .other_pc = restored.pc});
    if (signals.empty()) {
        return false;
    }
    recorder_.end_syscall(number);
    check_registers(number, interrupted_registers(restored, visit.registers),
                    interrupted_registers(signals.front().interrupted, visit.registers), std::nullopt,
                    visit.describe() + ", in the signal frame", visit.registers.pc - kInstructionSize);
    record_signals(number, signals, now);
    return true;
}

bool BoundaryTracer::continue_interruption(traces::TaskNumber number, const Visit& visit,
                                           const UserRegisters& now) {
    UserRegisters before = visit.registers;
    const std::uint64_t pc = before.pc;
    std::optional<unsigned> may_change;
    if (visit.cause == Cause::Undefined && now.pc == pc + kInstructionSize) {
        may_change = destination_of_mrs(visit.instruction);
        before.pc = now.pc;
    }
    if (now.pc == before.pc && now.sp == before.sp) {
        check_registers(number, before, now, may_change, visit.describe(), pc);
        return true;
    }
    return continue_in_handler(number, visit, now);
}

bool BoundaryTracer::continue_in_handler(traces::TaskNumber number, const Visit& visit,
                                         const UserRegisters& now) {
    const UserRegisters& before = visit.registers;
    const bool in_call = visit.cause == Cause::Syscall && visit.call != TaskCall::RtSigreturn;
    InterruptionPoint point{.sp = before.sp, .pc = before.pc, .other_pc = before.pc};
    if (in_call) {
        point.other_pc = before.pc - kInstructionSize;
    } else if (visit.cause == Cause::Undefined) {
        point.other_pc = before.pc + kInstructionSize;
    }
    const auto signals = delivered_signals(memory_, as_handler_entry(now), point);
    if (signals.empty()) {
        return false;
    }
    const InterruptedState& interrupted = signals.front().interrupted;
    std::optional<unsigned> may_change;
    if (in_call && interrupted.pc == before.pc) {
        finish_syscall(number, visit, static_cast<std::int64_t>(interrupted.x[0]));
        may_change = 0;
    } else if (in_call) {
        recorder_.restart_syscall(number, memory_);
        if (task_call(interrupted.x[8]) == TaskCall::RestartSyscall) {
            may_change = 8;
        }
    } else if (visit.cause == Cause::Undefined && interrupted.pc != before.pc) {
        may_change = destination_of_mrs(visit.instruction);
    }
    UserRegisters saved = interrupted_registers(interrupted, before);
    saved.pc = before.pc;
    check_registers(number, before, saved, may_change, visit.describe() + ", in the signal frame", before.pc);
    record_signals(number, signals, now);
    return true;
}

// The handler of each signal starts with the registers that its frame holds, but for those that Linux sets
// (arch/arm64/kernel/signal.c, setup_return). What follows a frame is the next one, or the task's resume.
void BoundaryTracer::record_signals(traces::TaskNumber number, const std::vector<DeliveredSignal>& signals,
                                    const UserRegisters& now) {
    for (std::size_t index = 0; index < signals.size(); ++index) {
        const DeliveredSignal& signal = signals[index];
        const UserRegisters entered =
            index + 1 < signals.size() ? interrupted_registers(signals[index + 1].interrupted, now) : now;
        recorder_.signal(number, signal);
        const UserRegisters expected = handler_registers(memory_, signal, entered, restorers_);
        check_registers(number, expected, entered, std::nullopt, "the entry of a handler", entered.pc);
    }
}

// The task goes on somewhere that no rule of Linux explains.
void BoundaryTracer::continue_wrongly(traces::TaskNumber number, const UserRegisters& now) {
    const std::optional<Visit> visit = std::exchange(find(number)->visit, std::nullopt);
    if (!visit) {
        return;
    }
    std::optional<unsigned> may_change;
    if (visit->cause == Cause::Syscall) {
        finish_syscall(number, *visit, static_cast<std::int64_t>(now.x[0]));
        may_change = 0;
    }
    check_registers(number, visit->registers, now, may_change, visit->describe(), visit->registers.pc);
}

void BoundaryTracer::finish_syscall(traces::TaskNumber number, const Visit& visit, std::int64_t result) {
    if (visit.call == TaskCall::Clone || visit.call == TaskCall::Clone3) {
        parent_returned(number, result);
    }
    const traces::SyscallEvent* const outstanding = recorder_.outstanding_syscall(number);
    const auto arguments = outstanding == nullptr ? std::array<std::uint64_t, 6>{} : outstanding->arguments;
    recorder_.return_from_syscall(number, result, memory_);
    const auto reaped = read_reaped_child(visit.call, arguments, result, memory_);
    if (!reaped) {
        return;
    }
    const auto child = std::ranges::find_if(
        tasks_, [&](const auto& entry_of) { return entry_of.second.tid == reaped->pid; });
    if (child != tasks_.end() && child->first != number) {
        end_process(child->second.process, reaped->end);
    }
}

void BoundaryTracer::check_registers(traces::TaskNumber number, const UserRegisters& before,
                                     const UserRegisters& after, std::optional<unsigned> may_change,
                                     const std::string& during, std::uint64_t pc) {
    auto changes = lost_registers(before, after, may_change);
    if (!changes.empty()) {
        recorder_.registers_lost(number, {.changes = std::move(changes), .during = during, .pc = pc});
    }
}

}  // namespace levitate::vmm
