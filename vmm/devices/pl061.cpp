#include "vmm/devices/pl061.hpp"

#include <array>
#include <utility>

namespace levitate::vmm {
namespace {

// Register offsets (DDI 0190B table 3-1). Bits 9:2 of the address of GPIODATA say which pins are accessed.
enum Register : std::uint64_t {
    kDataEnd = 0x400,
    kDirection = 0x400,
    kLevelSense = 0x404,
    kBothEdges = 0x408,
    kEvent = 0x40C,
    kInterruptMask = 0x410,
    kRawInterrupt = 0x414,
    kMaskedInterrupt = 0x418,
    kInterruptClear = 0x41C,
    kAlternateFunction = 0x420,
    kIdentification = 0xFE0,
};

// GPIOPeriphID0-3 and GPIOPCellID0-3: part 0x061, designer Arm.
constexpr std::array<std::uint8_t, 8> kIdentity{0x61, 0x10, 0x04, 0x00, 0x0D, 0xF0, 0x05, 0xB1};

}  // namespace

Pl061::Pl061(InterruptLine interrupt) : interrupt_(std::move(interrupt)) {}

std::uint32_t Pl061::read_register(std::uint64_t offset) {
    if (offset < kDataEnd) {
        return data_ & static_cast<std::uint32_t>(offset >> 2U);
    }
    switch (offset) {
        case kDirection:
            return direction_;
        case kLevelSense:
            return level_sense_;
        case kBothEdges:
            return both_edges_;
        case kEvent:
            return event_;
        case kInterruptMask:
            return mask_;
        case kRawInterrupt:
            return raw_;
        case kMaskedInterrupt:
            return raw_ & mask_;
        case kAlternateFunction:
            return alternate_function_;
        default:
            break;
    }
    const std::uint64_t index = (offset - kIdentification) / 4;
    return offset >= kIdentification && index < kIdentity.size() ? kIdentity.at(index) : 0;
}

void Pl061::write_register(std::uint64_t offset, std::uint32_t value) {
    const auto byte = static_cast<std::uint8_t>(value);
    if (offset < kDataEnd) {
        const auto pins = static_cast<std::uint8_t>((offset >> 2U) & direction_);
        data_ = static_cast<std::uint8_t>((data_ & ~pins) | (byte & pins));
        update();
        return;
    }
    switch (offset) {
        case kDirection:
            direction_ = byte;
            break;
        case kLevelSense:
            level_sense_ = byte;
            break;
        case kBothEdges:
            both_edges_ = byte;
            break;
        case kEvent:
            event_ = byte;
            break;
        case kInterruptMask:
            mask_ = byte;
            break;
        case kInterruptClear:
            raw_ = static_cast<std::uint8_t>(raw_ & ~byte);
            break;
        case kAlternateFunction:
            alternate_function_ = byte;
            break;
        default:
            break;
    }
    update();
}

// DDI 0190B 3.3.3 to 3.3.5: an input is looked at for its level or for edges, and GPIOIEV says which.
void Pl061::update() {
    const auto changed = static_cast<std::uint8_t>((seen_ ^ data_) & ~direction_);
    seen_ = static_cast<std::uint8_t>(seen_ ^ changed);
    const auto matches = static_cast<std::uint8_t>(~(data_ ^ event_));
    const auto edges = static_cast<std::uint8_t>(changed & ~level_sense_ & (both_edges_ | matches));
    raw_ = static_cast<std::uint8_t>(raw_ | edges | (matches & level_sense_));
    interrupt_((raw_ & mask_) != 0 ? Level::High : Level::Low);
}

}  // namespace levitate::vmm
