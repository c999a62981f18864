#include "tests/mutation/edit.hpp"

#include <algorithm>
#include <map>
#include <numeric>
#include <set>
#include <utility>
#include <vector>

namespace levitate::traces::mutation {

namespace {

// Leaves room for events between those that there are.
void spread_orders(Trace& trace) {
    for (Event& event : trace.events) {
        event.order *= 4;
        if (auto* call = std::get_if<SyscallEvent>(&event.body)) {
            call->entry_order *= 4;
        }
    }
}

// Recordings of the format's first version do not say when calls were made.
bool has_entries(const Trace& trace) {
    return std::ranges::any_of(trace.events, [](const Event& event) {
        const auto* call = std::get_if<SyscallEvent>(&event.body);
        return call != nullptr && call->entry_order != 0;
    });
}

void renumber_orders(Trace& trace) {
    const bool entries = has_entries(trace);
    std::vector<std::uint64_t*> orders;
    for (Event& event : trace.events) {
        auto* call = std::get_if<SyscallEvent>(&event.body);
        if (call != nullptr && entries) {
            orders.push_back(&call->entry_order);
        }
        orders.push_back(&event.order);
    }
    std::ranges::stable_sort(orders, {}, [](const std::uint64_t* order) { return *order; });
    for (std::uint64_t next = 0; std::uint64_t* order : orders) {
        *order = next++;
    }
}

// The event has the body of another one, which may have been a call where this one was none.
void enter_before(Event& event, std::uint64_t entry_order, std::uint64_t entry_time, bool entries) {
    if (auto* call = std::get_if<SyscallEvent>(&event.body)) {
        call->entry_order = entries ? entry_order : 0;
        call->entry_time = entry_time;
    }
}

}  // namespace

void renumber(Trace& trace) {
    renumber_orders(trace);
    std::vector<std::size_t> by_order(trace.events.size());
    std::iota(by_order.begin(), by_order.end(), std::size_t{0});
    std::ranges::sort(by_order, {}, [&](std::size_t i) { return trace.events[i].order; });
    std::map<TaskNumber, std::uint64_t> next_index;
    std::map<TaskNumber, TaskNumber> numbers;
    for (const Event& event : trace.events) {
        numbers[event.task] = {};
    }
    for (std::uint32_t next = 1; auto& [before, after] : numbers) {
        after = static_cast<TaskNumber>(next++);
    }
    for (const std::size_t i : by_order) {
        Event& event = trace.events[i];
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
    const bool entries = has_entries(trace);
    spread_orders(trace);
    Event copy = trace.events[event];
    enter_before(copy, copy.order + 1, copy.time, entries);
    copy.order += 2;
    trace.events.insert(trace.events.begin() + static_cast<std::ptrdiff_t>(event) + 1, std::move(copy));
    renumber(trace);
}

void swap_events(Trace& trace, std::size_t one, std::size_t other) {
    const bool entries = has_entries(trace);
    spread_orders(trace);
    struct Entry {
        std::uint64_t order;
        std::uint64_t time;
    };
    const auto entry_of = [&](const Event& event) {
        const auto* call = std::get_if<SyscallEvent>(&event.body);
        return call != nullptr ? Entry{call->entry_order, call->entry_time}
                               : Entry{event.order - 1, event.time};
    };
    const Entry first = entry_of(trace.events[one]);
    const Entry second = entry_of(trace.events[other]);
    std::swap(trace.events[one].body, trace.events[other].body);
    enter_before(trace.events[one], first.order, first.time, entries);
    enter_before(trace.events[other], second.order, second.time, entries);
    renumber(trace);
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
