// The accesses that nothing answered, for people.
#pragma once

#include <string>
#include <vector>

#include "vmm/engine/engine.hpp"

namespace levitate::vmm {

// "write of 4 bytes at 0x0a004000, PC 0x40080123, 3 times"
std::string describe(const UnansweredAccess& access);

// A line for each access, and one that says how many more there were; empty if there were none.
std::vector<std::string> describe_unanswered(const EngineStatistics& statistics);

}  // namespace levitate::vmm
