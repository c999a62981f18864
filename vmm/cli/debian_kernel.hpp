// Debian's Linux for arm64: the kernel that references are recorded on, and what --kernel linux means.
#pragma once

#include <filesystem>

#include "vmm/error.hpp"

namespace levitate::vmm::cli {

// Where its Image is. The first time, it is fetched through apt, which takes some seconds; the script
// debian-kernel says so on stderr.
Result<std::filesystem::path> debian_kernel();

}  // namespace levitate::vmm::cli
