#include "emu/system/time_jumps.hpp"

#include "emu/arch/bits.hpp"

namespace levitate::emu {

namespace {

// Instructions between two jumps: from less than a system call to more than the life of a short thread, 24
// thousand on average. That is more than any kernel takes for an interrupt and a switch of tasks, so that
// programs get on.
constexpr unsigned kLeastIntervalBits = 9;
constexpr unsigned kMostIntervalBits = 17;

// Nanoseconds of a jump that is not to a timer: from 16 microseconds to 17 milliseconds, which are some turns
// of a task.
constexpr unsigned kLeastJumpBits = 14;
constexpr unsigned kMostJumpBits = 24;

// A timer that is further away is a timeout, not the end of a turn: five ticks at 250 Hz. To jump to it would
// make every timeout expire.
constexpr std::uint64_t kNearby = 20'000'000;

}  // namespace

TimeJumps::TimeJumps(std::uint64_t seed, std::uint64_t retired) : state_(seed) {
    if (seed != 0) {
        next_ = retired + draw_interval();
    }
}

std::uint64_t TimeJumps::take(std::uint64_t retired, std::uint64_t until_timer) {
    next_ = retired + draw_interval();
    const bool to_timer = (draw() & 1) != 0;
    const std::uint64_t length = draw_magnitude(kLeastJumpBits, kMostJumpBits);
    return to_timer && until_timer <= kNearby ? until_timer : length;
}

// SplitMix64 (Steele, Lea and Flood, OOPSLA 2014).
std::uint64_t TimeJumps::draw() {
    state_ += 0x9e37'79b9'7f4a'7c15;
    std::uint64_t mixed = state_;
    mixed = (mixed ^ (mixed >> 30U)) * 0xbf58'476d'1ce4'e5b9;
    mixed = (mixed ^ (mixed >> 27U)) * 0x94d0'49bb'1331'11eb;
    return mixed ^ (mixed >> 31U);
}

std::uint64_t TimeJumps::draw_magnitude(unsigned least_bits, unsigned most_bits) {
    const std::uint64_t drawn = draw();
    const auto size = least_bits + static_cast<unsigned>((drawn >> 32U) % (most_bits - least_bits));
    return (std::uint64_t{1} << size) + (drawn & low_mask(size));
}

std::uint64_t TimeJumps::draw_interval() {
    return draw_magnitude(kLeastIntervalBits, kMostIntervalBits);
}

}  // namespace levitate::emu
