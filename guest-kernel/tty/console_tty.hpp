// The terminal on the serial console.
#pragma once

#include "drivers/console.hpp"
#include "tty/tty.hpp"

namespace kernel {

class ConsoleTty final : public Tty, public ConsoleReceiver {
  public:
    using Tty::Tty;
    // Writing waits for the transmitter.
    std::size_t transmit_room() const override { return ~std::size_t{0}; }
    void transmit(const char* bytes, std::size_t size) override;
    void receive(std::span<const std::byte> bytes) override;
};

// Sets the console's terminal up. Once, at start.
Result<void> initialize_console_tty();
Tty& console_tty();

}  // namespace kernel
