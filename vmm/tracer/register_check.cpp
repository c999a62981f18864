#include "vmm/tracer/register_check.hpp"

#include <array>
#include <cinttypes>
#include <cstdio>
#include <string>
#include <string_view>

#include "vmm/arch/aarch64.hpp"

namespace levitate::vmm {
namespace {

using Change = traces::RegistersEvent::Change;

std::string hex(std::uint64_t number) {
    char text[2 + 16 + 1];
    std::snprintf(text, sizeof(text), "0x%" PRIx64, number);
    return text;
}

std::string hex(const Vector128& vector) {
    char text[2 + 32 + 1];
    std::snprintf(text, sizeof(text), "0x%016" PRIx64 "%016" PRIx64, vector.high, vector.low);
    return text;
}

}  // namespace

UserRegisters interrupted_registers(const InterruptedState& frame, const UserRegisters& others) {
    UserRegisters registers = others;
    static_cast<GeneralRegisters&>(registers) = frame;
    if (frame.vectors) {
        static_cast<VectorRegisters&>(registers) = *frame.vectors;
    }
    return registers;
}

// The registers with which Linux enters a signal's handler: those that its frame holds, except those that
// Linux sets (arch/arm64/kernel/signal.c, setup_return). `entered` has the registers with which it was
// entered. What is free within bounds comes from there: where the frame record stands, and where the handler
// returns to, if that is a restorer or code that calls rt_sigreturn. TPIDR_EL0 is taken from `entered`.
UserRegisters RegisterCheck::handler_registers(const DeliveredSignal& signal,
                                               const UserRegisters& entered) const {
    using Pair = std::array<std::uint64_t, 2>;
    constexpr std::size_t kFramePointer = 29;
    constexpr std::size_t kLink = 30;
    // MOV X8, #139 (rt_sigreturn); SVC #0: what Linux's own trampoline consists of.
    constexpr std::uint64_t kCallsSigreturn = 0xd4000001'd2801168;
    UserRegisters expected = interrupted_registers(signal.interrupted, entered);
    expected.sp = signal.frame;
    expected.pc = signal.handler;
    expected.x[0] = signal.signal;
    if (!signal.information.empty()) {
        expected.x[1] = signal.frame;
        expected.x[2] = signal.frame + kSignalFrameContext;
    }
    const std::uint64_t record = entered.x[kFramePointer];
    const Pair saved{signal.interrupted.x[kFramePointer], signal.interrupted.x[kLink]};
    if (record > signal.frame && read_value<Pair>(memory_, GuestVirt{record}) == saved) {
        expected.x[kFramePointer] = record;
    }
    const std::uint64_t link = entered.x[kLink];
    if (restorers_.contains(link) || read_value<std::uint64_t>(memory_, GuestVirt{link}) == kCallsSigreturn) {
        expected.x[kLink] = link;
    }
    return expected;
}

std::vector<Change> lost_registers(const UserRegisters& before, const UserRegisters& after,
                                   std::optional<unsigned> may_change) {
    std::vector<Change> changes;
    const auto hold = [&changes](std::string_view name, const auto& was, const auto& is) {
        if (was != is) {
            changes.push_back({.name = std::string(name), .before = hex(was), .after = hex(is)});
        }
    };
    // No name is made for a register that is unchanged, because every call comes through here.
    for (unsigned index = 0; index < before.x.size(); ++index) {
        if (before.x[index] != after.x[index] && may_change != index) {
            hold("x" + std::to_string(index), before.x[index], after.x[index]);
        }
    }
    hold("sp", before.sp, after.sp);
    hold("pc", before.pc, after.pc);
    hold("nzcv", before.pstate & spsr::kConditionFlags, after.pstate & spsr::kConditionFlags);
    hold("tpidr_el0", before.tpidr_el0, after.tpidr_el0);
    for (unsigned index = 0; index < before.v.size(); ++index) {
        if (before.v[index] != after.v[index]) {
            hold("v" + std::to_string(index), before.v[index], after.v[index]);
        }
    }
    hold("fpcr", before.fpcr, after.fpcr);
    hold("fpsr", before.fpsr, after.fpsr);
    return changes;
}

// Linux clears every register that it does not set (arch/arm64/include/asm/processor.h, start_thread;
// arch/arm64/kernel/process.c, flush_thread).
void RegisterCheck::program_entry(traces::TaskNumber task, const UserRegisters& now) {
    UserRegisters cleared;
    cleared.sp = now.sp;
    cleared.pc = now.pc;
    preserved(task, cleared, now, std::nullopt, [] { return std::string("execve"); }, now.pc);
}

void RegisterCheck::handler_entry(traces::TaskNumber task, const DeliveredSignal& signal,
                                  const UserRegisters& entered) {
    preserved(
        task, handler_registers(signal, entered), entered, std::nullopt,
        [] { return std::string("the entry of a handler"); }, entered.pc);
}

}  // namespace levitate::vmm
