// A disk made of a file on the host.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <unordered_map>

#include "vmm/descriptor.hpp"
#include "vmm/error.hpp"

namespace levitate::vmm {

// The file is only read: what the guest writes is kept in memory and lost with the disk, so that a run leaves
// its input as it was and can be repeated.
class Disk {
  public:
    static constexpr std::uint64_t kSectorBytes = 512;

    // Error: the file cannot be read, or is neither a regular file nor a block device.
    static Result<std::unique_ptr<Disk>> open(const std::filesystem::path& file);

    // The last sector is filled up with zeros.
    std::uint64_t sectors() const { return (size_ + kSectorBytes - 1) / kSectorBytes; }
    bool contains(std::uint64_t at, std::uint64_t size) const {
        const std::uint64_t end = sectors() * kSectorBytes;
        return at <= end && size <= end - at;
    }
    // Precondition for both: contains(). False: the host cannot read the file.
    bool read(std::uint64_t at, std::span<std::byte> into) const;
    bool write(std::uint64_t at, std::span<const std::byte> from);

  private:
    static constexpr std::uint64_t kBlockBytes = 4096;
    using Block = std::array<std::byte, kBlockBytes>;

    Disk(Descriptor file, std::uint64_t size) : file_(std::move(file)), size_(size) {}
    bool read_file(std::uint64_t at, std::span<std::byte> into) const;

    Descriptor file_;
    std::uint64_t size_;
    std::unordered_map<std::uint64_t, std::unique_ptr<Block>> written_;  // by their numbers
};

}  // namespace levitate::vmm
