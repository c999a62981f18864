// Where the tool finds what belongs to it: in an installed tree this is beside its executable, and in a
// checkout where scripts/levitate says with environment variables.
#pragma once

#include <expected>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "vmm/run/run.hpp"

namespace levitate::vmm::cli {

// A file or folder of the tool: where the variable says, else <prefix>/share/levitate/<installed_name>.
struct OwnFile {
    const char* variable;
    std::string_view installed_name;
    std::string_view meaning;
};

std::span<const OwnFile> own_files();

std::filesystem::path guest_kernel_path();
std::filesystem::path init_path();
std::filesystem::path guests_directory();
std::filesystem::path goldens_directory();
std::filesystem::path debian_kernel_script();

// Where the tool keeps what it can make or fetch again.
std::filesystem::path cache_directory();
// Where in it snapshots of booted machines are; empty: there is no home to keep them in.
std::filesystem::path snapshots_directory();

// The first regular file `name` in a directory of PATH; empty if there is none.
std::filesystem::path find_on_path(std::string_view name);

// The file that `name` means, as env(1) would find it: a path if there is a slash in it, else one of our own
// guests, else a program on PATH. NotFound (127) or NotExecutable (126) otherwise.
Result<std::filesystem::path> find_program(std::string_view name);

}  // namespace levitate::vmm::cli
