#include "vmm/devices/virtio_devices.hpp"

#include <algorithm>
#include <cstring>
#include <string_view>
#include <vector>

namespace levitate::vmm {
namespace {

// What is copied at once.
constexpr std::size_t kChunk = std::size_t{64} << 10U;

// Block requests (5.2.6).
enum BlockRequest : std::uint32_t { kIn = 0, kOut = 1, kFlush = 4, kGetId = 8 };
struct BlockHeader {
    std::uint32_t type;
    std::uint32_t reserved;
    std::uint64_t sector;
};
constexpr std::size_t kIdBytes = 20;
constexpr std::string_view kId = "levitate";

// Feature bits, and offsets in the configuration (5.2.4).
constexpr std::uint64_t kSegmentLimit = 1U << 2U;
constexpr std::uint64_t kBlockSize = 1U << 6U;
constexpr std::uint64_t kFlushes = 1U << 9U;
constexpr std::size_t kCapacityAt = 0;
constexpr std::size_t kSegmentLimitAt = 12;
constexpr std::size_t kBlockSizeAt = 20;
// Of data; header and status have descriptors too.
constexpr std::uint32_t kMostSegments = 126;

constexpr std::uint32_t kTransmit = 1;  // the console's queue

template <std::size_t N, class T>
void put(std::array<std::byte, N>& bytes, std::size_t at, T value) {
    std::memcpy(std::span{bytes}.subspan(at, sizeof value).data(), &value, sizeof value);
}

}  // namespace

VirtioBlock::VirtioBlock(std::unique_ptr<Disk> disk) : disk_(std::move(disk)) {
    put(configuration_, kCapacityAt, disk_->sectors());
    put(configuration_, kSegmentLimitAt, kMostSegments);
    put(configuration_, kBlockSizeAt, static_cast<std::uint32_t>(Disk::kSectorBytes));
}

std::uint64_t VirtioBlock::features() const {
    return kSegmentLimit | kBlockSize | kFlushes;
}

// The last byte that the device writes is the status.
std::uint32_t VirtioBlock::serve(std::uint32_t /*queue*/, const VirtioRequest& request, GuestMemory& memory) {
    if (request.writable.size() == 0) {
        return 0;
    }
    std::uint64_t written = 0;
    const auto status = static_cast<std::byte>(perform(request, memory, written));
    request.writable.write(memory, request.writable.size() - 1, std::span{&status, 1});
    return static_cast<std::uint32_t>(written + 1);
}

VirtioBlock::Status VirtioBlock::perform(const VirtioRequest& request, GuestMemory& memory,
                                         std::uint64_t& written) {
    BlockHeader header{};
    if (request.readable.size() < sizeof header) {
        return Status::Error;
    }
    request.readable.read(memory, 0, std::as_writable_bytes(std::span{&header, 1}));
    const std::uint64_t room = request.writable.size() - 1;
    switch (header.type) {
        case kIn:
        case kOut:
            if (header.sector > disk_->sectors()) {
                return Status::Error;
            }
            return header.type == kIn
                       ? transfer_in(header.sector * Disk::kSectorBytes, request, memory, written)
                       : transfer_out(header.sector * Disk::kSectorBytes, request, memory);
        case kFlush:
            return Status::Ok;  // what was written is there for every later read
        case kGetId: {
            std::array<std::byte, kIdBytes> id{};
            std::memcpy(id.data(), kId.data(), kId.size());
            written = std::min<std::uint64_t>(room, id.size());
            request.writable.write(memory, 0, std::span{id}.first(written));
            return Status::Ok;
        }
        default:
            return Status::Unsupported;
    }
}

VirtioBlock::Status VirtioBlock::transfer_in(std::uint64_t at, const VirtioRequest& request,
                                             GuestMemory& memory, std::uint64_t& written) {
    const std::uint64_t size = request.writable.size() - 1;
    if (!disk_->contains(at, size)) {
        return Status::Error;
    }
    std::vector<std::byte> buffer(std::min<std::uint64_t>(size, kChunk));
    while (written < size) {
        const auto part = std::span{buffer}.first(std::min<std::uint64_t>(buffer.size(), size - written));
        if (!disk_->read(at + written, part)) {
            return Status::Error;
        }
        request.writable.write(memory, written, part);
        written += part.size();
    }
    return Status::Ok;
}

VirtioBlock::Status VirtioBlock::transfer_out(std::uint64_t at, const VirtioRequest& request,
                                              const GuestMemory& memory) {
    const std::uint64_t size = request.readable.size() - sizeof(BlockHeader);
    if (!disk_->contains(at, size)) {
        return Status::Error;
    }
    std::vector<std::byte> buffer(std::min<std::uint64_t>(size, kChunk));
    for (std::uint64_t done = 0; done < size;) {
        const auto part = std::span{buffer}.first(std::min<std::uint64_t>(buffer.size(), size - done));
        request.readable.read(memory, sizeof(BlockHeader) + done, part);
        if (!disk_->write(at + done, part)) {
            return Status::Error;
        }
        done += part.size();
    }
    return Status::Ok;
}

bool VirtioConsole::serves(std::uint32_t queue) const {
    return queue == kTransmit;
}

std::uint32_t VirtioConsole::serve(std::uint32_t /*queue*/, const VirtioRequest& request,
                                   GuestMemory& memory) {
    std::vector<std::byte> buffer(std::min<std::uint64_t>(request.readable.size(), kChunk));
    for (std::uint64_t done = 0; done < request.readable.size();) {
        const auto part =
            std::span{buffer}.first(std::min<std::uint64_t>(buffer.size(), request.readable.size() - done));
        request.readable.read(memory, done, part);
        std::ranges::for_each(part, output_);
        done += part.size();
    }
    return 0;
}

// SplitMix64 (Steele, Lea, Flood: Fast Splittable Pseudorandom Number Generators, 2014).
std::uint64_t VirtioEntropy::next() {
    state_ += 0x9E37'79B9'7F4A'7C15;
    std::uint64_t mixed = state_;
    mixed = (mixed ^ (mixed >> 30U)) * 0xBF58'476D'1CE4'E5B9;
    mixed = (mixed ^ (mixed >> 27U)) * 0x94D0'49BB'1331'11EB;
    return mixed ^ (mixed >> 31U);
}

// A request gets at most this many bytes: the guest is told how many there are, and asks again.
std::uint32_t VirtioEntropy::serve(std::uint32_t /*queue*/, const VirtioRequest& request,
                                   GuestMemory& memory) {
    std::array<std::uint64_t, 512> words{};
    std::ranges::generate(words, [this] { return next(); });
    const auto bytes = std::as_bytes(std::span{words});
    const auto part = bytes.first(std::min<std::uint64_t>(bytes.size(), request.writable.size()));
    request.writable.write(memory, 0, part);
    return static_cast<std::uint32_t>(part.size());
}

}  // namespace levitate::vmm
