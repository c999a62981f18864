#include "vmm/devices/pl031.hpp"

#include <array>
#include <utility>

namespace levitate::vmm {
namespace {

// Register offsets (DDI 0224C table 3-1).
enum Register : std::uint64_t {
    kData = 0x00,
    kMatch = 0x04,
    kLoad = 0x08,
    kControl = 0x0C,
    kInterruptMask = 0x10,
    kRawInterrupt = 0x14,
    kMaskedInterrupt = 0x18,
    kInterruptClear = 0x1C,
    kIdentification = 0xFE0,
};

constexpr std::array<std::uint8_t, 8> kIdentity{0x31, 0x10, 0x04, 0x00, 0x0D, 0xF0, 0x05, 0xB1};

}  // namespace

Pl031::Pl031(InterruptLine interrupt, TimeSource time, std::uint32_t start)
    : interrupt_(std::move(interrupt)), time_(std::move(time)), offset_(start) {}

std::uint32_t Pl031::now() const {
    // The counter has 32 bits and wraps.
    return offset_ + static_cast<std::uint32_t>(std::chrono::floor<std::chrono::seconds>(time_()).count());
}

void Pl031::update() {
    if (match_ != 0 && now() >= match_) {
        alarm_ = true;
    }
    interrupt_(alarm_ && !masked_ ? Level::High : Level::Low);
}

std::optional<std::uint64_t> Pl031::read(std::uint64_t offset, unsigned size) {
    if (size > 4 || offset % 4 != 0) {
        return std::nullopt;
    }
    update();
    switch (offset) {
        case kData:
            return now();
        case kMatch:
            return match_;
        case kLoad:
            return offset_;
        case kControl:
            return 1;  // once started, it cannot be stopped
        case kInterruptMask:
            return masked_ ? 0 : 1;
        case kRawInterrupt:
            return alarm_ ? 1 : 0;
        case kMaskedInterrupt:
            return alarm_ && !masked_ ? 1 : 0;
        default:
            break;
    }
    if (offset >= kIdentification && offset < kIdentification + 4 * kIdentity.size()) {
        return kIdentity[(offset - kIdentification) / 4];
    }
    return 0;
}

bool Pl031::write(std::uint64_t offset, unsigned size, std::uint64_t value) {
    if (size > 4 || offset % 4 != 0) {
        return false;
    }
    const auto word = static_cast<std::uint32_t>(value);
    switch (offset) {
        case kMatch:
            match_ = word;
            break;
        case kLoad:
            offset_ += word - now();
            break;
        case kInterruptMask:
            masked_ = (word & 1U) == 0;
            break;
        case kInterruptClear:
            if ((word & 1U) != 0) {
                alarm_ = false;
                match_ = 0;
            }
            break;
        default:
            break;
    }
    update();
    return true;
}

}  // namespace levitate::vmm
