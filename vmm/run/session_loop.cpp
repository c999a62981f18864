#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "vmm/run/session_implementation.hpp"

namespace levitate::vmm {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

// How many instructions go by between two looks at the clock and at standard input: some 10 ms of an
// emulator.
constexpr std::uint64_t kServiceInterval = 1'000'000;
// The same while the guest waits for us, so that its timers pass at about the speed of ours.
constexpr std::uint64_t kThrottledInterval = 20'000;
// How far the guest's clock may be ahead of ours while it could wait for live input.
constexpr std::chrono::seconds kThrottleSlack{1};

}  // namespace

AdvanceReason Session::Implementation::advance(std::uint64_t instructions) {
    const std::uint64_t start = engine->retired_instructions();
    while (!ended) {
        if (stop_requested.exchange(false)) {
            return AdvanceReason::Stopped;
        }
        const std::uint64_t now = engine->retired_instructions();
        if (now - start >= instructions) {
            return AdvanceReason::Budget;
        }
        if (spec.instruction_limit != 0 && now >= spec.instruction_limit) {
            end_at_limit();
            continue;
        }
        if (now >= next_service) {
            service();
            continue;
        }
        std::uint64_t budget = std::min(instructions - (now - start), next_service - now);
        if (spec.instruction_limit != 0) {
            budget = std::min(budget, spec.instruction_limit - now);
        }
        const Exit exit = engine->run(budget);
        if (const auto reason = handle(exit)) {
            return *reason;
        }
    }
    return AdvanceReason::Ended;
}

// nullopt: the engine is to run on.
std::optional<AdvanceReason> Session::Implementation::handle(const Exit& exit) {
    std::optional<AdvanceReason> reason;
    switch (exit.reason) {
        case ExitReason::Budget:
        case ExitReason::Stopped:
            break;
        case ExitReason::Idle:
            handle_idle();
            break;
        case ExitReason::ExceptionFromEl0:
        case ExitReason::ReturnToEl0:
            reason = handle_boundary(exit);
            break;
        case ExitReason::WatchedLoad:
            feed_tracer(exit);
            break;
        case ExitReason::Breakpoint:
            reason = handle_breakpoint(exit);
            break;
        case ExitReason::PowerOff:
            end(channel.is_done() ? "" : "the kernel powered off: " + channel.last_words());
            break;
        case ExitReason::Reset:
            end(channel.is_done() ? "" : "the kernel reset the machine: " + channel.last_words());
            break;
    }
    if (attention) {
        handle_attention();
    }
    if (sink.take_stop_wanted() && !reason) {
        reason = AdvanceReason::Stopped;
    }
    return ended ? AdvanceReason::Ended : reason;
}

std::optional<AdvanceReason> Session::Implementation::handle_boundary(const Exit& exit) {
    feed_tracer(exit);
    return boundary_stops == BoundaryStops::On ? std::optional{AdvanceReason::Boundary} : std::nullopt;
}

std::optional<AdvanceReason> Session::Implementation::handle_breakpoint(const Exit& exit) {
    feed_tracer(exit);
    const GuestVirt pc{engine->registers().pc};
    return std::ranges::find(breakpoints, pc) != breakpoints.end() ? std::optional{AdvanceReason::Breakpoint}
                                                                   : std::nullopt;
}

void Session::Implementation::feed_tracer(const Exit& exit) {
    if (!tracer) {
        return;
    }
    tracer->handle(exit);
    merge_breakpoints();
    if (!tracer->refusal().empty()) {
        end("this kernel cannot be traced: " + tracer->refusal());
    }
}

// The tracer gives the engine its own breakpoints only.
void Session::Implementation::merge_breakpoints() {
    const auto own = tracer->breakpoints();
    if (std::ranges::equal(own, tracer_breakpoints)) {
        return;
    }
    tracer_breakpoints.assign(own.begin(), own.end());
    std::vector<GuestVirt> all = breakpoints;
    all.insert(all.end(), own.begin(), own.end());
    engine->set_breakpoints(all);
}

void Session::Implementation::handle_attention() {
    attention = false;
    if (!channel.failure().empty()) {
        end(channel.failure());
    } else if (channel.is_done()) {
        end("");
    } else if (hooks.sink != nullptr && !tracer) {
        start_tracer();
    }
}

void Session::Implementation::start_tracer() {
    header.kernel = channel.kernel_name();
    tracer = std::make_unique<BoundaryTracer>(*engine, std::move(header), spec.guest_program, sink);
}

void Session::Implementation::handle_idle() {
    while (input && input->is_wanted()) {
        if (input->serve(time_left(), stop_requested) || stop_requested) {
            return;
        }
        if (time_left() == milliseconds{0}) {
            service();
            return;
        }
    }
    if (channel.program_started()) {
        end("every task of the guest sleeps for ever", Fault::Guest);
    } else {
        end("the kernel waits for ever: " + channel.last_words());
    }
}

milliseconds Session::Implementation::time_left() const {
    if (spec.timeout == milliseconds{0}) {
        return std::chrono::hours{1};
    }
    const auto left = spec.timeout - std::chrono::duration_cast<milliseconds>(Clock::now() - begun);
    return std::max(left, milliseconds{0});
}

void Session::Implementation::service() {
    next_service = engine->retired_instructions() + kServiceInterval;
    if (time_left() == milliseconds{0}) {
        end(fmt::format("time limit of {} ms reached", spec.timeout.count()));
        return;
    }
    if (input && input->is_open()) {
        input->serve(milliseconds{0}, stop_requested);
        throttle();
    }
}

// Waiting costs an emulated guest no time, so one that waits for a person would pass years at full speed:
// while input can come, its clock is held back to about ours. Not where its time is to jump: that would be
// waited for.
void Session::Implementation::throttle() {
    if (!channel.program_started() || spec.schedule_seed != 0) {
        return;
    }
    const std::chrono::nanoseconds lead = engine->guest_time() - (Clock::now() - begun);
    if (!guest_lead) {
        guest_lead = lead;
    }
    const auto ahead = std::chrono::duration_cast<milliseconds>(lead - *guest_lead - kThrottleSlack);
    if (ahead > milliseconds{0}) {
        input->serve(std::min(ahead, time_left()), stop_requested);
        next_service = engine->retired_instructions() + kThrottledInterval;
    }
}

void Session::Implementation::end_at_limit() {
    if (channel.program_started()) {
        end(fmt::format("the program did not end within {} instructions", spec.instruction_limit),
            Fault::Guest);
    } else {
        end(fmt::format("the kernel did not start the program within {} instructions: {}",
                        spec.instruction_limit, channel.last_words()));
    }
}

// `why` is empty where the run is over because init has said so.
void Session::Implementation::end(std::string why, Fault fault) {
    if (!ended) {
        ended = true;
        never_ends = fault == Fault::Guest;
        incomplete = std::move(why);
    }
}

}  // namespace levitate::vmm
