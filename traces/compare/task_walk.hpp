// Walks the events of one task in two traces beside one another.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "traces/compare/allocations.hpp"
#include "traces/compare/aside.hpp"
#include "traces/compare/event_matcher.hpp"
#include "traces/compare/habits.hpp"
#include "traces/compare/side.hpp"
#include "traces/compare/streams.hpp"

namespace levitate::traces::detail {

// How far a task is followed.
enum class Depth {
    First,  // to its first divergence
    All,    // on from each divergence, wherever the sides meet again
};

// What the walks over the tasks of two traces share.
struct Comparing {
    EventMatcher matcher;
    const Habits& habits;
    Depth depth = Depth::All;
    Findings findings{};
    AllocationLedger ledger{};
};

class TaskWalk {
  public:
    TaskWalk(const TaskView& golden, const TaskView& actual, Comparing& comparing);

    // Moves at least one side on, or ends the walk. Precondition: it has not ended.
    void step();
    bool done() const { return pair_.done; }
    const Side& golden() const { return pair_.golden; }
    const TaskView& actual_task() const { return *pair_.actual.task; }

    // The sides did not meet again before the task's end, so nothing is known of what came after.
    bool parted() const { return parted_; }
    // The golden recording's process ended while the task still ran, and here the task went on.
    bool outlived_golden() const { return outlived_golden_; }

  private:
    // task_walk.cpp
    bool match_next(std::vector<FieldDifference>& differences);
    void inherit_space();
    void follow_mappings();
    void take(std::size_t golden_events, std::size_t actual_events);
    bool skip_free(Side& side);
    static std::optional<std::string> impossible_at(const Side& side);
    bool is_refused(const std::vector<FieldDifference>& differences) const;
    bool end_overtaken();
    bool stands_in_like_call();
    void check_certain_calls();
    void finish();

    // task_walk_allocations.cpp
    bool match_allocations();
    bool agree_one_by_one(const Episode& golden, const Episode& actual) const;
    bool are_reordered(const Episode& golden, const Episode& actual) const;
    void compare_episodes(const Episode& golden, const Episode& actual);
    AddressMap& space();
    void compare_placed(const PlacedOperation& golden, const PlacedOperation& actual);
    void compare_calls(const PlacedOperation& golden, const PlacedOperation& actual);
    void note_reserves();
    void note_reserve(const PlacedOperation* golden, const PlacedOperation* actual);
    static bool makes_stack(const Side& side, const Episode& episode);
    void settle(const PlacedOperation& operation, bool is_golden, bool is_stack);
    void pass(Side& side, const Episode& episode);

    // task_walk_trims.cpp
    bool match_trims();

    // task_walk_divergence.cpp
    bool pass_lost_registers();
    void diverge(const std::vector<FieldDifference>& differences);
    void diverge_in_values(const std::vector<FieldDifference>& differences);
    struct Skip {
        std::size_t golden = 0;
        std::size_t actual = 0;
    };
    std::optional<Skip> shift() const;
    std::optional<Skip> meeting() const;
    void report_skip(const Skip& skip);
    void report_rest();
    DivergenceKind structural_kind() const;
    std::string structural_message(DivergenceKind kind) const;
    void report(DivergenceKind kind, std::optional<std::size_t> golden, std::optional<std::size_t> actual,
                const std::vector<FieldDifference>& differences, std::string message);

    TaskPair pair_;
    Comparing& comparing_;
    SetAside aside_;
    StreamMatcher streams_;
    // How many of the next allocations are compared one by one, because both sides make the same calls.
    std::size_t one_by_one_ = 0;
    // What those allocations ask for, on the golden side and on the actual one.
    std::pair<std::vector<PlacedOperation>, std::vector<PlacedOperation>> reserves_;
    bool parted_ = false;
    bool outlived_golden_ = false;
};

}  // namespace levitate::traces::detail
