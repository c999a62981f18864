// What a comparison has to know of a trace beside its events: who is whose child, what ran beside what, and
// what a descriptor stood for.
#pragma once

#include <compare>
#include <cstddef>
#include <list>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "traces/abi/syscalls.hpp"
#include "traces/compare/descriptors.hpp"
#include "traces/format/event.hpp"

namespace levitate::traces::detail {

// Where a program makes a call. A library makes all calls of one kind at one PC, so the depth in the task's
// stack is needed too. 0: not known.
struct CallPlace {
    std::uint64_t pc = 0;
    std::uint64_t depth = 0;
    auto operator<=>(const CallPlace&) const = default;
};

// What a program has obtained with brk, at its largest.
struct HeapRange {
    std::uint64_t start = 0;
    std::uint64_t end = 0;
};

struct EventNote {
    const abi::SyscallRow* row = nullptr;  // for a call that Linux has
    // Another task existed at some time since this task's previous event, so what a schedule decides may
    // differ. A process that has ended counts as existing until its parent knows, because what it had open
    // may be closed that late.
    bool concurrent = false;
    // One of those tasks shares the address space.
    bool shares_memory = false;
    // By this event there has been more than one task.
    bool after_first_clone = false;
    // By this event the task's process has had more than one thread, and the threads share an allocator.
    bool threaded = false;
    // A signal that may come at any time: not caused by an error of the program, and not one that it has just
    // sent itself.
    bool asynchronous = false;
    FdInfo fd;  // of a call's first argument, where that is a descriptor
    // The descriptors that the call returned could have been the lowest that were free (Linux gives those).
    bool lowest_descriptors = false;
    std::uint32_t space{};  // the address space, a number of its own for each exec and fork

    bool is(abi::CallKind kind) const { return row != nullptr && row->kind == kind; }
};

struct TaskView {
    TaskNumber number{};
    TaskNumber parent{};
    std::uint64_t clone_flags = 0;
    std::vector<std::size_t> events;   // indices into Trace::events
    std::vector<TaskNumber> children;  // in order of birth
    std::uint32_t process = 0;         // the same for all threads of a process
    CallPlace birth;                   // of the parent's call
    std::uint64_t first_sp = 0;        // the stack pointer at its start; 0: not known
    bool called_exit = false;          // it called exit or exit_group itself
    bool killed = false;               // a signal has ended its process
    bool killed_by_another = false;    // another thread of the process has sent that signal
    bool has_threads = false;          // its process has several threads at some time
    std::optional<std::uint64_t> end_order;
};

class TraceIndex {
  public:
    explicit TraceIndex(const Trace& trace);

    const Trace& trace() const { return *trace_; }
    const std::map<TaskNumber, TaskView>& tasks() const { return tasks_; }
    const TaskView* task(TaskNumber number) const;
    const EventNote& note(std::size_t event) const { return notes_[event]; }
    // The heap of an address space; empty where it has none.
    HeapRange heap(std::uint32_t space) const;
    const std::vector<std::size_t>& by_order() const { return by_order_; }

    // The place of a call.
    CallPlace place_of(std::size_t event) const;
    // The task that this call of its parent has made; nullopt: the call has made none.
    std::optional<TaskNumber> born_at(std::size_t event) const;

    // The task was alive when another one's exit_group ended its process, wherever it stood.
    bool ended_by_another(const TaskView& task) const;

  private:
    void note_births();
    void note_signals();
    void note_killers();

    const Trace* trace_;
    std::map<TaskNumber, TaskView> tasks_;
    std::vector<EventNote> notes_;
    std::vector<std::size_t> by_order_;
    std::map<std::uint32_t, HeapRange> heaps_;           // by space
    std::map<std::size_t, TaskNumber> births_;           // by the parent's event
    std::map<std::uint32_t, std::uint64_t> group_ends_;  // by process: the order of its exit_group
};

// nullptr where the event is no call.
const SyscallEvent* call_of(const Event& event);

// The part of an argument that the program decides, whatever the schedule; nullopt: none of it.
std::optional<std::uint64_t> given_by_program(const abi::SyscallRow& row, std::size_t index,
                                              std::uint64_t value);

// How often the task read the auxiliary vector, and how often it made calls of a kind.
std::size_t count_auxv_reads(const TraceIndex& index, const TaskView& task);
std::size_t count_calls(const TraceIndex& index, const TaskView& task, abi::CallKind kind);

// The tasks that their process' end has cut short in one of the recordings.
std::set<TaskNumber> tasks_cut_short(const std::list<TraceIndex>& recordings);

// The row of a call; nullptr where Linux has no such call.
const abi::SyscallRow* row_of(const SyscallEvent& call);

// The kind in the call's row, or in its command's.
abi::CallKind call_kind(const SyscallEvent& call);

// The call of this kind that the event is; nullptr where it is none.
const SyscallEvent* call_of_kind(const Event& event, abi::CallKind kind);

}  // namespace levitate::traces::detail
