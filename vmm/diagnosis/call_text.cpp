#include "vmm/diagnosis/call_text.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "traces/abi/syscalls.hpp"

namespace levitate::vmm {
namespace {

using traces::abi::ArgumentKind;
using traces::abi::CallKind;

const traces::abi::SyscallRow* row_of(const LastCall& call) {
    return traces::abi::find_syscall(call.number, call.arguments);
}

bool is_kind(const LastCall& call, CallKind kind) {
    const auto* const row = row_of(call);
    return row != nullptr && row->kind == kind;
}

// A task that is in one of these goes on elsewhere or not at all.
bool ends_or_leaves(const LastCall& call) {
    return is_kind(call, CallKind::Exit) || is_kind(call, CallKind::ExitGroup) ||
           is_kind(call, CallKind::Exec) || is_kind(call, CallKind::SignalReturn);
}

std::string argument_text(ArgumentKind kind, std::uint64_t value) {
    const std::uint64_t shown = value & traces::abi::significant_bits(kind);
    switch (kind) {
        case ArgumentKind::Fd:
        case ArgumentKind::Int:
        case ArgumentKind::Pid:
        case ArgumentKind::Signal:
            return fmt::format("{}", static_cast<std::int32_t>(shown));
        case ArgumentKind::Uint:
        case ArgumentKind::Size:
            return fmt::format("{}", shown);
        case ArgumentKind::Long:
        case ArgumentKind::Offset:
            return fmt::format("{}", static_cast<std::int64_t>(shown));
        default:
            return shown < 10 ? fmt::format("{}", shown) : fmt::format("{:#x}", shown);
    }
}

}  // namespace

std::string call_text(const LastCall& call) {
    const auto* const row = row_of(call);
    const std::size_t count = row == nullptr ? call.arguments.size() : row->argument_count;
    std::string text =
        row == nullptr ? fmt::format("syscall_{:#x}(", call.number) : fmt::format("{}(", row->name);
    for (std::size_t i = 0; i < count; ++i) {
        const ArgumentKind kind = row == nullptr ? ArgumentKind::Opaque : row->argument_storage[i].kind;
        text += fmt::format("{}{}", i == 0 ? "" : ", ", argument_text(kind, call.arguments[i]));
    }
    return text + ")";
}

std::vector<LastCall> calls_in_progress(std::span<const LastCall> calls) {
    std::vector<LastCall> waiting;
    for (const LastCall& call : calls) {
        const bool is_over = std::ranges::any_of(calls, [&](const LastCall& other) {
            return other.table == call.table && other.retired > call.retired &&
                   is_kind(other, CallKind::ExitGroup);
        });
        if (!call.returned && !is_over && !ends_or_leaves(call)) {
            waiting.push_back(call);
        }
    }
    std::ranges::sort(waiting, {}, &LastCall::retired);
    return waiting;
}

}  // namespace levitate::vmm
