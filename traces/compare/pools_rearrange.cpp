// The part of traces/compare/pools.hpp that gives the pieces of work of one side to the tasks that have them
// on the other side.
#include <algorithm>
#include <cstdint>
#include <iterator>

#include "traces/compare/pools.hpp"

namespace levitate::traces::detail {
namespace {

using Id = Pool::Step::Id;

// Steps that stay together, and all their events.
struct Stretch {
    std::vector<Pool::Step> steps;
    std::vector<std::size_t> events;

    std::vector<Id> ids() const {
        std::vector<Id> ids;
        ids.reserve(steps.size());
        std::ranges::transform(steps, std::back_inserter(ids), &Pool::Step::id);
        return ids;
    }
    void append(const Stretch& other) {
        steps.insert(steps.end(), other.steps.begin(), other.steps.end());
        events.insert(events.end(), other.events.begin(), other.events.end());
    }
};

// What one member does. Every member makes its own beginning and end; the work lies between the two.
struct Work {
    Stretch beginning;
    std::vector<Stretch> pieces;
    Stretch end;
};

Work cut(const Pool& pool, const TraceIndex& index, const TaskView& task) {
    const std::vector<Pool::Step> steps = pool.steps(index, task);
    std::vector<Stretch> pieces;
    for (std::size_t i = 0; i < steps.size(); ++i) {
        if (i == 0 || !pool.are_joined(steps[i - 1], steps[i])) {
            pieces.emplace_back();
        }
        const std::size_t end = i + 1 < steps.size() ? steps[i].end : task.events.size();
        pieces.back().steps.push_back(steps[i]);
        pieces.back().events.insert(pieces.back().events.end(),
                                    task.events.begin() + static_cast<std::ptrdiff_t>(steps[i].begin),
                                    task.events.begin() + static_cast<std::ptrdiff_t>(end));
    }
    Work work;
    if (!pieces.empty()) {
        work.beginning = std::move(pieces.front());
        pieces.erase(pieces.begin());
    }
    if (!pieces.empty()) {
        work.end = std::move(pieces.back());
        pieces.pop_back();
    }
    work.pieces = std::move(pieces);
    return work;
}

// How much two pieces have in common. The same calls for the same things count first, then the same calls.
std::size_t likeness(const Stretch& one, const Stretch& other) {
    const auto common = [&](auto project) {
        std::map<decltype(project(one.steps.front())), std::size_t> counts;
        for (const Pool::Step& step : one.steps) {
            ++counts[project(step)];
        }
        std::size_t both = 0;
        for (const Pool::Step& step : other.steps) {
            const auto found = counts.find(project(step));
            if (found != counts.end() && found->second > 0) {
                --found->second;
                ++both;
            }
        }
        return both;
    };
    constexpr std::size_t kSameThing = 4;
    return kSameThing * common([](const Pool::Step& step) { return step.id(); }) +
           common([](const Pool::Step& step) { return step.deed.key; });
}

class Rearrangement {
  public:
    Rearrangement(const Pool& pool, std::vector<Work> golden, std::vector<Work> actual)
        : pool_(pool), golden_(std::move(golden)), actual_(std::move(actual)) {
        for (std::size_t member = 0; member < golden_.size(); ++member) {
            places_.emplace_back(golden_[member].pieces.size());
            taken_.emplace_back(actual_[member].pieces.size());
        }
    }

    void run() {
        pair_equals();
        join_leftovers();
        pair_alike();
        keep_the_rest();
    }

    std::vector<std::size_t> events_of(std::size_t member) const {
        std::vector<std::size_t> events = actual_[member].beginning.events;
        for (const auto& place : places_[member]) {
            if (place) {
                const auto& piece = actual_[place->member].pieces[place->number].events;
                events.insert(events.end(), piece.begin(), piece.end());
            }
        }
        const auto& end = actual_[member].end.events;
        events.insert(events.end(), end.begin(), end.end());
        return events;
    }

    bool moved() const {
        for (std::size_t member = 0; member < places_.size(); ++member) {
            for (std::size_t number = 0; number < places_[member].size(); ++number) {
                const auto& place = places_[member][number];
                if (place && (place->member != member || place->number != number)) {
                    return true;
                }
            }
        }
        return false;
    }

    std::vector<std::size_t> out_of_order() const {
        std::vector<std::size_t> found;
        for (const Work& work : actual_) {
            for (std::size_t later = 1; later < work.pieces.size(); ++later) {
                for (std::size_t earlier = 0; earlier < later; ++earlier) {
                    const Pool::Step& first = work.pieces[earlier].steps.front();
                    const Pool::Step& second = work.pieces[later].steps.front();
                    if (pool_.are_ordered(second, first)) {
                        found.push_back(work.pieces[earlier].events.front());
                        earlier = later;
                    }
                }
            }
        }
        return found;
    }

  private:
    struct Place {
        std::size_t member = 0;
        std::size_t number = 0;
    };

    // Of several equal pieces takes the one of the same member, so that work that has not moved stays.
    void pair_equals() {
        std::map<std::vector<Id>, std::vector<Place>> offers;
        for (std::size_t member = 0; member < actual_.size(); ++member) {
            for (std::size_t number = 0; number < actual_[member].pieces.size(); ++number) {
                offers[actual_[member].pieces[number].ids()].push_back({member, number});
            }
        }
        for (std::size_t member = 0; member < golden_.size(); ++member) {
            for (std::size_t number = 0; number < golden_[member].pieces.size(); ++number) {
                const auto offer = offers.find(golden_[member].pieces[number].ids());
                if (offer == offers.end() || offer->second.empty()) {
                    continue;
                }
                auto chosen = std::ranges::find(offer->second, member, &Place::member);
                chosen = chosen != offer->second.end() ? chosen : offer->second.begin();
                take({member, number}, *chosen);
                offer->second.erase(chosen);
            }
        }
    }

    // Where a kernel has changed something in the middle of a piece, the piece was cut there.
    void join_leftovers() {
        for (std::size_t member = 0; member < actual_.size(); ++member) {
            auto& pieces = actual_[member].pieces;
            auto& taken = taken_[member];
            for (std::size_t number = 1; number < pieces.size();) {
                if (taken[number] || taken[number - 1]) {
                    ++number;
                    continue;
                }
                pieces[number - 1].append(pieces[number]);
                pieces.erase(pieces.begin() + static_cast<std::ptrdiff_t>(number));
                taken.erase(taken.begin() + static_cast<std::ptrdiff_t>(number));
                forget_number(member, number);
            }
        }
    }

    void forget_number(std::size_t member, std::size_t number) {
        for (auto& places : places_) {
            for (auto& place : places) {
                if (place && place->member == member && place->number > number) {
                    --place->number;
                }
            }
        }
    }

    void pair_alike() {
        for (std::size_t member = 0; member < golden_.size(); ++member) {
            for (std::size_t number = 0; number < golden_[member].pieces.size(); ++number) {
                if (!places_[member][number]) {
                    take_most_alike({member, number});
                }
            }
        }
    }

    void take_most_alike(Place golden) {
        std::size_t most = 0;
        std::optional<Place> best;
        for (std::size_t member = 0; member < actual_.size(); ++member) {
            for (std::size_t number = 0; number < actual_[member].pieces.size(); ++number) {
                const std::size_t same = taken_[member][number]
                                             ? 0
                                             : likeness(golden_[golden.member].pieces[golden.number],
                                                        actual_[member].pieces[number]);
                if (same > most) {
                    most = same;
                    best = Place{member, number};
                }
            }
        }
        if (best) {
            take(golden, *best);
        }
    }

    // A piece that is like no other stays with the task that did it.
    void keep_the_rest() {
        for (std::size_t member = 0; member < actual_.size(); ++member) {
            Work& work = actual_[member];
            Stretch* before = &work.beginning;
            for (std::size_t number = 0; number < work.pieces.size(); ++number) {
                if (taken_[member][number]) {
                    before = &work.pieces[number];
                } else {
                    before->append(work.pieces[number]);
                }
            }
        }
    }

    void take(Place golden, Place actual) {
        places_[golden.member][golden.number] = actual;
        taken_[actual.member][actual.number] = true;
    }

    const Pool& pool_;
    std::vector<Work> golden_;
    std::vector<Work> actual_;
    std::vector<std::vector<std::optional<Place>>> places_;  // by golden member and piece
    std::vector<std::vector<bool>> taken_;                   // by actual member and piece
};

}  // namespace

Rearranged rearrange(const Pool& pool, const TraceIndex& golden, std::span<const TaskNumber> golden_members,
                     const TraceIndex& actual, std::span<const TaskNumber> actual_members) {
    const auto works = [&](const TraceIndex& index, std::span<const TaskNumber> members) {
        std::vector<Work> found;
        found.reserve(members.size());
        for (const TaskNumber member : members) {
            found.push_back(cut(pool, index, *index.task(member)));
        }
        return found;
    };
    Rearrangement rearrangement(pool, works(golden, golden_members), works(actual, actual_members));
    Rearranged result{.members = {}, .moved = false, .out_of_order = rearrangement.out_of_order()};
    rearrangement.run();
    result.moved = rearrangement.moved();
    for (std::size_t member = 0; member < actual_members.size(); ++member) {
        TaskView view = *actual.task(actual_members[member]);
        view.events = rearrangement.events_of(member);
        view.children.clear();
        for (const std::size_t event : view.events) {
            if (const auto child = actual.born_at(event)) {
                view.children.push_back(*child);
            }
        }
        result.members.push_back(std::move(view));
    }
    return result;
}

}  // namespace levitate::traces::detail
