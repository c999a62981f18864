#include "traces/compare/clocks.hpp"

#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>
#include <span>

#include "traces/abi/constants.hpp"
#include "traces/abi/layouts.hpp"
#include "traces/abi/syscalls.hpp"
#include "traces/compare/contents.hpp"
#include "traces/compare/domain.hpp"
#include "traces/compare/fields.hpp"

namespace levitate::traces::detail {
namespace {

using abi::constant;

// The rate of a clock may be set and its ticks are rounded (man 2 adjtimex): a thousandth is allowed, and a
// little on top.
constexpr Nanoseconds kDrift = 1000;
constexpr Nanoseconds kSlack = 10'000;
// The result of times counts the ticks of a clock that has no number, so it gets this one.
constexpr std::int64_t kTicksOfTimes = INT64_MAX;

// A clock and, if it counts the time of a task or a process, whose time that is.
struct Clock {
    std::int64_t id = 0;
    std::uint32_t owner = 0;
    auto operator<=>(const Clock&) const = default;
};

struct ClockReading {
    std::int64_t clock = 0;
    Nanoseconds time = 0;
    Nanoseconds cut_off = 0;  // the clock may have been later by as much
};

// When an event took place: its clock was read, or its wait ended, between the two.
struct Window {
    std::uint64_t order = 0;  // what was done before this was over when the event began
    Nanoseconds begin = 0;
    Nanoseconds end = 0;
};

// The time in a struct of seconds and a fraction, and the precision that is cut off.
std::optional<ClockReading> time_in(std::string_view type, std::span<const std::byte> bytes) {
    const abi::Struct* layout = abi::find_struct(type);
    if (layout == nullptr) {
        return std::nullopt;
    }
    const bool microseconds = std::ranges::any_of(layout->fields, &abi::is_microseconds);
    return ClockReading{.time = nanoseconds_in(*layout, bytes), .cut_off = microseconds ? 999 : 0};
}

// The clock that the call's clock argument names, or else CLOCK_MONOTONIC or CLOCK_REALTIME, whichever its
// flags say.
std::int64_t clock_argument(const abi::SyscallRow& row, std::span<const std::uint64_t> arguments,
                            std::int64_t otherwise) {
    for (std::size_t i = 0; i < row.argument_count; ++i) {
        const abi::Argument& argument = row.arguments()[i];
        if (argument.kind == abi::ArgumentKind::Clock) {
            return static_cast<std::int32_t>(arguments[i]);
        }
        if (argument.type == "futex_op" &&
            (arguments[i] & static_cast<std::uint64_t>(constant("FUTEX_CLOCK_REALTIME"))) != 0) {
            return constant("CLOCK_REALTIME");
        }
    }
    return otherwise;
}

std::optional<ClockReading> reading_of(const abi::SyscallRow& row, std::span<const std::uint64_t> arguments,
                                       std::span<const Payload> payloads) {
    for (std::size_t i = 0; i < row.argument_count; ++i) {
        const abi::Argument& argument = row.arguments()[i];
        const Payload* time = find_payload(payloads, static_cast<unsigned>(i), Direction::Out);
        if (argument.variation == abi::Variation::ClockReading && time != nullptr) {
            auto reading = time_in(argument.type, time->bytes);
            if (reading) {
                reading->clock = clock_argument(row, arguments, constant("CLOCK_REALTIME"));
            }
            return reading;
        }
    }
    return std::nullopt;
}

std::optional<ClockReading> reading_of(const Event& event) {
    if (const SyscallEvent* call = call_of(event)) {
        const abi::SyscallRow* row = row_of(*call);
        if (row != nullptr && row->result == abi::ResultKind::Time && call->result &&
            !abi::is_error(*call->result)) {
            return ClockReading{.clock = kTicksOfTimes, .time = *call->result};
        }
        return row != nullptr ? reading_of(*row, call->arguments, call->payloads) : std::nullopt;
    }
    if (const auto* call = std::get_if<VdsoCallEvent>(&event.body)) {
        const abi::SyscallRow* row = abi::find_vdso_function(call->symbol);
        return row != nullptr ? reading_of(*row, call->arguments, call->payloads) : std::nullopt;
    }
    return std::nullopt;
}

// Whether the clock goes on whatever programs do, and shows more than the last tick.
bool is_wall_clock(std::int64_t clock) {
    constexpr std::int64_t kWallClocks[] = {constant("CLOCK_REALTIME"), constant("CLOCK_MONOTONIC"),
                                            constant("CLOCK_MONOTONIC_RAW"), constant("CLOCK_BOOTTIME"),
                                            constant("CLOCK_TAI")};
    return std::ranges::find(kWallClocks, clock) != std::end(kWallClocks);
}

// What a call that has given up was to wait for: a time on a clock, or a duration.
struct TimedOut {
    std::int64_t clock = 0;
    Nanoseconds time = 0;
    bool is_duration = false;
};

std::optional<TimedOut> timed_out(const SyscallEvent& call) {
    const abi::SyscallRow* row = row_of(call);
    const std::int64_t gave_up =
        row != nullptr && row->kind == abi::CallKind::Wait ? -abi::error_number("ETIMEDOUT") : 0;
    if (row == nullptr || call.restarted || call.result != gave_up) {
        return std::nullopt;
    }
    bool absolute = false;
    for (std::size_t i = 0; i < row->argument_count; ++i) {
        const abi::Argument& argument = row->arguments()[i];
        const auto flags = argument.type == "timer_flags" ? call.arguments[i] : 0;
        absolute = absolute || (flags & static_cast<std::uint64_t>(constant("TIMER_ABSTIME"))) != 0;
        const Payload* time = find_payload(call.payloads, static_cast<unsigned>(i), Direction::In);
        if (argument.timeout == abi::Timeout::None || time == nullptr) {
            continue;
        }
        const auto wanted = time_in(argument.type, time->bytes);
        const std::int64_t clock = clock_argument(*row, call.arguments, constant("CLOCK_MONOTONIC"));
        if (wanted && is_wall_clock(clock)) {
            return TimedOut{.clock = clock,
                            .time = wanted->time,
                            .is_duration = argument.timeout == abi::Timeout::Duration && !absolute};
        }
    }
    return std::nullopt;
}

// Whether `event` is a function of the vDSO that has made `call`, because it cannot answer by itself. What it
// says was read in that call then.
bool is_made_by(const Event& event, const Event& call) {
    const auto* function = std::get_if<VdsoCallEvent>(&event.body);
    const SyscallEvent* inner = call_of(call);
    const abi::SyscallRow* row = function != nullptr ? abi::find_vdso_function(function->symbol) : nullptr;
    return row != nullptr && inner != nullptr && inner->number == row->number &&
           std::ranges::equal(function->arguments,
                              std::span(inner->arguments).first(function->arguments.size()));
}

Clock clock_of(const ClockReading& reading, const TaskView& task) {
    switch (reading.clock) {
        case constant("CLOCK_PROCESS_CPUTIME_ID"):
            return {reading.clock, task.process};
        case constant("CLOCK_THREAD_CPUTIME_ID"):
            return {reading.clock, static_cast<std::uint32_t>(task.number)};
        default:
            return {reading.clock, 0};
    }
}

// The latest readings of one clock, in the order in which they were completed.
class History {
  public:
    bool is_backward(const ClockReading& reading, std::uint64_t begun) const {
        const auto later = std::ranges::lower_bound(latest_, begun, {}, &Done::order);
        return later != latest_.begin() && reading.time + reading.cut_off < std::prev(later)->time;
    }

    void add(const ClockReading& reading, std::uint64_t order) {
        if (latest_.empty() || latest_.back().time < reading.time) {
            latest_.push_back({order, reading.time});
        }
    }

  private:
    struct Done {
        std::uint64_t order = 0;
        Nanoseconds time = 0;
    };
    std::vector<Done> latest_;  // order and time both increase
};

// Whether the clock counts the time of one task, so that it goes no faster than the guest's time.
bool is_clock_of_a_task(std::int64_t clock, const EventNote& note) {
    return clock == constant("CLOCK_THREAD_CPUTIME_ID") ||
           (clock == constant("CLOCK_PROCESS_CPUTIME_ID") && !note.threaded);
}

// How far a clock is ahead of the guest's time, as narrowly as its readings tell.
class Lead {
  public:
    // False: a clock that goes with the guest's time could not say this there. One that `may_stand` may also
    // fall behind.
    bool fits(const ClockReading& reading, const Window& window, bool may_stand) {
        const Nanoseconds least = reading.time - window.end;
        const Nanoseconds most = reading.time + reading.cut_off - window.begin;
        const Nanoseconds drift = drift_until(window.end);
        const bool fitting =
            !known_ || (least <= most_ + drift + kSlack && (may_stand || most >= least_ - drift - kSlack));
        const bool goes_on = known_ && fitting;
        least_ = goes_on ? std::max(least_ - drift, least) : least;
        most_ = goes_on ? std::min(most_ + drift, most) : most;
        read_ = window.begin;
        known_ = true;
        return fitting;
    }

    // Whether the clock may have shown `time` when the guest's time was `guest`.
    bool may_have_reached(Nanoseconds time, Nanoseconds guest) const {
        return !known_ || time <= guest + most_ + drift_until(guest) + kSlack;
    }

  private:
    Nanoseconds drift_until(Nanoseconds guest) const { return (guest - read_) / kDrift; }

    bool known_ = false;
    Nanoseconds read_ = 0;   // the guest's time then
    Nanoseconds least_ = 0;  // of the lead
    Nanoseconds most_ = 0;
};

std::string name_of(std::int64_t clock) {
    if (clock == kTicksOfTimes) {
        return "what times returns";
    }
    const auto name = abi::find_name("clocks", clock);
    return name ? std::string(*name) : "clock " + std::to_string(clock);
}

class ClockWatch {
  public:
    explicit ClockWatch(const TraceIndex& index) : index_(index) {}

    std::vector<ClockProblem> run() {
        for (const std::size_t at : index_.by_order()) {
            const Event& event = index_.trace().events[at];
            const SyscallEvent* call = call_of(event);
            const Window window = window_of(event);
            last_[event.task] = {&event, window};
            if (const auto reading = reading_of(event); reading && reading->clock >= 0) {
                judge(at, *reading, window);
            }
            if (call != nullptr && event.time != 0) {
                judge_wait(at, *call, window);
            }
        }
        return std::move(problems_);
    }

  private:
    struct Last {
        const Event* event = nullptr;
        Window window;
    };

    Window window_of(const Event& event) const {
        Window window{.end = static_cast<Nanoseconds>(event.time)};
        const auto before = last_.find(event.task);
        if (before != last_.end() && is_made_by(event, *before->second.event)) {
            window.order = before->second.window.order;
            window.begin = before->second.window.begin;
        } else if (before != last_.end()) {
            window.order = before->second.event->order + 1;
            window.begin = static_cast<Nanoseconds>(before->second.event->time);
        }
        if (const SyscallEvent* call = call_of(event); call != nullptr && event.time != 0) {
            window.begin = static_cast<Nanoseconds>(call->entry_time);
        }
        return window;
    }

    // Clocks of other processes have negative numbers, and are not judged.
    void judge(std::size_t at, const ClockReading& reading, const Window& window) {
        const Event& event = index_.trace().events[at];
        const Clock clock = clock_of(reading, *index_.task(event.task));
        History& history = histories_[clock];
        const bool backward = history.is_backward(reading, window.order);
        history.add(reading, event.order);
        const bool of_task = is_clock_of_a_task(reading.clock, index_.note(at));
        // In a trace without recorded times, all of them are 0.
        const bool fits = event.time == 0 || (!of_task && !is_wall_clock(reading.clock)) ||
                          leads_[clock].fits(reading, window, of_task);
        if (backward) {
            report(at, DivergenceKind::Data, name_of(reading.clock) + " runs backwards");
        } else if (!fits) {
            report(at, DivergenceKind::Data, name_of(reading.clock) + " does not keep time");
        }
    }

    void judge_wait(std::size_t at, const SyscallEvent& call, const Window& window) {
        const auto wait = timed_out(call);
        if (!wait) {
            return;
        }
        const Nanoseconds passed = window.end - window.begin;
        const bool over = wait->is_duration ? wait->time <= passed + passed / kDrift + kSlack
                                            : leads_[{wait->clock}].may_have_reached(wait->time, window.end);
        if (!over) {
            report(at, DivergenceKind::Result,
                   describe(index_.trace().events[at]) + " gives up before its time");
        }
    }

    void report(std::size_t event, DivergenceKind kind, std::string text) {
        problems_.push_back({event, kind, std::move(text)});
    }

    const TraceIndex& index_;
    std::map<TaskNumber, Last> last_;  // each task's previous event
    std::map<Clock, History> histories_;
    std::map<Clock, Lead> leads_;
    std::vector<ClockProblem> problems_;
};

}  // namespace

std::vector<ClockProblem> clock_problems(const TraceIndex& index) {
    return ClockWatch(index).run();
}

}  // namespace levitate::traces::detail
