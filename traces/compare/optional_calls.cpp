#include "traces/compare/optional_calls.hpp"

#include <vector>

#include "traces/abi/constants.hpp"
#include "traces/abi/syscalls.hpp"
#include "traces/compare/common_subsequence.hpp"

namespace levitate::traces::detail {
namespace {

// Tasks whose table of common subsequences would be larger than this are not learnt from.
constexpr std::size_t kMostCells = std::size_t{1} << 22;

// Of these the sizes depend on what shares a heap, as their addresses do.
bool has_free_size(std::uint64_t number) {
    switch (number) {
        case abi::syscall_number("munmap"):
        case abi::syscall_number("mprotect"):
        case abi::syscall_number("madvise"):
        case abi::syscall_number("mremap"):
            return true;
        default:
            return false;
    }
}

bool is_part_of_signature(const abi::SyscallRow& row, const abi::Argument& argument) {
    switch (argument.kind) {
        case abi::ArgumentKind::Fd:
        case abi::ArgumentKind::Flags:
        case abi::ArgumentKind::Flags64:
        case abi::ArgumentKind::Enum:
        case abi::ArgumentKind::Signal:
            return true;
        case abi::ArgumentKind::Size:
            return !has_free_size(row.number);
        default:
            return false;
    }
}

using Signatures = std::vector<std::string>;

}  // namespace

std::string OptionalCalls::signature(const Event& event) {
    if (const auto* read = std::get_if<AuxvReadEvent>(&event.body)) {
        return "auxv " + std::to_string(read->type) + " " + std::to_string(read->offset);
    }
    const auto* call = std::get_if<SyscallEvent>(&event.body);
    const abi::SyscallRow* row = call != nullptr ? abi::find_syscall(call->number, call->arguments) : nullptr;
    if (row == nullptr || row->kind == abi::CallKind::Stream) {
        return {};
    }
    std::string text(row->name);
    for (std::size_t i = 0; i < row->argument_count; ++i) {
        if (is_part_of_signature(*row, row->arguments()[i])) {
            text += " " + std::to_string(call->arguments[i]);
        }
    }
    const bool failed = call->result && abi::is_error(*call->result);
    return text + (failed ? " = " + std::to_string(*call->result) : "");
}

void OptionalCalls::learn(const TraceIndex& one, const TraceIndex& other) {
    for (const auto& [number, task] : one.tasks()) {
        if (const TaskView* match = other.task(number)) {
            learn_tasks(one, task, other, *match);
        }
    }
}

void OptionalCalls::learn_tasks(const TraceIndex& one, const TaskView& one_task, const TraceIndex& other,
                                const TaskView& other_task) {
    const auto all = [](const TraceIndex& index, const TaskView& task) {
        Signatures signatures;
        for (const std::size_t event : task.events) {
            signatures.push_back(signature(index.trace().events[event]));
        }
        return signatures;
    };
    const Signatures first = all(one, one_task);
    const Signatures second = all(other, other_task);
    const auto common = common_subsequence(first, second, kMostCells);
    if (!common) {
        return;
    }
    const auto add = [&](const TraceIndex& index, std::size_t event, const std::string& signature) {
        const bool is_read = std::holds_alternative<AuxvReadEvent>(index.trace().events[event].body);
        const EventNote& note = index.note(event);
        if (!signature.empty() && (is_read ? note.after_first_clone : note.concurrent)) {
            signatures_.insert(signature);
        }
    };
    std::size_t i = 0;
    std::size_t j = 0;
    const auto add_until = [&](CommonElement next) {
        for (; i < next.one; ++i) {
            add(one, one_task.events[i], first[i]);
        }
        for (; j < next.other; ++j) {
            add(other, other_task.events[j], second[j]);
        }
    };
    for (const CommonElement both : *common) {
        add_until(both);
        i = both.one + 1;
        j = both.other + 1;
    }
    add_until({first.size(), second.size()});
}

}  // namespace levitate::traces::detail
