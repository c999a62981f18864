// What the golden recordings of a case show real Linux to do: the source of all freedom that no row of
// traces/abi grants.
#pragma once

#include <cstddef>
#include <list>
#include <map>

#include "traces/compare/allocations.hpp"
#include "traces/compare/trace_index.hpp"

namespace levitate::traces::detail {

struct Range {
    std::size_t least = SIZE_MAX;
    std::size_t most = 0;
    bool contains(std::size_t count) const { return count >= least && count <= most; }
};

class Habits {
  public:
    explicit Habits(const std::list<TraceIndex>& recordings);

    const AllocationHabits& allocations() const { return allocations_; }
    // How many reads of the auxiliary vector the task made. A recorder that reads vector and calls in two
    // runs may miss the last ones of a thread that the second run's end has overtaken.
    Range auxv_reads(TaskNumber task) const;

  private:
    AllocationHabits allocations_;
    std::map<TaskNumber, Range> auxv_reads_;
};

}  // namespace levitate::traces::detail
