#include "vmm/run/pacing.hpp"

#include <poll.h>

#include <algorithm>

namespace levitate::vmm {
namespace {

using std::chrono::milliseconds;

// How many instructions go by between two looks: some 10 ms of an emulator.
constexpr std::uint64_t kInterval = 1'000'000;
// The same while the guest waits for us, so that its timers run at about the speed of our clock.
constexpr std::uint64_t kThrottledInterval = 20'000;
// How far the guest's clock may be ahead of ours while it could wait for live input.
constexpr std::chrono::seconds kSlack{1};

}  // namespace

// Time is not held back if it jumps, because the host would wait for the jumps.
Pacing::Pacing(const RunSpec& spec, StdinReceiver& receiver)
    : receiver_(receiver),
      input_(spec.stdin_bytes ? nullptr : std::make_unique<LiveInput>(receiver)),
      timeout_(spec.timeout),
      may_throttle_(spec.schedule_seed == 0) {}

milliseconds Pacing::time_left() const {
    if (timeout_ == milliseconds{0}) {
        return std::chrono::hours{1};
    }
    return std::max(timeout_ - std::chrono::duration_cast<milliseconds>(wall()), milliseconds{0});
}

bool Pacing::look(const Engine& engine, const std::atomic<bool>& interrupt) {
    next_look_ = engine.retired_instructions() + kInterval;
    if (time_left() == milliseconds{0}) {
        return false;
    }
    if (input_ && input_->is_open()) {
        input_->serve(milliseconds{0}, interrupt);
        throttle(engine, interrupt);
    }
    return true;
}

// Waiting costs an emulated guest no host time, so years would go by in a guest that waits for a person.
// While input can come, its clock is therefore held back to about ours.
void Pacing::throttle(const Engine& engine, const std::atomic<bool>& interrupt) {
    if (!receiver_.takes_input() || !may_throttle_) {
        return;
    }
    const std::chrono::nanoseconds lead = engine.guest_time() - wall();
    if (!guest_lead_) {
        guest_lead_ = lead;
    }
    const auto ahead = std::chrono::duration_cast<milliseconds>(lead - *guest_lead_ - kSlack);
    if (ahead > milliseconds{0}) {
        input_->serve(std::min(ahead, time_left()), interrupt);
        next_look_ = engine.retired_instructions() + kThrottledInterval;
    }
}

Pacing::Idle Pacing::wait_for_input(const std::atomic<bool>& interrupt) {
    while (input_ && input_->is_wanted()) {
        if (input_->serve(time_left(), interrupt) || interrupt) {
            return Idle::HasInput;
        }
        if (time_left() == milliseconds{0}) {
            return Idle::TimeIsUp;
        }
    }
    return Idle::ForEver;
}

Pacing::Idle Pacing::wait_for_signal(const std::atomic<bool>& interrupt) {
    constexpr milliseconds kLongestWait{100};
    while (!interrupt) {
        if (input_ && input_->is_wanted()) {
            return wait_for_input(interrupt);
        }
        const milliseconds wait = std::min(time_left(), kLongestWait);
        if (wait == milliseconds{0}) {
            return Idle::TimeIsUp;
        }
        ::poll(nullptr, 0, static_cast<int>(wait.count()));
    }
    return Idle::HasInput;
}

}  // namespace levitate::vmm
