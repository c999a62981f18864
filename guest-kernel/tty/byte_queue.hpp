// Bytes on their way, first in, first out, in a fixed room.
#pragma once

#include <array>
#include <cstddef>
#include <span>

namespace kernel {

template <std::size_t kCapacity>
class ByteQueue {
  public:
    bool is_empty() const { return size_ == 0; }
    std::size_t size() const { return size_; }
    std::size_t room() const { return kCapacity - size_; }
    void clear() { size_ = 0; }

    // Takes as many as there is room for, and says how many.
    std::size_t push(std::span<const char> bytes) {
        const std::size_t taken = std::min(bytes.size(), room());
        for (std::size_t i = 0; i < taken; i++) {
            bytes_[(first_ + size_ + i) % kCapacity] = bytes[i];
        }
        size_ += taken;
        return taken;
    }
    // The first bytes: all, or those up to where the memory wraps round.
    std::span<const char> front() const {
        return std::span(bytes_).subspan(first_, std::min(size_, kCapacity - first_));
    }
    // Precondition: count <= size().
    void pop(std::size_t count) {
        first_ = (first_ + count) % kCapacity;
        size_ -= count;
    }

  private:
    std::array<char, kCapacity> bytes_{};
    std::size_t first_ = 0;
    std::size_t size_ = 0;
};

}  // namespace kernel
