#include "traces/compare/trace_index.hpp"

#include <algorithm>
#include <memory>
#include <numeric>
#include <optional>
#include <set>
#include <utility>

#include "traces/abi/constants.hpp"
#include "traces/abi/layouts.hpp"
#include "traces/abi/syscalls.hpp"

namespace levitate::traces::detail {
namespace {

using abi::CallKind;
using abi::constant;

constexpr auto kCloneVm = static_cast<std::uint64_t>(constant("CLONE_VM"));
constexpr auto kCloneFiles = static_cast<std::uint64_t>(constant("CLONE_FILES"));
constexpr auto kCloneThread = static_cast<std::uint64_t>(constant("CLONE_THREAD"));

// Where a birth puts the child's stack pointer: clone's argument of that name, or the end of the stack that
// clone3's struct describes (man 2 clone); a child without a stack of its own goes on at its parent's.
std::uint64_t stack_of(const SyscallEvent& birth) {
    const abi::SyscallRow* row = row_of(birth);
    const std::size_t index = abi::argument_index(*row, "stack");
    if (index < row->argument_count) {
        return birth.arguments[index] != 0 ? birth.arguments[index] : birth.sp;
    }
    const abi::Struct* layout = abi::find_struct("clone_args");
    for (const Payload& payload : birth.payloads) {
        if (payload.direction == Direction::In && payload.element.piece == Piece::Object) {
            const auto base = abi::read_field(payload.bytes, *layout->field("stack")).value_or(0);
            const auto size = abi::read_field(payload.bytes, *layout->field("stack_size")).value_or(0);
            return base != 0 ? base + size : birth.sp;
        }
    }
    return 0;
}

// What the sweep over a trace, in the order of its events, keeps of each task.
struct TaskState {
    std::shared_ptr<DescriptorTable> descriptors = std::make_shared<DescriptorTable>();
    std::uint32_t space = 0;
    std::optional<std::uint64_t> last_order;
    std::optional<std::uint64_t> end_order;
    // It has ended, but its parent has not learned of that yet.
    bool unreaped = false;
    std::int64_t tid = 0;
    TaskNumber parent{};
    bool has_parent = false;
};

class Sweep {
  public:
    explicit Sweep(std::map<TaskNumber, TaskView>& tasks) : tasks_(tasks) {}

    EventNote note(const Event& event) {
        TaskState& state = states_[event.task];
        // A start that is not the task's first event means that the trace is damaged, and could make a task
        // its own ancestor.
        if (const auto* start = std::get_if<TaskStartEvent>(&event.body);
            start != nullptr && !state.last_order) {
            be_born(event.task, state, *start);
        }
        if (std::holds_alternative<ExecEvent>(event.body)) {
            state.space = next_space_++;
            if (state.has_parent) {
                state.descriptors->forget_numbers();
            }
        }
        EventNote result;
        if (const SyscallEvent* call = call_of(event)) {
            result.row = row_of(*call);
        }
        result.space = state.space;
        result.after_first_clone = states_.size() > 1;
        result.threaded = threaded_.contains(tasks_[event.task].process);
        for (const auto& [number, other] : states_) {
            const bool beside =
                number != event.task && other.last_order &&
                (!other.end_order || other.unreaped || *other.end_order > state.last_order.value_or(0));
            result.concurrent = result.concurrent || beside;
            result.shares_memory = result.shares_memory || (beside && other.space == state.space);
        }
        if (const SyscallEvent* call = call_of(event)) {
            result.fd =
                state.descriptors->find(static_cast<std::int32_t>(call->arguments[0]), call->entry_order);
            follow_descriptors(*call, result.row, event.order, state);
            const std::int64_t reaped = call->result.value_or(-1);
            if (result.is(CallKind::Reap) && reaped >= 0) {
                reap(event.task, reaped, event.order);
            }
        }
        if (const auto* end = std::get_if<TaskEndEvent>(&event.body)) {
            state.end_order = event.order;
            state.unreaped = tasks_[event.task].process == static_cast<std::uint32_t>(event.task) &&
                             states_.contains(tasks_[event.task].parent);
            tasks_[event.task].end_order = event.order;
            tasks_[event.task].killed = end->signal.has_value();
        }
        state.last_order = event.order;
        return result;
    }

    bool is_threaded(std::uint32_t process) const { return threaded_.contains(process); }

    // The descriptors that the event noted last has taken. They can be judged once all events have been noted
    // (see EventNote).
    struct Taken {
        std::shared_ptr<const DescriptorTable> table;
        std::vector<std::int32_t> descriptors;
        std::int32_t least = 0;
        Moment call;

        bool could_be_lowest() const {
            return std::ranges::all_of(descriptors, [&](std::int32_t descriptor) {
                return table->could_be_lowest(descriptor, least, call);
            });
        }
    };
    std::optional<Taken> taken() { return std::exchange(taken_, std::nullopt); }

  private:
    void follow_descriptors(const SyscallEvent& call, const abi::SyscallRow* row, std::uint64_t order,
                            const TaskState& state) {
        std::vector<std::int32_t> descriptors;
        if (row != nullptr) {
            state.descriptors->follow(call, *row, order, descriptors);
        }
        if (!descriptors.empty()) {
            taken_ = Taken{
                state.descriptors, descriptors, least_descriptor(call, *row), {call.entry_order, order}};
        }
    }

    // A wait4 returns the child's number. A call that tells it in another way is taken to mean all children
    // that have ended.
    void reap(TaskNumber parent, std::int64_t pid, std::uint64_t order) {
        for (auto& [number, state] : states_) {
            if (state.unreaped && state.parent == parent &&
                (pid == 0 || state.tid == 0 || state.tid == pid)) {
                state.unreaped = false;
                state.end_order = order;
            }
        }
    }

    void be_born(TaskNumber number, TaskState& state, const TaskStartEvent& start) {
        TaskView& view = tasks_[number];
        view.parent = start.parent;
        state.parent = start.parent;
        state.tid = start.tid;
        view.clone_flags = start.clone_flags;
        const auto parent = states_.find(start.parent);
        const bool has_parent = parent != states_.end() && start.parent != number;
        state.has_parent = has_parent;
        if (has_parent && (start.clone_flags & kCloneFiles) != 0) {
            state.descriptors = parent->second.descriptors;
        } else if (has_parent) {
            state.descriptors = std::make_shared<DescriptorTable>(*parent->second.descriptors);
        }
        const bool shared = has_parent && (start.clone_flags & kCloneVm) != 0;
        state.space = shared ? parent->second.space : next_space_++;
        const bool thread = has_parent && (start.clone_flags & kCloneThread) != 0;
        view.process = thread ? tasks_[start.parent].process : static_cast<std::uint32_t>(number);
        if (thread) {
            threaded_.insert(view.process);
        }
        if (has_parent) {
            tasks_[start.parent].children.push_back(number);
        }
    }

    std::map<TaskNumber, TaskView>& tasks_;
    std::map<TaskNumber, TaskState> states_;
    std::set<std::uint32_t> threaded_;  // processes
    std::optional<Taken> taken_;
    std::uint32_t next_space_ = 1;
};

}  // namespace

TraceIndex::TraceIndex(const Trace& trace)
    : trace_(&trace), notes_(trace.events.size()), by_order_(trace.events.size()) {
    std::iota(by_order_.begin(), by_order_.end(), std::size_t{0});
    std::ranges::stable_sort(by_order_, {}, [&](std::size_t i) { return trace.events[i].order; });
    Sweep sweep(tasks_);
    std::map<std::size_t, Sweep::Taken> taken;
    for (const std::size_t i : by_order_) {
        const Event& event = trace.events[i];
        TaskView& view = tasks_[event.task];
        view.number = event.task;
        if (!std::holds_alternative<OutcomeEvent>(event.body)) {
            view.events.push_back(i);
        }
        notes_[i] = sweep.note(event);
        if (auto descriptors = sweep.taken()) {
            taken.emplace(i, *std::move(descriptors));
        }
        if (notes_[i].is(CallKind::Break) && call_of(event)->result.value_or(0) > 0) {
            const auto end = static_cast<std::uint64_t>(*call_of(event)->result);
            HeapRange& heap = heaps_.try_emplace(notes_[i].space, HeapRange{end, end}).first->second;
            heap.end = std::max(heap.end, end);
        }
        if (notes_[i].is(CallKind::ExitGroup)) {
            group_ends_.emplace(view.process, call_of(event)->entry_order);
        }
        view.called_exit =
            view.called_exit || notes_[i].is(CallKind::ExitGroup) || notes_[i].is(CallKind::Exit);
    }
    for (const auto& [event, descriptors] : taken) {
        notes_[event].lowest_descriptors = descriptors.could_be_lowest();
    }
    for (auto& [number, view] : tasks_) {
        std::ranges::stable_sort(view.events, {}, [&](std::size_t i) { return trace.events[i].index; });
        std::ranges::sort(view.children);
        view.has_threads = sweep.is_threaded(view.process);
    }
    note_births();
    note_signals();
    note_killers();
}

HeapRange TraceIndex::heap(std::uint32_t space) const {
    const auto found = heaps_.find(space);
    return found != heaps_.end() ? found->second : HeapRange{};
}

CallPlace TraceIndex::place_of(std::size_t event) const {
    const SyscallEvent& call = std::get<SyscallEvent>(trace_->events[event].body);
    const TaskView& task = tasks_.at(trace_->events[event].task);
    return {call.pc, task.first_sp != 0 ? task.first_sp - call.sp : 0};
}

std::optional<TaskNumber> TraceIndex::born_at(std::size_t event) const {
    const auto found = births_.find(event);
    return found != births_.end() ? std::optional(found->second) : std::nullopt;
}

// A child may run before its parent's call has returned, but there are as many children as calls, in the same
// order.
void TraceIndex::note_births() {
    for (auto& [number, view] : tasks_) {
        std::size_t child = 0;
        for (const std::size_t event : view.events) {
            const SyscallEvent* call = call_of(trace_->events[event]);
            if (notes_[event].is(CallKind::Birth) && call->result.value_or(0) > 0 &&
                child < view.children.size()) {
                births_.emplace(event, view.children[child]);
                TaskView& born = tasks_[view.children[child++]];
                born.birth = place_of(event);
                born.first_sp = stack_of(*call);
            }
            if (const auto* exec = std::get_if<ExecEvent>(&trace_->events[event].body)) {
                view.first_sp = exec->sp;
            }
        }
    }
}

void TraceIndex::note_signals() {
    for (const auto& [number, view] : tasks_) {
        const EventNote* before = nullptr;
        for (const std::size_t event : view.events) {
            if (const auto* signal = std::get_if<SignalEvent>(&trace_->events[event].body)) {
                notes_[event].asynchronous =
                    abi::siginfo_view(signal->siginfo).name != "siginfo_fault" &&
                    (before == nullptr || (!before->is(CallKind::Raise) && !before->is(CallKind::Unmask)));
            }
            before = &notes_[event];
        }
    }
}

void TraceIndex::note_killers() {
    std::map<std::uint32_t, std::set<TaskNumber>> killers;  // by process
    for (const auto& [number, view] : tasks_) {
        const auto is_call = [&](std::size_t event) {
            return std::holds_alternative<SyscallEvent>(trace_->events[event].body);
        };
        const auto last = std::find_if(view.events.rbegin(), view.events.rend(), is_call);
        if (view.killed && last != view.events.rend() && notes_[*last].is(CallKind::Raise)) {
            killers[view.process].insert(number);
        }
    }
    for (auto& [number, view] : tasks_) {
        const auto found = killers.find(view.process);
        view.killed_by_another = view.killed && found != killers.end() && !found->second.contains(number);
    }
}

const TaskView* TraceIndex::task(TaskNumber number) const {
    const auto found = tasks_.find(number);
    return found != tasks_.end() ? &found->second : nullptr;
}

bool TraceIndex::ended_by_another(const TaskView& task) const {
    if (task.called_exit) {
        return false;
    }
    const auto end = group_ends_.find(task.process);
    return end != group_ends_.end() && task.end_order.value_or(UINT64_MAX) > end->second;
}

std::optional<std::uint64_t> given_by_program(const abi::SyscallRow& row, std::size_t index,
                                              std::uint64_t value) {
    const abi::Argument& argument = row.arguments()[index];
    switch (argument.kind) {
        case abi::ArgumentKind::Flags:
        case abi::ArgumentKind::Enum:
        case abi::ArgumentKind::Fd:
            return value & 0xffffffffU;
        case abi::ArgumentKind::Uint:
            // The value that a wait expects to find may have been stored by another task.
            return row.kind == abi::CallKind::Wait && argument.variation == abi::Variation::MaybePid
                       ? std::nullopt
                       : std::optional(value & 0xffffffffU);
        case abi::ArgumentKind::Size:
            return value;
        case abi::ArgumentKind::In:
        case abi::ArgumentKind::Inout:
            return value != 0 ? 1 : 0;
        default:
            return std::nullopt;
    }
}

std::size_t count_auxv_reads(const TraceIndex& index, const TaskView& task) {
    return static_cast<std::size_t>(std::ranges::count_if(task.events, [&](std::size_t event) {
        return std::holds_alternative<AuxvReadEvent>(index.trace().events[event].body);
    }));
}

std::size_t count_calls(const TraceIndex& index, const TaskView& task, CallKind kind) {
    return static_cast<std::size_t>(
        std::ranges::count_if(task.events, [&](std::size_t event) { return index.note(event).is(kind); }));
}

std::set<TaskNumber> tasks_cut_short(const std::list<TraceIndex>& recordings) {
    std::set<TaskNumber> tasks;
    for (const TraceIndex& recording : recordings) {
        for (const auto& [number, task] : recording.tasks()) {
            if (recording.ended_by_another(task)) {
                tasks.insert(number);
            }
        }
    }
    return tasks;
}

const SyscallEvent* call_of(const Event& event) {
    return std::get_if<SyscallEvent>(&event.body);
}

const abi::SyscallRow* row_of(const SyscallEvent& call) {
    return abi::find_syscall(call.number, call.arguments);
}

CallKind call_kind(const SyscallEvent& call) {
    const abi::SyscallRow* row = row_of(call);
    return row != nullptr ? row->kind : CallKind::Exact;
}

const SyscallEvent* call_of_kind(const Event& event, CallKind kind) {
    const SyscallEvent* call = call_of(event);
    return call != nullptr && call_kind(*call) == kind ? call : nullptr;
}

}  // namespace levitate::traces::detail
