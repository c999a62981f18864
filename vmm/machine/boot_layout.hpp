// Where the initramfs and the device tree go beside a kernel.
#pragma once

#include <cstdint>

#include "vmm/error.hpp"
#include "vmm/machine/kernel_image.hpp"
#include "vmm/machine/memory_map.hpp"

namespace levitate::vmm {

struct BootLayout {
    std::uint64_t initramfs = 0;    // physical
    std::uint64_t device_tree = 0;  // physical; there is room for kMostDeviceTreeBytes
};

// Lays them out where QEMU does (hw/arm/boot.c, arm_setup_direct_kernel_boot): the initramfs in the middle of
// RAM or 128 MiB into it, whichever is less, but behind the kernel. The device tree on the next 2 MiB behind
// that, or, for an ELF file, at the start of RAM if 1 MiB is free there. Two things differ: an ELF file gets
// an initramfs too, and where QEMU has no room for an initramfs behind that place or no place in RAM for the
// tree of an ELF file, they go directly behind the kernel. Error (Usage): there is too little RAM.
Result<BootLayout> lay_out(const KernelImage& kernel, std::uint64_t initramfs_size, Region ram);

}  // namespace levitate::vmm
