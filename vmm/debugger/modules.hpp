// Which files stand where in a program's address space, by what its trace says.
#pragma once

#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "traces/format/event.hpp"
#include "vmm/debugger/backtrace.hpp"

namespace levitate::vmm {

struct HostFile {
    std::string guest;           // absolute path in the guest
    std::filesystem::path host;  // the same bytes on the host
};

// The program, its interpreter and the libraries that it mapped before the last of `events`, as far as
// `files` has them; `files` begins with the program. Empty before the program's first exec.
std::vector<LoadedModule> loaded_modules(std::span<const traces::Event> events,
                                         std::span<const HostFile> files);

}  // namespace levitate::vmm
