// The boundary tracer's half that looks at exceptions taken from EL0.
#include "traces/abi/syscalls.hpp"
#include "vmm/tracer/boundary_tracer.hpp"

namespace levitate::vmm {
namespace {

constexpr std::uint64_t kInstructionSize = 4;
constexpr std::size_t kLongestPath = 4096;  // PATH_MAX

// ESR_EL1.EC (Arm ARM D17.2.37).
enum class ExceptionClass : std::uint64_t {
    Unknown = 0x00,
    Svc64 = 0x15,
    SystemRegister = 0x18,
    InstructionAbort = 0x20,
    DataAbort = 0x24,
};

ExceptionClass exception_class(std::uint64_t esr) {
    return static_cast<ExceptionClass>((esr >> 26) & 0x3f);
}

std::array<std::uint64_t, 6> call_arguments(const UserRegisters& registers) {
    return {registers.x[0], registers.x[1], registers.x[2], registers.x[3], registers.x[4], registers.x[5]};
}

}  // namespace

std::string BoundaryTracer::Visit::describe() const {
    switch (cause) {
        case Cause::Syscall: {
            const traces::abi::SyscallRow* const row = traces::abi::find_syscall(number);
            return "syscall " + (row == nullptr ? std::to_string(number) : std::string(row->name));
        }
        case Cause::Interrupt:
            return "irq";
        case Cause::Abort:
            return "abort";
        case Cause::Undefined:
            return "undefined instruction";
        case Cause::Other:
            break;
    }
    return "exception";
}

BoundaryTracer::Visit BoundaryTracer::make_visit(const VcpuRegisters& registers, bool interrupt) const {
    Visit visit{.cause = Cause::Other,
                .registers = user_registers_at_exception(registers),
                .number = 0,
                .call = TaskCall::Other,
                .restored = std::nullopt,
                .instruction = 0};
    if (interrupt) {
        visit.cause = Cause::Interrupt;
        return visit;
    }
    switch (exception_class(registers.esr_el1)) {
        case ExceptionClass::Svc64:
            visit.cause = Cause::Syscall;
            // Linux takes the number as an int from w8 (arch/arm64/kernel/syscall.c).
            visit.number = registers.x[8] & 0xffffffff;
            visit.call = task_call(visit.number);
            break;
        case ExceptionClass::InstructionAbort:
        case ExceptionClass::DataAbort:
            visit.cause = Cause::Abort;
            break;
        case ExceptionClass::Unknown:
        case ExceptionClass::SystemRegister:
            visit.cause = Cause::Undefined;
            visit.instruction = read_value<std::uint32_t>(memory_, GuestVirt{registers.elr_el1}).value_or(0);
            break;
    }
    return visit;
}

void BoundaryTracer::on_exception(const VcpuRegisters& registers, bool interrupt) {
    Visit visit = make_visit(registers, interrupt);
    current_ = find_by_stack(registers.sp_el1);
    if (!current_) {
        on_foreign_exception(registers, visit.cause);
        return;
    }
    const traces::TaskNumber number = *current_;
    Task& task = *find(number);
    task.was_served = task.served && task.served->pc == registers.elr_el1 &&
                      engine_.retired_instructions() - task.served->retired <= 1;
    if (visit.cause == Cause::Syscall) {
        on_syscall(number, task, visit);
    }
    // exit and exit_group have ended the task.
    if (Task* const survivor = find(number)) {
        survivor->visit = visit;
    }
}

void BoundaryTracer::on_foreign_exception(const VcpuRegisters& registers, Cause cause) {
    if (recorder_.has_started()) {
        return;
    }
    foreign_clones_.erase(registers.sp_el1);
    if (cause != Cause::Syscall) {
        return;
    }
    const TaskCall call = task_call(registers.x[8] & 0xffffffff);
    if (call == TaskCall::Clone || call == TaskCall::Clone3) {
        foreign_clones_[registers.sp_el1] = registers.elr_el1;
    }
    if (call != TaskCall::Execve && call != TaskCall::Execveat) {
        return;
    }
    const std::uint64_t path = registers.x[call == TaskCall::Execve ? 0 : 1];
    if (read_string(memory_, GuestVirt{path}, kLongestPath) == program_) {
        candidate_ =
            Candidate{.stack = registers.sp_el1, .sp = registers.sp_el0, .return_pc = registers.elr_el1};
    }
}

void BoundaryTracer::on_syscall(traces::TaskNumber number, Task& task, Visit& visit) {
    const std::array<std::uint64_t, 6> arguments = call_arguments(visit.registers);
    recorder_.enter_syscall(number,
                            {.number = visit.number,
                             .arguments = arguments,
                             .pc = visit.registers.pc - kInstructionSize,
                             .sp = visit.registers.sp},
                            memory_);
    switch (visit.call) {
        case TaskCall::Clone:
        case TaskCall::Clone3:
            if (const auto request = read_clone_request(visit.call, arguments, memory_)) {
                births_.push_back({.parent = number,
                                   .parent_process = task.process,
                                   .request = *request,
                                   .at_call = visit.registers,
                                   .space = task.space,
                                   .child = std::nullopt,
                                   .parent_returned = false,
                                   .child_ran = false});
            }
            break;
        case TaskCall::Exit:
            end_task(number, {.exit_code = static_cast<int>(arguments[0] & 0xff), .signal = std::nullopt});
            break;
        case TaskCall::ExitGroup:
            end_process(task.process,
                        {.exit_code = static_cast<int>(arguments[0] & 0xff), .signal = std::nullopt});
            break;
        case TaskCall::RtSigaction:
            if (const auto restorer = read_signal_restorer(arguments, memory_)) {
                restorers_.insert(*restorer);
            }
            break;
        case TaskCall::RtSigreturn:
            visit.restored = read_interrupted_state(memory_, GuestVirt{visit.registers.sp});
            break;
        default:
            break;
    }
}

void BoundaryTracer::end_task(traces::TaskNumber number, const traces::TaskEndEvent& end) {
    const auto found = tasks_.find(number);
    recorder_.end_task(number, end);
    std::erase_if(births_, [number](const PendingBirth& birth) {
        return birth.child == number || (birth.parent == number && !birth.child);
    });
    if (found->second.stack != 0) {
        by_stack_.erase(found->second.stack);
    }
    tasks_.erase(found);
}

void BoundaryTracer::end_process(traces::TaskNumber process, const traces::TaskEndEvent& end) {
    std::vector<traces::TaskNumber> members;
    for (const auto& [number, task] : tasks_) {
        if (task.process == process) {
            members.push_back(number);
        }
    }
    for (const traces::TaskNumber number : members) {
        end_task(number, end);
    }
}

}  // namespace levitate::vmm
