// One program of the run description: started, fed, listened to and waited for.
#pragma once

#include <cstdint>

#include "vmm/initramfs/init/line.hpp"
#include "vmm/initramfs/init/run_description.hpp"

namespace levitate::vmm::init {

// Runs the case to its program's end and reports everything over `line`. Precondition: SIGCHLD is blocked and
// has a handler, SIGPIPE is ignored.
void run_case(const Case& one, std::uint32_t number, Line& line);

}  // namespace levitate::vmm::init
