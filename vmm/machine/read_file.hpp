// Reads what the machine is loaded from: a kernel, an initramfs.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string_view>
#include <vector>

#include "vmm/error.hpp"

namespace levitate::vmm {

// All of a file or pipe. `what` names its kind in messages: "kernel". Error (Harness): it cannot be read, or
// has more than `most` bytes, against which `remedy` helps.
Result<std::vector<std::byte>> read_file(std::string_view what, const std::filesystem::path& path,
                                         std::uint64_t most, std::string_view remedy);

}  // namespace levitate::vmm
