#include "vmm/devices/gic_v2m.hpp"

#include "vmm/devices/interrupt_controller.hpp"

namespace levitate::vmm {
namespace {

enum Register : std::uint64_t {
    kType = 0x008,      // MSI_TYPER
    kSetSpi = 0x040,    // MSI_SETSPI_NS
    kIdentity = 0xFCC,  // MSI_IIDR
};

constexpr std::uint32_t kTypeValue =
    ((InterruptController::kFirstSpi + GicV2m::kFirstSpi) << 16U) | GicV2m::kSpis;
// The product that QEMU names.
constexpr std::uint32_t kIdentityValue = 0x0510'0000;

std::uint32_t read_register(std::uint64_t offset) {
    switch (offset) {
        case kType:
            return kTypeValue;
        case kIdentity:
            return kIdentityValue;
        default:
            return 0;
    }
}

}  // namespace

std::optional<std::uint64_t> GicV2m::read(std::uint64_t offset, unsigned size) {
    if (size < 4) {
        return 0;
    }
    const std::uint64_t low = read_register(offset);
    return size == 4 ? low : low | (std::uint64_t{read_register(offset + 4)} << 32U);
}

bool GicV2m::write(std::uint64_t offset, unsigned size, std::uint64_t value) {
    const auto intid = static_cast<std::uint32_t>(value & 0x3FFU);
    constexpr std::uint32_t kFirst = InterruptController::kFirstSpi + kFirstSpi;
    if (offset == kSetSpi && size >= 4 && intid >= kFirst && intid < kFirst + kSpis) {
        raise_(intid - InterruptController::kFirstSpi);
    }
    return true;
}

}  // namespace levitate::vmm
