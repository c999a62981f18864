// The tool's command line as a whole: its commands, and the form of its help and error messages.
#pragma once

#include <CLI/App.hpp>
#include <memory>

namespace levitate::vmm::cli {

// The command that was chosen leaves its exit status in `status`, which must outlive the application.
std::unique_ptr<CLI::App> make_application(int& status);

}  // namespace levitate::vmm::cli
