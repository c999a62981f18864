#include "vmm/machine/mmio_bus.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace levitate::vmm {

void MmioBus::attach(Region region, Device& device) {
    devices_.push_back({.region = region, .device = &device});
}

const MmioBus::Attached* MmioBus::find(std::uint64_t address) const {
    const auto found = std::ranges::find_if(devices_, [address](const Attached& one) {
        return address >= one.region.base && address - one.region.base < one.region.size;
    });
    return found == devices_.end() ? nullptr : &*found;
}

std::optional<std::uint64_t> MmioBus::read(std::uint64_t address, unsigned size) {
    if (const Attached* const attached = find(address)) {
        if (const auto value = attached->device->read(address - attached->region.base, size)) {
            return value;
        }
    }
    record("read", address, size);
    return std::nullopt;
}

bool MmioBus::write(std::uint64_t address, unsigned size, std::uint64_t value) {
    const Attached* const attached = find(address);
    if (attached != nullptr && attached->device->write(address - attached->region.base, size, value)) {
        return true;
    }
    record("write", address, size);
    return false;
}

void MmioBus::record(const char* what, std::uint64_t address, unsigned size) {
    constexpr std::size_t kMaximum = 64;
    if (unanswered_.size() < kMaximum) {
        unanswered_.insert(fmt::format("{} of {} bytes at {:#010x}", what, size, address));
    }
}

std::vector<std::string> MmioBus::unanswered() const {
    return {unanswered_.begin(), unanswered_.end()};
}

}  // namespace levitate::vmm
