// Where things are in the guest's physical address space. It is the map of QEMU's `virt` machine, so that a
// kernel for that boots here. What is not here is not there: nothing answers, and accesses take an external
// abort.
#pragma once

#include <cstdint>

namespace levitate::vmm {

struct Region {
    std::uint64_t base;
    std::uint64_t size;
};

constexpr std::uint64_t align_up(std::uint64_t value, std::uint64_t alignment) {
    return (value + alignment - 1) / alignment * alignment;
}

// Two banks of flash.
inline constexpr Region kFlashRegion{0x0000'0000, 0x0800'0000};

// Of a GICv2, what answers; the device tree gives each 64 KiB.
inline constexpr Region kDistributorRegion{0x0800'0000, 0x1'0000};
inline constexpr Region kGicV2DistributorRegion{0x0800'0000, 0x1000};
inline constexpr Region kGicV2CpuRegion{0x0801'0000, 0x2000};
inline constexpr Region kGicV2mRegion{0x0802'0000, 0x1000};
inline constexpr Region kRedistributorRegion{0x080A'0000, 0x2'0000};  // one CPU's two frames
// Where redistributors of further CPUs would be; the device tree says this.
inline constexpr Region kRedistributorsRegion{0x080A'0000, 0xF6'0000};

inline constexpr Region kUartRegion{0x0900'0000, 0x1000};
inline constexpr Region kRtcRegion{0x0901'0000, 0x1000};
inline constexpr Region kFwCfgRegion{0x0902'0000, 0x18};
inline constexpr Region kGpioRegion{0x0903'0000, 0x1000};

// A slot's registers; the slots follow one another.
inline constexpr std::uint32_t kVirtioSlots = 32;
inline constexpr Region kVirtioRegion{0x0A00'0000, 0x200};

inline constexpr Region kPlatformBusRegion{0x0C00'0000, 0x0200'0000};  // empty

inline constexpr Region kPciMemoryRegion{0x1000'0000, 0x2EFF'0000};
inline constexpr Region kPciPortRegion{0x3EFF'0000, 0x1'0000};
inline constexpr Region kPciConfigurationRegion{0x40'1000'0000, 0x1000'0000};
inline constexpr Region kPciHighMemoryRegion{0x80'0000'0000, 0x80'0000'0000};

inline constexpr std::uint64_t kRamBase = 0x4000'0000;
// Where a kernel goes that does not say where (KERNEL64_LOAD_ADDR in QEMU's hw/arm/boot.c).
inline constexpr std::uint64_t kKernelBase = 0x4008'0000;

// SPIs are counted from INTID 32.
inline constexpr std::uint32_t kUartSpi = 1;
inline constexpr std::uint32_t kRtcSpi = 2;
inline constexpr std::uint32_t kPciFirstSpi = 3;  // of four
inline constexpr std::uint32_t kGpioSpi = 7;
inline constexpr std::uint32_t kVirtioFirstSpi = 16;

// The pin of the GPIO controller that the device tree calls the power key.
inline constexpr std::uint32_t kPowerKeyPin = 3;

// Private peripheral interrupts of the generic timer, as INTIDs (Arm BSA).
inline constexpr std::uint32_t kTimerPhysicalIntid = 30;
inline constexpr std::uint32_t kTimerVirtualIntid = 27;

}  // namespace levitate::vmm
