#include "tests/mutation/edit.hpp"

#include <algorithm>
#include <map>
#include <numeric>
#include <set>
#include <utility>
#include <vector>

namespace levitate::traces::mutation {

void renumber(Trace& trace) {
    std::vector<std::size_t> by_order(trace.events.size());
    std::iota(by_order.begin(), by_order.end(), std::size_t{0});
    std::ranges::stable_sort(by_order, {}, [&](std::size_t i) { return trace.events[i].order; });
    std::map<TaskNumber, std::uint64_t> next_index;
    std::map<TaskNumber, TaskNumber> numbers;
    for (const Event& event : trace.events) {
        numbers[event.task] = {};
    }
    for (std::uint32_t next = 1; auto& [before, after] : numbers) {
        after = static_cast<TaskNumber>(next++);
    }
    for (std::uint64_t order = 0; const std::size_t i : by_order) {
        Event& event = trace.events[i];
        event.order = order++;
        event.index = next_index[event.task]++;
        event.task = numbers[event.task];
        auto* start = std::get_if<TaskStartEvent>(&event.body);
        if (start != nullptr && numbers.contains(start->parent)) {
            start->parent = numbers[start->parent];
        }
    }
}

void erase_event(Trace& trace, std::size_t event) {
    trace.events.erase(trace.events.begin() + static_cast<std::ptrdiff_t>(event));
    renumber(trace);
}

void erase_events(Trace& trace, const std::function<bool(const Event&)>& chosen) {
    std::erase_if(trace.events, chosen);
    renumber(trace);
}

void double_event(Trace& trace, std::size_t event) {
    const Event copy = trace.events[event];
    trace.events.insert(trace.events.begin() + static_cast<std::ptrdiff_t>(event), copy);
    renumber(trace);
}

void swap_events(Trace& trace, std::size_t one, std::size_t other) {
    std::swap(trace.events[one].body, trace.events[other].body);
}

void erase_task(Trace& trace, TaskNumber task) {
    std::set<TaskNumber> gone{task};
    for (const Event& event : trace.events) {
        const auto* start = std::get_if<TaskStartEvent>(&event.body);
        if (start != nullptr && gone.contains(start->parent)) {
            gone.insert(event.task);
        }
    }
    erase_events(trace, [&](const Event& event) {
        return gone.contains(event.task) && !std::holds_alternative<OutcomeEvent>(event.body);
    });
}

std::optional<std::size_t> next_of_task(const Trace& trace, std::size_t event) {
    for (std::size_t i = event + 1; i < trace.events.size(); ++i) {
        if (trace.events[i].task == trace.events[event].task) {
            return i;
        }
    }
    return std::nullopt;
}

}  // namespace levitate::traces::mutation
