// An event taken apart, for tables that show one field in each row.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "traces/format/event.hpp"

namespace levitate::traces {

struct EventField {
    std::string name;
    std::string text;  // strace's notation, printable ASCII
};

// What the event is ({"call", "openat"}, {"event", "signal"}), and then its fields. For a call these are the
// arguments by their names, and the result; otherwise they are what the comparator compares, under the names
// that Difference::field gives them. Precondition: event < trace.events.size().
std::vector<EventField> event_fields(const Trace& trace, std::size_t event);

}  // namespace levitate::traces
