// What arch/aarch64's own files share about translation tables.
#pragma once

#include <cstddef>
#include <cstdint>

#include "arch/aarch64/layout.h"
#include "mm/page.hpp"

namespace kernel::arch {

// linear_address() and physical_address(), inline for what walks tables at every fault.
inline std::byte* in_linear_map(std::uint64_t physical) {
    return reinterpret_cast<std::byte*>(LINEAR_BASE + physical);
}
inline std::uint64_t out_of_linear_map(const void* linear) {
    return reinterpret_cast<std::uint64_t>(linear) - LINEAR_BASE;
}

// Bits 47:12 of a descriptor.
inline constexpr std::uint64_t kAddressMask = 0x0000'ffff'ffff'f000;
inline constexpr std::uint64_t kNoKernelExecute = std::uint64_t{1} << 53;  // PXN
inline constexpr std::uint64_t kNoUserExecute = std::uint64_t{1} << 54;    // UXN

// Takes every program's memory out of reach: while no program runs, and at the end of one.
void use_empty_user_table();
// A page of the kernel's own, readable and writable. False without memory for tables.
bool map_kernel_page(std::uint64_t address, PhysicalAddress frame);

}  // namespace kernel::arch
