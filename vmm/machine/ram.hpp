// The guest's RAM: host memory that the host's kernel provides page by page as the guest touches it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "vmm/error.hpp"

namespace levitate::vmm {

class GuestRam {
  public:
    // `size` is a multiple of 4096. Error: the host has no room for that many bytes of addresses.
    static Result<GuestRam> create(std::uint64_t size);
    // A part of it; both are multiples of 4096.
    struct Stretch {
        std::uint64_t offset = 0;
        std::uint64_t size = 0;
        std::uint64_t end() const { return offset + size; }
    };
    // Puts the bytes at `offset` of the file, a multiple of 4096, there. They are read as the guest touches
    // them; what it writes does not go to the file. Error: the host has no room for another mapping, or
    // `stretch` is not in RAM.
    Result<void> map(const Stretch& stretch, int file, std::uint64_t offset);
    GuestRam(GuestRam&& other) noexcept;
    GuestRam& operator=(GuestRam&& other) noexcept;
    ~GuestRam();

    std::span<std::byte> bytes() const { return bytes_; }

  private:
    explicit GuestRam(std::span<std::byte> bytes) : bytes_(bytes) {}

    std::span<std::byte> bytes_;
};

}  // namespace levitate::vmm
