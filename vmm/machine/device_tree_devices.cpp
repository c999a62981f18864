#include "vmm/machine/device_tree_devices.hpp"

#include <array>

#include "vmm/devices/interrupt_controller.hpp"
#include "vmm/machine/board.hpp"

namespace levitate::vmm {
namespace {

using namespace std::literals;

constexpr std::uint32_t kClockHandle = 2;
constexpr std::uint32_t kMessageInterruptsHandle = 3;
constexpr std::uint32_t kGpioHandle = 4;
constexpr std::uint32_t kClockHz = 24'000'000;

// Interrupt specifiers (bindings/interrupt-controller/arm,gic.yaml and arm,gic-v3.yaml). With a GICv2 those
// of private interrupts have a mask of the CPUs that they go to.
constexpr std::uint32_t kSharedInterrupt = 0;
constexpr std::uint32_t kPrivateInterrupt = 1;
constexpr std::uint32_t kEdgeRising = 1;
constexpr std::uint32_t kLevelHigh = 4;
constexpr std::uint32_t kFirstCpu = 1U << 8U;

// These numbers only complete the timer's list: the secure and the hypervisor timer do not exist here.
constexpr std::uint32_t kTimerSecureIntid = 29;
constexpr std::uint32_t kTimerHypervisorIntid = 26;

// What of the GICv2's frames the device tree names is more than what answers.
constexpr std::uint64_t kGicFrameSize = 0x1'0000;

constexpr std::uint32_t kPowerKeyCode = 116;  // KEY_POWER of Linux's input-event-codes.h

void write_timer(DeviceTreeWriter& tree, GicVersion gic) {
    const std::uint32_t flags = kLevelHigh | (gic == GicVersion::V2 ? kFirstCpu : 0);
    std::vector<std::uint32_t> interrupts;
    for (const std::uint32_t intid :
         {kTimerSecureIntid, kTimerPhysicalIntid, kTimerVirtualIntid, kTimerHypervisorIntid}) {
        interrupts.insert(interrupts.end(),
                          {kPrivateInterrupt, intid - InterruptController::kFirstPpi, flags});
    }
    tree.begin("timer");
    tree.text("compatible", "arm,armv8-timer\0arm,armv7-timer"sv);
    tree.flag("always-on");
    tree.cells("interrupts", interrupts);
    tree.end();
}

void write_interrupt_controller(DeviceTreeWriter& tree, GicVersion gic) {
    tree.begin(at("intc", kDistributorRegion.base));
    tree.flag("interrupt-controller");
    tree.cells("#interrupt-cells", {3});
    tree.cells("#address-cells", {2});
    tree.cells("#size-cells", {2});
    tree.flag("ranges");
    tree.cells("phandle", {kInterruptControllerHandle});
    if (gic == GicVersion::V3) {
        tree.text("compatible", "arm,gic-v3");
        tree.cells("#redistributor-regions", {1});
        tree.regions("reg", {kDistributorRegion, kRedistributorsRegion});
    } else {
        tree.text("compatible", "arm,cortex-a15-gic");
        tree.regions("reg",
                     {{kGicV2DistributorRegion.base, kGicFrameSize}, {kGicV2CpuRegion.base, kGicFrameSize}});
        tree.begin(at("v2m", kGicV2mRegion.base));
        tree.text("compatible", "arm,gic-v2m-frame");
        tree.flag("msi-controller");
        tree.regions("reg", {kGicV2mRegion});
        tree.cells("phandle", {kMessageInterruptsHandle});
        tree.end();
    }
    tree.end();
}

void write_clock(DeviceTreeWriter& tree) {
    tree.begin("apb-pclk");
    tree.text("compatible", "fixed-clock");
    tree.cells("#clock-cells", {0});
    tree.cells("clock-frequency", {kClockHz});
    tree.text("clock-output-names", "clk24mhz");
    tree.cells("phandle", {kClockHandle});
    tree.end();
}

// Begins the node of a PrimeCell with one interrupt; the caller ends it.
void begin_prime_cell(DeviceTreeWriter& tree, const std::string& name, Region region, std::uint32_t spi) {
    tree.begin(at(name, region.base));
    tree.text("compatible", "arm," + name + "\0arm,primecell"s);
    tree.regions("reg", {region});
    tree.cells("interrupts", {kSharedInterrupt, spi, kLevelHigh});
}

void write_prime_cells(DeviceTreeWriter& tree) {
    begin_prime_cell(tree, "pl011", kUartRegion, kUartSpi);
    tree.cells("clocks", {kClockHandle, kClockHandle});
    tree.text("clock-names", "uartclk\0apb_pclk"sv);
    tree.end();

    begin_prime_cell(tree, "pl031", kRtcRegion, kRtcSpi);
    tree.cells("clocks", {kClockHandle});
    tree.text("clock-names", "apb_pclk");
    tree.end();

    begin_prime_cell(tree, "pl061", kGpioRegion, kGpioSpi);
    tree.cells("clocks", {kClockHandle});
    tree.text("clock-names", "apb_pclk");
    tree.flag("gpio-controller");
    tree.cells("#gpio-cells", {2});
    tree.cells("phandle", {kGpioHandle});
    tree.end();

    tree.begin("gpio-keys");
    tree.text("compatible", "gpio-keys");
    tree.begin("poweroff");
    tree.text("label", "GPIO Key Poweroff");
    tree.cells("linux,code", {kPowerKeyCode});
    tree.cells("gpios", {kGpioHandle, kPowerKeyPin, 0});
    tree.end();
    tree.end();
}

void write_memory_devices(DeviceTreeWriter& tree) {
    tree.begin(at("flash", kFlashRegion.base));
    tree.text("compatible", "cfi-flash");
    tree.regions("reg", {{kFlashRegion.base, CfiFlash::kBytes},
                         {kFlashRegion.base + CfiFlash::kBytes, CfiFlash::kBytes}});
    tree.cells("bank-width", {4});
    tree.end();

    tree.begin(at("fw-cfg", kFwCfgRegion.base));
    tree.text("compatible", "qemu,fw-cfg-mmio");
    tree.regions("reg", {kFwCfgRegion});
    tree.flag("dma-coherent");
    tree.end();

    for (std::uint32_t slot = 0; slot < kVirtioSlots; ++slot) {
        const Region region{kVirtioRegion.base + slot * kVirtioRegion.size, kVirtioRegion.size};
        tree.begin(at("virtio_mmio", region.base));
        tree.text("compatible", "virtio,mmio");
        tree.regions("reg", {region});
        tree.cells("interrupts", {kSharedInterrupt, kVirtioFirstSpi + slot, kEdgeRising});
        tree.flag("dma-coherent");
        tree.end();
    }

    tree.begin(at("platform-bus", kPlatformBusRegion.base));
    tree.text("compatible", "qemu,platform\0simple-bus"sv);
    tree.cells("#address-cells", {1});
    tree.cells("#size-cells", {1});
    tree.cells("ranges", {0, 0, static_cast<std::uint32_t>(kPlatformBusRegion.base),
                          static_cast<std::uint32_t>(kPlatformBusRegion.size)});
    tree.cells("interrupt-parent", {kInterruptControllerHandle});
    tree.end();
}

// An address or a size of two cells.
std::array<std::uint32_t, 2> two_cells(std::uint64_t value) {
    return {static_cast<std::uint32_t>(value >> 32U), static_cast<std::uint32_t>(value)};
}

// An entry of "ranges": a window of the bus, at the same addresses as the CPU's unless it is one of ports.
void add_window(std::vector<std::uint32_t>& ranges, std::uint32_t space, std::uint64_t bus_address,
                Region region) {
    ranges.push_back(space);
    for (const std::uint64_t value : {bus_address, region.base, region.size}) {
        const auto cells = two_cells(value);
        ranges.insert(ranges.end(), cells.begin(), cells.end());
    }
}

// The four interrupt pins of a device lead to the four SPIs, from another one on for each device (the
// "swizzle" of the PCI-to-PCI Bridge Architecture Specification, 9.1).
std::vector<std::uint32_t> interrupt_map() {
    constexpr std::uint32_t kPins = 4;
    std::vector<std::uint32_t> map;
    for (std::uint32_t device = 0; device < kPins; ++device) {
        for (std::uint32_t pin = 0; pin < kPins; ++pin) {
            map.insert(map.end(), {device << 11U, 0, 0, pin + 1, kInterruptControllerHandle, 0, 0,
                                   kSharedInterrupt, kPciFirstSpi + (pin + device) % kPins, kLevelHigh});
        }
    }
    return map;
}

// bindings/pci/host-generic-pci.yaml and the Open Firmware PCI bus binding.
void write_pci(DeviceTreeWriter& tree, GicVersion gic) {
    constexpr std::uint32_t kPorts = 0x0100'0000;
    constexpr std::uint32_t kMemory = 0x0200'0000;
    constexpr std::uint32_t kMemory64 = 0x0300'0000;
    std::vector<std::uint32_t> ranges;
    add_window(ranges, kPorts, 0, kPciPortRegion);
    add_window(ranges, kMemory, kPciMemoryRegion.base, kPciMemoryRegion);
    add_window(ranges, kMemory64, kPciHighMemoryRegion.base, kPciHighMemoryRegion);

    tree.begin(at("pcie", kPciMemoryRegion.base));
    tree.text("compatible", "pci-host-ecam-generic");
    tree.text("device_type", "pci");
    tree.cells("#address-cells", {3});
    tree.cells("#size-cells", {2});
    tree.cells("linux,pci-domain", {0});
    tree.cells("bus-range", {0, 0xFF});
    tree.flag("dma-coherent");
    if (gic == GicVersion::V2) {
        tree.cells("msi-map", {0, kMessageInterruptsHandle, 0, 0x1'0000});
    }
    tree.regions("reg", {kPciConfigurationRegion});
    tree.cells("ranges", ranges);
    tree.cells("#interrupt-cells", {1});
    tree.cells("interrupt-map", interrupt_map());
    tree.cells("interrupt-map-mask", {0x1800, 0, 0, 7});
    tree.end();
}

}  // namespace

void write_devices(DeviceTreeWriter& tree, GicVersion gic) {
    write_timer(tree, gic);
    write_interrupt_controller(tree, gic);
    write_clock(tree);
    write_prime_cells(tree);
    write_memory_devices(tree);
    write_pci(tree, gic);
}

}  // namespace levitate::vmm
