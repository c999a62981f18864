// A disk made of a file on the host.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <span>
#include <vector>

#include "vmm/descriptor.hpp"
#include "vmm/devices/state_transfer.hpp"
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
    // What was written.
    void transfer_state(StateTransfer& transfer) { transfer.lists(written_); }

  private:
    static constexpr std::uint64_t kBlockBytes = 4096;

    Disk(Descriptor file, std::uint64_t size) : file_(std::move(file)), size_(size) {}
    bool read_file(std::uint64_t at, std::span<std::byte> into) const;

    Descriptor file_;
    std::uint64_t size_;
    std::map<std::uint64_t, std::vector<std::byte>> written_;  // blocks, by their numbers
};

}  // namespace levitate::vmm
