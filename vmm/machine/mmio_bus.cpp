#include "vmm/machine/mmio_bus.hpp"

#include <algorithm>

namespace levitate::vmm {

void MmioBus::attach(Region region, Device& device) {
    const auto place = std::ranges::upper_bound(devices_, region.base, {},
                                                [](const Attached& one) { return one.region.base; });
    devices_.insert(place, {.region = region, .device = &device});
}

const MmioBus::Attached* MmioBus::find(std::uint64_t address, unsigned size) const {
    const auto behind =
        std::ranges::upper_bound(devices_, address, {}, [](const Attached& one) { return one.region.base; });
    if (behind == devices_.begin()) {
        return nullptr;
    }
    const Attached& found = *std::prev(behind);
    const std::uint64_t offset = address - found.region.base;
    return offset < found.region.size && size <= found.region.size - offset ? &found : nullptr;
}

std::optional<std::uint64_t> MmioBus::read(std::uint64_t address, unsigned size) const {
    const Attached* const attached = find(address, size);
    return attached == nullptr ? std::nullopt : attached->device->read(address - attached->region.base, size);
}

bool MmioBus::write(std::uint64_t address, unsigned size, std::uint64_t value) const {
    const Attached* const attached = find(address, size);
    return attached != nullptr && attached->device->write(address - attached->region.base, size, value);
}

}  // namespace levitate::vmm
