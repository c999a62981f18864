// The part of a task's walk that says what differs, and finds where the sides meet again.
#include <algorithm>

#include "traces/abi/syscalls.hpp"
#include "traces/compare/task_walk.hpp"

namespace levitate::traces::detail {
namespace {

// How far ahead the sides may meet again, and how many events in a row have to agree there.
constexpr std::size_t kWindow = 256;
constexpr std::size_t kMeeting = 3;
// Up to this many events that are left out or made twice are told from an event with other arguments.
constexpr std::size_t kShift = 8;
// At most this many of the events that one side has left over at its end are reported one by one.
constexpr std::size_t kMostReported = 64;

// A fixed event from the side's next one on that is not a loss of registers: what it is, and how far ahead it
// stands.
struct Landmark {
    std::size_t identity = 0;
    std::size_t ahead = 0;
};

std::vector<Landmark> landmarks(const Side& side) {
    std::vector<Landmark> found;
    for (std::size_t ahead = 0; ahead < side.remaining() && found.size() < kWindow; ++ahead) {
        if (side.is_fixed(ahead) && !std::holds_alternative<RegistersEvent>(side.event(ahead).body)) {
            found.push_back({identity_of(side.event(ahead), PlaceBits::InPage), ahead});
        }
    }
    return found;
}

bool meet(const std::vector<Landmark>& golden, std::size_t i, const std::vector<Landmark>& actual,
          std::size_t j) {
    for (std::size_t n = 0; n < kMeeting; ++n) {
        const bool golden_ended = i + n >= golden.size();
        const bool actual_ended = j + n >= actual.size();
        if (golden_ended || actual_ended) {
            return n > 0 && golden_ended == actual_ended;
        }
        if (golden[i + n].identity != actual[j + n].identity) {
            return false;
        }
    }
    return true;
}

DivergenceKind kind_of_event(const Event& event, bool missing) {
    if (std::holds_alternative<RegistersEvent>(event.body)) {
        return DivergenceKind::Registers;
    }
    if (std::holds_alternative<SignalEvent>(event.body)) {
        return DivergenceKind::Signal;
    }
    if (std::holds_alternative<AuxvReadEvent>(event.body)) {
        return DivergenceKind::Auxv;
    }
    if (std::holds_alternative<TaskEndEvent>(event.body)) {
        return DivergenceKind::Exit;
    }
    return missing ? DivergenceKind::MissingCall : DivergenceKind::ExtraCall;
}

std::string expected_found(const std::string& golden, const std::string& actual) {
    std::string text = "expected ";
    text.append(golden).append(", found ").append(actual);
    return text;
}

std::string what_is_at(const Side& side) {
    if (!side.ended()) {
        return describe(side.event());
    }
    const std::string& incomplete = side.index->trace().incomplete;
    return incomplete.empty() ? "the task's end" : "the end of the recording (" + incomplete + ")";
}

}  // namespace

// A kernel that loses a register over a call does so over many. The calls themselves stand beside Linux's as
// they would without. True: one side has moved.
bool TaskWalk::pass_lost_registers() {
    const bool is_golden = pair_.golden.at<RegistersEvent>();
    if (comparing_.depth == Depth::First || is_golden == pair_.actual.at<RegistersEvent>()) {
        return false;
    }
    const auto at = [](const Side& side) {
        return side.ended() ? std::nullopt : std::optional(side.event_index());
    };
    report(DivergenceKind::Registers, at(pair_.golden), at(pair_.actual), {},
           structural_message(DivergenceKind::Registers));
    ++(is_golden ? pair_.golden : pair_.actual).next;
    return true;
}

void TaskWalk::diverge(const std::vector<FieldDifference>& differences) {
    if (comparing_.depth == Depth::First) {
        const auto at = [](const Side& side) {
            return side.ended() ? std::nullopt : std::optional(side.event_index());
        };
        const DivergenceKind kind = differences.empty() ? structural_kind() : kind_of(differences);
        report(kind, at(pair_.golden), at(pair_.actual), differences, structural_message(kind));
        parted_ = true;
        pair_.done = true;
        return;
    }
    if (pair_.golden.ended() || pair_.actual.ended()) {
        report_rest();
        return;
    }
    if (!differences.empty()) {
        const DivergenceKind kind = kind_of(differences);
        const bool given = kind == DivergenceKind::Arguments || kind == DivergenceKind::Data;
        const auto moved = given ? shift() : std::nullopt;
        if (moved) {
            report_skip(*moved);
        } else {
            diverge_in_values(differences);
        }
        return;
    }
    if (const auto skip = meeting()) {
        report_skip(*skip);
        return;
    }
    const DivergenceKind kind = structural_kind();
    report(kind, pair_.golden.event_index(), pair_.actual.event_index(), {},
           structural_message(kind) + "; the run takes another path from here");
    parted_ = true;
    pair_.done = true;
}

void TaskWalk::diverge_in_values(const std::vector<FieldDifference>& differences) {
    const DivergenceKind kind = kind_of(differences);
    report(kind, pair_.golden.event_index(), pair_.actual.event_index(), differences,
           structural_message(kind));
    // What follows is compared as if the kernel had been right to answer so.
    Equivalence& equivalence = comparing_.matcher.equivalence();
    for (const FieldDifference& difference : differences) {
        if (difference.mapping_length != 0) {
            equivalence.space(pair_.golden.note().space)
                .note_mapping(difference.golden_mapping, difference.actual_mapping,
                              difference.mapping_length);
        }
    }
    const SyscallEvent* golden = call_of(pair_.golden.event());
    const SyscallEvent* actual = call_of(pair_.actual.event());
    const abi::SyscallRow* row = golden != nullptr ? row_of(*golden) : nullptr;
    if (row != nullptr && row->result == abi::ResultKind::Fd) {
        const std::int64_t one = golden->result.value_or(-1);
        const std::int64_t other = actual->result.value_or(-1);
        if (one >= 0 && other >= 0) {
            equivalence.note_descriptor({pair_.golden.note().space, pair_.golden.task->number},
                                        static_cast<std::uint64_t>(one), static_cast<std::uint64_t>(other));
        }
    }
    ++pair_.golden.next;
    ++pair_.actual.next;
}

// Whether a call was left out or made twice, which is so if the next call like it agrees in everything.
std::optional<TaskWalk::Skip> TaskWalk::shift() const {
    const auto golden = landmarks(pair_.golden);
    const auto actual = landmarks(pair_.actual);
    const auto agrees = [&](std::size_t i, std::size_t j) {
        if (i >= golden.size() || j >= actual.size() || golden[i].identity != actual[j].identity ||
            !meet(golden, i, actual, j)) {
            return false;
        }
        const auto differences = comparing_.matcher.differences(pair_.golden.event_index(golden[i].ahead),
                                                                pair_.actual.event_index(actual[j].ahead));
        comparing_.matcher.reject();
        return differences.empty();
    };
    for (std::size_t step = 1; step <= kShift; ++step) {
        if (agrees(step, 0)) {
            return Skip{golden[step].ahead, 0};
        }
        if (agrees(0, step)) {
            return Skip{0, actual[step].ahead};
        }
    }
    return std::nullopt;
}

// The nearest place at which both do the same again.
std::optional<TaskWalk::Skip> TaskWalk::meeting() const {
    const auto golden = landmarks(pair_.golden);
    const auto actual = landmarks(pair_.actual);
    for (std::size_t distance = 1; distance < golden.size() + actual.size(); ++distance) {
        for (std::size_t i = 0; i <= distance; ++i) {
            const std::size_t j = distance - i;
            if (i < golden.size() && j < actual.size() && meet(golden, i, actual, j)) {
                return Skip{golden[i].ahead, actual[j].ahead};
            }
        }
    }
    return std::nullopt;
}

void TaskWalk::report_skip(const Skip& skip) {
    if (skip.golden != 0 && skip.actual != 0) {
        const DivergenceKind kind = structural_kind();
        report(kind, pair_.golden.event_index(), pair_.actual.event_index(), {},
               structural_message(kind) + "; another path, " + std::to_string(skip.actual) +
                   " events in place of " + std::to_string(skip.golden));
        pair_.golden.next += skip.golden;
        pair_.actual.next += skip.actual;
        return;
    }
    const bool missing = skip.golden != 0;
    Side& side = missing ? pair_.golden : pair_.actual;
    const std::string other = what_is_at(missing ? pair_.actual : pair_.golden);
    for (std::size_t left = missing ? skip.golden : skip.actual; left > 0; --left, ++side.next) {
        if (!side.is_fixed()) {
            continue;
        }
        const std::size_t event = side.event_index();
        const std::string own = describe(side.event());
        const auto found = (missing ? pair_.actual : pair_.golden);
        report(kind_of_event(side.event(), missing),
               missing ? std::optional(event) : std::optional(found.event_index()),
               missing ? std::optional(found.event_index()) : std::optional(event), {},
               missing ? expected_found(own, other) : expected_found(other, own));
    }
}

// One side has come to its end, and the other goes on.
void TaskWalk::report_rest() {
    const bool missing = pair_.actual.ended();
    Side& side = missing ? pair_.golden : pair_.actual;
    const std::string end = what_is_at(missing ? pair_.actual : pair_.golden);
    for (std::size_t reported = 0; !side.ended(); ++side.next) {
        if (!side.is_fixed() || ++reported > kMostReported) {
            continue;
        }
        const std::size_t event = side.event_index();
        const std::string own = describe(side.event());
        report(kind_of_event(side.event(), missing), missing ? std::optional(event) : std::nullopt,
               missing ? std::nullopt : std::optional(event), {},
               missing ? expected_found(own, end) : expected_found(end, own));
    }
    finish();
}

DivergenceKind TaskWalk::structural_kind() const {
    const Side& golden = pair_.golden;
    const Side& actual = pair_.actual;
    if (actual.at<RegistersEvent>() || golden.at<RegistersEvent>()) {
        return DivergenceKind::Registers;
    }
    if (golden.at<SignalEvent>() || actual.at<SignalEvent>()) {
        return DivergenceKind::Signal;
    }
    if (golden.at<AuxvReadEvent>() || actual.at<AuxvReadEvent>()) {
        return DivergenceKind::Auxv;
    }
    const bool golden_ends = golden.ended() || golden.at<TaskEndEvent>();
    const bool actual_ends = actual.ended() || actual.at<TaskEndEvent>();
    if (golden_ends && actual_ends) {
        return DivergenceKind::Exit;
    }
    if (golden_ends != actual_ends) {
        return actual_ends ? DivergenceKind::MissingCall : DivergenceKind::ExtraCall;
    }
    // The call that comes sooner on the other side is the one that was expected there.
    const auto distance = [](const Side& side, const Event& wanted) {
        std::size_t ahead = 0;
        while (ahead < std::min(side.remaining(), kWindow) && !same_identity(side.event(ahead), wanted)) {
            ++ahead;
        }
        return ahead;
    };
    const std::size_t to_actual = distance(golden, actual.event());
    const std::size_t to_golden = distance(actual, golden.event());
    if (to_actual != to_golden) {
        return to_actual < to_golden ? DivergenceKind::MissingCall : DivergenceKind::ExtraCall;
    }
    return actual.remaining() > golden.remaining() ? DivergenceKind::ExtraCall : DivergenceKind::MissingCall;
}

std::string TaskWalk::structural_message(DivergenceKind kind) const {
    const std::string golden = what_is_at(pair_.golden);
    const std::string actual = what_is_at(pair_.actual);
    if (kind == DivergenceKind::Registers) {
        return "the kernel has not preserved registers: " + actual;
    }
    if (golden == actual) {
        const bool plural = kind == DivergenceKind::Arguments || kind == DivergenceKind::Data;
        return golden + ": " + std::string(to_string(kind)) + (plural ? " differ" : " differs");
    }
    return "expected " + golden + ", found " + actual;
}

void TaskWalk::report(DivergenceKind kind, std::optional<std::size_t> golden,
                      std::optional<std::size_t> actual, const std::vector<FieldDifference>& differences,
                      std::string message) {
    comparing_.matcher.reject();
    comparing_.findings.report(kind, pair_.golden.task->number, golden, actual, differences,
                               std::move(message));
}

}  // namespace levitate::traces::detail
