// What the threads of a process ask of its address space for their allocators and stacks. Which thread makes
// such a call, and how much a mapping is trimmed to be aligned, depends on who came first and on where the
// kernel put it; what all together ask for does not.
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
    std::size_t events = 0;                // all of them, free calls too
    std::vector<std::size_t> allocations;  // indices into Trace::events
};

Episode episode_at(const Side& side);

// What is left of an episode's calls: a mapping without what was cut off its ends at once, a change of
// protection relative to such a mapping.
struct Operation {
    abi::CallKind kind = abi::CallKind::Map;
    std::int64_t error = 0;
    std::uint64_t length = 0;
    std::uint64_t offset =
        0;  // into the mapping of the same episode, 0 outside of one; of a mapping, into its file
    std::uint64_t file = 0;   // a mapping's descriptor: there is none, but it is given
    std::uint64_t flags = 0;  // protection and kind of a mapping, protection, advice
    bool end_first = false;   // of a mapping that was cut on both sides: no allocator cuts its end off first
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
    // What a task in `cut_short` lacks because its process has ended is no habit. The tasks in `pooled` take
    // work from one another: what one asks for any of them may.
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

// What one side asked for where the other did not. It has to balance over the process.
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
    // Of the operations noted, those that the actual trace's process asked for more or less often than real
    // Linux had it. `cut_short` holds the processes whose end has overtaken tasks: they may lack some.
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
