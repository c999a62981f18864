// The virtio devices that a machine can have: a disk (VIRTIO 1.2, 5.2), a console (5.3), a source of random
// numbers (5.4).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>

#include "vmm/devices/disk.hpp"
#include "vmm/devices/virtio_device.hpp"

namespace levitate::vmm {

class VirtioBlock final : public VirtioDevice {
  public:
    explicit VirtioBlock(std::unique_ptr<Disk> disk);

    std::uint32_t id() const override { return 2; }
    std::uint64_t features() const override;
    std::span<const std::byte> configuration() const override { return configuration_; }
    std::uint32_t serve(std::uint32_t queue, const VirtioRequest& request, GuestMemory& memory) override;
    void transfer_state(StateTransfer& transfer) override { disk_->transfer_state(transfer); }

  private:
    enum class Status : std::uint8_t { Ok = 0, Error = 1, Unsupported = 2 };

    // `written` becomes the number of bytes that the guest has got.
    Status perform(const VirtioRequest& request, GuestMemory& memory, std::uint64_t& written);
    Status transfer_in(std::uint64_t at, const VirtioRequest& request, GuestMemory& memory,
                       std::uint64_t& written);
    Status transfer_out(std::uint64_t at, const VirtioRequest& request, const GuestMemory& memory);

    std::unique_ptr<Disk> disk_;
    std::array<std::byte, 24> configuration_{};
};

// What the guest sends goes out at once. There is no input.
class VirtioConsole final : public VirtioDevice {
  public:
    using Output = std::function<void(std::byte)>;

    explicit VirtioConsole(Output output) : output_(std::move(output)) {}

    std::uint32_t id() const override { return 3; }
    std::uint32_t queues() const override { return 2; }
    std::span<const std::byte> configuration() const override { return configuration_; }
    bool serves(std::uint32_t queue) const override;
    std::uint32_t serve(std::uint32_t queue, const VirtioRequest& request, GuestMemory& memory) override;

  private:
    Output output_;
    std::array<std::byte, 12> configuration_{};
};

// Its numbers are a function of the seed, as everything here is.
class VirtioEntropy final : public VirtioDevice {
  public:
    explicit VirtioEntropy(std::uint64_t seed) : state_(seed) {}

    std::uint32_t id() const override { return 4; }
    std::uint32_t serve(std::uint32_t queue, const VirtioRequest& request, GuestMemory& memory) override;
    void transfer_state(StateTransfer& transfer) override { transfer.values(state_); }

  private:
    std::uint64_t next();

    std::uint64_t state_;
};

}  // namespace levitate::vmm
