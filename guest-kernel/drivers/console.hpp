// The serial console, PL011. Bytes only: line discipline, echo and CR/LF belong to the tty.
#pragma once

#include <cstddef>
#include <span>

namespace kernel {

// Gets each byte that arrives. Called from the interrupt, between tasks' system calls, never inside one.
class ConsoleReceiver {
  public:
    virtual ~ConsoleReceiver() = default;
    virtual void receive(std::span<const std::byte> bytes) = 0;
};

// Writes all bytes as they are; waits for the transmitter where it must.
void console_write(std::span<const std::byte> bytes);

// From here on received bytes go there. What has arrived before is delivered at the next interrupt.
void console_set_receiver(ConsoleReceiver& receiver);

}  // namespace kernel
