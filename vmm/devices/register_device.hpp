// A device whose registers are words.
#pragma once

#include <cstdint>
#include <optional>

#include "vmm/devices/device.hpp"

namespace levitate::vmm {

// Accesses of all sizes reach the registers, as on QEMU: a narrow one has the low bits of the register that
// it touches, and one of eight bytes is two of four.
class RegisterDevice : public Device {
  public:
    std::optional<std::uint64_t> read(std::uint64_t offset, unsigned size) final {
        const std::uint64_t word = offset & ~std::uint64_t{3};
        const std::uint64_t low = read_register(word);
        if (size == 8) {
            return (std::uint64_t{read_register(word + 4)} << 32U) | low;
        }
        return low & ((std::uint64_t{1} << (size * 8)) - 1);
    }
    bool write(std::uint64_t offset, unsigned size, std::uint64_t value) final {
        const std::uint64_t word = offset & ~std::uint64_t{3};
        write_register(word, static_cast<std::uint32_t>(value));
        if (size == 8) {
            write_register(word + 4, static_cast<std::uint32_t>(value >> 32U));
        }
        return true;
    }

  protected:
    // `offset` is a multiple of four. What is reserved reads as zero and ignores writes.
    virtual std::uint32_t read_register(std::uint64_t offset) = 0;
    virtual void write_register(std::uint64_t offset, std::uint32_t value) = 0;
};

}  // namespace levitate::vmm
