// The flattened device tree (Devicetree Specification 0.4, chapter 5). The blob is input: whatever it holds,
// reading stays inside it.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace kernel {

struct DeviceRegion {
    std::uint64_t address = 0;
    std::uint64_t size = 0;
};

// What the kernel looks for in the tree. Sizes of 0: not there.
struct DeviceTree {
    std::size_t total_size = 0;
    DeviceRegion memory;
    std::string_view boot_arguments;
    std::uint64_t initramfs_start = 0;
    std::uint64_t initramfs_end = 0;
    std::span<const std::byte> random_seed;
    DeviceRegion console;
    std::uint32_t console_interrupt = 0;
    DeviceRegion clock;
    DeviceRegion interrupt_distributor;
    DeviceRegion interrupt_redistributor;  // of a GICv3
    DeviceRegion interrupt_cpu_interface;  // of a GICv2
    std::uint32_t timer_interrupt = 0;     // the virtual timer's
    bool psci_by_smc = false;
};

// The size that a blob's header claims, 0 if it is none: how far must be mapped to read it.
std::size_t device_tree_size(const std::byte* start);
// Nothing: the blob is damaged.
std::optional<DeviceTree> read_device_tree(std::span<const std::byte> blob);

}  // namespace kernel
