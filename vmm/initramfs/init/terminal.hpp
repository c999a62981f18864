// The program's terminal: a pseudo-terminal, at whose other end the host's is.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "vmm/descriptor.hpp"
#include "vmm/initramfs/init/line.hpp"
#include "vmm/initramfs/init/run_description.hpp"

namespace levitate::vmm::init {

// A pair of a terminal with the size and the settings of the host's.
struct TerminalPair {
    Descriptor master;
    Descriptor slave;
    std::string failure;  // why there is none: the call that failed, and its error
};
TerminalPair open_terminal(const TerminalRequest& wanted);

// init's end of it: takes what the program writes, and types what comes from the host.
class Terminal {
  public:
    // `types_input`: what comes from the host as standard input is typed there.
    Terminal(TerminalPair pair, Line& line, bool types_input);

    // Does it take standard input?
    bool types_input() const { return types_input_; }

    int descriptor() const { return master_.get(); }
    bool is_open() const { return master_.is_open(); }
    // What to poll for.
    short events() const;
    // True: the program had written something.
    bool on_poll(short events);

    // Bytes that were typed.
    void add(std::span<const std::byte> bytes);
    void set_window(std::span<const std::uint32_t> window);
    // Closes it: the program's session hears of that.
    void hang_up() {
        slave_.close();
        master_.close();
    }

  private:
    void forward();
    void feed();

    Descriptor master_;
    Descriptor slave_;  // ours too, so that the master stays usable while nobody else has it open
    Line& line_;
    bool types_input_;
    std::string typed_;
};

}  // namespace levitate::vmm::init
