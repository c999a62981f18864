// Our terminal while a kernel's UART is connected to it.
#pragma once

#include <termios.h>

#include <optional>

namespace levitate::vmm {

// As long as it lives, a terminal on standard input passes on each key as it is struck and does not echo it,
// for the kernel does that. The keys that make signals still do. Where standard input is no terminal, nothing
// changes.
class RawTerminal {
  public:
    RawTerminal();
    ~RawTerminal();
    RawTerminal(const RawTerminal&) = delete;
    RawTerminal& operator=(const RawTerminal&) = delete;

  private:
    std::optional<termios> before_;
};

}  // namespace levitate::vmm
