// Unpacks an initramfs as a kernel does (Linux Documentation/driver-api/early-userspace/buffer-format.rst),
// for a guest whose kernel had booted before it was known what is to run.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "vmm/descriptor.hpp"

namespace levitate::vmm::init {

// What the kernel refused.
struct UnpackFailure {
    int error = 0;  // its errno; 0: the archive is malformed
    std::string path;
};

// Gets the archive in pieces of any size, and puts what is in it below /. What is there gives way to what
// comes, except folders. Owners are not set, as everything here is root's; times and permissions are.
class Unpacker {
  public:
    // `root` stands before all paths; it does not end with a slash.
    explicit Unpacker(std::string root = {}) : root_(std::move(root)) {}

    // Precondition: nothing has failed.
    void feed(std::span<const std::byte> bytes);
    // The whole archive has come. Whether all of it is in place.
    bool finish();
    const UnpackFailure& failure() const { return failure_; }
    bool has_failed() const { return has_failed_; }

  private:
    enum class Awaits { Header, Name, Contents, Nothing };
    struct Entry {
        std::uint32_t mode = 0;
        std::uint32_t mtime = 0;
        std::uint32_t size = 0;
        std::uint32_t device_major = 0;
        std::uint32_t device_minor = 0;
        std::uint32_t name_size = 0;
        std::string path;
    };

    // Takes from `bytes` what belongs to the part that is awaited, and moves on if that is complete.
    void take(std::span<const std::byte>& bytes);
    void await(Awaits part, std::size_t size);
    void on_part();
    void on_header();
    void on_name();
    void make();
    void write(std::span<const std::byte> bytes);
    void end_entry();
    void fail(int error);

    std::string root_;
    Awaits awaits_ = Awaits::Header;
    std::size_t rest_ = kHeaderSize;  // of the part, padding included
    std::vector<std::byte> part_;     // what has come of it, except of a file's contents
    std::uint32_t contents_rest_ = 0;
    Entry entry_;
    Descriptor file_;
    std::vector<std::pair<std::string, std::uint32_t>> folders_;  // and their times, set in the end
    bool has_failed_ = false;
    UnpackFailure failure_;

    static constexpr std::size_t kHeaderSize = 110;
};

}  // namespace levitate::vmm::init
