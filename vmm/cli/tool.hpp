// The tool as a whole, for main(). CLI11 is not in this interface: it takes seconds to compile wherever it is
// included.
#pragma once

#include <span>

namespace levitate::vmm::cli {

// Does what the command line asks for, whose first word is the tool's own name, and returns the exit status.
int run_tool(std::span<char* const> command_line);

}  // namespace levitate::vmm::cli
