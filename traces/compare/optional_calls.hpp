// Calls that a task makes in some recordings of a case and not in others: which thread is the first to want a
// second heap, and whether any is, decides the schedule.
#pragma once

#include <set>
#include <string>

#include "traces/compare/trace_index.hpp"

namespace levitate::traces::detail {

class OptionalCalls {
  public:
    // Adds what the matching tasks of two recordings of real Linux have not in common, where the tasks ran
    // beside others. Reads and writes of streams are never optional: their bytes count. A thread that nobody
    // waits for may not have come to its last reads of the auxiliary vector: such reads are optional as well.
    void learn(const TraceIndex& one, const TraceIndex& other);

    bool contains(const Event& event) const { return signatures_.contains(signature(event)); }

  private:
    // The call with those of its arguments that do not depend on where things lie, or the vector's entry;
    // empty for other events.
    static std::string signature(const Event& event);
    void learn_tasks(const TraceIndex& one, const TaskView& one_task, const TraceIndex& other,
                     const TaskView& other_task);

    std::set<std::string> signatures_;
};

}  // namespace levitate::traces::detail
