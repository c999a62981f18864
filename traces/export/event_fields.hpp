// An event taken apart, for forms that show a field a row.
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

// What the event is ({"call", "openat"}, {"event", "signal"}), then its fields: of a call the arguments by
// their names and the result, otherwise what the comparator compares, under the names that Difference::field
// gives them. Precondition: event < trace.events.size().
std::vector<EventField> event_fields(const Trace& trace, std::size_t event);

}  // namespace levitate::traces
