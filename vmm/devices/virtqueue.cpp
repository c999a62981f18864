#include "vmm/devices/virtqueue.hpp"

#include <algorithm>
#include <bit>
#include <type_traits>

namespace levitate::vmm {
namespace {

// As they stand in memory (2.7.5 to 2.7.8), little-endian.
struct Descriptor {
    std::uint64_t address;
    std::uint32_t length;
    std::uint16_t flags;
    std::uint16_t next;
};
constexpr std::uint16_t kNext = 1;
constexpr std::uint16_t kWrite = 2;
// Indirect descriptors are not offered, so that a chain has no more descriptors than the queue.

struct UsedElement {
    std::uint32_t head;
    std::uint32_t written;
};

// Offsets in the available and the used ring.
constexpr std::uint64_t kIndexAt = 2;
constexpr std::uint64_t kRingAt = 4;
constexpr std::uint16_t kNoInterrupt = 1;  // flags of the available ring

static_assert(std::endian::native == std::endian::little);

template <class T>
T load(const GuestMemory& memory, std::uint64_t address) {
    static_assert(std::is_trivially_copyable_v<T>);
    T value{};
    memory.read(address, std::as_writable_bytes(std::span{&value, 1}));
    return value;
}

template <class T>
void store(GuestMemory& memory, std::uint64_t address, const T& value) {
    memory.write(address, std::as_bytes(std::span{&value, 1}));
}

}  // namespace

void VirtioBuffers::read(const GuestMemory& memory, std::uint64_t offset, std::span<std::byte> into) const {
    for (const Piece& piece : pieces_) {
        if (offset >= piece.size) {
            offset -= piece.size;
            continue;
        }
        const auto part = into.first(std::min<std::uint64_t>(into.size(), piece.size - offset));
        memory.read(piece.address + offset, part);
        into = into.subspan(part.size());
        offset = 0;
    }
}

void VirtioBuffers::write(GuestMemory& memory, std::uint64_t offset, std::span<const std::byte> from) const {
    for (const Piece& piece : pieces_) {
        if (offset >= piece.size) {
            offset -= piece.size;
            continue;
        }
        const auto part = from.first(std::min<std::uint64_t>(from.size(), piece.size - offset));
        memory.write(piece.address + offset, part);
        from = from.subspan(part.size());
        offset = 0;
    }
}

bool Virtqueue::set_up(const GuestMemory& memory, std::uint32_t size, const Rings& rings) {
    reset();
    constexpr std::uint64_t kRingEnds = 6;  // flags, index, event
    if (!std::has_single_bit(size) || size > kMostDescriptors ||
        !memory.contains(rings.descriptors, std::uint64_t{size} * sizeof(Descriptor)) ||
        !memory.contains(rings.available, std::uint64_t{size} * sizeof(std::uint16_t) + kRingEnds) ||
        !memory.contains(rings.used, std::uint64_t{size} * sizeof(UsedElement) + kRingEnds)) {
        return false;
    }
    size_ = size;
    rings_ = rings;
    return true;
}

std::optional<VirtioRequest> Virtqueue::next(const GuestMemory& memory) {
    if (!is_ready() || broken_) {
        return std::nullopt;
    }
    const auto index = load<std::uint16_t>(memory, rings_.available + kIndexAt);
    const auto waiting = static_cast<std::uint16_t>(index - next_available_);
    if (waiting == 0) {
        return std::nullopt;
    }
    if (waiting > size_) {
        broken_ = true;
        return std::nullopt;
    }
    const std::uint64_t slot = next_available_ % size_;
    const auto head = load<std::uint16_t>(memory, rings_.available + kRingAt + slot * sizeof(std::uint16_t));
    auto request = chain_from(memory, head);
    if (request) {
        ++next_available_;
    } else {
        broken_ = true;
    }
    return request;
}

std::optional<VirtioRequest> Virtqueue::chain_from(const GuestMemory& memory, std::uint16_t head) const {
    VirtioRequest request{.head = head, .readable = {}, .writable = {}};
    std::uint16_t at = head;
    for (std::uint32_t count = 0; count < size_; ++count) {
        if (at >= size_) {
            return std::nullopt;
        }
        const auto descriptor = load<Descriptor>(memory, rings_.descriptors + at * sizeof(Descriptor));
        if (!memory.contains(descriptor.address, descriptor.length)) {
            return std::nullopt;
        }
        const bool writable = (descriptor.flags & kWrite) != 0;
        // What the device reads comes first.
        if (!writable && request.writable.size() != 0) {
            return std::nullopt;
        }
        (writable ? request.writable : request.readable)
            .add({.address = descriptor.address, .size = descriptor.length});
        if (request.readable.size() + request.writable.size() > kMostBytes) {
            return std::nullopt;
        }
        if ((descriptor.flags & kNext) == 0) {
            return request;
        }
        at = descriptor.next;
    }
    return std::nullopt;
}

void Virtqueue::complete(GuestMemory& memory, const VirtioRequest& request, std::uint32_t written) {
    const std::uint64_t slot = next_used_ % size_;
    store(memory, rings_.used + kRingAt + slot * sizeof(UsedElement),
          UsedElement{.head = request.head, .written = written});
    ++next_used_;
    store(memory, rings_.used + kIndexAt, next_used_);
}

bool Virtqueue::wants_interrupt(const GuestMemory& memory) const {
    return (load<std::uint16_t>(memory, rings_.available) & kNoInterrupt) == 0;
}

}  // namespace levitate::vmm
