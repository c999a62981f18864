// A virtio transport on memory (Virtual I/O Device (VIRTIO) Version 1.2, 4.2), in the legacy form that QEMU's
// virt has unless it is told otherwise.
#pragma once

#include "vmm/devices/device.hpp"

namespace levitate::vmm {

// A slot without a device: only the registers that say so answer, the others read as zero.
class VirtioMmio final : public Device {
  public:
    std::optional<std::uint64_t> read(std::uint64_t offset, unsigned size) override;
    bool write(std::uint64_t offset, unsigned size, std::uint64_t value) override;
};

}  // namespace levitate::vmm
