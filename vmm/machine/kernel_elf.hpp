// A kernel that is an ELF file.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>
#include <vector>

#include "vmm/machine/kernel_image.hpp"

namespace levitate::vmm {

bool is_elf(std::span<const std::byte> bytes);

// Where the segments of a static ELF file for 64-bit little-endian AArch64 go: to their physical addresses.
// Nothing is relocated. If the entry point is an address of an executable segment that is linked to another
// address than it is loaded to, the kernel is entered where that place is loaded. All of this is as QEMU does
// it. Error: as read_kernel().
Result<KernelImage> read_kernel_elf(std::string_view name, std::vector<std::byte> file, Region ram);

}  // namespace levitate::vmm
