// Events that match.
#include "traces/compare/walk.hpp"

#include <algorithm>

#include "traces/abi/constants.hpp"
#include "traces/abi/syscalls.hpp"

namespace levitate::traces::detail {

using abi::CallKind;
using abi::syscall_number;

std::vector<FieldDifference> Walk::match(TaskPair& pair) {
    inherit_space(pair);
    const EventPair events{golden_, actual_, pair.golden.event_index(), pair.actual.event_index()};
    std::vector<FieldDifference> differences = compare_fields(events, equivalence_);
    let_pass(events, differences);
    if (differences.empty()) {
        follow_unmapping(events);
        take(pair, 1, 1);
        return {};
    }
    equivalence_.roll_back();
    if (match_runs(pair)) {
        return {};
    }
    return differences;
}

void Walk::follow_unmapping(const EventPair& events) {
    const SyscallEvent* call = call_of(events.golden_side());
    if (call != nullptr && call->number == syscall_number("munmap") && call->result == 0) {
        equivalence_.space(events.space()).note_unmapping(call->arguments[0], call->arguments[1]);
    }
}

void Walk::inherit_space(const TaskPair& pair) {
    if (!std::holds_alternative<TaskStartEvent>(pair.golden.event().body)) {
        return;
    }
    const TaskView* parent = golden_.task(pair.golden.task->parent);
    if (parent == nullptr) {
        return;
    }
    const auto& own = golden_.note(pair.golden.event_index());
    // The parent's space is that of its last event before this one.
    std::optional<std::uint32_t> space;
    for (const std::size_t event : parent->events) {
        if (golden_.trace().events[event].order < pair.golden.event().order) {
            space = golden_.note(event).space;
        }
    }
    if (space) {
        equivalence_.fork_space(*space, own.space);
    }
}

void Walk::take(TaskPair& pair, std::size_t golden_events, std::size_t actual_events) {
    equivalence_.commit();
    if (collected_ != nullptr) {
        collected_->note_aligned(pair.golden.event_index());
    }
    matched_ += golden_events;
    pair.golden.next += golden_events;
    pair.actual.next += actual_events;
}

void Walk::let_pass(const EventPair& events, std::vector<FieldDifference>& differences) {
    if (differences.empty()) {
        return;
    }
    if (scheduling_differences(events, differences)) {
        differences.clear();
        return;
    }
    std::erase_if(differences, [&](const FieldDifference& difference) {
        if (collected_ != nullptr) {
            collected_->note(events.golden_event, difference);
        } else if (!variation_.allows(events.golden_event, difference)) {
            return false;
        } else {
            equivalence_.normalised(difference.value_class == ValueClass::Time
                                        ? "times"
                                        : "values that differ between the golden recordings");
        }
        if (difference.mapping_length != 0) {
            equivalence_.space(events.space())
                .note_mapping(difference.golden_mapping, difference.actual_mapping,
                              difference.mapping_length);
        }
        return true;
    });
}

bool Walk::scheduling_differences(const EventPair& events, const std::vector<FieldDifference>& differences) {
    const SyscallEvent* golden = call_of(events.golden_side());
    const SyscallEvent* actual = call_of(events.actual_side());
    const bool threaded = golden_.note(events.golden_event).after_first_clone &&
                          actual_.note(events.actual_event).after_first_clone;
    if (golden == nullptr || !threaded || !ordinary_result(*golden) || !ordinary_result(*actual)) {
        return false;
    }
    const bool only_outcome = std::ranges::all_of(differences, [](const FieldDifference& difference) {
        return difference.kind == DivergenceKind::Result || difference.kind == DivergenceKind::Data;
    });
    const bool only_result = std::ranges::all_of(differences, [](const FieldDifference& difference) {
        return difference.kind == DivergenceKind::Result;
    });
    switch (call_kind(*golden)) {
        case CallKind::Wait:
        case CallKind::Wake:
            if (only_result) {
                equivalence_.normalised("results of waits and wakes");
            }
            return only_result;
        case CallKind::Poll:
            if (only_outcome && events.concurrent()) {
                equivalence_.normalised("what was ready when");
            }
            return only_outcome && events.concurrent();
        default:
            return false;
    }
}

}  // namespace levitate::traces::detail
