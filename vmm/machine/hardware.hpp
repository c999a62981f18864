// What may differ between one machine and another, beside the memory.
#pragma once

#include <filesystem>
#include <vector>

#include "vmm/devices/virtio_form.hpp"

namespace levitate::vmm {

enum class GicVersion { V2, V3 };

struct Hardware {
    GicVersion gic = GicVersion::V3;
    VirtioForm virtio = VirtioForm::Legacy;
    std::vector<std::filesystem::path> disks;  // raw images: virtio block devices
    bool virtio_console = false;
    bool virtio_entropy = false;
};

}  // namespace levitate::vmm
