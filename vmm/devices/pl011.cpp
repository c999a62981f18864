#include "vmm/devices/pl011.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace levitate::vmm {
namespace {

// Register offsets (DDI 0183G table 3-1).
enum Register : std::uint64_t {
    kData = 0x000,
    kReceiveStatus = 0x004,
    kFlag = 0x018,
    kLowPower = 0x020,
    kIntegerBaud = 0x024,
    kFractionalBaud = 0x028,
    kLineControl = 0x02C,
    kControl = 0x030,
    kFifoLevel = 0x034,
    kInterruptMask = 0x038,
    kRawInterrupt = 0x03C,
    kMaskedInterrupt = 0x040,
    kInterruptClear = 0x044,
    kDmaControl = 0x048,
    kIdentification = 0xFE0,
};

constexpr std::uint32_t kFlagReceiveEmpty = 1U << 4U;
constexpr std::uint32_t kFlagReceiveFull = 1U << 6U;
constexpr std::uint32_t kFlagTransmitEmpty = 1U << 7U;
constexpr std::uint32_t kControlTransmit = 1U << 8U;
constexpr std::uint32_t kControlReceive = 1U << 9U;
constexpr std::uint32_t kLineControlFifos = 1U << 4U;
constexpr std::uint32_t kInterruptReceive = 1U << 4U;
constexpr std::uint32_t kInterruptTransmit = 1U << 5U;
constexpr std::uint32_t kInterruptReceiveTimeout = 1U << 6U;
constexpr std::uint32_t kInterruptBits = 0x7FF;

constexpr std::uint32_t kControlAtReset = kControlTransmit | kControlReceive;
constexpr std::uint32_t kFifoLevelsAtReset = 0x12;
constexpr std::size_t kFifoDepth = 32;

// UARTPeriphID0-3 and UARTPCellID0-3: part 0x011, designer Arm, revision r1p5.
constexpr std::array<std::uint8_t, 8> kIdentity{0x11, 0x10, 0x34, 0x00, 0x0D, 0xF0, 0x05, 0xB1};

}  // namespace

Pl011::Pl011(InterruptLine interrupt, Output output)
    : interrupt_(std::move(interrupt)),
      output_(std::move(output)),
      control_(kControlAtReset),
      fifo_levels_(kFifoLevelsAtReset) {}

void Pl011::send(std::span<const std::byte> bytes) {
    wire_.insert(wire_.end(), bytes.begin(), bytes.end());
    fill_fifo();
    update();
}

// Reserved registers read as zero.
std::uint32_t Pl011::read_register(std::uint64_t offset) {
    switch (offset) {
        case kData:
            return read_data();
        case kFlag:
            return flags();
        case kLowPower:
            return low_power_;
        case kIntegerBaud:
            return integer_baud_;
        case kFractionalBaud:
            return fractional_baud_;
        case kLineControl:
            return line_control_;
        case kControl:
            return control_;
        case kFifoLevel:
            return fifo_levels_;
        case kInterruptMask:
            return mask_;
        case kRawInterrupt:
            return raw_;
        case kMaskedInterrupt:
            return raw_ & mask_;
        case kDmaControl:
            return dma_control_;
        default:
            break;
    }
    if (offset >= kIdentification && offset < kIdentification + 4 * kIdentity.size()) {
        return kIdentity[(offset - kIdentification) / 4];
    }
    return 0;
}

void Pl011::write_register(std::uint64_t offset, std::uint32_t value) {
    switch (offset) {
        case kData:
            output_(static_cast<std::byte>(value & 0xFFU));
            // The FIFO has passed its level on the way down, because it is empty again.
            raw_ |= kInterruptTransmit;
            break;
        case kLowPower:
            low_power_ = value & 0xFFU;
            break;
        case kIntegerBaud:
            integer_baud_ = value & 0xFFFFU;
            break;
        case kFractionalBaud:
            fractional_baud_ = value & 0x3FU;
            break;
        case kLineControl:
            line_control_ = value & 0xFFU;
            break;
        case kControl:
            control_ = value & 0xFFFFU;
            break;
        case kFifoLevel:
            fifo_levels_ = value & 0x3FU;
            break;
        case kInterruptMask:
            mask_ = value & kInterruptBits;
            break;
        case kInterruptClear:
            raw_ &= ~value;
            break;
        case kDmaControl:
            dma_control_ = value & 0x7U;
            break;
        default:
            break;
    }
    fill_fifo();
    update();
}

std::uint32_t Pl011::read_data() {
    if (fifo_.empty()) {
        return 0;
    }
    const auto byte = std::to_integer<std::uint32_t>(fifo_.front());
    fifo_.pop_front();
    fill_fifo();
    update();
    return byte;
}

std::uint32_t Pl011::flags() const {
    std::uint32_t flags = kFlagTransmitEmpty;
    if (fifo_.empty()) {
        flags |= kFlagReceiveEmpty;
    }
    if (fifo_.size() >= fifo_depth()) {
        flags |= kFlagReceiveFull;
    }
    return flags;
}

std::size_t Pl011::fifo_depth() const {
    return (line_control_ & kLineControlFifos) != 0 ? kFifoDepth : 1;
}

// UARTIFLS.RXIFLSEL: The levels are one eighth, a quarter, half, three quarters and seven eighths.
std::size_t Pl011::receive_trigger() const {
    constexpr std::array<std::size_t, 8> kEighths{1, 2, 4, 6, 7, 7, 7, 7};
    return std::max<std::size_t>(1, fifo_depth() * kEighths[(fifo_levels_ >> 3U) & 7U] / 8);
}

void Pl011::fill_fifo() {
    while (!wire_.empty() && fifo_.size() < fifo_depth()) {
        fifo_.push_back(wire_.front());
        wire_.pop_front();
    }
}

// The receive interrupts follow the FIFO. The timeout is for a FIFO that holds something while nothing more
// arrives, which is the case at once. A driver that clears it with bytes left gets it again, and does not
// wait for ever.
void Pl011::update() {
    raw_ &= ~(kInterruptReceive | kInterruptReceiveTimeout);
    if (!fifo_.empty()) {
        raw_ |= kInterruptReceiveTimeout;
    }
    if (fifo_.size() >= receive_trigger()) {
        raw_ |= kInterruptReceive;
    }
    interrupt_((raw_ & mask_) != 0 ? Level::High : Level::Low);
}

}  // namespace levitate::vmm
