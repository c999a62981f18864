#include "traces/compare/trace_index.hpp"

#include <algorithm>
#include <memory>
#include <numeric>
#include <optional>

#include "traces/abi/constants.hpp"
#include "traces/abi/layouts.hpp"
#include "traces/abi/syscalls.hpp"
#include "traces/format/bytes.hpp"

namespace levitate::traces::detail {
namespace {

using abi::constant;
using abi::syscall_number;

constexpr auto kCloneVm = static_cast<std::uint64_t>(constant("CLONE_VM"));
constexpr auto kCloneFiles = static_cast<std::uint64_t>(constant("CLONE_FILES"));
constexpr auto kCloneThread = static_cast<std::uint64_t>(constant("CLONE_THREAD"));

using FdTable = std::map<std::int32_t, FdInfo>;

std::string path_of(const SyscallEvent& call, unsigned argument) {
    for (const Payload& payload : call.payloads) {
        if (payload.argument == argument && payload.direction == Direction::In) {
            return std::string(as_string_view(payload.bytes));
        }
    }
    return {};
}

std::optional<FdInfo> opened(const SyscallEvent& call, const FdTable& table) {
    switch (call.number) {
        case syscall_number("openat"):
        case syscall_number("openat2"):
            return FdInfo{FdKind::File, path_of(call, 1)};
        case syscall_number("memfd_create"):
            return FdInfo{FdKind::File, {}};
        case syscall_number("signalfd4"):
            return FdInfo{FdKind::SignalFd, {}};
        case syscall_number("fcntl"):
            if (call.arguments[1] != static_cast<std::uint64_t>(constant("F_DUPFD")) &&
                call.arguments[1] != static_cast<std::uint64_t>(constant("F_DUPFD_CLOEXEC"))) {
                return std::nullopt;
            }
            [[fallthrough]];
        case syscall_number("dup"):
        case syscall_number("dup3"): {
            const auto old = table.find(static_cast<std::int32_t>(call.arguments[0]));
            return old != table.end() ? old->second : FdInfo{};
        }
        default: {
            const abi::SyscallRow* row = abi::find_syscall(call.number);
            const bool descriptor = row != nullptr && row->result == abi::ResultKind::Fd;
            return descriptor ? std::optional(FdInfo{FdKind::Stream, {}}) : std::nullopt;
        }
    }
}

void follow_descriptors(const SyscallEvent& call, FdTable& table) {
    if (!call.result || abi::is_error(*call.result)) {
        return;
    }
    if (call.number == syscall_number("close")) {
        table.erase(static_cast<std::int32_t>(call.arguments[0]));
    } else if (call.number == syscall_number("pipe2") || call.number == syscall_number("socketpair")) {
        for (const Payload& payload : call.payloads) {
            for (const std::size_t offset : {0U, 4U}) {
                const auto fd = abi::read_number(payload.bytes, offset, 4);
                if (payload.direction == Direction::Out && fd) {
                    table[static_cast<std::int32_t>(*fd)] = {FdKind::Stream, {}};
                }
            }
        }
    } else if (auto info = opened(call, table)) {
        table[static_cast<std::int32_t>(*call.result)] = *std::move(info);
    }
}

// What the sweep over a trace, in its order, keeps of each task.
struct TaskState {
    std::shared_ptr<FdTable> descriptors = std::make_shared<FdTable>();
    std::uint32_t space = 0;
    std::optional<std::uint64_t> last_order;
    std::optional<std::uint64_t> end_order;
};

class Sweep {
  public:
    explicit Sweep(std::map<TaskNumber, TaskView>& tasks) : tasks_(tasks) {}

    EventNote note(const Event& event) {
        TaskState& state = states_[event.task];
        // A start that is not the task's first event is damage, and would make a task its own ancestor.
        if (const auto* start = std::get_if<TaskStartEvent>(&event.body);
            start != nullptr && !state.last_order) {
            be_born(event.task, state, *start);
        }
        if (std::holds_alternative<ExecEvent>(event.body)) {
            state.space = next_space_++;
        }
        EventNote result;
        result.space = state.space;
        result.after_first_clone = states_.size() > 1;
        for (const auto& [number, other] : states_) {
            const bool beside = number != event.task && other.last_order &&
                                (!other.end_order || *other.end_order > state.last_order.value_or(0));
            result.concurrent = result.concurrent || beside;
            result.shares_memory = result.shares_memory || (beside && other.space == state.space);
        }
        if (const auto* call = std::get_if<SyscallEvent>(&event.body)) {
            const auto found = state.descriptors->find(static_cast<std::int32_t>(call->arguments[0]));
            result.fd = found != state.descriptors->end() ? found->second : FdInfo{};
            follow_descriptors(*call, *state.descriptors);
        }
        if (std::holds_alternative<TaskEndEvent>(event.body)) {
            state.end_order = event.order;
        }
        state.last_order = event.order;
        return result;
    }

  private:
    void be_born(TaskNumber number, TaskState& state, const TaskStartEvent& start) {
        TaskView& view = tasks_[number];
        view.parent = start.parent;
        view.clone_flags = start.clone_flags;
        const auto parent = states_.find(start.parent);
        const bool has_parent = parent != states_.end() && start.parent != number;
        if (has_parent && (start.clone_flags & kCloneFiles) != 0) {
            state.descriptors = parent->second.descriptors;
        } else if (has_parent) {
            state.descriptors = std::make_shared<FdTable>(*parent->second.descriptors);
        }
        const bool shared = has_parent && (start.clone_flags & kCloneVm) != 0;
        state.space = shared ? parent->second.space : next_space_++;
        const bool thread = has_parent && (start.clone_flags & kCloneThread) != 0;
        view.process = thread ? tasks_[start.parent].process : static_cast<std::uint32_t>(number);
        if (has_parent) {
            tasks_[start.parent].children.push_back(number);
        }
    }

    std::map<TaskNumber, TaskView>& tasks_;
    std::map<TaskNumber, TaskState> states_;
    std::uint32_t next_space_ = 1;
};

}  // namespace

TraceIndex::TraceIndex(const Trace& trace)
    : trace_(&trace), notes_(trace.events.size()), by_order_(trace.events.size()) {
    std::iota(by_order_.begin(), by_order_.end(), std::size_t{0});
    std::ranges::stable_sort(by_order_, {}, [&](std::size_t i) { return trace.events[i].order; });
    Sweep sweep(tasks_);
    for (const std::size_t i : by_order_) {
        const Event& event = trace.events[i];
        TaskView& view = tasks_[event.task];
        view.number = event.task;
        if (!std::holds_alternative<OutcomeEvent>(event.body)) {
            view.events.push_back(i);
        }
        notes_[i] = sweep.note(event);
        if (const auto* call = std::get_if<SyscallEvent>(&event.body)) {
            const bool group = call->number == syscall_number("exit_group");
            view.called_exit_group = view.called_exit_group || group;
            view.called_exit = view.called_exit || group || call->number == syscall_number("exit");
        }
    }
    for (auto& [number, view] : tasks_) {
        std::ranges::stable_sort(view.events, {}, [&](std::size_t i) { return trace.events[i].index; });
        std::ranges::sort(view.children);
    }
}

const TaskView* TraceIndex::task(TaskNumber number) const {
    const auto found = tasks_.find(number);
    return found != tasks_.end() ? &found->second : nullptr;
}

bool TraceIndex::ended_by_another(const TaskView& task) const {
    return !task.called_exit && std::ranges::any_of(tasks_, [&](const auto& entry) {
        return entry.second.process == task.process && entry.second.called_exit_group;
    });
}

}  // namespace levitate::traces::detail
