#include "vmm/devices/virtio_mmio.hpp"

namespace levitate::vmm {
namespace {

enum Register : std::uint64_t {
    kMagic = 0x000,
    kVersion = 0x004,
    kVendor = 0x00C,
};

constexpr std::uint32_t kMagicValue = 0x7472'6976;  // "virt"
constexpr std::uint32_t kLegacy = 1;
constexpr std::uint32_t kVendorValue = 0x554D'4551;  // "QEMU"

std::uint32_t read_register(std::uint64_t offset) {
    switch (offset) {
        case kMagic:
            return kMagicValue;
        case kVersion:
            return kLegacy;
        case kVendor:
            return kVendorValue;
        default:
            return 0;
    }
}

}  // namespace

std::optional<std::uint64_t> VirtioMmio::read(std::uint64_t offset, unsigned size) {
    const std::uint64_t low = read_register(offset);
    if (size == 8) {
        return low | (std::uint64_t{read_register(offset + 4)} << 32U);
    }
    return low & ((std::uint64_t{1} << (size * 8)) - 1);
}

bool VirtioMmio::write(std::uint64_t /*offset*/, unsigned /*size*/, std::uint64_t /*value*/) {
    return true;
}

}  // namespace levitate::vmm
