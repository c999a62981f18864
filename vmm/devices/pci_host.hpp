// A PCI Express host bridge without devices (PCI Express Base Specification, chapter 7): its configuration
// space, and the windows behind which devices would be.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "vmm/devices/device.hpp"
#include "vmm/devices/state_transfer.hpp"

namespace levitate::vmm {

// The configuration space of all functions (ECAM). There is one, 00:00.0: the bridge itself, which is QEMU's.
// That of an absent function reads as ones.
class PciConfiguration final : public Device {
  public:
    PciConfiguration();
    void transfer_state(StateTransfer& transfer) { transfer.values(bytes_, writable_); }
    std::optional<std::uint64_t> read(std::uint64_t offset, unsigned size) override;
    bool write(std::uint64_t offset, unsigned size, std::uint64_t value) override;

  private:
    static constexpr std::size_t kBytes = 256;  // a conventional function has no more

    std::array<std::uint8_t, kBytes> bytes_{};
    std::array<std::uint8_t, kBytes> writable_{};
};

// A window on one of the bus' address spaces, in which nothing answers: on PCI such reads give ones.
class PciWindow final : public Device {
  public:
    std::optional<std::uint64_t> read(std::uint64_t offset, unsigned size) override;
    bool write(std::uint64_t offset, unsigned size, std::uint64_t value) override;
};

}  // namespace levitate::vmm
