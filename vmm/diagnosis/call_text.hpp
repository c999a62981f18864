// The last calls of the guest's tasks, in words.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "vmm/engine/witness.hpp"

namespace levitate::vmm {

// "futex(0x4aa0c0, 0x80, 2)": as many arguments as the call has.
std::string call_text(const LastCall& call);

// Those in which a task still is, as far as calls alone can tell, in the order in which they were made: not
// those that never return, and not those of a process that has called exit_group since.
std::vector<LastCall> calls_in_progress(std::span<const LastCall> calls);

}  // namespace levitate::vmm
