// One task's place in a trace, and what of its next event a schedule decides.
#pragma once

#include <cstddef>
#include <cstdint>

#include "traces/abi/syscalls.hpp"
#include "traces/compare/trace_index.hpp"

namespace levitate::traces::detail {

// A call of an allocator or of a cache of stacks: which of the threads makes it depends on who came first.
bool is_allocation(const Event& event, const EventNote& note);

// A number for what an event is, without its values: kind, call, command and place in the program.
std::size_t identity_of(const Event& event);

// The events of one task of a pair and how far this side has come.
struct Side {
    const TraceIndex* index = nullptr;
    const TaskView* task = nullptr;
    std::size_t next = 0;
    // Real Linux lets the signal that ends the task come at any point of it.
    bool killed_anywhere = false;

    bool ended() const { return next >= task->events.size(); }
    std::size_t remaining() const { return task->events.size() - next; }
    // Of the event `ahead` of the next one. Precondition: there is such an event.
    std::size_t event_index(std::size_t ahead = 0) const { return task->events[next + ahead]; }
    const Event& event(std::size_t ahead = 0) const { return index->trace().events[event_index(ahead)]; }
    const EventNote& note(std::size_t ahead = 0) const { return index->note(event_index(ahead)); }
    template <typename T>
    bool at() const {
        return !ended() && std::holds_alternative<T>(event().body);
    }

    // Whether the event is a wait, a wake or a poll that a schedule may do without.
    bool is_free(std::size_t ahead = 0) const;
    // Whether it is an allocation of a process that has more threads.
    bool is_shared_allocation(std::size_t ahead = 0) const;
    // Whether it stands where it does on any schedule: no free call, no allocation of several threads, no
    // read of the auxiliary vector in a program that has made tasks, no signal from outside.
    bool is_fixed(std::size_t ahead = 0) const;
    bool is_free_auxv_read(std::size_t ahead = 0) const;
    bool is_asynchronous_signal(std::size_t ahead = 0) const;
    // The process' end has overtaken the task here: nothing follows, or only a call that it was in.
    bool overtaken() const;
};

struct TaskPair {
    Side golden;
    Side actual;
    bool done = false;
};

}  // namespace levitate::traces::detail
