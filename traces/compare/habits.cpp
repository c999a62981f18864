#include "traces/compare/habits.hpp"

#include <algorithm>

#include "traces/compare/side.hpp"

namespace levitate::traces::detail {
namespace {

using abi::ArgumentKind;

// Fewer recordings, tasks or calls than these make nothing certain: they may agree by chance.
constexpr std::size_t kFewestRecordings = 3;
constexpr std::size_t kFewestTasks = 4;
constexpr std::size_t kFewestCalls = 50;
// A process that wakes others this often in every recording cannot come to its end without waking any.
constexpr std::size_t kManyWakes = 20;

}  // namespace

Habits::Habits(const std::list<TraceIndex>& recordings)
    : recordings_(recordings.size()),
      cut_short_(tasks_cut_short(recordings)),
      pools_(recordings),
      allocations_(recordings, cut_short_, pools_.members()) {
    std::size_t number = 0;
    for (const TraceIndex& recording : recordings) {
        learn_reads(recording);
        learn_least(recording, number == 0);
        // Where addresses are random, a PC does not tell a place.
        if (!recording.trace().header.randomize_addresses) {
            learn_sites(recording, number);
        }
        ++number;
    }
    learn_ends(recordings);
    find_certain_sites();
}

void Habits::learn_reads(const TraceIndex& recording) {
    for (const auto& [number, task] : recording.tasks()) {
        const std::size_t reads = count_auxv_reads(recording, task);
        Range& range = auxv_reads_[number];
        range.least = std::min(range.least, reads);
        range.most = std::max(range.most, reads);
    }
}

void Habits::learn_sites(const TraceIndex& recording, std::size_t number) {
    for (const auto& [task_number, task] : recording.tasks()) {
        for (Side side{.index = &recording, .task = &task}; !side.ended(); ++side.next) {
            if (!side.is_free()) {
                continue;
            }
            const SyscallEvent& call = *call_of(side.event());
            const abi::SyscallRow& row = *side.note().row;
            if (call.pc == 0) {
                continue;  // not known
            }
            FreeSite& site = sites_[recording.place_of(side.event_index())][&row];
            for (std::size_t i = 0; i < row.argument_count; ++i) {
                if (const auto value = given_by_program(row, i, call.arguments[i])) {
                    site.given[i].insert(*value);
                }
            }
            auto& counts = site.counts[task_number];
            counts.resize(recordings_);
            ++counts[number];
        }
    }
}

void Habits::learn_ends(const std::list<TraceIndex>& recordings) {
    std::map<TaskNumber, std::set<std::size_t>> lengths;
    for (const TraceIndex& recording : recordings) {
        for (const auto& [number, task] : recording.tasks()) {
            if (!task.killed) {
                continue;
            }
            std::size_t fixed = 0;
            for (Side side{.index = &recording, .task = &task}; !side.ended(); ++side.next) {
                fixed += side.is_fixed() ? 1U : 0U;
            }
            lengths[number].insert(fixed);
        }
    }
    for (const auto& [number, seen] : lengths) {
        if (seen.size() > 1) {
            varying_ends_.insert(number);
        }
    }
}

void Habits::find_certain_sites() {
    for (const auto& [place, rows] : sites_) {
        std::size_t tasks = 0;
        std::set<std::size_t> seen;
        for (const auto& [row, site] : rows) {
            for (const auto& [task, counts] : site.counts) {
                if (!cut_short_.contains(task)) {
                    ++tasks;
                    seen.insert(counts.begin(), counts.end());
                }
            }
        }
        // Whether a task waits for another, or finds one waiting, is a matter of the schedule, even where it
        // is always the same on Linux.
        const bool depends_on_others = rows.begin()->first->argument_count != 0;
        const bool same =
            recordings_ >= kFewestRecordings && !depends_on_others && rows.size() == 1 && seen.size() == 1;
        if (same && (tasks >= kFewestTasks || *seen.begin() >= kFewestCalls)) {
            certain_sites_.insert(place);
        }
    }
}

void Habits::learn_least(const TraceIndex& recording, bool is_first) {
    std::map<TaskNumber, std::size_t> polls;
    std::map<std::uint32_t, std::size_t> wakes;
    for (const auto& [number, task] : recording.tasks()) {
        polls[number] = count_calls(recording, task, abi::CallKind::Poll);
        wakes[task.process] += count_calls(recording, task, abi::CallKind::Wake);
    }
    const auto keep_least = [is_first](auto& least, const auto& here) {
        for (const auto& [key, count] : here) {
            least.try_emplace(key, is_first ? count : 0);
        }
        for (auto& [key, count] : least) {
            const auto found = here.find(key);
            count = found != here.end() ? std::min(count, found->second) : 0;
        }
    };
    keep_least(least_polls_, polls);
    keep_least(least_wakes_, wakes);
}

bool Habits::always_polls(TaskNumber task) const {
    const auto found = least_polls_.find(task);
    return found != least_polls_.end() && found->second > 0 && !cut_short_.contains(task) &&
           !pools_.members().contains(task);
}

bool Habits::always_wakes(std::uint32_t process) const {
    const auto found = least_wakes_.find(process);
    return found != least_wakes_.end() && found->second >= kManyWakes;
}

Range Habits::auxv_reads(TaskNumber task) const {
    const auto found = auxv_reads_.find(task);
    return found != auxv_reads_.end() ? found->second : Range{};
}

std::optional<std::string> Habits::strange(const TraceIndex& index, std::size_t event) const {
    const SyscallEvent& call = *call_of(index.trace().events[event]);
    const auto place = sites_.find(index.place_of(event));
    if (place == sites_.end()) {
        return strange_anywhere(call);
    }
    const auto found = place->second.find(row_of(call));
    if (found == place->second.end()) {
        // Two ways to a call may be equally deep, but a command that the program gives nowhere cannot be its
        // own.
        const bool elsewhere = std::ranges::any_of(
            sites_, [&](const auto& other) { return other.second.contains(row_of(call)); });
        return elsewhere ? std::nullopt
                         : std::optional<std::string>("another command than the program gives anywhere");
    }
    const auto& [row, site] = *found;
    for (std::size_t i = 0; i < row->argument_count; ++i) {
        const auto value = given_by_program(*row, i, call.arguments[i]);
        if (value && !site.given[i].contains(*value)) {
            return std::string(row->arguments()[i].name) + " is none that the program gives at this place";
        }
    }
    return std::nullopt;
}

// A call at a place that no recording came to has to use flags and commands of other places.
std::optional<std::string> Habits::strange_anywhere(const SyscallEvent& call) const {
    const abi::SyscallRow* row = row_of(call);
    bool row_is_known = false;
    std::array<bool, 6> value_is_known{};
    for (const auto& [place, rows] : sites_) {
        const auto site = rows.find(row);
        if (site == rows.end()) {
            continue;
        }
        row_is_known = true;
        for (std::size_t i = 0; i < row->argument_count; ++i) {
            const auto value = given_by_program(*row, i, call.arguments[i]);
            value_is_known[i] = value_is_known[i] || (value && site->second.given[i].contains(*value));
        }
    }
    for (std::size_t i = 0; row_is_known && i < row->argument_count; ++i) {
        const ArgumentKind kind = row->arguments()[i].kind;
        if ((kind == ArgumentKind::Flags || kind == ArgumentKind::Enum) && !value_is_known[i]) {
            return std::string(row->arguments()[i].name) + " is none that the program gives anywhere";
        }
    }
    return std::nullopt;
}

std::map<CallPlace, std::size_t> Habits::certain_calls(TaskNumber task) const {
    std::map<CallPlace, std::size_t> calls;
    if (cut_short_.contains(task) || pools_.members().contains(task)) {
        return calls;
    }
    for (const CallPlace& place : certain_sites_) {
        for (const auto& [row, site] : sites_.at(place)) {
            const auto counts = site.counts.find(task);
            calls[place] += counts != site.counts.end() ? counts->second.front() : 0;
        }
    }
    return calls;
}

}  // namespace levitate::traces::detail
