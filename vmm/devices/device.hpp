// What a device is to the machine: registers in the physical address space and interrupt lines.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>

namespace levitate::vmm {

class Device {
  public:
    virtual ~Device() = default;
    // Reads the register at byte `offset` of the device. `size` is 1, 2, 4 or 8 bytes and `offset` is a
    // multiple of it. nullopt: the device does not answer such an access.
    virtual std::optional<std::uint64_t> read(std::uint64_t offset, unsigned size) = 0;
    // Likewise; false: the device does not answer such an access.
    virtual bool write(std::uint64_t offset, unsigned size, std::uint64_t value) = 0;
};

enum class Level { Low, High };

// A wire to an interrupt controller. Setting it to the level that it already has is no event.
using InterruptLine = std::function<void(Level)>;

}  // namespace levitate::vmm
