// The physical address space outside RAM.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "vmm/devices/device.hpp"
#include "vmm/machine/memory_map.hpp"

namespace levitate::vmm {

class MmioBus {
  public:
    // Regions do not overlap. The device must outlive the bus.
    void attach(Region region, Device& device);

    // Accesses of 1, 2, 4 or 8 bytes, aligned to their size. nullopt or false: nothing answers; the CPU takes
    // an external abort, and the access is kept for the report.
    std::optional<std::uint64_t> read(std::uint64_t address, unsigned size);
    bool write(std::uint64_t address, unsigned size, std::uint64_t value);

    // "read of 4 bytes at 0x0a000000": distinct accesses that nothing answered, at most 64.
    std::vector<std::string> unanswered() const;

  private:
    struct Attached {
        Region region;
        Device* device;
    };
    const Attached* find(std::uint64_t address) const;
    void record(const char* what, std::uint64_t address, unsigned size);

    std::vector<Attached> devices_;
    std::set<std::string> unanswered_;
};

}  // namespace levitate::vmm
