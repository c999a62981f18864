// The program's tasks that are alive, as far as is known, by number and by EL1 stack.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "traces/format/event.hpp"
#include "vmm/tracer/visit.hpp"

namespace levitate::vmm {

// A breakpoint that was looked at before its instruction has been executed.
struct ServedBreakpoint {
    std::uint64_t pc = 0;
    std::uint64_t retired = 0;  // instructions retired until then
};

struct TracedTask {
    traces::TaskNumber process{};  // the number of its thread group's first task
    std::int64_t tid = 0;          // 0: not learned yet
    std::uint64_t stack = 0;       // SP_EL1 at the boundary; 0: it has not run yet
    std::uint64_t space = 0;       // TTBR0_EL1's table
    std::optional<Visit> visit = std::nullopt;
    std::optional<ServedBreakpoint> served = std::nullopt;
    // Whether at the last exception the instruction at `served` had not been executed yet.
    bool was_served = false;

    bool stands_at_served(std::uint64_t pc) const { return was_served && served && served->pc == pc; }
};

class TaskTable {
  public:
    // References stay good until the task is removed.
    TracedTask& add(traces::TaskNumber number, const TracedTask& task);
    void remove(traces::TaskNumber number);
    // The task runs on this EL1 stack from now on, and no other does any more.
    void set_stack(traces::TaskNumber number, std::uint64_t stack);

    TracedTask* find(traces::TaskNumber number);
    std::optional<traces::TaskNumber> find_by_stack(std::uint64_t stack) const;
    std::optional<traces::TaskNumber> find_by_tid(std::int64_t tid) const;
    std::vector<traces::TaskNumber> of_process(traces::TaskNumber process) const;
    // Whether any task uses the address space.
    bool uses(std::uint64_t space) const;

    const std::map<traces::TaskNumber, TracedTask>& all() const { return tasks_; }

  private:
    std::map<traces::TaskNumber, TracedTask> tasks_;
    std::map<std::uint64_t, traces::TaskNumber> by_stack_;  // of those that have run
};

}  // namespace levitate::vmm
