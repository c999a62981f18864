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
    std::array<arch::PhysicalRange, 3> reserved;  // image, device tree, initramfs; empty ones are ignored
};

void set_up_page_allocator(const MemoryLayout& layout);

}  // namespace kernel
