// Setting the page allocator up. Using it: mm/page.hpp.
#pragma once

#include <array>
#include <cstddef>

#include "arch/include/machine.hpp"
#include "mm/page.hpp"

namespace kernel {

inline constexpr unsigned kMaximumOrder = 10;  // 4 MiB
inline constexpr std::size_t kMaximumReserved = 8;

struct MemoryLayout {
    PhysicalAddress ram_start;
    PhysicalAddress ram_end;
    std::array<arch::PhysicalRange, 2> reserved;  // image, device tree; empty ones are ignored
    // Its pages become those of the files in it: memory in use, as any that is given to files.
    arch::PhysicalRange initramfs;
};

void set_up_page_allocator(const MemoryLayout& layout);

}  // namespace kernel
