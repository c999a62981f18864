#include "vmm/run/signal_waits.hpp"

#include <algorithm>

#include "traces/abi/constants.hpp"

namespace levitate::vmm {
namespace {

using traces::abi::syscall_number;

bool is_wait_for_signal(const LastCall& call) {
    if (call.returned) {
        return false;
    }
    const auto& arguments = call.arguments;
    // No descriptors, no time.
    if (call.number == syscall_number("pselect6")) {
        return arguments[0] == 0 && arguments[4] == 0;
    }
    if (call.number == syscall_number("ppoll")) {
        return arguments[1] == 0 && arguments[2] == 0;
    }
    return call.number == syscall_number("rt_sigsuspend") || call.number == syscall_number("rt_sigtimedwait");
}

}  // namespace

bool waits_for_signal(const Engine& engine) {
    const std::vector<LastCall> calls = engine.last_calls();
    return std::ranges::any_of(calls, is_wait_for_signal);
}

}  // namespace levitate::vmm
