// How the program's tasks come and go. A child is recognised by where and with which registers it first runs,
// since no kernel announces it.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "traces/format/event.hpp"
#include "vmm/arch/registers.hpp"
#include "vmm/tracer/recorder.hpp"
#include "vmm/tracer/signal_frame.hpp"
#include "vmm/tracer/task_calls.hpp"
#include "vmm/tracer/task_table.hpp"

namespace levitate::vmm {

// A task that stands at its first instruction, or at the entry of the first signal's handler before that.
struct Newborn {
    traces::TaskNumber number{};
    traces::TaskNumber parent{};
    std::uint64_t space = 0;               // that of its parent
    UserRegisters expected;                // the registers that it has to have, before any signal
    std::vector<DeliveredSignal> signals;  // whose handlers it enters
};

class TaskLives {
  public:
    TaskLives(Recorder& recorder, TaskTable& tasks) : recorder_(recorder), tasks_(tasks) {}

    // `parent` has called clone or clone3. Precondition: it is alive.
    void expect_child(traces::TaskNumber parent, const CloneRequest& request, const UserRegisters& at_call);
    // The call has returned `result` to `parent`.
    void parent_returned(traces::TaskNumber parent, std::int64_t result);
    // Whether `parent` has still to return from a clone after which its child starts at `pc`.
    bool expects_child_of(traces::TaskNumber parent, std::uint64_t pc) const;
    // The expected child that `now` shows, in the address space `space`. From here on it has a number.
    std::optional<Newborn> take_newborn(const UserRegisters& now, std::uint64_t space,
                                        const UserMemory& memory);

    void end_task(traces::TaskNumber number, const traces::TaskEndEvent& end);
    void end_process(traces::TaskNumber process, const traces::TaskEndEvent& end);
    // With which code the program's first process ended, if it did so by calls of its own: that of
    // exit_group, or else that of its first task's exit once all its tasks have ended (man 2 exit_group;
    // Linux kernel/exit.c, wait_task_zombie).
    std::optional<int> program_exit_code() const;

  private:
    // A clone whose child has not been seen yet, or whose parent has not been told yet.
    struct Birth {
        traces::TaskNumber parent{};
        traces::TaskNumber parent_process{};
        CloneRequest request;
        UserRegisters at_call;
        std::uint64_t space = 0;
        std::optional<traces::TaskNumber> child = std::nullopt;  // once it has its number
        bool parent_returned = false;
        bool child_ran = false;

        UserRegisters expected_registers() const;
        bool is_settled() const { return child_ran && parent_returned; }
        // Whether a task that is seen in this address space for the first time may be the child.
        bool may_show_in(std::uint64_t seen) const {
            return !child_ran && request.shares_memory() == (space == seen);
        }
    };

    traces::TaskNumber start_child(Birth& birth, std::int64_t tid);
    // The child of `birth` has been seen. The birth may be gone afterwards.
    Newborn born(Birth& birth, std::vector<DeliveredSignal> signals, const UserMemory& memory);

    Recorder& recorder_;
    TaskTable& tasks_;
    std::vector<Birth> births_;  // oldest first
    std::optional<int> group_exit_code_;
    std::optional<int> first_task_exit_code_;
};

}  // namespace levitate::vmm
