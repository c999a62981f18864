// The generic timer (Arm ARM D11): the EL1 physical and virtual timers over one counter. CNTVOFF is zero.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "emu/cpu.hpp"

namespace levitate::emu {

inline constexpr std::size_t kTimerCount = 2;  // indexed by TimerOutput

// Time that never comes.
inline constexpr std::uint64_t kNever = ~std::uint64_t{0};

class GenericTimer {
  public:
    struct Channel {
        std::uint64_t control = 0;  // ENABLE and IMASK
        std::uint64_t compare_value = 0;
        bool output = false;
    };
    using Channels = std::array<Channel, kTimerCount>;

    GenericTimer(std::uint64_t frequency_hz, InterruptController& interrupts)
        : frequency_hz_(frequency_hz), interrupts_(interrupts) {}

    std::uint64_t frequency_hz() const { return frequency_hz_; }
    // The counter at a time in nanoseconds since the start, and the first nanosecond at which it has a value.
    std::uint64_t ticks(std::uint64_t nanoseconds) const;
    std::uint64_t nanoseconds(std::uint64_t ticks) const;

    std::uint64_t control(TimerOutput timer, std::uint64_t now_ticks) const;
    void set_control(TimerOutput timer, std::uint64_t value) { at(timer).control = value & 3; }
    std::uint64_t compare_value(TimerOutput timer) const { return at(timer).compare_value; }
    void set_compare_value(TimerOutput timer, std::uint64_t value) { at(timer).compare_value = value; }
    // CNTx_TVAL_EL0: the signed 32-bit distance from now.
    std::uint64_t timer_value(TimerOutput timer, std::uint64_t now_ticks) const;
    void set_timer_value(TimerOutput timer, std::uint64_t value, std::uint64_t now_ticks);

    // Sets the output lines to what they are at this tick, and tells whether one has changed.
    bool update_outputs(std::uint64_t now_ticks);
    // The first nanosecond after `now_ticks` at which update_outputs() will have something to do, or never.
    std::uint64_t next_event_nanoseconds(std::uint64_t now_ticks) const;

    const Channels& channels() const { return channels_; }
    // The output lines are taken to be at the channels' levels.
    void restore(const Channels& channels) { channels_ = channels; }

  private:
    Channel& at(TimerOutput timer) { return channels_[static_cast<std::size_t>(timer)]; }
    const Channel& at(TimerOutput timer) const { return channels_[static_cast<std::size_t>(timer)]; }

    std::uint64_t frequency_hz_;
    InterruptController& interrupts_;
    Channels channels_{};
};

}  // namespace levitate::emu
