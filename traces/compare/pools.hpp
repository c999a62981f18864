// Pools of threads: siblings that one place of the program starts, and between which work moves with the
// schedule on real Linux. Which of them does a piece of work is left open. What has to hold is that all the
// work is done, each piece by one thread and in one go. (The tasks are grouped, what they do is cut into the
// pieces that move, and each golden task's pieces are given to one task of the actual trace. The two can then
// be walked side by side, like tasks between which nothing moves.)
#pragma once

#include <cstddef>
#include <list>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <utility>
#include <vector>

#include "traces/compare/trace_index.hpp"

namespace levitate::traces::detail {

// All members of a pool have the same key.
struct PoolKey {
    TaskNumber parent{};
    CallPlace birth;
    auto operator<=>(const PoolKey&) const = default;
};

// What an event is, whoever does it: the call, its place in the program, those of its arguments that the
// schedule does not decide, and the names and bytes that the program gives to it.
struct Deed {
    std::size_t key = 0;
    std::size_t content = 0;  // 0: it gives none, or they vary on real Linux
    auto operator<=>(const Deed&) const = default;
};

// What real Linux shows of one pool.
class Pool {
  public:
    // A deed and where it stands among the events of its task, including what the schedule decides before it.
    struct Step {
        using Id = std::pair<Deed, std::size_t>;

        Deed deed;
        std::size_t occurrence = 0;  // for a deed that one member does several times
        std::size_t begin = 0;
        std::size_t end = 0;
        Id id() const { return {deed, occurrence}; }
    };
    // The members' work in each recording.
    using Recordings = std::vector<std::vector<std::vector<Deed>>>;

    // nullopt: the work does not move, or not all recordings have the same.
    static std::optional<Pool> learn(const Recordings& recordings);

    // The steps of a task's work, without what comes after the last.
    std::vector<Step> steps(const TraceIndex& index, const TaskView& task) const;
    // Whether whoever has done the first always goes on with the second.
    bool are_joined(const Step& first, const Step& second) const {
        return joined_.contains({first.id(), second.id()});
    }
    // Whether one member did the first before the second on real Linux, in a pool in which such an order
    // always holds because work is taken from a queue.
    bool are_ordered(const Step& first, const Step& second) const {
        return queued_.contains({first.id(), second.id()});
    }

  private:
    using Id = Step::Id;

    // Without contents that are not the same in all recordings.
    Deed steady(const Deed& deed) const {
        return {deed.key, steady_keys_.contains(deed.key) ? deed.content : 0};
    }
    std::vector<Step> number(std::span<const Deed> deeds) const;
    void learn_repeats(const Recordings& recordings);
    void learn_joints(const std::vector<std::vector<Step>>& works);
    void learn_queue(const std::vector<std::vector<Step>>& works);

    std::set<std::size_t> steady_keys_;  // whose contents are the same in all recordings
    std::set<Deed> repeated_;            // always done by one member alone, and several times
    std::set<std::pair<Id, Id>> joined_;
    std::set<std::pair<Id, Id>> queued_;
};

class PoolHabits {
  public:
    explicit PoolHabits(const std::list<TraceIndex>& recordings);

    const std::map<PoolKey, Pool>& pools() const { return pools_; }
    // Of all pools.
    const std::set<TaskNumber>& members() const { return members_; }

  private:
    std::map<PoolKey, Pool> pools_;
    std::set<TaskNumber> members_;
};

// The children of a task that are started at one place, by place, in order of birth.
std::map<CallPlace, std::vector<TaskNumber>> threads_by_birth(const TraceIndex& index,
                                                              std::span<const TaskNumber> children);

struct Rearranged {
    // The actual members, with the pieces that the golden member of the same rank has.
    std::vector<TaskView> members;
    bool moved = false;  // some work is done by another member than in the golden trace
    // Events of pieces that one member did in an order that never occurs on real Linux.
    std::vector<std::size_t> out_of_order;
};

// Precondition: there are as many members on both sides, and at least one.
Rearranged rearrange(const Pool& pool, const TraceIndex& golden, std::span<const TaskNumber> golden_members,
                     const TraceIndex& actual, std::span<const TaskNumber> actual_members);

}  // namespace levitate::traces::detail
