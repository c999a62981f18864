// The terminal among our own descriptors whose image is the program's.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "vmm/initramfs/init/run_description.hpp"
#include "vmm/run/raw_terminal.hpp"

namespace levitate::vmm {

class HostTerminal {
  public:
    // `descriptors`: which of ours are it, such as "012".
    explicit HostTerminal(std::string descriptors);

    // What the program's is to be like.
    init::TerminalRequest request() const;

    // From here on the program's terminal does what is to be done to bytes, until leave().
    void enter();
    void leave() { raw_.reset(); }
    bool is_entered() const { return raw_.has_value(); }

    // Writes what comes from the program's. False: nobody is there any more.
    bool put(std::span<const std::byte> bytes) const;
    // The size, if it has changed since it was asked for last.
    std::optional<std::vector<std::uint32_t>> new_window();
    // The signal has stopped the program: stops us as it would stop the program in our place, and comes back
    // when we go on.
    void stop(int signal);

  private:
    std::string descriptors_;
    int fd_;
    std::vector<std::uint32_t> window_;
    std::optional<RawTerminal> raw_;
};

// Which of our 0, 1 and 2 are terminals.
std::string own_terminals();

}  // namespace levitate::vmm
