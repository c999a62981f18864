// One task's place in a trace, and how much of its next event a schedule decides.
#pragma once

#include <cstddef>
#include <cstdint>

#include "traces/abi/syscalls.hpp"
#include "traces/compare/trace_index.hpp"

namespace levitate::traces::detail {

// Whether the event is a call of an allocator or of a cache of stacks. Which thread makes such a call depends
// on who came first.
bool is_allocation(const Event& event, const EventNote& note);

// Which bits of the address of a call's instruction say where in the program it stands: all, or, where the
// program and its libraries may lie elsewhere, those that moving by whole pages does not change.
enum class PlaceBits : std::uint64_t { All = ~std::uint64_t{0}, InPage = 0xfff };

// A number for what an event is, without its values: kind, call, command and place in the program, entry of
// the auxiliary vector.
std::size_t identity_of(const Event& event, PlaceBits bits = PlaceBits::All);

// The events of one task of a pair and how far this side has come.
struct Side {
    const TraceIndex* index = nullptr;
    const TaskView* task = nullptr;
    std::size_t next = 0;
    // On real Linux the signal that ends the task may come at any point of it.
    bool killed_anywhere = false;

    bool ended() const { return next >= task->events.size(); }
    std::size_t remaining() const { return task->events.size() - next; }
    // The event that is `ahead` events after the next one. Precondition: there is such an event.
    std::size_t event_index(std::size_t ahead = 0) const { return task->events[next + ahead]; }
    const Event& event(std::size_t ahead = 0) const { return index->trace().events[event_index(ahead)]; }
    const EventNote& note(std::size_t ahead = 0) const { return index->note(event_index(ahead)); }
    template <typename T>
    bool at() const {
        return !ended() && std::holds_alternative<T>(event().body);
    }

    // Whether the event is a wait, a wake or a poll that a schedule may leave out.
    bool is_free(std::size_t ahead = 0) const;
    // Whether it is an allocation in a process with several threads.
    bool is_shared_allocation(std::size_t ahead = 0) const;
    // Whether it stands at the same place on every schedule. It is then not a free call, not an allocation of
    // several threads, not a read of the auxiliary vector in a program that has made tasks, and not a signal
    // from outside.
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
