// What a comparison has to know of a trace beside its events: who is whose child, what ran beside what, and
// what a descriptor stood for.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <vector>

#include "traces/format/event.hpp"

namespace levitate::traces::detail {

enum class FdKind {
    Inherited,  // open before the program began
    File,
    Stream,  // a pipe, a socket
    SignalFd,
};

struct FdInfo {
    FdKind kind = FdKind::Inherited;
    std::string path;  // as it was opened; empty if it was not
};

struct EventNote {
    // Another task was alive at some time since this task's event before: what a schedule decides may differ.
    bool concurrent = false;
    // One of those shares the address space.
    bool shares_memory = false;
    // There has been more than one task by now.
    bool after_first_clone = false;
    FdInfo fd;              // of a call's first argument, where that is a descriptor
    std::uint32_t space{};  // the address space, a number of its own for each exec and fork
};

struct TaskView {
    TaskNumber number{};
    TaskNumber parent{};
    std::uint64_t clone_flags = 0;
    std::vector<std::size_t> events;   // indices into Trace::events
    std::vector<TaskNumber> children;  // in order of birth
    std::uint32_t process = 0;         // threads of one process have the same
    bool called_exit_group = false;    // by itself
    bool called_exit = false;          // exit or exit_group, by itself
};

class TraceIndex {
  public:
    explicit TraceIndex(const Trace& trace);

    const Trace& trace() const { return *trace_; }
    const std::map<TaskNumber, TaskView>& tasks() const { return tasks_; }
    const TaskView* task(TaskNumber number) const;
    const EventNote& note(std::size_t event) const { return notes_[event]; }
    const std::vector<std::size_t>& by_order() const { return by_order_; }

    // The task was ended by another one's exit_group, wherever it stood.
    bool ended_by_another(const TaskView& task) const;

  private:
    const Trace* trace_;
    std::map<TaskNumber, TaskView> tasks_;
    std::vector<EventNote> notes_;
    std::vector<std::size_t> by_order_;
};

}  // namespace levitate::traces::detail
