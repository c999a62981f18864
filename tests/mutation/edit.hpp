// Changes of whole events that leave a trace well formed: what is noticed is the change, not damage of the
// file.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>

#include "traces/format/event.hpp"

namespace levitate::traces::mutation {

// Index, order and the tasks' numbers run without gaps again, in the order that they had.
void renumber(Trace& trace);

void erase_event(Trace& trace, std::size_t event);
void erase_events(Trace& trace, const std::function<bool(const Event&)>& chosen);
void double_event(Trace& trace, std::size_t event);

// Each takes the other's place in their task.
void swap_events(Trace& trace, std::size_t one, std::size_t other);

// A task and all that descend from it.
void erase_task(Trace& trace, TaskNumber task);

// The task's event that comes after this one.
std::optional<std::size_t> next_of_task(const Trace& trace, std::size_t event);

}  // namespace levitate::traces::mutation
