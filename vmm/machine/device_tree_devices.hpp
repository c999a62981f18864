// The part of the device tree that describes the board.
#pragma once

#include <cstdint>

#include "vmm/machine/device_tree_writer.hpp"
#include "vmm/machine/hardware.hpp"

namespace levitate::vmm {

inline constexpr std::uint32_t kInterruptControllerHandle = 1;

// Timer, interrupt controller and devices, as QEMU's virt describes its own.
void write_devices(DeviceTreeWriter& tree, GicVersion gic);

}  // namespace levitate::vmm
