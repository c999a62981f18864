// Where things are in the guest's physical address space. It is the map of QEMU's `virt` machine, so that a
// kernel for that boots here.
#pragma once

#include <cstdint>

namespace levitate::vmm {

struct Region {
    std::uint64_t base;
    std::uint64_t size;
};

inline constexpr Region kDistributorRegion{0x0800'0000, 0x1'0000};
inline constexpr Region kRedistributorRegion{0x080A'0000, 0x2'0000};  // one CPU's two frames
inline constexpr Region kUartRegion{0x0900'0000, 0x1000};
inline constexpr Region kRtcRegion{0x0901'0000, 0x1000};
inline constexpr std::uint64_t kRamBase = 0x4000'0000;
// Where a kernel goes that does not say where (KERNEL64_LOAD_ADDR in QEMU's hw/arm/boot.c).
inline constexpr std::uint64_t kKernelBase = 0x4008'0000;

// SPIs are counted from INTID 32.
inline constexpr std::uint32_t kUartSpi = 1;
inline constexpr std::uint32_t kRtcSpi = 2;

// Private peripheral interrupts of the generic timer, as INTIDs (Arm BSA).
inline constexpr std::uint32_t kTimerPhysicalIntid = 30;
inline constexpr std::uint32_t kTimerVirtualIntid = 27;

}  // namespace levitate::vmm
