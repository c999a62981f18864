// NOR flash as QEMU's virt has it: two Intel chips of 16 bits side by side (Intel/Sharp extended command set,
// Common Flash Interface, JEDEC JESD68.01 and JEP137).
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "vmm/devices/device.hpp"
#include "vmm/devices/state_transfer.hpp"

namespace levitate::vmm {

// Commands take no time and cannot fail. Without an image the flash holds zeros, which is QEMU's content too,
// and what is programmed replaces what was there, erased or not.
class CfiFlash final : public Device {
  public:
    static constexpr std::uint64_t kBytes = std::uint64_t{64} << 20U;

    std::optional<std::uint64_t> read(std::uint64_t offset, unsigned size) override;
    bool write(std::uint64_t offset, unsigned size, std::uint64_t value) override;
    void transfer_state(StateTransfer& transfer) {
        transfer.values(shows_, awaits_, buffer_rest_);
        transfer.list(buffer_);
        transfer.lists(blocks_);
    }

  private:
    enum class Shows { Array, Status, Identity, Query };
    // What the next write is to be.
    enum class Awaits { Command, EraseConfirmation, Data, BufferCount, BufferData, BufferConfirmation, Lock };

    std::uint32_t read_register(std::uint64_t offset) const;
    void take_command(std::uint8_t command);
    void take_write(std::uint64_t offset, unsigned size, std::uint32_t value);
    std::uint8_t byte_at(std::uint64_t offset) const;
    void put(std::uint64_t offset, unsigned size, std::uint32_t value);

    struct BufferedWrite {
        std::uint64_t offset;
        unsigned size;
        std::uint32_t value;
    };

    Shows shows_ = Shows::Array;
    Awaits awaits_ = Awaits::Command;
    std::uint32_t buffer_rest_ = 0;  // writes of data that the count has announced
    std::vector<BufferedWrite> buffer_;
    // The blocks that were ever erased or programmed.
    std::map<std::uint64_t, std::vector<std::uint8_t>> blocks_;
};

}  // namespace levitate::vmm
