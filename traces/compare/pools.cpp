#include "traces/compare/pools.hpp"

#include <algorithm>
#include <functional>
#include <iterator>
#include <string_view>

#include "traces/compare/side.hpp"
#include "traces/format/bytes.hpp"

namespace levitate::traces::detail {
namespace {

using abi::ArgumentKind;

// If at least this many pairs of steps were seen more than once and never the other way round, the work comes
// from a queue. Without a queue, each of these pairs would have to agree by chance.
constexpr std::size_t kFewestPairs = 20;

void mix(std::size_t& hash, std::size_t value) {
    hash = hash * 1021 + value + 1;
}

bool is_named_by_program(const abi::Argument& argument, const Payload& payload) {
    switch (argument.kind) {
        case ArgumentKind::Path:
        case ArgumentKind::InBytes:
        case ArgumentKind::Strings:
            return true;
        default:
            return payload.element.piece != Piece::Object;
    }
}

std::size_t content_of(const SyscallEvent& call, const EventNote& note) {
    std::size_t content = std::hash<std::string_view>{}(note.fd.path);
    for (const Payload& payload : call.payloads) {
        const bool given = payload.direction == Direction::In && payload.argument < note.row->argument_count;
        if (given && is_named_by_program(note.row->arguments()[payload.argument], payload)) {
            mix(content, std::hash<std::string_view>{}(as_string_view(payload.bytes)));
        }
    }
    return content;
}

Deed deed_of(const TraceIndex& index, std::size_t event) {
    const Event& what = index.trace().events[event];
    Deed deed{.key = identity_of(what), .content = 0};
    const EventNote& note = index.note(event);
    const SyscallEvent* call = call_of(what);
    if (call == nullptr || note.row == nullptr) {
        return deed;
    }
    mix(deed.key, index.place_of(event).depth);
    for (std::size_t i = 0; i < note.row->argument_count; ++i) {
        // The number of a descriptor that the program has opened depends on what others have open.
        const bool opened =
            note.row->arguments()[i].kind == ArgumentKind::Fd && note.fd.kind != FdKind::Inherited;
        const auto value = opened ? std::nullopt : given_by_program(*note.row, i, call->arguments[i]);
        mix(deed.key, value.value_or(0));
    }
    deed.content = content_of(*call, note);
    return deed;
}

struct DeedAt {
    Deed deed;
    std::size_t begin = 0;  // in the task's events, including what the schedule decides before it
    std::size_t end = 0;
};

std::vector<DeedAt> deeds_of(const TraceIndex& index, const TaskView& task) {
    std::vector<DeedAt> deeds;
    std::size_t begin = 0;
    for (Side side{.index = &index, .task = &task}; !side.ended(); ++side.next) {
        if (side.is_fixed()) {
            deeds.push_back({deed_of(index, side.event_index()), begin, side.next + 1});
            begin = side.next + 1;
        }
    }
    return deeds;
}

// How often each value occurs, over all members.
template <class Value, class Project>
std::map<Value, std::size_t> counts_of(const std::vector<std::vector<Deed>>& members, Project project) {
    std::map<Value, std::size_t> counts;
    for (const auto& member : members) {
        for (const Deed& deed : member) {
            ++counts[project(deed)];
        }
    }
    return counts;
}

}  // namespace

std::optional<Pool> Pool::learn(const Recordings& recordings) {
    const auto keys = [](const std::vector<std::vector<Deed>>& members) {
        return counts_of<std::size_t>(members, [](const Deed& deed) { return deed.key; });
    };
    Pool pool;
    std::set<std::size_t> unsteady;
    const auto first_keys = keys(recordings.front());
    const auto first = counts_of<Deed>(recordings.front(), std::identity{});
    for (const auto& members : recordings) {
        if (keys(members) != first_keys) {
            return std::nullopt;
        }
        const auto other = counts_of<Deed>(members, std::identity{});
        for (const auto& [deed, count] : first) {
            const auto found = other.find(deed);
            if (found == other.end() || found->second != count) {
                unsteady.insert(deed.key);
            }
        }
    }
    for (const auto& entry : first) {
        if (!unsteady.contains(entry.first.key)) {
            pool.steady_keys_.insert(entry.first.key);
        }
    }
    Recordings steady = recordings;
    for (auto& members : steady) {
        for (auto& member : members) {
            for (Deed& deed : member) {
                deed = pool.steady(deed);
            }
        }
    }
    if (std::ranges::all_of(steady, [&](const auto& members) { return members == steady.front(); })) {
        return std::nullopt;
    }
    pool.learn_repeats(steady);
    std::vector<std::vector<Step>> works;
    for (const auto& members : steady) {
        for (const auto& member : members) {
            works.push_back(pool.number(member));
        }
    }
    pool.learn_joints(works);
    pool.learn_queue(works);
    return pool;
}

// Where one member does something several times, and in no recording another member does it too, these times
// belong together, and the first is told from the second.
void Pool::learn_repeats(const Recordings& recordings) {
    std::set<Deed> several;
    std::set<Deed> by_others;
    for (const auto& members : recordings) {
        std::map<Deed, std::size_t> members_with;
        for (const auto& member : members) {
            std::map<Deed, std::size_t> counts;
            for (const Deed& deed : member) {
                ++counts[deed];
            }
            for (const auto& [deed, count] : counts) {
                if (count > 1) {
                    several.insert(deed);
                }
                if (++members_with[deed] > 1) {
                    by_others.insert(deed);
                }
            }
        }
    }
    std::ranges::set_difference(several, by_others, std::inserter(repeated_, repeated_.end()));
}

std::vector<Pool::Step> Pool::number(std::span<const Deed> deeds) const {
    std::vector<Step> steps;
    std::map<Deed, std::size_t> occurrences;
    for (std::size_t i = 0; i < deeds.size(); ++i) {
        const std::size_t occurrence = repeated_.contains(deeds[i]) ? occurrences[deeds[i]]++ : 0;
        steps.push_back({.deed = deeds[i], .occurrence = occurrence, .begin = i, .end = i + 1});
    }
    return steps;
}

// Two steps are joined if the one always follows the other, and if this holds for all pairs of the same two
// calls. A single piece of work may have been followed by the same other piece in all recordings by chance.
void Pool::learn_joints(const std::vector<std::vector<Step>>& works) {
    const Id none{};
    std::map<Id, std::set<Id>> next;
    std::map<Id, std::set<Id>> previous;
    for (const auto& work : works) {
        for (std::size_t i = 0; i <= work.size(); ++i) {
            const Id before = i > 0 ? work[i - 1].id() : none;
            const Id after = i < work.size() ? work[i].id() : none;
            next[before].insert(after);
            previous[after].insert(before);
        }
    }
    std::set<std::pair<std::size_t, std::size_t>> loose;
    for (const auto& [before, afters] : next) {
        for (const Id& after : afters) {
            if (afters.size() > 1 || previous[after].size() > 1) {
                loose.insert({before.first.key, after.first.key});
            }
        }
    }
    for (const auto& [before, afters] : next) {
        for (const Id& after : afters) {
            if (before != none && after != none && !loose.contains({before.first.key, after.first.key})) {
                joined_.insert({before, after});
            }
        }
    }
}

void Pool::learn_queue(const std::vector<std::vector<Step>>& works) {
    std::map<Id, std::size_t> most;  // in one member's work
    std::map<std::pair<Id, Id>, std::size_t> before;
    for (const auto& work : works) {
        std::map<Id, std::size_t> here;
        for (std::size_t i = 0; i < work.size(); ++i) {
            most[work[i].id()] = std::max(most[work[i].id()], ++here[work[i].id()]);
            // Only first steps are looked at: within a piece the order is known.
            for (std::size_t j = 0; j < i && !(i > 0 && are_joined(work[i - 1], work[i])); ++j) {
                if (j == 0 || !are_joined(work[j - 1], work[j])) {
                    ++before[{work[j].id(), work[i].id()}];
                }
            }
        }
    }
    std::size_t agreed = 0;
    for (const auto& [pair, times] : before) {
        if (most[pair.first] > 1 || most[pair.second] > 1 || pair.first == pair.second) {
            continue;
        }
        if (before.contains({pair.second, pair.first})) {
            queued_.clear();
            return;
        }
        agreed += times > 1 ? 1U : 0U;
        queued_.insert(pair);
    }
    if (agreed < kFewestPairs) {
        queued_.clear();
    }
}

std::vector<Pool::Step> Pool::steps(const TraceIndex& index, const TaskView& task) const {
    const std::vector<DeedAt> found = deeds_of(index, task);
    std::vector<Deed> deeds;
    deeds.reserve(found.size());
    for (const DeedAt& one : found) {
        deeds.push_back(steady(one.deed));
    }
    std::vector<Step> steps = number(deeds);
    for (Step& step : steps) {
        step.begin = found[step.begin].begin;
        step.end = found[step.end - 1].end;
    }
    return steps;
}

std::map<CallPlace, std::vector<TaskNumber>> threads_by_birth(const TraceIndex& index,
                                                              std::span<const TaskNumber> children) {
    std::map<CallPlace, std::vector<TaskNumber>> threads;
    for (const TaskNumber number : children) {
        const TaskView* task = index.task(number);
        if (task != nullptr && task->birth.pc != 0 && task->process != static_cast<std::uint32_t>(number)) {
            threads[task->birth].push_back(number);
        }
    }
    return threads;
}

PoolHabits::PoolHabits(const std::list<TraceIndex>& recordings) {
    struct Seen {
        Pool::Recordings recordings;
        std::set<TaskNumber> members;
    };
    std::map<PoolKey, Seen> seen;
    for (const TraceIndex& recording : recordings) {
        if (recording.trace().header.randomize_addresses) {
            return;  // with random addresses a place says nothing
        }
        for (const auto& [parent, task] : recording.tasks()) {
            for (const auto& [birth, members] : threads_by_birth(recording, task.children)) {
                Seen& pool = seen[{parent, birth}];
                auto& works = pool.recordings.emplace_back();
                for (const TaskNumber member : members) {
                    auto& deeds = works.emplace_back();
                    for (const DeedAt& deed : deeds_of(recording, *recording.task(member))) {
                        deeds.push_back(deed.deed);
                    }
                    pool.members.insert(member);
                }
            }
        }
    }
    for (const auto& [key, pool] : seen) {
        const std::size_t size = pool.recordings.front().size();
        const bool everywhere =
            pool.recordings.size() == recordings.size() &&
            std::ranges::all_of(pool.recordings, [&](const auto& works) { return works.size() == size; });
        if (!everywhere || size < 2) {
            continue;
        }
        if (auto learned = Pool::learn(pool.recordings)) {
            pools_.emplace(key, *std::move(learned));
            members_.insert(pool.members.begin(), pool.members.end());
        }
    }
}

}  // namespace levitate::traces::detail
