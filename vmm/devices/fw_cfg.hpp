// QEMU's firmware configuration device on memory (QEMU docs/specs/fw_cfg.txt).
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <vector>

#include "vmm/devices/device.hpp"
#include "vmm/devices/guest_memory.hpp"
#include "vmm/devices/state_transfer.hpp"

namespace levitate::vmm {

// It has the items that a driver probes (signature, interface identity, number of CPUs) and an empty
// directory of files. Items are read byte by byte or by DMA; none can be written.
class FwCfg final : public Device {
  public:
    explicit FwCfg(GuestMemory& memory);
    void transfer_state(StateTransfer& transfer) { transfer.values(selected_, position_, dma_address_high_); }

    std::optional<std::uint64_t> read(std::uint64_t offset, unsigned size) override;
    bool write(std::uint64_t offset, unsigned size, std::uint64_t value) override;

  private:
    std::span<const std::byte> item() const;
    std::uint8_t next_byte();
    void select(std::uint16_t item);
    bool write_dma_address(std::uint64_t offset, unsigned size, std::uint64_t value);
    void transfer(std::uint64_t descriptor);
    bool copy_to_guest(std::uint64_t address, std::uint32_t length);

    GuestMemory& memory_;
    std::map<std::uint16_t, std::vector<std::byte>> items_;
    std::uint16_t selected_ = 0;  // perhaps an item that is not there, which is empty
    std::uint64_t position_ = 0;
    std::uint32_t dma_address_high_ = 0;
};

}  // namespace levitate::vmm
