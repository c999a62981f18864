// The physical address space outside RAM.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "vmm/devices/device.hpp"
#include "vmm/machine/memory_map.hpp"

namespace levitate::vmm {

class MmioBus {
  public:
    // Regions do not overlap. The device must outlive the bus.
    void attach(Region region, Device& device);

    // Accesses of 1, 2, 4 or 8 bytes, aligned to their size. nullopt or false: nothing answers; the CPU takes
    // an external abort.
    std::optional<std::uint64_t> read(std::uint64_t address, unsigned size) const;
    bool write(std::uint64_t address, unsigned size, std::uint64_t value) const;

  private:
    struct Attached {
        Region region;
        Device* device;
    };
    // The device that has the whole access.
    const Attached* find(std::uint64_t address, unsigned size) const;

    std::vector<Attached> devices_;  // by address
};

}  // namespace levitate::vmm
