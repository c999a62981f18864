#include "vmm/machine/ram.hpp"

#include <fmt/format.h>
#include <sys/mman.h>

#include <cerrno>
#include <system_error>
#include <utility>

namespace levitate::vmm {

Result<GuestRam> GuestRam::create(std::uint64_t size) {
    // No swap space is reserved, so a guest with much RAM that uses little of it does not need a large host.
    void* const memory =
        ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory == MAP_FAILED) {
        return failure(Error::Kind::Harness,
                       fmt::format("cannot map {} MiB of guest RAM: {}; give less with --memory", size >> 20U,
                                   std::generic_category().message(errno)));
    }
    // SAFETY: the mapping is `size` bytes long and is unmapped by the destructor only.
    return GuestRam{{static_cast<std::byte*>(memory), size}};
}

Result<void> GuestRam::map(const Stretch& stretch, int file, std::uint64_t offset) {
    if (stretch.end() < stretch.offset || stretch.end() > bytes_.size()) {
        return failure(Error::Kind::Harness, "the snapshot is of a machine with more RAM");
    }
    // SAFETY: the place lies in our own mapping, as has just been checked.
    if (::mmap(bytes_.data() + stretch.offset, stretch.size, PROT_READ | PROT_WRITE,
               MAP_PRIVATE | MAP_FIXED | MAP_NORESERVE, file, static_cast<off_t>(offset)) == MAP_FAILED) {
        return failure(Error::Kind::Harness,
                       fmt::format("cannot map a snapshot: {}", std::generic_category().message(errno)));
    }
    return {};
}

GuestRam::GuestRam(GuestRam&& other) noexcept : bytes_(std::exchange(other.bytes_, {})) {}

GuestRam& GuestRam::operator=(GuestRam&& other) noexcept {
    std::swap(bytes_, other.bytes_);
    return *this;
}

GuestRam::~GuestRam() {
    if (!bytes_.empty()) {
        ::munmap(bytes_.data(), bytes_.size());
    }
}

}  // namespace levitate::vmm
