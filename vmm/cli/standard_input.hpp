// Our own standard input as part of what a run is given.
#pragma once

#include <cstddef>
#include <vector>

#include "vmm/error.hpp"

namespace levitate::vmm::cli {

// What is recorded holds its run's whole input, so that it can be run again: all of our stdin, or nothing if
// that is a terminal.
Result<std::vector<std::byte>> read_standard_input();

}  // namespace levitate::vmm::cli
