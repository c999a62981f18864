// The device tree that describes the machine to a kernel.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "vmm/error.hpp"
#include "vmm/machine/hardware.hpp"

namespace levitate::vmm {

struct DeviceTreeRequest {
    std::uint64_t memory_bytes = 0;
    std::string boot_arguments;
    std::uint64_t initramfs_begin = 0;  // physical
    std::uint64_t initramfs_end = 0;    // the same: there is none
    std::uint64_t seed = 0;
    GicVersion gic = GicVersion::V3;
};

// No tree is greater.
inline constexpr std::size_t kMostDeviceTreeBytes = std::size_t{64} * 1024;

// A flattened device tree (Devicetree specification 0.4; the bindings are Linux's, under
// Documentation/devicetree/bindings). /chosen has an rng-seed made from the seed and no kaslr-seed. Error:
// the boot arguments do not fit.
Result<std::vector<std::byte>> make_device_tree(const DeviceTreeRequest& request);

// 64 bytes that are a function of `seed` (SplitMix64).
std::array<std::byte, 64> random_seed_bytes(std::uint64_t seed);

}  // namespace levitate::vmm
