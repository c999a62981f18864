// Does a guest that sleeps for ever wait for a signal?
#pragma once

#include "vmm/engine/engine.hpp"

namespace levitate::vmm {

// Whether the last call of a task was one that only a signal ends: pause and its kin. What such a task does
// about signals does not matter.
bool waits_for_signal(const Engine& engine);

}  // namespace levitate::vmm
