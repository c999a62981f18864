#include "tests/mutation/cuts.hpp"

#include <algorithm>
#include <limits>
#include <ranges>
#include <set>

#include "tests/mutation/edit.hpp"
#include "traces/abi/syscalls.hpp"

namespace levitate::traces::mutation {
namespace {

constexpr Cut kCuts[] = {
#define CUT(golden, operation, calls, number, expected) \
    {golden, Operation::operation, calls, number, DivergenceKind::expected},
#include "tests/mutation/cuts.inc"
#undef CUT
};

std::set<std::uint64_t> numbers_of(std::string_view names) {
    std::set<std::uint64_t> numbers;
    for (const auto& name : std::views::split(names, ' ')) {
        if (const abi::SyscallRow* row = abi::find_syscall(std::string_view(name))) {
            numbers.insert(row->number);
        }
    }
    return numbers;
}

const SyscallEvent* call_of(const Event& event) {
    return std::get_if<SyscallEvent>(&event.body);
}

std::size_t erase_counted(Trace& trace, const std::function<bool(const Event&)>& chosen) {
    const std::size_t before = trace.events.size();
    erase_events(trace, chosen);
    return before - trace.events.size();
}

std::size_t delete_calls(Trace& trace, std::string_view names, std::uint64_t from_order) {
    return erase_counted(trace, [&, numbers = numbers_of(names)](const Event& event) {
        return event.order >= from_order && call_of(event) != nullptr &&
               numbers.contains(call_of(event)->number);
    });
}

std::uint64_t birth_of_second_task(const Trace& trace) {
    std::uint64_t order = std::numeric_limits<std::uint64_t>::max();
    for (const Event& event : trace.events) {
        const auto* start = std::get_if<TaskStartEvent>(&event.body);
        if (start != nullptr && start->parent != TaskNumber{}) {
            order = std::min(order, event.order);
        }
    }
    return order;
}

std::size_t set_results(Trace& trace, std::string_view names, std::int64_t result) {
    std::size_t changed = 0;
    for (const std::set<std::uint64_t> numbers = numbers_of(names); Event & event : trace.events) {
        auto* call = std::get_if<SyscallEvent>(&event.body);
        if (call != nullptr && numbers.contains(call->number) && call->result && call->result != result) {
            call->result = result;
            ++changed;
        }
    }
    return changed;
}

std::size_t end_task_early(Trace& trace, TaskNumber task) {
    const auto is_call = [&](const Event& event) { return event.task == task && call_of(event) != nullptr; };
    const auto calls = static_cast<std::size_t>(std::ranges::count_if(trace.events, is_call));
    std::size_t seen = 0;
    return erase_counted(trace, [&](const Event& event) { return is_call(event) && seen++ >= calls / 2; });
}

std::size_t remove_task(Trace& trace, TaskNumber task) {
    const std::size_t before = trace.events.size();
    erase_task(trace, task);
    return before - trace.events.size();
}

std::size_t remove_last_third(Trace& trace) {
    std::vector<std::uint64_t> orders;
    orders.reserve(trace.events.size());
    for (const Event& event : trace.events) {
        orders.push_back(event.order);
    }
    std::ranges::sort(orders);
    const std::uint64_t first_removed = orders[orders.size() * 2 / 3];
    return erase_counted(trace, [&](const Event& event) { return event.order >= first_removed; });
}

std::string task_name(std::int64_t number) {
    return "task " + std::to_string(number);
}

}  // namespace

std::string Cut::name() const {
    std::string prefix = std::string(golden) + ": ";
    switch (operation) {
        case Operation::DeleteCalls:
            return prefix + std::string(calls) + " deleted";
        case Operation::DeleteOnceConcurrent:
            return prefix + std::string(calls) + " deleted once there are two tasks";
        case Operation::SetResults:
            return prefix + std::string(calls) + " = " + std::to_string(number);
        case Operation::EndTaskEarly:
            return prefix + "second half of the calls of " + task_name(number) + " deleted";
        case Operation::RemoveTask:
            return prefix + task_name(number) + " removed";
        case Operation::RemoveLastThird:
            return prefix + "last third removed";
    }
    return prefix;
}

std::span<const Cut> all_cuts() {
    return kCuts;
}

std::size_t apply(const Cut& cut, Trace& trace) {
    switch (cut.operation) {
        case Operation::DeleteCalls:
            return delete_calls(trace, cut.calls, 0);
        case Operation::DeleteOnceConcurrent:
            return delete_calls(trace, cut.calls, birth_of_second_task(trace));
        case Operation::SetResults:
            return set_results(trace, cut.calls, cut.number);
        case Operation::EndTaskEarly:
            return end_task_early(trace, static_cast<TaskNumber>(cut.number));
        case Operation::RemoveTask:
            return remove_task(trace, static_cast<TaskNumber>(cut.number));
        case Operation::RemoveLastThird:
            return remove_last_third(trace);
    }
    return 0;
}

bool CutTrial::right() const {
    return events > 0 && judgement.noticed &&
           std::ranges::find(judgement.kinds, cut->expected) != judgement.kinds.end();
}

CutTrial try_cut(const Cut& cut, const GoldenCase& golden, const Judge& judge) {
    Trace changed = golden.recordings.front();
    CutTrial trial;
    trial.cut = &cut;
    trial.events = apply(cut, changed);
    trial.judgement = judge.judge(changed, Extent::All);
    return trial;
}

}  // namespace levitate::traces::mutation
