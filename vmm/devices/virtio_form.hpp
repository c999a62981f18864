// Which interface virtio devices have.
#pragma once

namespace levitate::vmm {

// QEMU's virt has the legacy one unless it is told otherwise.
enum class VirtioForm { Legacy, Modern };

}  // namespace levitate::vmm
