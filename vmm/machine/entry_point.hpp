#pragma once

#include <cstdint>

namespace levitate::vmm {

// How the boot protocol enters the kernel: at EL1, MMU off, interrupts masked, x1 to x3 zero. An ELF file is
// entered so too; QEMU gives it 0 in x0.
struct EntryPoint {
    std::uint64_t pc = 0;
    std::uint64_t device_tree = 0;  // x0
};

}  // namespace levitate::vmm
