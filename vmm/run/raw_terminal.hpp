// Our terminal while a guest is connected to it.
#pragma once

#include <termios.h>

#include <optional>

namespace levitate::vmm {

// As long as one lives, a terminal of ours passes bytes on as a guest wants it. There may be one at a time.
// A signal that ends the tool restores the terminal too.
class RawTerminal {
  public:
    enum class How {
        Keys,        // each key as it is struck, without echo; the keys that make signals still do
        Everything,  // nothing is done to any byte, in either direction
        Output,      // nothing is done to what is written; what is typed is not for the guest
    };
    // Where `fd` is no terminal, nothing changes.
    RawTerminal(int fd, How how);
    ~RawTerminal();
    RawTerminal(const RawTerminal&) = delete;
    RawTerminal& operator=(const RawTerminal&) = delete;

    // Restores the terminal of the one that lives; async-signal-safe (man 7 signal-safety).
    static void restore_now();
    // Does a newline take a carriage return before it?
    static bool needs_carriage_return();

  private:
    int fd_;
    std::optional<termios> before_;
};

}  // namespace levitate::vmm
