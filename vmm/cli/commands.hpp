// The commands of the tool, one file each. A command adds itself to the application; when it has been chosen
// and parsed, the application calls it and leaves its exit status in `status`.
#pragma once

#include <CLI/App.hpp>
#include <string>
#include <vector>

namespace levitate::vmm::cli {

void add_run_command(CLI::App& app, int& status);
void add_record_command(CLI::App& app, int& status);
// `program_arguments` is what stands behind "--" on the command line, when the command is called.
void add_check_command(CLI::App& app, int& status, const std::vector<std::string>& program_arguments);
void add_reference_command(CLI::App& app, int& status, const std::vector<std::string>& program_arguments);
void add_diff_command(CLI::App& app, int& status);
void add_show_command(CLI::App& app, int& status);
void add_doctor_command(CLI::App& app, int& status);

}  // namespace levitate::vmm::cli
