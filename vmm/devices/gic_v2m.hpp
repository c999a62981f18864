// The frame with which a GICv2 takes message-signalled interrupts (Arm BSA appendix H, "GICv2m").
#pragma once

#include <cstdint>
#include <functional>
#include <utility>

#include "vmm/devices/device.hpp"

namespace levitate::vmm {

class GicV2m final : public Device {
  public:
    // The SPIs that messages can raise, counted from INTID 32.
    static constexpr std::uint32_t kFirstSpi = 48;
    static constexpr std::uint32_t kSpis = 64;

    // `raise` gets the number of an SPI of which there is one more edge.
    explicit GicV2m(std::function<void(std::uint32_t)> raise) : raise_(std::move(raise)) {}

    // Registers are 32 bits wide; other accesses read as zero and do nothing, as on QEMU.
    std::optional<std::uint64_t> read(std::uint64_t offset, unsigned size) override;
    bool write(std::uint64_t offset, unsigned size, std::uint64_t value) override;

  private:
    std::function<void(std::uint32_t)> raise_;
};

}  // namespace levitate::vmm
