#include "traces/compare/side.hpp"

#include "traces/abi/constants.hpp"
#include "traces/abi/layouts.hpp"

namespace levitate::traces::detail {
namespace {

using abi::CallKind;

constexpr auto kAnonymous = static_cast<std::uint64_t>(abi::constant("MAP_ANONYMOUS"));
constexpr auto kFixed = static_cast<std::uint64_t>(abi::constant("MAP_FIXED"));

bool is_free_kind(CallKind kind) {
    return kind == CallKind::Wait || kind == CallKind::Wake || kind == CallKind::Poll;
}

}  // namespace

bool is_asynchronous(const SignalEvent& signal, const Event* before) {
    if (abi::siginfo_view(signal.siginfo).name == "siginfo_fault") {
        return false;
    }
    const SyscallEvent* call = before != nullptr ? call_of(*before) : nullptr;
    if (call == nullptr) {
        return true;
    }
    const CallKind kind = call_kind(*call);
    return kind != CallKind::Raise && kind != CallKind::Unmask;
}

bool is_allocation(const Event& event) {
    const SyscallEvent* call = call_of(event);
    if (call == nullptr) {
        return false;
    }
    switch (call_kind(*call)) {
        case CallKind::Map:
            return (call->arguments[3] & (kAnonymous | kFixed)) == kAnonymous;
        case CallKind::Unmap:
        case CallKind::Remap:
        case CallKind::Protect:
        case CallKind::Break:
        case CallKind::Advise:
            return true;
        default:
            return false;
    }
}

bool Side::is_free(std::size_t ahead) const {
    const SyscallEvent* call = call_of(event(ahead));
    if (call == nullptr || !is_free_kind(call_kind(*call))) {
        return false;
    }
    // A thread's last wake comes after its last event, so that its joiner may wait although it runs alone by
    // then.
    const bool late = call_kind(*call) != CallKind::Poll && note(ahead).after_first_clone;
    return note(ahead).concurrent || late;
}

bool Side::is_shared_allocation(std::size_t ahead) const {
    return note(ahead).threaded && is_allocation(event(ahead));
}

bool Side::is_free_auxv_read(std::size_t ahead) const {
    return std::holds_alternative<AuxvReadEvent>(event(ahead).body) && note(ahead).after_first_clone;
}

bool Side::is_asynchronous_signal(std::size_t ahead) const {
    const auto* signal = std::get_if<SignalEvent>(&event(ahead).body);
    const Event* previous = ahead > 0 ? &event(ahead - 1) : before();
    return signal != nullptr && is_asynchronous(*signal, previous);
}

bool Side::is_fixed(std::size_t ahead) const {
    return !is_free(ahead) && !is_shared_allocation(ahead) && !is_free_auxv_read(ahead) &&
           !is_asynchronous_signal(ahead);
}

bool Side::overtaken() const {
    if (!index->ended_by_another(*task)) {
        return false;
    }
    const auto is_end = [&](std::size_t ahead) {
        return ahead >= remaining() || std::holds_alternative<TaskEndEvent>(event(ahead).body);
    };
    if (is_end(0)) {
        return true;
    }
    const SyscallEvent* call = call_of(event());
    return call != nullptr && !call->result && is_end(1);
}

}  // namespace levitate::traces::detail
