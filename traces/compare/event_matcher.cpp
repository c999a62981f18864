#include "traces/compare/event_matcher.hpp"

#include <algorithm>
#include <iterator>

#include "traces/compare/domain.hpp"

namespace levitate::traces::detail {
EventMatcher::EventMatcher(const TraceIndex& golden, const TraceIndex& actual, Judge& judge, AddressMode mode)
    : golden_(golden), actual_(actual), judge_(judge), equivalence_(mode) {}

std::vector<FieldDifference> EventMatcher::differences(std::size_t golden_event, std::size_t actual_event) {
    const EventPair events{golden_, actual_, golden_event, actual_event};
    std::vector<FieldDifference> found = compare_fields(events, equivalence_);
    let_pass(events, found);
    return found;
}

std::vector<FieldDifference> EventMatcher::all_differences(std::size_t golden_event,
                                                           std::size_t actual_event) {
    return compare_fields({golden_, actual_, golden_event, actual_event}, equivalence_);
}

std::vector<FieldDifference> EventMatcher::outcome_differences(std::size_t golden_event,
                                                               std::size_t actual_event) {
    const EventPair events{golden_, actual_, golden_event, actual_event};
    std::vector<FieldDifference> found = compare_outcomes(events, equivalence_);
    let_pass(events, found);
    return found;
}

void EventMatcher::accept(std::size_t golden_event) {
    equivalence_.commit();
    judge_.aligned(golden_event);
}

void EventMatcher::note(const std::string& what) {
    equivalence_.normalised(what);
    equivalence_.commit();
}

void EventMatcher::let_pass(const EventPair& events, std::vector<FieldDifference>& differences) {
    if (differences.empty()) {
        return;
    }
    // An answer that Linux gives on no schedule is not let pass, however much the recordings vary there.
    const SyscallEvent* call = call_of(events.actual_side());
    const bool answer_is_possible = call == nullptr || !impossible(*call);
    std::erase_if(differences, [&](const FieldDifference& difference) {
        if (difference.kind == DivergenceKind::Result && !answer_is_possible) {
            return false;
        }
        if (!judge_.lets_pass(events.golden_event, difference)) {
            return false;
        }
        equivalence_.normalised(difference.value_class == ValueClass::Time
                                    ? "times"
                                    : "values that differ between the golden recordings");
        if (difference.mapping_length != 0) {
            equivalence_.space(events.space())
                .note_mapping(difference.golden_mapping, difference.actual_mapping,
                              difference.mapping_length);
        }
        return true;
    });
}

void Findings::report(DivergenceKind kind, TaskNumber task, std::optional<std::size_t> golden_event,
                      std::optional<std::size_t> actual_event,
                      const std::vector<FieldDifference>& differences, std::string message) {
    Divergence divergence;
    divergence.kind = kind;
    divergence.task = task;
    divergence.golden_event = golden_event;
    divergence.actual_event = actual_event;
    for (const FieldDifference& difference : differences) {
        divergence.differences.push_back(difference.shown);
    }
    divergence.message = std::move(message);
    divergences_.push_back(std::move(divergence));
}

void Findings::insert(const TraceIndex& actual, DivergenceKind kind, TaskNumber task,
                      std::size_t actual_event, std::string message) {
    report(kind, task, std::nullopt, actual_event, {}, std::move(message));
    const auto& events = actual.trace().events;
    const auto added = std::prev(divergences_.end());
    const auto later = std::find_if(divergences_.begin(), added, [&](const Divergence& other) {
        return other.actual_event && events[*other.actual_event].order > events[actual_event].order;
    });
    std::rotate(later, added, divergences_.end());
}

DivergenceKind kind_of(const std::vector<FieldDifference>& differences) {
    for (const DivergenceKind kind : {DivergenceKind::Arguments, DivergenceKind::Result}) {
        if (std::ranges::any_of(differences, [&](const FieldDifference& d) { return d.kind == kind; })) {
            return kind;
        }
    }
    return differences.front().kind;
}

}  // namespace levitate::traces::detail
