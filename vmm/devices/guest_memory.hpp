// The guest's RAM as a device sees it that accesses memory by itself.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <utility>

namespace levitate::vmm {

// Addresses are physical and come from the guest: what is not wholly in RAM is not accessed at all.
class GuestMemory {
  public:
    // Hears of what devices have written: the bytes at `address`.
    using Listener = std::function<void(std::uint64_t address, std::size_t size)>;

    GuestMemory(std::uint64_t base, std::span<std::byte> bytes) : base_(base), bytes_(bytes) {}
    void on_write(Listener listener) { written_ = std::move(listener); }

    std::uint64_t size() const { return bytes_.size(); }
    bool contains(std::uint64_t address, std::uint64_t size) const {
        return address >= base_ && address - base_ <= bytes_.size() &&
               size <= bytes_.size() - (address - base_);
    }
    // False: it is not in RAM, and nothing was copied.
    bool read(std::uint64_t address, std::span<std::byte> into) const;
    bool write(std::uint64_t address, std::span<const std::byte> from);
    bool fill_with_zeros(std::uint64_t address, std::uint64_t size);

  private:
    std::span<std::byte> at(std::uint64_t address, std::uint64_t size) const {
        return bytes_.subspan(address - base_, size);
    }
    void tell(std::uint64_t address, std::size_t size) const {
        if (written_) {
            written_(address, size);
        }
    }

    std::uint64_t base_;
    std::span<std::byte> bytes_;
    Listener written_;
};

}  // namespace levitate::vmm
