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

std::uint32_t Pl031::read_register(std::uint64_t offset) {
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

void Pl031::write_register(std::uint64_t offset, std::uint32_t value) {
    switch (offset) {
        case kMatch:
            match_ = value;
            break;
        case kLoad:
            offset_ += value - now();
            break;
        case kInterruptMask:
            masked_ = (value & 1U) == 0;
            break;
        case kInterruptClear:
            if ((value & 1U) != 0) {
                alarm_ = false;
                match_ = 0;
            }
            break;
        default:
            break;
    }
    update();
}

}  // namespace levitate::vmm
