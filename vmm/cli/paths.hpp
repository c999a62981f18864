// Where the tool finds what belongs to it: in an installed tree beside its executable, in a checkout where
// scripts/levitate says by environment variables.
#pragma once

#include <expected>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "vmm/run/run.hpp"

namespace levitate::vmm::cli {

// LEVITATE_KERNEL, else <prefix>/share/levitate/guest-kernel.Image.
std::filesystem::path guest_kernel_path();
// LEVITATE_INIT, else <prefix>/share/levitate/init.
std::filesystem::path init_path();
// LEVITATE_GUESTS, else <prefix>/share/levitate/guests.
std::filesystem::path guests_directory();
// LEVITATE_GOLDENS, else <prefix>/share/levitate/golden.
std::filesystem::path goldens_directory();

// The first regular file `name` in a directory of PATH; empty if there is none.
std::filesystem::path find_on_path(std::string_view name);

// The file that `name` means, as env(1) would find it: a path if there is a slash in it, else one of our own
// guests, else a program on PATH. NotFound (127) or NotExecutable (126) otherwise.
Result<std::filesystem::path> find_program(std::string_view name);

}  // namespace levitate::vmm::cli
