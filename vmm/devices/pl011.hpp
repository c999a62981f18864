// Arm PrimeCell UART (PL011), revision r1p5 (Arm DDI 0183G).
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <span>

#include "vmm/devices/device.hpp"
#include "vmm/devices/register_device.hpp"
#include "vmm/devices/state_transfer.hpp"

namespace levitate::vmm {

// Transmission takes no time: the transmit FIFO is always empty. Reception takes none either: what has been
// sent waits on the wire until the receive FIFO has room, so nothing is ever lost, and the receive timeout
// interrupt comes at once. There are no errors, no modem lines and no DMA. UARTCR's enable bits are kept but
// do not matter, as in QEMU: kernels print early without setting them.
class Pl011 final : public RegisterDevice {
  public:
    using Output = std::function<void(std::byte)>;

    // `output` gets every byte that the guest transmits.
    Pl011(InterruptLine interrupt, Output output);

    // Puts bytes on the wire to the guest.
    void send(std::span<const std::byte> bytes);
    // Bytes that the guest has not read yet.
    std::size_t unread() const { return fifo_.size() + wire_.size(); }
    void transfer_state(StateTransfer& transfer) {
        transfer.list(wire_);
        transfer.list(fifo_);
        transfer.values(control_, line_control_, integer_baud_, fractional_baud_, fifo_levels_, low_power_,
                        dma_control_, mask_, raw_);
    }

  protected:
    std::uint32_t read_register(std::uint64_t offset) override;
    void write_register(std::uint64_t offset, std::uint32_t value) override;

  private:
    std::uint32_t read_data();
    std::uint32_t flags() const;
    std::size_t fifo_depth() const;
    std::size_t receive_trigger() const;
    void fill_fifo();
    void update();

    InterruptLine interrupt_;
    Output output_;
    std::deque<std::byte> wire_;
    std::deque<std::byte> fifo_;
    std::uint32_t control_;
    std::uint32_t line_control_ = 0;
    std::uint32_t integer_baud_ = 0;
    std::uint32_t fractional_baud_ = 0;
    std::uint32_t fifo_levels_;
    std::uint32_t low_power_ = 0;
    std::uint32_t dma_control_ = 0;
    std::uint32_t mask_ = 0;
    std::uint32_t raw_ = 0;
};

}  // namespace levitate::vmm
