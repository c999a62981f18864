// Cuts of many events at once (cuts.inc): what a kernel does to a whole program that answers a call wrongly
// or not at all, or loses a task.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "tests/mutation/judge.hpp"
#include "tests/mutation/recordings.hpp"

namespace levitate::traces::mutation {

enum class Operation {
    DeleteCalls,           // all calls of these names
    DeleteOnceConcurrent,  // of these names, from where a second task exists
    SetResults,            // of all calls of these names that returned
    EndTaskEarly,          // the second half of a task's calls
    RemoveTask,            // a task and its descendants
    RemoveLastThird,       // of the trace
};

struct Cut {
    std::string_view golden;  // the case
    Operation operation{};
    std::string_view calls;   // names, with blanks between them
    std::int64_t number = 0;  // the result, or the task
    DivergenceKind expected{};

    std::string name() const;  // "threads: futex, clone deleted"
};

std::span<const Cut> all_cuts();

// The events that were changed or removed.
std::size_t apply(const Cut& cut, Trace& trace);

struct CutTrial {
    const Cut* cut = nullptr;
    std::size_t events = 0;
    Judgement judgement;

    // It changed something, was noticed, and the divergence has the kind that one expects.
    bool right() const;
};

// `judge` is of this golden.
CutTrial try_cut(const Cut& cut, const GoldenCase& golden, const Judge& judge);

}  // namespace levitate::traces::mutation
