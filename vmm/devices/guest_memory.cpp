#include "vmm/devices/guest_memory.hpp"

#include <algorithm>

namespace levitate::vmm {

bool GuestMemory::read(std::uint64_t address, std::span<std::byte> into) const {
    if (!contains(address, into.size())) {
        return false;
    }
    std::ranges::copy(at(address, into.size()), into.begin());
    return true;
}

bool GuestMemory::write(std::uint64_t address, std::span<const std::byte> from) {
    if (!contains(address, from.size())) {
        return false;
    }
    std::ranges::copy(from, at(address, from.size()).begin());
    tell(address, from.size());
    return true;
}

bool GuestMemory::fill_with_zeros(std::uint64_t address, std::uint64_t size) {
    if (!contains(address, size)) {
        return false;
    }
    std::ranges::fill(at(address, size), std::byte{0});
    tell(address, size);
    return true;
}

}  // namespace levitate::vmm
