// The tool's command line as a whole: its commands, and the form of its help and error messages.
#pragma once

#include <CLI/App.hpp>
#include <memory>
#include <string>
#include <vector>

namespace levitate::vmm::cli {

// The command that was chosen leaves its exit status in `status`. `program_arguments` is for
// take_program_arguments(). Both must outlive the application.
std::unique_ptr<CLI::App> make_application(int& status, const std::vector<std::string>& program_arguments);

// Cuts off what stands behind "--" in the command line of a command that takes names of programs: to CLI11
// these arguments of the program would be further names. `words` are without the tool's own name.
std::vector<std::string> take_program_arguments(std::vector<std::string>& words);

}  // namespace levitate::vmm::cli
