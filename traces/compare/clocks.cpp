#include "traces/compare/clocks.hpp"

#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>
#include <span>

#include "traces/abi/constants.hpp"
#include "traces/abi/layouts.hpp"
#include "traces/abi/syscalls.hpp"

namespace levitate::traces::detail {
namespace {

using abi::constant;

// A clock, and of clocks that count a task's or a process' time, whose.
struct Clock {
    std::int64_t id = 0;
    std::uint32_t owner = 0;
    auto operator<=>(const Clock&) const = default;
};

struct Reading {
    std::int64_t clock = 0;
    std::int64_t seconds = 0;
    std::int64_t nanoseconds = 0;
    std::int64_t unit = 1;  // nanoseconds; the rest of the time has been cut off
};

std::optional<Reading> reading_of(const abi::SyscallRow& row, std::span<const std::uint64_t> arguments,
                                  std::span<const Payload> payloads) {
    Reading reading{.clock = constant("CLOCK_REALTIME")};
    const Payload* time = nullptr;
    std::string_view type;
    for (std::size_t i = 0; i < std::min(row.argument_count, arguments.size()); ++i) {
        const abi::Argument& argument = row.arguments()[i];
        if (argument.kind == abi::ArgumentKind::Clock) {
            reading.clock = static_cast<std::int32_t>(arguments[i]);
        }
        const auto found = std::ranges::find_if(payloads, [&](const Payload& payload) {
            return payload.argument == i && payload.direction == Direction::Out;
        });
        if (argument.variation == abi::Variation::ClockReading && found != payloads.end()) {
            time = &*found;
            type = argument.type;
        }
    }
    const abi::Struct* layout = abi::find_struct(type);
    if (time == nullptr || layout == nullptr) {
        return std::nullopt;
    }
    for (const abi::Field& field : layout->fields) {
        const auto value = static_cast<std::int64_t>(abi::read_field(time->bytes, field).value_or(0));
        if (abi::is_nanoseconds(field)) {
            reading.nanoseconds = value;
        } else if (abi::is_microseconds(field)) {
            reading.unit = 1000;
            reading.nanoseconds = value * reading.unit;
        } else {
            reading.seconds = value;
        }
    }
    return reading;
}

std::optional<Reading> reading_of(const Event& event) {
    if (const SyscallEvent* call = call_of(event)) {
        const abi::SyscallRow* row = row_of(*call);
        return row != nullptr ? reading_of(*row, call->arguments, call->payloads) : std::nullopt;
    }
    if (const auto* call = std::get_if<VdsoCallEvent>(&event.body)) {
        const abi::SyscallRow* row = abi::find_vdso_function(call->symbol);
        return row != nullptr ? reading_of(*row, call->arguments, call->payloads) : std::nullopt;
    }
    return std::nullopt;
}

Clock clock_of(const Reading& reading, const TaskView& task) {
    switch (reading.clock) {
        case constant("CLOCK_PROCESS_CPUTIME_ID"):
            return {reading.clock, task.process};
        case constant("CLOCK_THREAD_CPUTIME_ID"):
            return {reading.clock, static_cast<std::uint32_t>(task.number)};
        default:
            return {reading.clock, 0};
    }
}

// The latest readings of one clock by the order in which they were done.
class History {
  public:
    using Time = std::pair<std::int64_t, std::int64_t>;

    bool is_backward(Time time, std::uint64_t begun) const {
        const auto later = std::ranges::lower_bound(latest_, begun, {}, &Done::order);
        return later != latest_.begin() && time < std::prev(later)->time;
    }

    void add(Time time, std::uint64_t order) {
        if (latest_.empty() || latest_.back().time < time) {
            latest_.push_back({order, time});
        }
    }

  private:
    struct Done {
        std::uint64_t order = 0;
        Time time;
    };
    std::vector<Done> latest_;  // both grow
};

std::string name_of(std::int64_t clock) {
    const auto name = abi::find_name("clocks", clock);
    return name ? std::string(*name) : "clock " + std::to_string(clock);
}

}  // namespace

std::vector<BackwardReading> backward_readings(const TraceIndex& index) {
    std::map<Clock, History> histories;
    std::map<TaskNumber, std::uint64_t> done;  // the order of each task's event before
    std::vector<BackwardReading> backward;
    for (const std::size_t at : index.by_order()) {
        const Event& event = index.trace().events[at];
        const std::uint64_t begun = done[event.task];
        done[event.task] = event.order + 1;
        const auto reading = reading_of(event);
        // Clocks of other processes have numbers below zero.
        if (!reading || reading->clock < 0) {
            continue;
        }
        History& history = histories[clock_of(*reading, *index.task(event.task))];
        const History::Time time{reading->seconds, reading->nanoseconds};
        const History::Time latest{reading->seconds, reading->nanoseconds + reading->unit - 1};
        if (history.is_backward(latest, begun)) {
            backward.push_back({at, name_of(reading->clock)});
        }
        history.add(time, event.order);
    }
    return backward;
}

}  // namespace levitate::traces::detail
