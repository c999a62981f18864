// An arm64 kernel Image (Linux Documentation/arch/arm64/booting.rst).
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string_view>

#include "vmm/error.hpp"

namespace levitate::vmm {

struct KernelImage {
    std::uint64_t text_offset = 0;  // from a 2 MiB aligned base
    std::uint64_t image_size = 0;   // memory that the kernel needs from its start, BSS included
};

// Checks the Image's header. Error (NotExecutable): names the file as `name`, what it is instead, and the
// remedy.
Result<KernelImage> read_kernel_header(std::string_view name, std::span<const std::byte> bytes);

}  // namespace levitate::vmm
