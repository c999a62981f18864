// What real Linux does, as the golden recordings of a case show it. All freedom that no row of traces/abi
// grants comes from here.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <list>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "traces/compare/allocations.hpp"
#include "traces/compare/pools.hpp"
#include "traces/compare/trace_index.hpp"

namespace levitate::traces::detail {

struct Range {
    std::size_t least = SIZE_MAX;
    std::size_t most = 0;
    bool contains(std::size_t count) const { return count >= least && count <= most; }
};

// A place in the program that makes a call whose presence a schedule decides: what the program gives there
// does not depend on the schedule.
struct FreeSite {
    std::array<std::set<std::uint64_t>, 6> given;  // flags, commands and numbers; for pointers, 1 is not null
    // How often the call was made there, by task and recording.
    std::map<TaskNumber, std::vector<std::size_t>> counts;
};

class Habits {
  public:
    explicit Habits(const std::list<TraceIndex>& recordings);

    const AllocationHabits& allocations() const { return allocations_; }
    const PoolHabits& pools() const { return pools_; }
    // How many reads of the auxiliary vector the task made. A recorder that reads vector and calls in two
    // runs may miss the last reads of a thread that the second run's end has overtaken.
    Range auxv_reads(TaskNumber task) const;

    // Why the program makes no such call at this place, in a few words; nullopt: it may, or nothing is known
    // of the place.
    std::optional<std::string> strange(const TraceIndex& index, std::size_t event) const;
    // The places at which all tasks that come there make the same number of calls in every recording, so that
    // no schedule decides whether they are made, and how many of these calls the task makes.
    std::map<CallPlace, std::size_t> certain_calls(TaskNumber task) const;
    // Whether the task polls in every recording. It may then poll more often, but without polling it cannot
    // learn what is ready.
    bool always_polls(TaskNumber task) const;
    // Whether the process wakes waiters many times in every recording.
    bool always_wakes(std::uint32_t process) const;
    // Whether the task came to a different point in different recordings before a signal ended it.
    bool end_varies(TaskNumber task) const { return varying_ends_.contains(task); }

  private:
    std::optional<std::string> strange_anywhere(const SyscallEvent& call) const;
    void learn_reads(const TraceIndex& recording);
    void learn_least(const TraceIndex& recording, bool is_first);
    void learn_sites(const TraceIndex& recording, std::size_t number);
    void learn_ends(const std::list<TraceIndex>& recordings);
    void find_certain_sites();

    std::map<CallPlace, std::map<const abi::SyscallRow*, FreeSite>> sites_;
    std::map<TaskNumber, std::size_t> least_polls_;
    std::map<std::uint32_t, std::size_t> least_wakes_;
    std::set<CallPlace> certain_sites_;
    std::set<TaskNumber> varying_ends_;
    std::size_t recordings_ = 0;
    std::set<TaskNumber> cut_short_;
    PoolHabits pools_;
    AllocationHabits allocations_;
    std::map<TaskNumber, Range> auxv_reads_;
};

}  // namespace levitate::traces::detail
