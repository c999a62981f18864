#include "vmm/tracer/task_return.hpp"

#include <array>
#include <string>

#include "vmm/arch/aarch64.hpp"

namespace levitate::vmm {
namespace {

using Cause = Visit::Cause;

// The register that an MRS writes; nullopt: another instruction. Linux emulates reads of ID registers
// (arch/arm64/kernel/cpufeature.c, emulate_mrs).
std::optional<unsigned> destination_of_mrs(std::uint32_t instruction) {
    constexpr std::uint32_t kMask = 0xfff00000;
    constexpr std::uint32_t kMrs = 0xd5300000;  // Arm ARM C6.2.225
    return (instruction & kMask) == kMrs ? std::optional(instruction & 31U) : std::nullopt;
}

// Where a signal may find the task in its visit.
InterruptionPoint interruption_point(const Visit& visit) {
    const UserRegisters& before = visit.registers;
    InterruptionPoint point{.sp = before.sp, .pc = before.pc, .other_pc = before.pc};
    if (visit.cause == Cause::Syscall && visit.call == TaskCall::RtSigreturn && visit.restored) {
        const InterruptedState& restored = *visit.restored;
        return {.sp = restored.sp, .pc = restored.pc, .other_pc = restored.pc};
    }
    if (visit.cause == Cause::Syscall && visit.call != TaskCall::RtSigreturn) {
        point.other_pc = visit.svc();
    } else if (visit.cause == Cause::Undefined) {
        point.other_pc = before.pc + kInstructionSize;
    }
    return point;
}

}  // namespace

bool TaskReturns::fits(const Visit& visit, const UserRegisters& now) const {
    const InterruptionPoint point = interruption_point(visit);
    if (now.sp == point.sp && (now.pc == point.pc || now.pc == point.other_pc)) {
        return true;
    }
    return !delivered_signals(memory_, now, point).empty();
}

bool TaskReturns::continues(traces::TaskNumber number, const Visit& visit, const UserRegisters& now) {
    return visit.cause == Cause::Syscall ? from_call(number, visit, now)
                                         : from_interruption(number, visit, now);
}

bool TaskReturns::from_call(traces::TaskNumber number, const Visit& visit, const UserRegisters& now) {
    if (visit.call == TaskCall::RtSigreturn) {
        return from_signal_return(number, visit, now);
    }
    const UserRegisters& before = visit.registers;
    if (now.sp == before.sp && now.pc == before.pc) {
        finish_call(number, visit, static_cast<std::int64_t>(now.x[0]));
        check_.preserved(number, before, now, 0, [&] { return visit.describe(); }, visit.svc());
        return true;
    }
    if (now.sp == before.sp && now.pc == visit.svc()) {
        // This is a restart without a handler. Linux may turn the call into restart_syscall
        // (arch/arm64/kernel/signal.c, setup_restart_syscall).
        recorder_.repeat_syscall(number);
        const bool renumbers = task_call(now.x[8]) == TaskCall::RestartSyscall;
        UserRegisters again = before;
        again.pc = visit.svc();
        check_.preserved(
            number, again, now, renumbers ? std::optional(8U) : std::nullopt,
            [&] { return "restart of " + visit.describe(); }, visit.svc());
        return true;
    }
    return into_handler(number, visit, now);
}

bool TaskReturns::from_signal_return(traces::TaskNumber number, const Visit& visit,
                                     const UserRegisters& now) {
    if (!visit.restored) {
        recorder_.end_syscall(number);
        return into_handler(number, visit, now);
    }
    const InterruptedState& restored = *visit.restored;
    if (now.pc == restored.pc && now.sp == restored.sp) {
        recorder_.end_syscall(number);
        check_.preserved(
            number, interrupted_registers(restored, visit.registers), now, std::nullopt,
            [&] { return visit.describe(); }, visit.svc());
        return true;
    }
    const auto signals = delivered_signals(memory_, now, interruption_point(visit));
    if (signals.empty()) {
        return false;
    }
    recorder_.end_syscall(number);
    check_.preserved(
        number, interrupted_registers(restored, visit.registers),
        interrupted_registers(signals.front().interrupted, visit.registers), std::nullopt,
        [&] { return visit.describe() + ", in the signal frame"; }, visit.svc());
    enter_handlers(number, signals, now);
    return true;
}

bool TaskReturns::from_interruption(traces::TaskNumber number, const Visit& visit, const UserRegisters& now) {
    const std::uint64_t pc = visit.registers.pc;
    const bool emulated = visit.cause == Cause::Undefined && now.pc == pc + kInstructionSize;
    if (now.sp != visit.registers.sp || (now.pc != pc && !emulated)) {
        return into_handler(number, visit, now);
    }
    UserRegisters before = visit.registers;
    before.pc = now.pc;
    check_.preserved(
        number, before, now, emulated ? destination_of_mrs(visit.instruction) : std::nullopt,
        [&] { return visit.describe(); }, pc);
    return true;
}

bool TaskReturns::into_handler(traces::TaskNumber number, const Visit& visit, const UserRegisters& now) {
    const UserRegisters& before = visit.registers;
    const bool in_call = visit.cause == Cause::Syscall && visit.call != TaskCall::RtSigreturn;
    const auto signals = delivered_signals(memory_, now, interruption_point(visit));
    if (signals.empty()) {
        return false;
    }
    const InterruptedState& interrupted = signals.front().interrupted;
    std::optional<unsigned> may_change;
    if (in_call && interrupted.pc == before.pc) {
        finish_call(number, visit, static_cast<std::int64_t>(interrupted.x[0]));
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
    check_.preserved(
        number, before, saved, may_change, [&] { return visit.describe() + ", in the signal frame"; },
        before.pc);
    enter_handlers(number, signals, now);
    return true;
}

void TaskReturns::enter_handlers(traces::TaskNumber number, const std::vector<DeliveredSignal>& signals,
                                 const UserRegisters& now) {
    for (std::size_t index = 0; index < signals.size(); ++index) {
        recorder_.signal(number, signals[index]);
        const bool is_last = index + 1 == signals.size();
        check_.handler_entry(number, signals[index],
                             is_last ? now : interrupted_registers(signals[index + 1].interrupted, now));
    }
}

void TaskReturns::continue_wrongly(traces::TaskNumber number, const Visit& visit, const UserRegisters& now) {
    std::optional<unsigned> may_change;
    if (visit.cause == Cause::Syscall) {
        finish_call(number, visit, static_cast<std::int64_t>(now.x[0]));
        may_change = 0;
    }
    check_.preserved(
        number, visit.registers, now, may_change, [&] { return visit.describe(); }, visit.registers.pc);
}

void TaskReturns::finish_call(traces::TaskNumber number, const Visit& visit, std::int64_t result) {
    if (visit.call == TaskCall::Clone || visit.call == TaskCall::Clone3) {
        lives_.parent_returned(number, result);
    }
    const traces::SyscallEvent* const outstanding = recorder_.outstanding_syscall(number);
    const auto arguments = outstanding == nullptr ? std::array<std::uint64_t, 6>{} : outstanding->arguments;
    recorder_.return_from_syscall(number, result, memory_);
    const auto reaped = read_reaped_child(visit.call, arguments, result, memory_);
    const auto child = reaped ? tasks_.find_by_tid(reaped->pid) : std::nullopt;
    if (!child) {
        return;
    }
    // No process is its own child, whatever a kernel says.
    const traces::TaskNumber process = tasks_.find(*child)->process;
    if (process != tasks_.find(number)->process) {
        lives_.end_process(process, reaped->end);
    }
}

}  // namespace levitate::vmm
