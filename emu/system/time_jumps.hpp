// Jumps of time: what a host that takes the CPU away now and then does to a guest, as a function of a seed.
//
// After drawn numbers of instructions the counter moves on at once. What a kernel does by time (the end of a
// task's turn, a timeout) then happens at other instructions, so that another seed is another schedule under
// any kernel, and the same seed the same one.
#pragma once

#include <cstdint>

#include "emu/system/timer.hpp"

namespace levitate::emu {

class TimeJumps {
  public:
    // From when `retired` instructions have retired. With seed 0 there are no jumps.
    explicit TimeJumps(std::uint64_t seed, std::uint64_t retired = 0);

    // How many instructions have retired when the next jump is due.
    std::uint64_t next() const { return next_; }
    // Takes the jump that is due after `retired` instructions, and returns its length in nanoseconds.
    // `until_timer` is the time to the next expiry of a timer; `never` where none is armed.
    std::uint64_t take(std::uint64_t retired, std::uint64_t until_timer);

  private:
    std::uint64_t draw();
    // A number of at least 2^least_bits and less than 2^most_bits. Each interval from one power of two to the
    // next is as likely as any other.
    std::uint64_t draw_magnitude(unsigned least_bits, unsigned most_bits);
    std::uint64_t draw_interval();

    std::uint64_t state_;
    std::uint64_t next_ = kNever;
};

}  // namespace levitate::emu
