// A recording of real Linux with one thing changed, which a comparator ought to notice.
#pragma once

#include <compare>
#include <cstddef>
#include <functional>
#include <string>

#include "traces/format/event.hpp"

namespace levitate::traces::mutation {

// Mutants that a comparator notices, or does not, for the same reason.
struct Stratum {
    std::string event;   // "openat", "futex FUTEX_WAKE_PRIVATE", "exec", …
    std::string field;   // "result", "flags", "statbuf.st_size"; empty where the whole event is meant
    std::string change;  // "+1", "another", "deleted", …
    auto operator<=>(const Stratum&) const = default;
};

struct Mutant {
    Stratum stratum;
    std::size_t event = 0;  // index into Trace::events of the recording
    std::string detail;     // "3 -> 4"; empty where the change says all
    std::function<void(Trace&)> apply;
};

}  // namespace levitate::traces::mutation
