// Clocks from the CPU's counter; timers.
#include "time/clock.hpp"

#include <linux/timex.h>
#include "arch/include/machine.hpp"
#include "lib/faults.hpp"
#include "time/clock_setup.hpp"
#include "time/discipline.hpp"

#include "time/timer_queue.hpp"
#include "time/vdso_data.h"

namespace kernel {

namespace {

__extension__ using Wide = unsigned __int128;

constinit std::uint64_t boot_counter = 0;
constinit std::uint64_t multiplier = 0;  // ns a tick, 32 binary places
constinit std::uint64_t frequency = 0;
constinit std::int64_t realtime_offset = 0;
constinit std::int64_t last_set = 0;  // of CLOCK_MONOTONIC

constexpr unsigned kFractionBits = 32;

void publish() {
    VdsoData& data = vdso_data();
    data.sequence = data.sequence + 1;
    data.counter_base = boot_counter;
    data.multiplier = FAULT(vdso_clock_zero) ? 0 : multiplier;
    data.realtime_offset = FAULT(vdso_clock_zero) ? 0 : realtime_offset;
    data.last_set = last_set;
    data.sequence = data.sequence + 1;
}

}  // namespace

void set_up_clock(std::int64_t realtime) {
    boot_counter = arch::counter();
    frequency = arch::counter_frequency();
    multiplier = (static_cast<std::uint64_t>(kNanosecondsPerSecond) << kFractionBits) / frequency;
    realtime_offset = realtime;
    publish();
}

List<RealtimeListener>& realtime_listeners() {
    static List<RealtimeListener> listeners;
    return listeners;
}

void set_realtime(std::int64_t realtime) {
    last_set = monotonic_now();
    realtime_offset = realtime - last_set;
    publish();
    ClockTimer::realtime_was_set();
    for (RealtimeListener& listener : realtime_listeners()) {
        listener.realtime_was_set();
    }
}

void set_time_zone(int minutes_west, int daylight_saving, bool comes_alone) {
    static constinit bool is_first = true;
    vdso_data().minutes_west = minutes_west;
    vdso_data().daylight_saving = daylight_saving;
    if (std::exchange(is_first, false) && comes_alone) {
        set_realtime(realtime_now() + std::int64_t{minutes_west} * 60 * kNanosecondsPerSecond);
    }
}

std::int64_t monotonic_now() {
    return static_cast<std::int64_t>(Wide{arch::counter() - boot_counter} * multiplier >> kFractionBits);
}

std::int64_t realtime_now() {
    return monotonic_to_realtime(monotonic_now());
}

std::int64_t coarse_monotonic_now() {
    const std::int64_t now = monotonic_now();
    return std::max(now - now % kCoarseResolution, last_set);
}

std::int64_t coarse_realtime_now() {
    return monotonic_to_realtime(coarse_monotonic_now());
}

std::int64_t monotonic_to_realtime(std::int64_t monotonic) {
    return realtime_offset + monotonic;
}

std::int64_t realtime_to_monotonic(std::int64_t realtime) {
    std::int64_t monotonic = 0;
    return __builtin_sub_overflow(realtime, realtime_offset, &monotonic) ? INT64_MAX : monotonic;
}

std::uint64_t counter_at(std::int64_t monotonic) {
    if (monotonic == INT64_MAX) {
        return UINT64_MAX;
    }
    if (monotonic <= 0) {
        return boot_counter;
    }
    // Two ticks later than exact: never before the clock, whose multiplier is rounded down, shows the time.
    const auto seconds = static_cast<std::uint64_t>(monotonic / kNanosecondsPerSecond);
    const auto rest = static_cast<std::uint64_t>(monotonic % kNanosecondsPerSecond);
    return boot_counter + seconds * frequency +
           rest * frequency / static_cast<std::uint64_t>(kNanosecondsPerSecond) + 2;
}

Deadline Deadline::after(std::int64_t nanoseconds) {
    std::int64_t end = 0;
    return at(__builtin_add_overflow(monotonic_now(), nanoseconds, &end) ? INT64_MAX : end);
}

std::int64_t Deadline::remaining() const {
    const std::int64_t rest = monotonic_ - monotonic_now();
    return rest > 0 ? rest : 0;
}

// The status begins as "not synchronised", which no static initialiser of the struct should know of.
ClockDiscipline& clock_discipline() {
    static ClockDiscipline discipline{.status = STA_UNSYNC};
    return discipline;
}

void ClockDiscipline::forget_exactness() {
    single_shot = 0;
    offset = 0;
    status |= STA_UNSYNC;
    maximum_error = kMaximumError;
    estimated_error = kMaximumError;
}

TimerQueue& timer_queue() {
    static TimerQueue queue;
    return queue;
}

void Timer::start(std::int64_t monotonic) {
    timer_queue().add(*this, monotonic);
}

std::int64_t forward_expiry(std::int64_t& expiry, std::int64_t now, std::int64_t interval) {
    if (now < expiry) {
        return 0;
    }
    const std::int64_t passed = (now - expiry) / interval + 1;
    if (__builtin_add_overflow(expiry, passed * interval, &expiry)) {
        expiry = INT64_MAX;
    }
    return passed;
}

namespace {

List<ClockTimer, OnSettableClock>& realtime_timers() {
    static List<ClockTimer, OnSettableClock> timers;
    return timers;
}

}  // namespace

void ClockTimer::start_on(Base base, std::int64_t time) {
    stop_on_clock();
    if (base == Base::Monotonic) {
        start(time);
        return;
    }
    realtime_ = time;
    realtime_timers().push_back(*this);
    start(realtime_to_monotonic(time));
}

void ClockTimer::stop_on_clock() {
    List<ClockTimer, OnSettableClock>::remove(*this);
    stop();
}

std::int64_t ClockTimer::now_on(Base base) {
    return base == Base::Realtime ? realtime_now() : monotonic_now();
}

void ClockTimer::realtime_was_set() {
    for (ClockTimer& timer : realtime_timers()) {
        if (timer.is_running()) {
            timer.start(realtime_to_monotonic(timer.realtime_));
        }
    }
}

void TimerQueue::add(Timer& timer, std::int64_t monotonic) {
    timer.unlink();
    timer.expiry_ = monotonic;
    for (Timer& later : timers_) {
        if (later.expiry_ > monotonic) {
            List<Timer>::insert_before(later, timer);
            return;
        }
    }
    timers_.push_back(timer);
}

std::int64_t TimerQueue::next_expiry() {
    return timers_.is_empty() ? INT64_MAX : timers_.front().expiry_;
}

void TimerQueue::expire(std::int64_t now) {
    while (!timers_.is_empty() && timers_.front().expiry_ <= now) {
        Timer& timer = timers_.front();
        if (FAULT(vdso_clock_restarts)) {
            vdso_data().counter_base = arch::counter();
        }
        timer.unlink();
        timer.expire();
    }
}

}  // namespace kernel
