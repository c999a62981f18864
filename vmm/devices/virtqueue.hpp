// A split virtqueue and the buffers in it (Virtual I/O Device (VIRTIO) Version 1.2, 2.7).
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <optional>
#include <span>
#include <vector>

#include "vmm/devices/guest_memory.hpp"

namespace levitate::vmm {

// Pieces of the guest's memory, in order, as one run of bytes. All of them are in RAM.
class VirtioBuffers {
  public:
    struct Piece {
        std::uint64_t address;
        std::uint64_t size;
    };

    void add(const Piece& piece) {
        pieces_.push_back(piece);
        size_ += piece.size;
    }
    std::uint64_t size() const { return size_; }
    // Copies `into.size()` bytes from `offset` on, or to there. Precondition: there are that many.
    void read(const GuestMemory& memory, std::uint64_t offset, std::span<std::byte> into) const;
    void write(GuestMemory& memory, std::uint64_t offset, std::span<const std::byte> from) const;

  private:
    std::vector<Piece> pieces_;
    std::uint64_t size_ = 0;
};

struct VirtioRequest {
    std::uint16_t head = 0;
    VirtioBuffers readable;  // by the device
    VirtioBuffers writable;
};

// Everything in a queue is the guest's, and is read once and judged: a chain that loops, leads out of RAM or
// is too long breaks the queue, which stays broken until it is reset.
class Virtqueue {
  public:
    static constexpr std::uint32_t kMostDescriptors = 256;
    // The bytes of a request; drivers stay far below.
    static constexpr std::uint64_t kMostBytes = std::uint64_t{16} << 20U;

    struct Rings {
        std::uint64_t descriptors = 0;
        std::uint64_t available = 0;
        std::uint64_t used = 0;
    };

    // `size` is a power of two. False: it is not, or a ring is not in RAM; the queue is not there then.
    bool set_up(const GuestMemory& memory, std::uint32_t size, const Rings& rings);
    void reset() { *this = {}; }
    bool is_ready() const { return size_ != 0; }
    bool is_broken() const { return broken_; }

    // The next request that the guest has made available.
    std::optional<VirtioRequest> next(const GuestMemory& memory);
    // Gives its buffers back, `written` bytes of which the device has written.
    void complete(GuestMemory& memory, const VirtioRequest& request, std::uint32_t written);
    // Whether the guest wants to be told of what was given back.
    bool wants_interrupt(const GuestMemory& memory) const;

  private:
    std::optional<VirtioRequest> chain_from(const GuestMemory& memory, std::uint16_t head) const;

    std::uint32_t size_ = 0;  // 0: not set up
    Rings rings_;
    std::uint16_t next_available_ = 0;
    std::uint16_t next_used_ = 0;
    bool broken_ = false;
};

}  // namespace levitate::vmm
