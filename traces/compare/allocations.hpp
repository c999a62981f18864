// What the threads of a process ask of its address space for their allocators and stacks. Which thread makes
// such a call, and how much a mapping is trimmed to be aligned, depends on who came first and on where the
// kernel put it. What they ask for all together does not.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <list>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "traces/compare/equivalence.hpp"
#include "traces/compare/side.hpp"

namespace levitate::traces::detail {

// The calls in a row that begin at the side's next event, with the free calls between them.
struct Episode {
    std::size_t events = 0;                // all of them, including free calls
    std::vector<std::size_t> allocations;  // indices into Trace::events
};

Episode episode_at(const Side& side);

// What is left of an episode's calls: for example a mapping without what was cut off its ends at once, or a
// change of protection relative to such a mapping.
struct Operation {
    abi::CallKind kind = abi::CallKind::Map;
    std::int64_t error = 0;
    std::uint64_t length = 0;
    std::uint64_t offset =
        0;  // into the mapping of the same episode, 0 outside of one; for a mapping: into its file
    std::uint64_t file = 0;   // a mapping's descriptor argument: anonymous mappings are given one too
    std::uint64_t flags = 0;  // protection and kind of a mapping, protection, advice
    bool end_first = false;   // a mapping was cut on both sides, its end first, which no allocator does
    auto operator<=>(const Operation&) const = default;
};

// A mapping that its program reserves to hand out parts of it later: an arena, a thread's stack.
bool is_reserve(const Operation& operation);
// Precondition: is_reserve.
Reserve reserved_for(const Operation& operation);

// An operation and where it was.
struct PlacedOperation {
    Operation operation;
    std::uint64_t address = 0;
    std::size_t event = 0;
};

std::vector<PlacedOperation> operations_of(const TraceIndex& index, const std::vector<std::size_t>& calls);

// For people: "mprotect(PROT_READ|PROT_WRITE)".
std::string to_text(const Operation& operation);

// How often each operation is asked for by the threads of a process.
using OperationCounts = std::map<Operation, std::size_t>;

// Of all processes, by the number of their first task, from the first thread on.
std::map<std::uint32_t, OperationCounts> count_operations(const TraceIndex& index);

// What the golden recordings say of each operation.
class AllocationHabits {
  public:
    // What a task in `cut_short` lacks because its process ended does not count as a habit. The tasks in
    // `pooled` take work from one another, so what one of them asks for any of them may ask for.
    AllocationHabits(const std::list<TraceIndex>& recordings, const std::set<TaskNumber>& cut_short,
                     const std::set<TaskNumber>& pooled);

    // Whether the operation is one that moves between tasks, or is asked for more or less often, on real
    // Linux.
    bool moves(std::uint32_t process, const Operation& operation) const;
    // How often the process asked for it on real Linux, at least and at most.
    std::size_t least(std::uint32_t process, const Operation& operation) const;
    std::size_t most(std::uint32_t process, const Operation& operation) const;

  private:
    // One recording's distribution: per task and number of fixed events before, how often.
    using Places = std::map<std::pair<TaskNumber, std::size_t>, std::size_t>;
    struct Seen {
        std::set<Places> places;
        std::size_t recordings = 0;
        std::size_t least = SIZE_MAX;
        std::size_t most = 0;
        bool pooled = false;
    };

    void learn(const TraceIndex& recording, const std::set<TaskNumber>& cut_short,
               const std::set<TaskNumber>& pooled);

    std::size_t recordings_ = 0;
    std::map<std::pair<std::uint32_t, Operation>, Seen> seen_;
};

// Keeps what one side asked for where the other did not. Over the whole process the two have to balance.
class AllocationLedger {
  public:
    // Precondition: exactly one of the events is there.
    void note(std::uint32_t process, const Operation& operation, std::optional<std::size_t> golden_event,
              std::optional<std::size_t> actual_event);

    struct Imbalance {
        std::uint32_t process = 0;
        Operation operation;
        std::size_t count = 0;
        std::size_t least = 0;
        std::size_t most = 0;
        std::optional<std::size_t> golden_event;
        std::optional<std::size_t> actual_event;
    };
    // Those of the noted operations that the actual trace's process asked for more or less often than on real
    // Linux. `cut_short` holds the processes whose end has overtaken some of their tasks: these may lack
    // operations.
    std::vector<Imbalance> imbalances(const AllocationHabits& habits,
                                      const std::map<std::uint32_t, OperationCounts>& counts,
                                      const std::set<std::uint32_t>& cut_short) const;

  private:
    struct Noted {
        std::optional<std::size_t> golden_event;
        std::optional<std::size_t> actual_event;
    };
    std::map<std::pair<std::uint32_t, Operation>, Noted> noted_;
};

}  // namespace levitate::traces::detail
