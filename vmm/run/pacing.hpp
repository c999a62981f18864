// A run in host time: its time limit, when to look at the clock and at standard input, and how far the
// guest's clock may be ahead of ours.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>

#include "vmm/engine/engine.hpp"
#include "vmm/run/live_input.hpp"
#include "vmm/run/run.hpp"
#include "vmm/run/stdin_receiver.hpp"

namespace levitate::vmm {

class Pacing {
  public:
    // Begins the run's time.
    Pacing(const RunSpec& spec, StdinReceiver& receiver);

    // The host time that has passed since the run began.
    std::chrono::nanoseconds wall() const { return std::chrono::steady_clock::now() - begun_; }

    // After how many of the engine's instructions, counted from its start, look() is to be called.
    std::uint64_t next_look() const { return next_look_; }
    // Passes on what input there is, and waits if the guest's clock is too far ahead, but not longer than
    // until `interrupt` becomes true. False: the time limit is reached.
    bool look(const Engine& engine, const std::atomic<bool>& interrupt);

    // Whether the outside may yet cause an interrupt.
    bool input_may_come() const { return input_ && input_->is_open(); }

    enum class Idle { HasInput, TimeIsUp, ForEver };
    // To be called when the guest waits and no timer will wake it: waits for input that it would take.
    Idle wait_for_input(const std::atomic<bool>& interrupt);
    // The same, for a guest that a signal of ours can wake too: never ForEver.
    Idle wait_for_signal(const std::atomic<bool>& interrupt);

  private:
    std::chrono::milliseconds time_left() const;
    void throttle(const Engine& engine, const std::atomic<bool>& interrupt);

    StdinReceiver& receiver_;
    std::unique_ptr<LiveInput> input_;  // nullptr: its bytes are in the run description
    std::chrono::milliseconds timeout_;
    bool may_throttle_;
    std::chrono::steady_clock::time_point begun_ = std::chrono::steady_clock::now();
    std::uint64_t next_look_ = 0;
    std::optional<std::chrono::nanoseconds> guest_lead_;  // guest time minus ours when the program started
};

}  // namespace levitate::vmm
