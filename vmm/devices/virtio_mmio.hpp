// A virtio transport on memory (Virtual I/O Device (VIRTIO) Version 1.2, 4.2), with or without a device.
#pragma once

#include <array>
#include <cstdint>
#include <memory>

#include "vmm/devices/device.hpp"
#include "vmm/devices/guest_memory.hpp"
#include "vmm/devices/state_transfer.hpp"
#include "vmm/devices/virtio_device.hpp"
#include "vmm/devices/virtio_form.hpp"
#include "vmm/devices/virtqueue.hpp"

namespace levitate::vmm {

class VirtioMmio final : public Device {
  public:
    // Without a device the registers that say so answer, and the others read as zero.
    VirtioMmio(VirtioForm form, GuestMemory& memory, InterruptLine interrupt);
    void insert(std::unique_ptr<VirtioDevice> device) { device_ = std::move(device); }

    std::optional<std::uint64_t> read(std::uint64_t offset, unsigned size) override;
    bool write(std::uint64_t offset, unsigned size, std::uint64_t value) override;
    void transfer_state(StateTransfer& transfer);

  private:
    struct Queue {
        Virtqueue ring;
        std::uint32_t size = Virtqueue::kMostDescriptors;
        Virtqueue::Rings addresses;     // modern
        std::uint32_t alignment = 0;    // legacy
        std::uint32_t page_number = 0;  // legacy
    };

    std::uint32_t read_register(std::uint64_t offset) const;
    std::uint64_t read_configuration(std::uint64_t offset, unsigned size) const;
    void write_register(std::uint64_t offset, std::uint32_t value);
    void write_legacy(std::uint64_t offset, std::uint32_t value);
    void write_modern(std::uint64_t offset, std::uint32_t value);
    void set_legacy_queue(std::uint32_t page_number);
    void set_status(std::uint32_t value);
    void serve(std::uint32_t queue);
    void reset();
    void raise(std::uint32_t reasons);
    std::uint64_t offered() const;

    VirtioForm form_;
    GuestMemory& memory_;
    InterruptLine interrupt_;
    std::unique_ptr<VirtioDevice> device_;

    std::array<Queue, VirtioDevice::kMostQueues> queues_;
    std::uint32_t queue_selector_ = 0;
    std::uint32_t device_features_selector_ = 0;
    std::uint32_t driver_features_selector_ = 0;
    std::uint64_t accepted_ = 0;
    std::uint32_t page_size_ = 0;
    std::uint32_t status_ = 0;
    std::uint32_t interrupt_status_ = 0;
};

}  // namespace levitate::vmm
