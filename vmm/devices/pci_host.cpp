#include "vmm/devices/pci_host.hpp"

#include <algorithm>

namespace levitate::vmm {
namespace {

// Offsets in a configuration header of type 0 (PCI Local Bus Specification 3.0, 6.1).
enum Register : std::size_t {
    kVendor = 0x00,
    kDevice = 0x02,
    kCommand = 0x04,
    kClass = 0x0B,
    kCacheLine = 0x0C,
    kSubsystemVendor = 0x2C,
    kSubsystem = 0x2E,
    kInterruptLine = 0x3C,
    kDeviceSpecific = 0x40,
};

constexpr std::uint16_t kVendorRedHat = 0x1B36;
constexpr std::uint16_t kHostBridge = 0x0008;
constexpr std::uint8_t kBridgeClass = 0x06;
constexpr std::uint16_t kSubsystemVendorQemu = 0x1AF4;
constexpr std::uint16_t kSubsystemQemu = 0x1100;
// I/O, memory, bus master, SERR#, interrupts disabled.
constexpr std::uint16_t kCommandWritable = 0x0507;

template <std::size_t N>
void put16(std::array<std::uint8_t, N>& bytes, std::size_t at, std::uint16_t value) {
    bytes.at(at) = static_cast<std::uint8_t>(value);
    bytes.at(at + 1) = static_cast<std::uint8_t>(value >> 8U);
}

std::uint64_t ones(unsigned size) {
    return size == 8 ? ~std::uint64_t{0} : (std::uint64_t{1} << (size * 8)) - 1;
}

}  // namespace

PciConfiguration::PciConfiguration() {
    put16(bytes_, kVendor, kVendorRedHat);
    put16(bytes_, kDevice, kHostBridge);
    bytes_.at(kClass) = kBridgeClass;
    put16(bytes_, kSubsystemVendor, kSubsystemVendorQemu);
    put16(bytes_, kSubsystem, kSubsystemQemu);
    put16(writable_, kCommand, kCommandWritable);
    writable_.at(kCacheLine) = 0xFF;
    writable_.at(kInterruptLine) = 0xFF;
    std::fill(writable_.begin() + kDeviceSpecific, writable_.end(), 0xFF);
}

std::optional<std::uint64_t> PciConfiguration::read(std::uint64_t offset, unsigned size) {
    if (offset >= kBytes) {
        return ones(size);
    }
    std::uint64_t value = 0;
    for (unsigned index = 0; index < size; ++index) {
        value |= std::uint64_t{bytes_.at(offset + index)} << (8 * index);
    }
    return value;
}

bool PciConfiguration::write(std::uint64_t offset, unsigned size, std::uint64_t value) {
    for (unsigned index = 0; index < size && offset < kBytes; ++index) {
        const auto byte = static_cast<std::uint8_t>(value >> (8 * index));
        const std::uint8_t mask = writable_.at(offset + index);
        std::uint8_t& kept = bytes_.at(offset + index);
        kept = static_cast<std::uint8_t>((kept & ~mask) | (byte & mask));
    }
    return true;
}

std::optional<std::uint64_t> PciWindow::read(std::uint64_t /*offset*/, unsigned size) {
    return ones(size);
}

bool PciWindow::write(std::uint64_t /*offset*/, unsigned /*size*/, std::uint64_t /*value*/) {
    return true;
}

}  // namespace levitate::vmm
