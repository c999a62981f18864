#include "vmm/tracer/signal_frame.hpp"

#include <algorithm>
#include <array>

namespace levitate::vmm {
namespace {

constexpr std::uint64_t kLastSignal = 64;  // _NSIG
constexpr std::uint64_t kRegistersOffset = kSignalFrameMachineContext + 8;
constexpr std::size_t kRegistersCount = 31 + 3;  // x0 to x30, sp, pc, pstate
// More signals than exist cannot be pending for one handler each.
constexpr std::size_t kMostFrames = kLastSignal;

}  // namespace

std::optional<InterruptedState> read_interrupted_state(const UserMemory& memory, GuestVirt sp) {
    if (value(sp) % 16 != 0) {
        return std::nullopt;
    }
    const auto words = read_value<std::array<std::uint64_t, kRegistersCount>>(memory, sp + kRegistersOffset);
    if (!words) {
        return std::nullopt;
    }
    InterruptedState state;
    std::copy_n(words->begin(), state.x.size(), state.x.begin());
    state.sp = (*words)[31];
    state.pc = (*words)[32];
    state.pstate = (*words)[33];
    return state;
}

std::optional<DeliveredSignal> read_delivered_signal(const UserMemory& memory, const HandlerEntry& entry) {
    if (entry.x[0] == 0 || entry.x[0] > kLastSignal) {
        return std::nullopt;
    }
    auto interrupted = read_interrupted_state(memory, GuestVirt{entry.sp});
    if (!interrupted) {
        return std::nullopt;
    }
    DeliveredSignal result{.handler = entry.pc,
                           .frame = entry.sp,
                           .signal = static_cast<unsigned>(entry.x[0]),
                           .information = {},
                           .interrupted = *interrupted};
    // Only with SA_SIGINFO does the kernel fill in the information and pass x1 and x2; without it those bytes
    // are whatever lay on the stack.
    const bool wants_information = entry.x[1] == entry.sp && entry.x[2] == entry.sp + kSignalFrameContext;
    if (wants_information) {
        result.information.resize(kSignalInfoSize);
        result.information.resize(memory.read(GuestVirt{entry.sp}, result.information));
    }
    return result;
}

std::vector<DeliveredSignal> delivered_signals(const UserMemory& memory, const HandlerEntry& entry,
                                               const InterruptionPoint& point) {
    std::vector<DeliveredSignal> signals;
    HandlerEntry at = entry;
    while (signals.size() < kMostFrames) {
        const auto delivered = read_delivered_signal(memory, at);
        if (!delivered) {
            return {};
        }
        const InterruptedState& interrupted = delivered->interrupted;
        signals.push_back(*delivered);
        if (interrupted.sp == point.sp && (interrupted.pc == point.pc || interrupted.pc == point.other_pc)) {
            std::ranges::reverse(signals);
            return signals;
        }
        at = HandlerEntry{.x = interrupted.x, .sp = interrupted.sp, .pc = interrupted.pc};
    }
    return {};
}

}  // namespace levitate::vmm
