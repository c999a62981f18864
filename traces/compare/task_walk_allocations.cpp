// The part of a task's walk that compares what threads ask of their address space.
#include <algorithm>

#include "traces/compare/domain.hpp"
#include "traces/compare/task_walk.hpp"

namespace levitate::traces::detail {

namespace {

Episode episode_of(const Side& side) {
    return side.ended() ? Episode{} : episode_at(side);
}

bool is_cut_short(Side side, const Episode& episode) {
    side.next += episode.events;
    return side.overtaken();
}

}  // namespace

bool TaskWalk::match_allocations() {
    const auto is_at = [](const Side& side) { return !side.ended() && side.is_shared_allocation(); };
    const bool golden_at = is_at(pair_.golden);
    const bool actual_at = is_at(pair_.actual);
    if ((!golden_at && !actual_at) || pair_.golden.overtaken() || pair_.actual.overtaken()) {
        return false;
    }
    if (one_by_one_ != 0) {
        if (golden_at != actual_at) {
            return false;  // the schedule decides what the other side does first
        }
        std::vector<FieldDifference> differences;
        if (match_next(differences)) {
            --one_by_one_;
            // What a call reserved, after trimming, is known only at the episode's end.
            if (one_by_one_ == 0) {
                note_reserves();
            }
            return true;
        }
        one_by_one_ = 0;
        compare_episodes(episode_of(pair_.golden), episode_of(pair_.actual));
        return true;
    }
    const Episode golden = episode_of(pair_.golden);
    const Episode actual = episode_of(pair_.actual);
    // If the process' end has cut an episode short, only its beginning can be compared.
    const bool cut_short = is_cut_short(pair_.golden, golden) || is_cut_short(pair_.actual, actual);
    reserves_ = {operations_of(*pair_.golden.index, golden.allocations),
                 operations_of(*pair_.actual.index, actual.allocations)};
    if (cut_short || agree_one_by_one(golden, actual)) {
        one_by_one_ = std::min(golden.allocations.size(), actual.allocations.size());
        return one_by_one_ != 0 && match_allocations();
    }
    compare_episodes(golden, actual);
    return true;
}

// Whether both episodes, whose operations stand in reserves_, make the same calls for the same sizes, at the
// same places of what they have mapped themselves.
bool TaskWalk::agree_one_by_one(const Episode& golden, const Episode& actual) const {
    const auto offset = [](const PlacedOperation& placed) { return placed.operation.offset; };
    const bool same_places = std::ranges::equal(reserves_.first, reserves_.second, {}, offset, offset);
    return same_places &&
           std::ranges::equal(
               golden.allocations, actual.allocations, [&](std::size_t one, std::size_t other) {
                   const SyscallEvent& first = *call_of(pair_.golden.index->trace().events[one]);
                   const SyscallEvent& second = *call_of(pair_.actual.index->trace().events[other]);
                   const auto error = [](const SyscallEvent& call) {
                       return call.result && abi::is_error(*call.result) ? *call.result : 0;
                   };
                   return first.number == second.number && error(first) == error(second) &&
                          std::equal(first.arguments.begin() + 1, first.arguments.end(),
                                     second.arguments.begin() + 1);
               });
}

// Whether the same calls come in another order, which is wrong: what a program asks for follows from what it
// got before.
bool TaskWalk::are_reordered(const Episode& golden, const Episode& actual) const {
    const auto calls_of = [](const Side& side, const Episode& episode) {
        std::vector<std::array<std::uint64_t, 3>> calls;
        for (const std::size_t event : episode.allocations) {
            const SyscallEvent& call = *call_of(side.index->trace().events[event]);
            calls.push_back({call.number, call.arguments[1], call.arguments[2]});
        }
        return calls;
    };
    auto one = calls_of(pair_.golden, golden);
    auto other = calls_of(pair_.actual, actual);
    if (one == other) {
        return false;
    }
    std::ranges::sort(one);
    std::ranges::sort(other);
    return one == other;
}

void TaskWalk::compare_episodes(const Episode& golden, const Episode& actual) {
    if (are_reordered(golden, actual)) {
        report(DivergenceKind::ExtraCall, golden.allocations.front(), actual.allocations.front(), {},
               "the same allocations in another order");
    }
    std::vector<PlacedOperation> missing = operations_of(*pair_.golden.index, golden.allocations);
    std::vector<PlacedOperation> extra = operations_of(*pair_.actual.index, actual.allocations);
    const auto take_pairs = [&](auto are_pair, auto compare) {
        for (auto one = missing.begin(); one != missing.end();) {
            const auto other = std::ranges::find_if(extra, [&](const PlacedOperation& candidate) {
                return are_pair(one->operation, candidate.operation);
            });
            if (other == extra.end()) {
                ++one;
                continue;
            }
            compare(*one, *other);
            extra.erase(other);
            one = missing.erase(one);
        }
    };
    take_pairs([](const Operation& one, const Operation& other) { return one == other; },
               [&](const PlacedOperation& one, const PlacedOperation& other) { compare_placed(one, other); });
    // What is left may be the same call with another answer or another size.
    const std::uint32_t process = pair_.golden.task->process;
    const auto& habits = comparing_.habits.allocations();
    take_pairs(
        [&](const Operation& one, const Operation& other) {
            return one.kind == other.kind && !habits.moves(process, one) && !habits.moves(process, other);
        },
        [&](const PlacedOperation& one, const PlacedOperation& other) { compare_calls(one, other); });
    const bool golden_stack = makes_stack(pair_.golden, golden);
    const bool actual_stack = makes_stack(pair_.actual, actual);
    for (const PlacedOperation& placed : missing) {
        settle(placed, true, golden_stack);
    }
    for (const PlacedOperation& placed : extra) {
        settle(placed, false, actual_stack);
    }
    comparing_.matcher.note("addresses");
    pass(pair_.golden, golden);
    pass(pair_.actual, actual);
}

AddressMap& TaskWalk::space() {
    const auto& events = pair_.golden.task->events;
    const std::size_t event = events[std::min(pair_.golden.next, events.size() - 1)];
    return comparing_.matcher.equivalence().space(pair_.golden.index->note(event).space);
}

// Compares where the operation lies that both sides have. The program decides the place, unless other threads
// share what it lies in.
void TaskWalk::compare_placed(const PlacedOperation& golden, const PlacedOperation& actual) {
    const auto has_hint = [](const Side& side, const PlacedOperation& placed) {
        return call_of(side.index->trace().events[placed.event])->arguments[0] != 0;
    };
    const bool mapped = golden.operation.kind == abi::CallKind::Map && golden.operation.error == 0;
    // The place that an allocator asks for its next heap depends on where the last one lies.
    const bool heap = is_reserve(golden.operation) && reserved_for(golden.operation) == Reserve::Heap;
    if (mapped && !heap && has_hint(pair_.golden, golden) != has_hint(pair_.actual, actual)) {
        compare_calls(golden, actual);
        return;
    }
    if (mapped) {
        space().note_mapping(golden.address, actual.address, golden.operation.length);
        note_reserve(&golden, &actual);
    } else if (golden.operation.offset == 0 &&
               !comparing_.habits.allocations().moves(pair_.golden.task->process, golden.operation)) {
        compare_calls(golden, actual);
        return;
    }
    comparing_.findings.matched(1);
}

void TaskWalk::note_reserves() {
    for (const PlacedOperation& golden : reserves_.first) {
        note_reserve(&golden, nullptr);
    }
    for (const PlacedOperation& actual : reserves_.second) {
        note_reserve(nullptr, &actual);
    }
}

void TaskWalk::note_reserve(const PlacedOperation* golden, const PlacedOperation* actual) {
    if (!pair_.golden.task->has_threads) {
        return;
    }
    if (golden != nullptr && is_reserve(golden->operation)) {
        space().note_shared_golden(golden->address, golden->operation.length,
                                   reserved_for(golden->operation));
    }
    if (actual != nullptr && is_reserve(actual->operation)) {
        space().note_shared_actual(actual->address, actual->operation.length,
                                   reserved_for(actual->operation));
    }
}

void TaskWalk::compare_calls(const PlacedOperation& golden, const PlacedOperation& actual) {
    const auto differences = comparing_.matcher.differences(golden.event, actual.event);
    if (differences.empty() && golden.operation != actual.operation) {
        // The call is the same, but not what was done to its mapping afterwards.
        report(golden.operation.length < actual.operation.length ? DivergenceKind::MissingCall
                                                                 : DivergenceKind::ExtraCall,
               golden.event, actual.event, {},
               "expected " + to_text(golden.operation) + ", found " + to_text(actual.operation) +
                   ", after what was unmapped of it at once");
        return;
    }
    if (differences.empty()) {
        comparing_.matcher.accept(golden.event);
        comparing_.findings.matched(1);
        return;
    }
    const DivergenceKind kind = kind_of(differences);
    report(kind, golden.event, actual.event, differences,
           describe(pair_.golden.index->trace().events[golden.event]) + ": " + std::string(to_string(kind)) +
               " differ");
}

// Whether the episode makes the stack of the thread that the task starts next. If an ended thread has left
// its stack in time, the new thread takes that one and no episode makes a stack.
bool TaskWalk::makes_stack(const Side& side, const Episode& episode) {
    std::size_t ahead = episode.events;
    while (ahead < side.remaining() && !side.is_fixed(ahead)) {
        ++ahead;
    }
    // Between the two, glibc's pthread_create blocks the signals.
    for (std::size_t fixed = 0; ahead < side.remaining() && fixed < 3; ++ahead) {
        const SyscallEvent* birth = call_of_kind(side.event(ahead), abi::CallKind::Birth);
        if (birth == nullptr) {
            fixed += side.is_fixed(ahead) ? 1U : 0U;
            continue;
        }
        const auto operations = operations_of(*side.index, episode.allocations);
        return std::ranges::any_of(operations, [&](const PlacedOperation& placed) {
            return placed.operation.kind == abi::CallKind::Map &&
                   std::ranges::any_of(birth->arguments, [&](std::uint64_t argument) {
                       return argument - placed.address < placed.operation.length;
                   });
        });
    }
    return false;
}

// Deals with an operation that only one side has here.
void TaskWalk::settle(const PlacedOperation& placed, bool is_golden, bool is_stack) {
    const std::uint32_t process = pair_.golden.task->process;
    const std::optional<std::size_t> golden = is_golden ? std::optional(placed.event) : std::nullopt;
    const std::optional<std::size_t> actual = is_golden ? std::nullopt : std::optional(placed.event);
    const AllocationHabits& habits = comparing_.habits.allocations();
    const bool stack_as_usual = is_stack && habits.most(process, placed.operation) != 0;
    if (!stack_as_usual && !habits.moves(process, placed.operation)) {
        report(is_golden ? DivergenceKind::MissingCall : DivergenceKind::ExtraCall, golden, actual, {},
               (is_golden ? "expected " : "found ") + to_text(placed.operation) +
                   (is_golden ? ", which the task does not call here"
                              : ", which the task does not call here on Linux"));
        return;
    }
    if (!stack_as_usual) {
        comparing_.ledger.note(process, placed.operation, golden, actual);
    }
    comparing_.matcher.note("allocations that another thread makes");
    if (placed.operation.kind == abi::CallKind::Map && placed.operation.error == 0) {
        note_reserve(is_golden ? &placed : nullptr, is_golden ? nullptr : &placed);
        if (is_golden) {
            space().note_golden_only(placed.address, placed.operation.length);
        } else {
            space().note_actual_only(placed.address, placed.operation.length);
        }
    }
}

// Moves past an episode, including the free calls and the reads of the vector between its calls.
void TaskWalk::pass(Side& side, const Episode& episode) {
    const std::size_t end = side.next + episode.events;
    while (side.next < end) {
        if (side.is_free_auxv_read()) {
            aside_.put_read(pair_, side);
            continue;
        }
        if (skip_free(side)) {
            continue;
        }
        const bool answered = &side == &pair_.actual && call_of(side.event()) != nullptr;
        if (const auto problem = answered ? impossible_at(side) : std::nullopt) {
            report(DivergenceKind::Result, std::nullopt, side.event_index(), {},
                   describe(side.event()) + ": Linux never answers so: " + *problem);
        }
        ++side.next;
    }
}

}  // namespace levitate::traces::detail
