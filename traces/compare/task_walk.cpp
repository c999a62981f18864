#include "traces/compare/task_walk.hpp"

#include <algorithm>

#include "traces/abi/syscalls.hpp"
#include "traces/compare/domain.hpp"

namespace levitate::traces::detail {

using abi::CallKind;

TaskWalk::TaskWalk(const TaskView& golden, const TaskView& actual, Comparing& comparing)
    : pair_{.golden = {.index = &comparing.matcher.golden(),
                       .task = &golden,
                       .killed_anywhere = comparing.habits.end_varies(golden.number)},
            .actual = {.index = &comparing.matcher.actual(),
                       .task = &actual,
                       .killed_anywhere = comparing.habits.end_varies(golden.number)}},
      comparing_(comparing),
      aside_(comparing.matcher, comparing.findings),
      streams_(comparing.matcher.equivalence()) {}

void TaskWalk::step() {
    if (aside_.match(pair_) || pass_lost_registers()) {
        return;
    }
    if (pair_.golden.ended() && pair_.actual.ended()) {
        finish();
        return;
    }
    if (match_allocations() || match_trims()) {
        return;
    }
    std::vector<FieldDifference> differences;
    if (match_next(differences)) {
        return;
    }
    if (!is_refused(differences) && (skip_free(pair_.golden) || skip_free(pair_.actual))) {
        return;
    }
    if (aside_.put(pair_) || end_overtaken()) {
        return;
    }
    diverge(differences);
}

bool TaskWalk::match_next(std::vector<FieldDifference>& differences) {
    if (pair_.golden.ended() || pair_.actual.ended() ||
        !same_identity(pair_.golden.event(), pair_.actual.event())) {
        return false;
    }
    inherit_space();
    // If a schedule decides whether a call is made, recordings do not say what varies in it.
    const std::size_t golden = pair_.golden.event_index();
    const std::size_t actual = pair_.actual.event_index();
    const bool free = pair_.golden.is_free() && pair_.actual.is_free();
    differences = free ? comparing_.matcher.all_differences(golden, actual)
                       : comparing_.matcher.differences(golden, actual);
    if (differences.empty()) {
        follow_mappings();
        take(1, 1);
        return true;
    }
    comparing_.matcher.reject();
    if (const auto match = streams_.match(pair_)) {
        take(match->golden_events, match->actual_events);
        return true;
    }
    return false;
}

void TaskWalk::take(std::size_t golden_events, std::size_t actual_events) {
    comparing_.matcher.accept(pair_.golden.event_index());
    comparing_.findings.matched(golden_events);
    pair_.golden.next += golden_events;
    pair_.actual.next += actual_events;
}

// A child begins with a copy of its parent's address space.
void TaskWalk::inherit_space() {
    if (!pair_.golden.at<TaskStartEvent>()) {
        return;
    }
    const TraceIndex& golden = *pair_.golden.index;
    const TaskView* parent = golden.task(pair_.golden.task->parent);
    if (parent == nullptr) {
        return;
    }
    std::optional<std::uint32_t> space;
    for (const std::size_t event : parent->events) {
        if (golden.trace().events[event].order < pair_.golden.event().order) {
            space = golden.note(event).space;
        }
    }
    if (space) {
        comparing_.matcher.equivalence().fork_space(*space, pair_.golden.note().space);
    }
}

// Notes what both sides have mapped to hand out parts of it, and what they have unmapped.
void TaskWalk::follow_mappings() {
    AddressMap& space = comparing_.matcher.equivalence().space(pair_.golden.note().space);
    const SyscallEvent* unmapping = call_of_kind(pair_.golden.event(), CallKind::Unmap);
    if (unmapping != nullptr && unmapping->result == 0) {
        space.note_unmapping(unmapping->arguments[0], unmapping->arguments[1]);
    }
    if (call_of_kind(pair_.golden.event(), CallKind::Map) != nullptr) {
        for (const PlacedOperation& placed :
             operations_of(*pair_.golden.index, {pair_.golden.event_index()})) {
            note_reserve(&placed, nullptr);
        }
        for (const PlacedOperation& placed :
             operations_of(*pair_.actual.index, {pair_.actual.event_index()})) {
            note_reserve(nullptr, &placed);
        }
    }
}

bool TaskWalk::skip_free(Side& side) {
    if (side.ended() || !side.is_free()) {
        return false;
    }
    const bool is_golden = &side == &pair_.golden;
    const auto problem = impossible_at(side);
    const auto strange =
        is_golden ? std::nullopt : comparing_.habits.strange(*side.index, side.event_index());
    if (problem && is_golden) {
        return false;
    }
    if (problem) {
        report(DivergenceKind::Result, std::nullopt, side.event_index(), {},
               describe(side.event()) + ": Linux answers so on no schedule: " + *problem);
    } else if (strange) {
        report(DivergenceKind::Arguments, std::nullopt, side.event_index(), {},
               describe(side.event()) + ": " + *strange);
    } else {
        comparing_.matcher.note("waits, wakes and polls that are absent or repeated");
        comparing_.findings.matched(is_golden ? 1U : 0U);
    }
    ++side.next;
    return true;
}

// Why Linux gives this answer on no schedule to the call at which the side stands. Only the end of its task
// leaves a call without a result, and only a signal makes it begin again. Precondition: the side stands at a
// call.
std::optional<std::string> TaskWalk::impossible_at(const Side& side) {
    const SyscallEvent& call = *call_of(side.event());
    const bool signalled = side.remaining() > 1 && std::holds_alternative<SignalEvent>(side.event(1).body);
    if (call.restarted && !signalled) {
        return "restarted, although no signal came";
    }
    if (!call.result && !call.restarted && side.remaining() > 2) {
        return "no result, although the task goes on";
    }
    return impossible(call);
}

// Whether the two calls agree in their arguments, but the actual answer is one that Linux gives on no
// schedule.
bool TaskWalk::is_refused(const std::vector<FieldDifference>& differences) const {
    return !differences.empty() && kind_of(differences) == DivergenceKind::Result &&
           call_of(pair_.actual.event()) != nullptr && impossible(*call_of(pair_.actual.event()));
}

// Ends the walk where its process' end has cut a task short. Up to there it did the same as on the other
// side.
bool TaskWalk::end_overtaken() {
    const bool golden = pair_.golden.overtaken();
    const bool actual = pair_.actual.overtaken();
    if ((!golden && !actual) || !stands_in_like_call()) {
        return false;
    }
    comparing_.matcher.note("threads that ended with their process");
    outlived_golden_ = !actual;
    aside_.forget();
    pair_.done = true;
    return true;
}

// Whether the call that the overtaken side was in is also the other side's next call.
bool TaskWalk::stands_in_like_call() {
    const Side& cut = pair_.actual.overtaken() ? pair_.actual : pair_.golden;
    const Side& other = pair_.actual.overtaken() ? pair_.golden : pair_.actual;
    if (cut.ended() || call_of(cut.event()) == nullptr || !cut.is_fixed() || other.ended()) {
        return true;
    }
    if (!same_identity(cut.event(), other.event())) {
        return false;
    }
    const auto differences =
        comparing_.matcher.differences(pair_.golden.event_index(), pair_.actual.event_index());
    comparing_.matcher.reject();
    return std::ranges::none_of(differences, [](const FieldDifference& difference) {
        return difference.kind == DivergenceKind::Arguments;
    });
}

// Checks the calls that no schedule decides, although it decides others of their kind.
void TaskWalk::check_certain_calls() {
    if (pair_.actual.overtaken() || pair_.golden.overtaken() ||
        comparing_.matcher.equivalence().mode() == AddressMode::Random) {
        return;
    }
    const auto count = [](const Side& side, const CallPlace& place, std::optional<std::size_t>& first) {
        std::size_t calls = 0;
        for (const std::size_t event : side.task->events) {
            if (call_of(side.index->trace().events[event]) != nullptr &&
                side.index->place_of(event) == place) {
                first = first ? first : std::optional(event);
                ++calls;
            }
        }
        return calls;
    };
    for (const auto& [place, usual] : comparing_.habits.certain_calls(pair_.golden.task->number)) {
        std::optional<std::size_t> golden;
        std::optional<std::size_t> actual;
        const std::size_t wanted = count(pair_.golden, place, golden);
        const std::size_t found = count(pair_.actual, place, actual);
        // Another build makes its calls at other places.
        if (found == usual || wanted != usual || (found == 0 && !golden)) {
            continue;
        }
        const Event& event = golden ? pair_.golden.index->trace().events[*golden]
                                    : pair_.actual.index->trace().events[*actual];
        report(found < usual ? DivergenceKind::MissingCall : DivergenceKind::ExtraCall, golden, actual, {},
               describe(event) + " " + std::to_string(found) + " times at one place; on Linux always " +
                   std::to_string(usual) + " times");
    }
}

void TaskWalk::finish() {
    check_certain_calls();
    aside_.finish(pair_, comparing_.habits.auxv_reads(pair_.golden.task->number));
    pair_.done = true;
}

}  // namespace levitate::traces::detail
