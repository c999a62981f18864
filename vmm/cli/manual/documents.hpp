// What is generated from the command line.
#pragma once

#include <string>

#include "vmm/cli/manual/command_line.hpp"

namespace levitate::vmm::cli {

// levitate(1), in the macros of man(7).
std::string man_page(const CommandLine& line);
// For bash 4.4 or later, with or without the package bash-completion.
std::string bash_completion(const CommandLine& line);
// A function for compinit to load, named _levitate.
std::string zsh_completion(const CommandLine& line);

}  // namespace levitate::vmm::cli
