// What a kernel has to do next, over all cases of a check: each cause once, those first that stop most.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "vmm/cli/check_report.hpp"
#include "vmm/cli/stage.hpp"

namespace levitate::vmm::cli {

// A cause in one case.
struct Sighting {
    std::string name;   // of the case
    std::string kind;   // of the divergence; "no verdict" for what ended a run
    std::string cause;  // in the words of traces/compare/causes.hpp
    Stage stage = Stage::Unknown;
    std::string area;       // of std; of what is no call, what it belongs to
    bool is_first = false;  // whether it is the case's first divergence
    std::size_t count = 1;  // how often the case met it
};

struct WorkItem {
    std::string kind;
    std::string cause;
    std::string area;
    Stage stage = Stage::Unknown;    // the earliest
    std::vector<std::string> cases;  // that cannot pass before this is mended, in the order of the check
    std::size_t first_in = 0;        // in how many of them it is the first divergence
    std::size_t count = 0;           // how often it was met
};

// A stale case has none: its program is not the golden's, and what that does is nothing of the kernel's.
std::vector<Sighting> sightings_in(const std::vector<CaseReport>& reports);

// By how many cases it stops, then by how early, then by how many it is first in, then by its area.
std::vector<WorkItem> work_list(std::span<const Sighting> sightings);

// A line for each item, with the names of some cases; empty where there are none.
std::string work_list_text(std::span<const WorkItem> items);

}  // namespace levitate::vmm::cli
