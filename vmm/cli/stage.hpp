// How early in a program's life a divergence stands.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>
#include <vector>

#include "traces/compare/compare.hpp"
#include "traces/format/event.hpp"
#include "vmm/cli/main_span.hpp"

namespace levitate::vmm::cli {

// In the order of a program's life.
enum class Stage {
    BeforeMain,
    InMain,
    AtExit,
    Unknown,  // it is not known where the program's main is
};

// The stages of the divergences, which are in the order in which they were met. `span` is of the actual
// trace; where only the golden recording has an event, its place in that follows from the events that are
// missing or too many before.
std::vector<Stage> stages_of(std::span<const traces::Divergence> divergences, const traces::Trace& golden,
                             const traces::Trace& actual, const MainSpan& span);

// "before main", "in main", "at exit", "unknown"
std::string_view to_string(Stage stage);

}  // namespace levitate::vmm::cli
