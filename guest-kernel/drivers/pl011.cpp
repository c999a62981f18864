// The serial console, PL011 (Arm DDI 0183).
#include "drivers/pl011.hpp"

#include <array>

#include "arch/include/interrupts.hpp"
#include "arch/include/machine.hpp"
#include "drivers/console.hpp"

namespace kernel {

namespace {

// Register offsets and bits.
constexpr std::size_t kData = 0x000;
constexpr std::size_t kFlags = 0x018;
constexpr std::size_t kLineControl = 0x02c;
constexpr std::size_t kControl = 0x030;
constexpr std::size_t kFifoLevel = 0x034;
constexpr std::size_t kInterruptMask = 0x038;
constexpr std::size_t kInterruptClear = 0x044;
constexpr std::uint32_t kTransmitFull = 1 << 5;
constexpr std::uint32_t kReceiveEmpty = 1 << 4;
constexpr std::uint32_t kEightBitsFifo = 3 << 5 | 1 << 4;
constexpr std::uint32_t kEnabled = 1 << 0 | 1 << 8 | 1 << 9;   // UART, transmit, receive
constexpr std::uint32_t kReceiveInterrupts = 1 << 4 | 1 << 6;  // level reached, or a byte has waited
constexpr std::uint32_t kAllInterrupts = 0x7ff;

constinit volatile std::byte* registers = nullptr;
constinit ConsoleReceiver* receiver = nullptr;

volatile std::uint32_t& reg(std::size_t offset) {
    return *reinterpret_cast<volatile std::uint32_t*>(registers + offset);
}

void handle_receive() {
    std::array<std::byte, 64> bytes{};
    std::size_t count = 0;
    while (count < bytes.size() && (reg(kFlags) & kReceiveEmpty) == 0) {
        bytes[count++] = static_cast<std::byte>(reg(kData) & 0xff);
    }
    reg(kInterruptClear) = kReceiveInterrupts;
    if (receiver != nullptr && count > 0) {
        receiver->receive(std::span(bytes).first(count));
    }
}

}  // namespace

bool set_up_console(PhysicalAddress address, std::size_t size) {
    registers = arch::map_device(address, size);
    if (registers == nullptr) {
        return false;
    }
    reg(kControl) = 0;
    reg(kInterruptMask) = 0;
    reg(kInterruptClear) = kAllInterrupts;
    reg(kLineControl) = kEightBitsFifo;
    reg(kControl) = kEnabled;
    return true;
}

void enable_console_interrupt(std::uint32_t number) {
    if (registers == nullptr) {
        return;
    }
    reg(kFifoLevel) = 0;  // an interrupt at an eighth full: the receive timeout tells of fewer bytes
    arch::enable_interrupt(number, "uart-pl011", handle_receive);
    if (receiver != nullptr) {
        reg(kInterruptMask) = kReceiveInterrupts;
    }
}

void console_write(std::span<const std::byte> bytes) {
    if (registers == nullptr) {
        return;
    }
    for (const std::byte byte : bytes) {
        while ((reg(kFlags) & kTransmitFull) != 0) {
        }
        reg(kData) = static_cast<std::uint32_t>(byte);
    }
}

void console_set_receiver(ConsoleReceiver& new_receiver) {
    receiver = &new_receiver;
    if (registers != nullptr) {
        reg(kInterruptMask) = kReceiveInterrupts;
    }
}

}  // namespace kernel
