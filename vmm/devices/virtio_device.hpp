// What a virtio device is to its transport (VIRTIO 1.2, 2).
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "vmm/devices/guest_memory.hpp"
#include "vmm/devices/state_transfer.hpp"
#include "vmm/devices/virtqueue.hpp"

namespace levitate::vmm {

class VirtioDevice {
  public:
    static constexpr std::size_t kMostQueues = 2;

    virtual ~VirtioDevice() = default;
    virtual std::uint32_t id() const = 0;
    virtual std::uint64_t features() const { return 0; }  // its own, not those of transport and queue
    virtual std::uint32_t queues() const { return 1; }
    virtual std::span<const std::byte> configuration() const { return {}; }
    // Whether requests in this queue are served as they come. In the others buffers wait for input, of which
    // there is none.
    virtual bool serves(std::uint32_t /*queue*/) const { return true; }
    // Does what the request asks, and returns how many bytes of its buffers have been written.
    virtual std::uint32_t serve(std::uint32_t queue, const VirtioRequest& request, GuestMemory& memory) = 0;
    virtual void transfer_state(StateTransfer& /*transfer*/) {}
};

}  // namespace levitate::vmm
