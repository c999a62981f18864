#include "vmm/devices/fw_cfg.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <span>

namespace levitate::vmm {
namespace {

// Offsets of the registers. All of them are big-endian.
enum Register : std::uint64_t {
    kData = 0x00,
    kSelector = 0x08,
    kDmaAddress = 0x10,
    kEnd = 0x18,
};

// Items.
constexpr std::uint16_t kSignature = 0x0000;
constexpr std::uint16_t kIdentity = 0x0001;
constexpr std::uint16_t kUuid = 0x0002;
constexpr std::uint16_t kCpus = 0x0005;
constexpr std::uint16_t kDirectory = 0x0019;

constexpr std::byte kTraditionalAndDma{3};
constexpr std::uint64_t kDmaSignature = 0x51454D55'20434647;  // "QEMU CFG"

// FWCfgDmaAccess: control and length, four bytes each, and the address, eight; all big-endian.
constexpr std::size_t kLengthAt = 4;
constexpr std::size_t kAddressAt = 8;
constexpr std::size_t kDescriptorBytes = 16;
constexpr std::uint32_t kControlError = 1U << 0U;
constexpr std::uint32_t kControlRead = 1U << 1U;
constexpr std::uint32_t kControlSkip = 1U << 2U;
constexpr std::uint32_t kControlSelect = 1U << 3U;
constexpr std::uint32_t kControlWrite = 1U << 4U;

template <class T>
T big_endian(T value) {
    static_assert(std::endian::native == std::endian::little);
    return std::byteswap(value);
}

template <class T>
T big_endian_at(std::span<const std::byte> bytes, std::size_t at) {
    T value{};
    std::memcpy(&value, bytes.subspan(at, sizeof value).data(), sizeof value);
    return big_endian(value);
}

std::vector<std::byte> bytes_of(std::initializer_list<unsigned char> values) {
    std::vector<std::byte> bytes(values.size());
    std::ranges::transform(values, bytes.begin(), [](unsigned char value) { return std::byte{value}; });
    return bytes;
}

}  // namespace

FwCfg::FwCfg(GuestMemory& memory) : memory_(memory) {
    items_[kSignature] = bytes_of({'Q', 'E', 'M', 'U'});
    items_[kIdentity] = {kTraditionalAndDma, std::byte{0}, std::byte{0}, std::byte{0}};
    items_[kUuid].resize(16);
    items_[kCpus] = {std::byte{1}, std::byte{0}};
    items_[kDirectory].resize(4);  // the number of files, big-endian
    select(kSignature);
}

void FwCfg::select(std::uint16_t item) {
    selected_ = item;
    position_ = 0;
}

// The one that is selected.
std::span<const std::byte> FwCfg::item() const {
    const auto found = items_.find(selected_);
    return found == items_.end() ? std::span<const std::byte>{} : std::span{found->second};
}

// Behind an item's end there are zeros.
std::uint8_t FwCfg::next_byte() {
    const std::span<const std::byte> bytes = item();
    return position_ < bytes.size() ? std::to_integer<std::uint8_t>(bytes[position_++]) : std::uint8_t{0};
}

std::optional<std::uint64_t> FwCfg::read(std::uint64_t offset, unsigned size) {
    if (offset < kSelector) {
        // In the order of the addresses, however many are read at once.
        std::uint64_t value = 0;
        for (unsigned index = 0; index < size; ++index) {
            value |= std::uint64_t{next_byte()} << (8 * index);
        }
        return value;
    }
    if (offset >= kDmaAddress && offset < kEnd) {
        std::array<std::byte, 8> bytes{};
        const std::uint64_t signature = big_endian(kDmaSignature);
        std::memcpy(bytes.data(), &signature, sizeof signature);
        std::uint64_t value = 0;
        std::memcpy(&value, std::span{bytes}.subspan(offset - kDmaAddress, size).data(), size);
        return value;
    }
    return std::nullopt;
}

bool FwCfg::write(std::uint64_t offset, unsigned size, std::uint64_t value) {
    if (offset < kSelector) {
        return true;  // nothing can be written any more (since QEMU 2.4)
    }
    if (offset == kSelector && size == 2) {
        select(big_endian(static_cast<std::uint16_t>(value)));
        return true;
    }
    return offset >= kDmaAddress && write_dma_address(offset - kDmaAddress, size, value);
}

// The write of the low half begins the transfer.
bool FwCfg::write_dma_address(std::uint64_t offset, unsigned size, std::uint64_t value) {
    if (size == 8 && offset == 0) {
        dma_address_high_ = 0;
        transfer(big_endian(value));
        return true;
    }
    if (size != 4 || (offset != 0 && offset != 4)) {
        return false;
    }
    const std::uint32_t half = big_endian(static_cast<std::uint32_t>(value));
    if (offset == 0) {
        dma_address_high_ = half;
    } else {
        transfer((std::uint64_t{dma_address_high_} << 32U) | half);
        dma_address_high_ = 0;
    }
    return true;
}

void FwCfg::transfer(std::uint64_t descriptor) {
    std::array<std::byte, kDescriptorBytes> bytes{};
    std::uint32_t result = kControlError;
    if (memory_.read(descriptor, bytes)) {
        const auto control = big_endian_at<std::uint32_t>(bytes, 0);
        const auto length = big_endian_at<std::uint32_t>(bytes, kLengthAt);
        const auto address = big_endian_at<std::uint64_t>(bytes, kAddressAt);
        if ((control & kControlSelect) != 0) {
            select(static_cast<std::uint16_t>(control >> 16U));
        }
        bool done = true;
        if ((control & kControlRead) != 0) {
            done = copy_to_guest(address, length);
        } else if ((control & kControlWrite) != 0) {
            done = length == 0;
        } else if ((control & kControlSkip) != 0) {
            position_ = std::min<std::uint64_t>(position_ + length, item().size());
        }
        result = done ? 0 : kControlError;
    }
    const std::uint32_t answer = big_endian(result);
    memory_.write(descriptor, std::as_bytes(std::span{&answer, 1}));
}

bool FwCfg::copy_to_guest(std::uint64_t address, std::uint32_t length) {
    if (!memory_.contains(address, length)) {
        return false;
    }
    const std::span<const std::byte> rest = item().subspan(position_);
    const std::size_t present = std::min<std::size_t>(rest.size(), length);
    position_ += present;
    return memory_.write(address, rest.first(present)) &&
           memory_.fill_with_zeros(address + present, length - present);
}

}  // namespace levitate::vmm
