#include "traces/compare/walk.hpp"

#include <algorithm>

namespace levitate::traces::detail {
Alignment Walk::run() {
    pair_tasks();
    for (const std::size_t event : golden_.by_order()) {
        const auto found = pairs_.find(golden_.trace().events[event].task);
        if (found != pairs_.end()) {
            advance_past(found->second, event);
        }
        if (divergence_) {
            break;
        }
    }
    for (auto& [number, pair] : pairs_) {
        while (!divergence_ && !pair.done) {
            step(pair);
        }
    }
    check_unpaired_tasks();
    check_outcome();
    return {std::move(divergence_), matched_, equivalence_.normalisations()};
}

AddressMode Walk::mode_of(const TraceIndex& golden, const TraceIndex& actual) {
    const bool random =
        golden.trace().header.randomize_addresses || actual.trace().header.randomize_addresses;
    return random ? AddressMode::Random : AddressMode::Exact;
}

void Walk::pair_tasks() {
    pair_children(roots(golden_), roots(actual_));
}

std::vector<TaskNumber> Walk::roots(const TraceIndex& index) {
    std::vector<TaskNumber> result;
    for (const auto& [number, task] : index.tasks()) {
        if (index.task(task.parent) == nullptr || task.parent == number) {
            result.push_back(number);
        }
    }
    return result;
}

void Walk::pair_children(const std::vector<TaskNumber>& golden, const std::vector<TaskNumber>& actual) {
    for (std::size_t i = 0; i < std::min(golden.size(), actual.size()); ++i) {
        const TaskView* one = golden_.task(golden[i]);
        const TaskView* other = actual_.task(actual[i]);
        pairs_[golden[i]] = {.golden = {&golden_, one, 0, {}, {}}, .actual = {&actual_, other, 0, {}, {}}};
        paired_actual_.insert(actual[i]);
        pair_children(one->children, other->children);
    }
}

void Walk::advance_past(TaskPair& pair, std::size_t event) {
    while (!pair.done && !divergence_ && !pair.golden.ended() && pair.golden.event_index() != event &&
           golden_.trace().events[pair.golden.event_index()].order <= golden_.trace().events[event].order) {
        step(pair);
    }
    if (!pair.done && !divergence_ && !pair.golden.ended() && pair.golden.event_index() == event) {
        const std::size_t before = pair.golden.next;
        while (!pair.done && !divergence_ && pair.golden.next == before) {
            step(pair);
        }
    }
}

void Walk::step(TaskPair& pair) {
    if (pair.golden.ended() && pair.actual.ended() && !match_auxv_reads(pair)) {
        finish(pair);
        return;
    }
    if (match_auxv_reads(pair) || match_waiting(pair)) {
        return;
    }
    std::vector<FieldDifference> differences;
    if (!pair.golden.ended() && !pair.actual.ended() &&
        same_identity(pair.golden.event(), pair.actual.event())) {
        differences = match(pair);
        if (differences.empty()) {
            return;
        }
    }
    if (!is_refused(pair, differences) && skip(pair)) {
        return;
    }
    diverge(pair, differences);
}

bool Walk::is_refused(const TaskPair& pair, const std::vector<FieldDifference>& differences) {
    return !differences.empty() && kind_of(differences) == DivergenceKind::Result &&
           call_of(pair.actual.event()) != nullptr && !ordinary_result(*call_of(pair.actual.event()));
}

}  // namespace levitate::traces::detail
