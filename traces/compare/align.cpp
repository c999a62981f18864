#include "traces/compare/align.hpp"

#include <algorithm>
#include <list>
#include <map>
#include <optional>
#include <string>

#include "traces/compare/clocks.hpp"
#include "traces/compare/common_subsequence.hpp"

namespace levitate::traces::detail {
namespace {

class Aligner {
  public:
    Aligner(const TraceIndex& golden, const TraceIndex& actual, Judge& judge, const Habits& habits,
            const AlignOptions& options)
        : golden_(golden),
          actual_(actual),
          comparing_{
              .matcher{golden, actual, judge, options.addresses}, .habits = habits, .depth = options.depth} {}

    Alignment run() {
        pair_children(roots(golden_), roots(actual_));
        for (const std::size_t event : golden_.by_order()) {
            const auto found = walks_.find(golden_.trace().events[event].task);
            if (found != walks_.end()) {
                advance_past(found->second, event);
            }
            if (is_enough()) {
                break;
            }
        }
        for (auto& [number, walk] : walks_) {
            while (!walk.done() && !is_enough()) {
                walk.step();
            }
        }
        if (!is_enough()) {
            check_presence();
            check_allocations();
            check_unpaired_tasks();
            check_outcome();
        }
        check_clocks();
        return result();
    }

  private:
    bool is_enough() const {
        return comparing_.depth == Depth::First && !comparing_.findings.divergences().empty() && !collects();
    }
    bool collects() const { return comparing_.matcher.judge().collects(); }

    static std::vector<TaskNumber> roots(const TraceIndex& index) {
        std::vector<TaskNumber> result;
        for (const auto& [number, task] : index.tasks()) {
            if (index.task(task.parent) == nullptr || task.parent == number) {
                result.push_back(number);
            }
        }
        return result;
    }

    // Pairs tasks by birth order under each parent, beginning with the tasks that have no parent. Where one
    // side has fewer tasks, those that do the same are paired first, and then those that are left over
    // between them.
    void pair_children(const std::vector<TaskNumber>& golden, const std::vector<TaskNumber>& actual) {
        std::size_t i = 0;
        std::size_t j = 0;
        const auto pair_until = [&](std::size_t golden_end, std::size_t actual_end) {
            for (; i < golden_end && j < actual_end; ++i, ++j) {
                pair(golden[i], actual[j]);
            }
            i = golden_end;
            j = actual_end;
        };
        if (golden.size() != actual.size()) {
            constexpr std::size_t kMostCells = std::size_t{1} << 20U;
            const auto doings = [](const TraceIndex& index, const std::vector<TaskNumber>& tasks) {
                std::vector<std::size_t> all;
                all.reserve(tasks.size());
                for (const TaskNumber task : tasks) {
                    all.push_back(doing_of(index, *index.task(task)));
                }
                return all;
            };
            const auto common =
                common_subsequence(doings(golden_, golden), doings(actual_, actual), kMostCells);
            for (const CommonElement both : common.value_or(std::vector<CommonElement>{})) {
                pair_until(both.one, both.other);
                pair_until(both.one + 1, both.other + 1);
            }
        }
        pair_until(golden.size(), actual.size());
    }

    void pair(TaskNumber golden, TaskNumber actual) { pair(*golden_.task(golden), *actual_.task(actual)); }

    void pair(const TaskView& golden, const TaskView& actual) {
        walks_.try_emplace(golden.number, golden, actual, comparing_);
        paired_actual_.insert(actual.number);
        std::vector<TaskNumber> golden_children = golden.children;
        std::vector<TaskNumber> actual_children = actual.children;
        pair_pools(golden.number, golden_children, actual_children);
        pair_children(golden_children, actual_children);
    }

    // Pairs the members of pools, and takes them out of the children.
    void pair_pools(TaskNumber parent, std::vector<TaskNumber>& golden, std::vector<TaskNumber>& actual) {
        const auto& pools = comparing_.habits.pools().pools();
        if (pools.empty() || comparing_.matcher.equivalence().mode() == AddressMode::Random) {
            return;
        }
        const auto golden_threads = threads_by_birth(golden_, golden);
        const auto actual_threads = threads_by_birth(actual_, actual);
        for (const auto& [birth, members] : golden_threads) {
            const auto pool = pools.find({parent, birth});
            const auto others = actual_threads.find(birth);
            if (pool == pools.end() || others == actual_threads.end() ||
                others->second.size() != members.size()) {
                continue;
            }
            std::erase_if(golden,
                          [&](TaskNumber task) { return std::ranges::find(members, task) != members.end(); });
            std::erase_if(actual, [&](TaskNumber task) {
                return std::ranges::find(others->second, task) != others->second.end();
            });
            pair_pool(pool->second, members, others->second);
        }
    }

    void pair_pool(const Pool& pool, const std::vector<TaskNumber>& golden,
                   const std::vector<TaskNumber>& actual) {
        Rearranged rearranged = rearrange(pool, golden_, golden, actual_, actual);
        if (!collects()) {
            for (const std::size_t event : rearranged.out_of_order) {
                report(DivergenceKind::ExtraCall, golden.front(), std::nullopt, event,
                       describe(actual_.trace().events[event]) +
                           ": a thread of the pool takes work in an order that it never has on Linux");
            }
        }
        let_blocks_move(*golden_.task(golden.front()), *actual_.task(actual.front()));
        for (std::size_t member = 0; member < golden.size(); ++member) {
            rearranged_.push_back(std::move(rearranged.members[member]));
            pair(*golden_.task(golden[member]), rearranged_.back());
        }
        if (rearranged.moved) {
            comparing_.matcher.note("work that another thread of a pool does");
        }
    }

    void let_blocks_move(const TaskView& golden, const TaskView& actual) {
        const std::uint32_t golden_space = golden_.note(golden.events.front()).space;
        const std::uint32_t actual_space = actual_.note(actual.events.front()).space;
        comparing_.matcher.equivalence()
            .space(golden_space)
            .let_blocks_move(golden_.heap(golden_space), actual_.heap(actual_space));
    }

    // A number for what a task does whatever the schedule.
    static std::size_t doing_of(const TraceIndex& index, const TaskView& task) {
        std::size_t doing = task.events.empty() ? 0 : task.birth.pc;
        for (Side side{.index = &index, .task = &task}; !side.ended(); ++side.next) {
            doing = side.is_fixed() ? doing * 1021 + identity_of(side.event()) : doing;
        }
        return doing;
    }

    void advance_past(TaskWalk& walk, std::size_t event) {
        const auto& events = golden_.trace().events;
        while (!walk.done() && !walk.golden().ended() && walk.golden().event_index() != event &&
               events[walk.golden().event_index()].order <= events[event].order) {
            walk.step();
        }
        const std::size_t before = walk.golden().next;
        const bool there = !walk.golden().ended() && walk.golden().event_index() == event;
        while (there && !walk.done() && walk.golden().next == before) {
            walk.step();
        }
    }

    // A program may set clocks, so what clocks do in the golden recording too is let pass.
    void check_clocks() {
        if (collects()) {
            return;
        }
        std::map<TaskNumber, TaskNumber> golden_tasks;
        for (const auto& [number, walk] : walks_) {
            golden_tasks.emplace(walk.actual_task().number, number);
        }
        std::set<std::string> known;
        for (const ClockProblem& problem : clock_problems(golden_)) {
            known.insert(problem.text);
        }
        for (const ClockProblem& problem : clock_problems(actual_)) {
            if (!known.contains(problem.text)) {
                const TaskNumber task = actual_.trace().events[problem.event].task;
                const auto golden = golden_tasks.find(task);
                comparing_.findings.insert(actual_, problem.kind,
                                           golden != golden_tasks.end() ? golden->second : task,
                                           problem.event, problem.text);
            }
        }
    }

    // A schedule may make more or fewer of these calls, but cannot do without them altogether.
    void check_presence() {
        std::map<std::uint32_t, std::size_t> wakes;
        for (const auto& [number, walk] : walks_) {
            const std::uint32_t process = golden_.task(number)->process;
            wakes[process] += count_calls(actual_, walk.actual_task(), abi::CallKind::Wake);
            if (comparing_.habits.always_polls(number) && !walk.parted() &&
                !actual_.ended_by_another(walk.actual_task()) &&
                count_calls(actual_, walk.actual_task(), abi::CallKind::Poll) == 0) {
                report_absence(number, abi::CallKind::Poll,
                               "the task never polls, as it always does on Linux");
            }
        }
        for (const auto& [process, count] : wakes) {
            if (count == 0 && comparing_.habits.always_wakes(process)) {
                report_absence(static_cast<TaskNumber>(process), abi::CallKind::Wake,
                               "no thread of the process ever wakes another, as they always do on Linux");
            }
        }
    }

    void report_absence(TaskNumber task, abi::CallKind kind, const char* message) {
        const auto& events = golden_.by_order();
        const auto first =
            std::ranges::find_if(events, [&](std::size_t event) { return golden_.note(event).is(kind); });
        report(DivergenceKind::MissingCall, task,
               first != events.end() ? std::optional(*first) : std::nullopt, std::nullopt, message);
    }

    void check_allocations() {
        std::map<std::uint32_t, std::uint32_t> processes;  // the golden process by the actual one
        std::set<std::uint32_t> cut_short;
        for (const auto& [number, walk] : walks_) {
            const TaskView& task = walk.actual_task();
            processes.emplace(task.process, golden_.task(number)->process);
            if (actual_.ended_by_another(task)) {
                cut_short.insert(golden_.task(number)->process);
            }
        }
        std::map<std::uint32_t, OperationCounts> counts;
        for (auto& [process, of_process] : count_operations(actual_)) {
            if (const auto golden = processes.find(process); golden != processes.end()) {
                counts[golden->second] = std::move(of_process);
            }
        }
        const auto& habits = comparing_.habits.allocations();
        for (const auto& one : comparing_.ledger.imbalances(habits, counts, cut_short)) {
            const bool missing = one.count < one.least;
            report(missing ? DivergenceKind::MissingCall : DivergenceKind::ExtraCall,
                   static_cast<TaskNumber>(one.process), one.golden_event, one.actual_event,
                   to_text(one.operation) + " " + std::to_string(one.count) +
                       " times by all threads; on Linux " +
                       (one.least == one.most ? "" : std::to_string(one.least) + " to ") +
                       std::to_string(one.most));
        }
    }

    // Nothing follows from a task that was started below one whose walk has parted. A damaged trace may make
    // tasks each other's ancestors, so the steps are counted.
    static bool has_ancestor(const TraceIndex& index, const TaskView& task,
                             const std::set<TaskNumber>& sought) {
        const TaskView* ancestor = index.task(task.parent);
        for (std::size_t steps = 0; ancestor != nullptr && steps < index.tasks().size(); ++steps) {
            if (sought.contains(ancestor->number)) {
                return true;
            }
            ancestor = index.task(ancestor->parent);
        }
        return false;
    }

    void check_unpaired_tasks() {
        std::set<TaskNumber> parted_golden;
        std::set<TaskNumber> parted_actual;
        for (const auto& [number, walk] : walks_) {
            if (walk.parted()) {
                parted_golden.insert(number);
                parted_actual.insert(walk.actual_task().number);
            }
        }
        for (const auto& [number, task] : golden_.tasks()) {
            if (!walks_.contains(number) && !task.events.empty() &&
                !has_ancestor(golden_, task, parted_golden)) {
                report(DivergenceKind::MissingCall, number, task.events.front(), std::nullopt,
                       "a task of the golden recording was never started");
            }
        }
        for (const auto& [number, task] : actual_.tasks()) {
            if (!paired_actual_.contains(number) && !task.events.empty() &&
                !has_ancestor(actual_, task, parted_actual)) {
                report(DivergenceKind::ExtraCall, number, std::nullopt, task.events.front(),
                       "a task was started that the golden recording does not have");
            }
        }
    }

    static std::optional<std::size_t> outcome_of(const TraceIndex& index) {
        const auto& events = index.trace().events;
        for (std::size_t i = events.size(); i > 0; --i) {
            if (std::holds_alternative<OutcomeEvent>(events[i - 1].body)) {
                return i - 1;
            }
        }
        return std::nullopt;
    }

    void check_outcome() {
        const auto golden = outcome_of(golden_);
        const auto actual = outcome_of(actual_);
        if (!golden) {
            return;
        }
        const TaskNumber task = golden_.trace().events[*golden].task;
        if (!actual) {
            const std::string& why = actual_.trace().incomplete;
            report(DivergenceKind::Exit, task, golden, std::nullopt,
                   "the program did not end" + (why.empty() ? "" : ": " + why));
            return;
        }
        const auto differences = comparing_.matcher.outcome_differences(*golden, *actual);
        if (differences.empty()) {
            comparing_.matcher.accept(*golden);
            comparing_.findings.matched(1);
            return;
        }
        comparing_.matcher.reject();
        const DivergenceKind kind = differences.front().kind;
        report(
            kind, task, golden, actual,
            kind == DivergenceKind::Exit ? "the program ended differently" : "the program's output differs",
            differences);
    }

    void report(DivergenceKind kind, TaskNumber task, std::optional<std::size_t> golden,
                std::optional<std::size_t> actual, std::string message,
                const std::vector<FieldDifference>& differences = {}) {
        comparing_.findings.report(kind, task, golden, actual, differences, std::move(message));
    }

    Alignment result() {
        Alignment alignment{.divergences = comparing_.findings.divergences(),
                            .matched = comparing_.findings.matched_events(),
                            .normalised = comparing_.matcher.equivalence().normalisations(),
                            .outlived = {}};
        for (const auto& [number, walk] : walks_) {
            if (walk.outlived_golden()) {
                alignment.outlived.insert(number);
            }
        }
        return alignment;
    }

    const TraceIndex& golden_;
    const TraceIndex& actual_;
    Comparing comparing_;
    std::map<TaskNumber, TaskWalk> walks_;  // by the golden task's number
    std::set<TaskNumber> paired_actual_;
    std::list<TaskView> rearranged_;  // members of the actual trace's pools
};

}  // namespace

Alignment align(const TraceIndex& golden, const TraceIndex& actual, Judge& judge, const Habits& habits,
                const AlignOptions& options) {
    return Aligner(golden, actual, judge, habits, options).run();
}

}  // namespace levitate::traces::detail
