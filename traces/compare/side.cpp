#include "traces/compare/side.hpp"

#include <functional>

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

bool is_allocation(const Event& event, const EventNote& note) {
    if (note.row == nullptr) {
        return false;
    }
    switch (note.row->kind) {
        case CallKind::Map:
            return (call_of(event)->arguments[3] & (kAnonymous | kFixed)) == kAnonymous;
        case CallKind::Query:
            return call_of(event)->arguments[0] == 0;
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

std::size_t identity_of(const Event& event, PlaceBits bits) {
    std::size_t hash = event.body.index();
    if (const SyscallEvent* call = call_of(event)) {
        const abi::SyscallRow* row = row_of(*call);
        hash = hash * 1021 + call->number;
        hash = hash * 1021 + std::hash<const abi::SyscallRow*>{}(row);
        hash = hash * 1021 + (call->pc & static_cast<std::uint64_t>(bits));
    } else if (const auto* signal = std::get_if<SignalEvent>(&event.body)) {
        hash = hash * 1021 + signal->signal;
    } else if (const auto* read = std::get_if<AuxvReadEvent>(&event.body)) {
        hash = hash * 1021 + read->type;
        hash = hash * 1021 + read->offset;
    }
    return hash;
}

bool Side::is_free(std::size_t ahead) const {
    const abi::SyscallRow* row = note(ahead).row;
    if (row != nullptr && row->kind == CallKind::Stream && note(ahead).concurrent) {
        // The other end's task had not written yet, or had not read yet, so the program tries again.
        return call_of(event(ahead))->result == -abi::error_number("EAGAIN") &&
               note(ahead).fd.kind == FdKind::Stream;
    }
    if (row == nullptr || !is_free_kind(row->kind)) {
        return false;
    }
    // A thread's last wake comes after its last event, so its joiner may wait although it runs alone by then.
    const bool late = row->kind != CallKind::Poll && note(ahead).after_first_clone;
    return note(ahead).concurrent || late;
}

bool Side::is_shared_allocation(std::size_t ahead) const {
    return note(ahead).threaded && is_allocation(event(ahead), note(ahead));
}

bool Side::is_free_auxv_read(std::size_t ahead) const {
    return std::holds_alternative<AuxvReadEvent>(event(ahead).body) && note(ahead).after_first_clone;
}

bool Side::is_asynchronous_signal(std::size_t ahead) const {
    return note(ahead).asynchronous;
}

bool Side::is_fixed(std::size_t ahead) const {
    return !is_free(ahead) && !is_shared_allocation(ahead) && !is_free_auxv_read(ahead) &&
           !is_asynchronous_signal(ahead);
}

bool Side::overtaken() const {
    if (!index->ended_by_another(*task) && !(task->killed && (killed_anywhere || task->killed_by_another))) {
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
