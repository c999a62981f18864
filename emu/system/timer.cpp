#include "emu/system/timer.hpp"

#include <algorithm>
#include <utility>

#include "emu/arch/bits.hpp"

namespace levitate::emu {

namespace {

constexpr std::uint64_t kNanosecondsPerSecond = 1'000'000'000;

// CNTx_CTL_EL0
constexpr std::uint64_t kControlEnable = 1;
constexpr std::uint64_t kControlStatus = 4;

}  // namespace

std::uint64_t GenericTimer::ticks(std::uint64_t nanoseconds) const {
    return static_cast<std::uint64_t>(Uint128{nanoseconds} * frequency_hz_ / kNanosecondsPerSecond);
}

std::uint64_t GenericTimer::nanoseconds(std::uint64_t ticks) const {
    const Uint128 exact = (Uint128{ticks} * kNanosecondsPerSecond + frequency_hz_ - 1) / frequency_hz_;
    return exact >= kNever ? kNever : static_cast<std::uint64_t>(exact);
}

std::uint64_t GenericTimer::control(TimerOutput timer, std::uint64_t now_ticks) const {
    const Channel& channel = at(timer);
    const bool met = (channel.control & kControlEnable) != 0 && now_ticks >= channel.compare_value;
    return channel.control | (met ? kControlStatus : 0);
}

std::uint64_t GenericTimer::timer_value(TimerOutput timer, std::uint64_t now_ticks) const {
    return (at(timer).compare_value - now_ticks) & low_mask(32);
}

void GenericTimer::set_timer_value(TimerOutput timer, std::uint64_t value, std::uint64_t now_ticks) {
    const auto distance = static_cast<std::int32_t>(static_cast<std::uint32_t>(value));
    at(timer).compare_value = now_ticks + static_cast<std::uint64_t>(std::int64_t{distance});
}

bool GenericTimer::update_outputs(std::uint64_t now_ticks) {
    bool changed = false;
    for (const TimerOutput timer : {TimerOutput::Physical, TimerOutput::Virtual}) {
        Channel& channel = at(timer);
        const bool level = channel.control == kControlEnable && now_ticks >= channel.compare_value;
        if (level != channel.output) {
            channel.output = level;
            changed = true;
            interrupts_.set_timer_output(timer, level);
        }
    }
    return changed;
}

std::uint64_t GenericTimer::next_event_nanoseconds(std::uint64_t now_ticks) const {
    std::uint64_t next = kNever;
    for (const Channel& channel : channels_) {
        if (channel.control == kControlEnable && now_ticks < channel.compare_value) {
            next = std::min(next, nanoseconds(channel.compare_value));
        }
    }
    return next;
}

}  // namespace levitate::emu
