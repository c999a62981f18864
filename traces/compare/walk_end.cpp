// Ends and divergences.
#include "traces/compare/walk.hpp"

#include <algorithm>

namespace levitate::traces::detail {

namespace {

// How far ahead a call is looked for, to tell a missing call from an extra one.
constexpr std::size_t kLookAhead = 64;

}  // namespace

void Walk::finish(TaskPair& pair) {
    pair.done = true;
    while (drop_optional_read(pair.golden) || drop_optional_read(pair.actual)) {
    }
    for (const Side* side : {&pair.golden, &pair.actual}) {
        const bool is_read = side->waiting.empty() && !side->auxv_reads.empty();
        if (is_read || !side->waiting.empty()) {
            const std::size_t event = is_read ? side->auxv_reads.front() : side->waiting.front().front();
            const bool is_golden = side == &pair.golden;
            diverge_at(pair, is_golden ? std::optional(event) : std::nullopt,
                       is_golden ? std::nullopt : std::optional(event),
                       is_read ? DivergenceKind::Auxv : DivergenceKind::Signal, {},
                       describe(side->index->trace().events[event]) +
                           (is_golden ? (is_read ? " is missing" : " was not delivered")
                                      : " is not in the golden recording"));
            return;
        }
    }
}

bool Walk::overtaken(const Side& side) const {
    if (!side.index->ended_by_another(*side.task)) {
        return false;
    }
    return side.ended() || std::holds_alternative<TaskEndEvent>(side.event().body) ||
           (call_of(side.event()) != nullptr && !call_of(side.event())->result);
}

void Walk::diverge(TaskPair& pair, const std::vector<FieldDifference>& differences) {
    if (overtaken(pair.golden) || overtaken(pair.actual)) {
        equivalence_.normalised("threads that ended with their process");
        equivalence_.commit();
        pair.done = true;
        return;
    }
    if (collected_ != nullptr) {
        pair.done = true;  // this recording says no more of the task
        return;
    }
    const auto at = [](const Side& side) {
        return side.ended() ? std::nullopt : std::optional(side.event_index());
    };
    const DivergenceKind kind = differences.empty() ? structural_kind(pair) : kind_of(differences);
    diverge_at(pair, at(pair.golden), at(pair.actual), kind, differences, message(pair, kind));
}

DivergenceKind Walk::kind_of(const std::vector<FieldDifference>& differences) {
    for (const DivergenceKind kind : {DivergenceKind::Arguments, DivergenceKind::Result}) {
        if (std::ranges::any_of(differences, [&](const FieldDifference& d) { return d.kind == kind; })) {
            return kind;
        }
    }
    return differences.front().kind;
}

DivergenceKind Walk::structural_kind(const TaskPair& pair) const {
    if (at<RegistersEvent>(pair.actual) || at<RegistersEvent>(pair.golden)) {
        return DivergenceKind::Registers;
    }
    if (at<SignalEvent>(pair.golden) || at<SignalEvent>(pair.actual)) {
        return DivergenceKind::Signal;
    }
    if (at<AuxvReadEvent>(pair.golden) || at<AuxvReadEvent>(pair.actual)) {
        return DivergenceKind::Auxv;
    }
    if (at<TaskEndEvent>(pair.actual) || pair.actual.ended()) {
        const bool alone = at<TaskEndEvent>(pair.golden) || pair.golden.ended();
        return alone ? DivergenceKind::Exit : DivergenceKind::MissingCall;
    }
    if (at<TaskEndEvent>(pair.golden) || pair.golden.ended()) {
        return DivergenceKind::ExtraCall;
    }
    // The call that comes sooner on the other side is the one that was expected there.
    const std::size_t to_actual = distance(pair.golden, pair.actual.event());
    const std::size_t to_golden = distance(pair.actual, pair.golden.event());
    if (to_actual != to_golden) {
        return to_actual < to_golden ? DivergenceKind::MissingCall : DivergenceKind::ExtraCall;
    }
    return pair.actual.remaining() > pair.golden.remaining() ? DivergenceKind::ExtraCall
                                                             : DivergenceKind::MissingCall;
}

std::size_t Walk::distance(const Side& side, const Event& wanted) {
    const std::size_t end = std::min(side.task->events.size(), side.next + kLookAhead);
    for (std::size_t i = side.next; i < end; ++i) {
        if (same_identity(side.index->trace().events[side.task->events[i]], wanted)) {
            return i - side.next;
        }
    }
    return kLookAhead;
}

std::string Walk::message(const TaskPair& pair, DivergenceKind kind) const {
    const std::string golden = pair.golden.ended() ? "the task's end" : describe(pair.golden.event());
    std::string actual = pair.actual.ended() ? "the task's end" : describe(pair.actual.event());
    if (pair.actual.ended() && !actual_.trace().incomplete.empty()) {
        actual = "the end of the recording (" + actual_.trace().incomplete + ")";
    }
    if (kind == DivergenceKind::Registers) {
        return "the kernel has not preserved registers: " + actual;
    }
    if (golden == actual) {
        const bool plural = kind == DivergenceKind::Arguments || kind == DivergenceKind::Data;
        return golden + ": " + std::string(to_string(kind)) + (plural ? " differ" : " differs");
    }
    return "expected " + golden + ", found " + actual;
}

void Walk::diverge_at(const TaskPair& pair, std::optional<std::size_t> golden,
                      std::optional<std::size_t> actual, DivergenceKind kind,
                      const std::vector<FieldDifference>& differences, std::string message) {
    equivalence_.roll_back();
    if (collected_ != nullptr || divergence_) {
        return;
    }
    Divergence divergence{.kind = kind,
                          .task = pair.golden.task->number,
                          .golden_event = golden,
                          .actual_event = actual,
                          .differences = {},
                          .message = std::move(message)};
    for (const FieldDifference& difference : differences) {
        divergence.differences.push_back(difference.shown);
    }
    divergence_ = std::move(divergence);
}

void Walk::check_unpaired_tasks() {
    const auto report = [&](const TraceIndex& index, TaskNumber number, DivergenceKind kind,
                            std::string text) {
        const TaskView* task = index.task(number);
        const std::optional<std::size_t> first =
            task->events.empty() ? std::nullopt : std::optional(task->events.front());
        const bool missing = kind == DivergenceKind::MissingCall;
        divergence_ = Divergence{.kind = kind,
                                 .task = number,
                                 .golden_event = missing ? first : std::nullopt,
                                 .actual_event = missing ? std::nullopt : first,
                                 .differences = {},
                                 .message = std::move(text)};
    };
    for (const auto& [number, task] : golden_.tasks()) {
        if (!divergence_ && collected_ == nullptr && !pairs_.contains(number) && !task.events.empty()) {
            report(golden_, number, DivergenceKind::MissingCall,
                   "a task of the golden recording was never started");
        }
    }
    for (const auto& [number, task] : actual_.tasks()) {
        if (!divergence_ && collected_ == nullptr && !paired_actual_.contains(number) &&
            !task.events.empty()) {
            report(actual_, number, DivergenceKind::ExtraCall,
                   "a task was started that the golden recording has not");
        }
    }
}

std::optional<std::size_t> Walk::outcome_of(const TraceIndex& index) {
    const auto& events = index.trace().events;
    for (std::size_t i = events.size(); i > 0; --i) {
        if (std::holds_alternative<OutcomeEvent>(events[i - 1].body)) {
            return i - 1;
        }
    }
    return std::nullopt;
}

void Walk::check_outcome() {
    const auto golden = outcome_of(golden_);
    const auto actual = outcome_of(actual_);
    if (divergence_ || !golden) {
        return;
    }
    if (!actual) {
        if (collected_ == nullptr) {
            const std::string why = actual_.trace().incomplete;
            divergence_ = Divergence{.kind = DivergenceKind::Exit,
                                     .task = golden_.trace().events[*golden].task,
                                     .golden_event = golden,
                                     .actual_event = std::nullopt,
                                     .differences = {},
                                     .message = "the program did not end" + (why.empty() ? "" : ": " + why)};
        }
        return;
    }
    const EventPair events{golden_, actual_, *golden, *actual};
    auto differences = compare_outcomes(events, equivalence_);
    let_pass(events, differences);
    if (differences.empty()) {
        if (collected_ != nullptr) {
            collected_->note_aligned(*golden);
        }
        equivalence_.commit();
        ++matched_;
        return;
    }
    const DivergenceKind kind = differences.front().kind;
    Divergence divergence{.kind = kind,
                          .task = events.golden_side().task,
                          .golden_event = golden,
                          .actual_event = actual,
                          .differences = {},
                          .message = kind == DivergenceKind::Exit ? "the program ended differently"
                                                                  : "the program's output differs"};
    for (const FieldDifference& difference : differences) {
        divergence.differences.push_back(difference.shown);
    }
    divergence_ = std::move(divergence);
}

}  // namespace levitate::traces::detail
