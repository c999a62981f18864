#include "traces/compare/side.hpp"

#include "traces/abi/constants.hpp"
#include "traces/abi/layouts.hpp"

namespace levitate::traces::detail {

using abi::CallKind;
using abi::syscall_number;

const SyscallEvent* call_of(const Event& event) {
    return std::get_if<SyscallEvent>(&event.body);
}

CallKind call_kind(const SyscallEvent& call) {
    const abi::SyscallRow* row = abi::find_syscall(call.number, call.arguments);
    return row != nullptr ? row->kind : CallKind::Exact;
}

bool ordinary_result(const SyscallEvent& call) {
    if (!call.result || *call.result >= 0) {
        return true;
    }
    switch (-*call.result) {
        case abi::error_number("EAGAIN"):
        case abi::error_number("EINTR"):
            return true;
        case abi::error_number("ETIMEDOUT"):
            return call.arguments[3] != 0;
        default:
            return false;
    }
}

bool is_asynchronous(const SignalEvent& signal, const Event* before) {
    if (abi::siginfo_view(signal.siginfo).name == "siginfo_fault") {
        return false;
    }
    const SyscallEvent* call = before != nullptr ? call_of(*before) : nullptr;
    if (call == nullptr) {
        return true;
    }
    switch (call->number) {
        case syscall_number("kill"):
        case syscall_number("tkill"):
        case syscall_number("tgkill"):
        case syscall_number("rt_sigqueueinfo"):
        case syscall_number("rt_tgsigqueueinfo"):
        case syscall_number("pidfd_send_signal"):
        case syscall_number("rt_sigprocmask"):
        case syscall_number("rt_sigsuspend"):
            return false;
        default:
            return true;
    }
}

bool Side::concurrent(const SyscallEvent& call) const {
    const CallKind rule = call_kind(call);
    const bool late = rule == CallKind::Wait || rule == CallKind::Wake;
    return concurrent() || (late && index->note(event_index()).after_first_clone);
}

}  // namespace levitate::traces::detail
