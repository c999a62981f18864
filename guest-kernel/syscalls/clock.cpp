// clock_gettime, clock_getres, clock_settime, gettimeofday, settimeofday.
#include "syscalls/clock.hpp"

#include <linux/time.h>

#include <optional>

#include "lib/faults.hpp"
#include "syscalls/handlers.hpp"
#include "task/table.hpp"
#include "task/task.hpp"
#include "time/clock.hpp"
#include "time/clock_setup.hpp"
#include "time/discipline.hpp"
#include "time/vdso_data.h"

namespace kernel {

bool is_alarm_clock(int clock) {
    return clock == CLOCK_REALTIME_ALARM || clock == CLOCK_BOOTTIME_ALARM;
}

// A clock id below 0 names the CPU time of a task: ~pid << 3, with 4 for a thread and the kind in the low
// bits (Linux include/linux/posix-timers.h).
Result<CpuClockTarget> cpu_clock_target(Task& task, int clock) {
    constexpr int kThread = 4;
    constexpr int kKindMask = 3;
    constexpr int kUser = 1;
    constexpr int kScheduled = 2;
    if (clock == CLOCK_PROCESS_CPUTIME_ID) {
        return CpuClockTarget{.clock = CpuClock::UserAndSystem, .process = task.process, .thread = nullptr};
    }
    if (clock == CLOCK_THREAD_CPUTIME_ID) {
        return CpuClockTarget{
            .clock = CpuClock::UserAndSystem, .process = task.process, .thread = Ref<Task>(&task)};
    }
    if (clock >= 0 || (clock & kKindMask) > kScheduled) {
        return Errno(EINVAL);
    }
    const int id = ~(clock >> 3);
    const bool is_thread = (clock & kThread) != 0;
    CpuClockTarget target{.clock = (clock & kKindMask) == kUser ? CpuClock::User : CpuClock::UserAndSystem,
                          .process = task.process,
                          .thread = is_thread ? Ref<Task>(&task) : Ref<Task>()};
    if (id == 0) {
        return target;
    }
    if (is_thread) {
        Result<Ref<Task>> found = find_task(id);
        if (found.is_error() || found.value()->process != task.process) {
            return Errno(EINVAL);
        }
        target.thread = found.release_value();
        return target;
    }
    Result<Ref<Process>> found = find_process(id);
    if (found.is_error()) {
        return Errno(EINVAL);
    }
    target.process = found.release_value();
    return target;
}

namespace {

Result<std::int64_t> cpu_time(Task& task, int clock) {
    const CpuClockTarget target = TRY(cpu_clock_target(task, clock));
    return target.thread ? cpu_time_of(*target.thread, target.clock)
                         : cpu_time_of(*target.process, target.clock);
}

}  // namespace

Result<std::int64_t> read_clock(Task& task, int clock) {
    const std::int64_t now = monotonic_now();
    switch (clock) {
        case CLOCK_REALTIME:
        case CLOCK_REALTIME_ALARM:
            return realtime_now();
        case CLOCK_TAI:
            return realtime_now() + clock_discipline().tai_offset * kNanosecondsPerSecond;
        case CLOCK_REALTIME_COARSE:
            return coarse_realtime_now();
        case CLOCK_MONOTONIC:
        case CLOCK_MONOTONIC_RAW:
        case CLOCK_BOOTTIME:
        case CLOCK_BOOTTIME_ALARM:
            return now;
        case CLOCK_MONOTONIC_COARSE:
            return coarse_monotonic_now();
        default:
            return cpu_time(task, clock);
    }
}

Result<long> sys_clock_gettime(Task& task, int clock, UserOut<__kernel_timespec> time) {
    std::int64_t now = TRY(read_clock(task, clock));
    if (FAULT(clock_zero)) {
        now = 0;
    } else if (FAULT(clock_backward)) {
        now = INT64_MAX - now;
    }
    TRY(time.write(Timespec::from_nanoseconds(now).to_user()));
    return 0;
}

Result<long> sys_clock_getres(Task& task, int clock, UserOut<__kernel_timespec> resolution) {
    TRY(read_clock(task, clock));
    // CPU time by its clock id is counted in ticks, but for the scheduler's own (Linux
    // posix_cpu_clock_getres).
    constexpr int kKindMask = 3;
    constexpr int kScheduled = 2;
    const bool is_coarse = clock == CLOCK_REALTIME_COARSE || clock == CLOCK_MONOTONIC_COARSE ||
                           (clock < 0 && (clock & kKindMask) != kScheduled);
    if (!resolution.is_null()) {
        TRY(resolution.write(Timespec::from_nanoseconds(is_coarse ? kCoarseResolution : 1).to_user()));
    }
    return 0;
}

namespace {

// Linux kernel/time/time.c, do_sys_settimeofday64. Never before what CLOCK_MONOTONIC shows, and not so late
// that the clock could run over.
Result<void> check_new_time(Task& task, const std::optional<Timespec>& time) {
    constexpr std::int64_t kYear = std::int64_t{365} * 24 * 3600;
    constexpr std::int64_t kEnd = INT64_MAX / kNanosecondsPerSecond - 30 * kYear;  // TIME_SETTOD_SEC_MAX
    if (time.has_value() && (!time->is_valid() || time->seconds >= kEnd)) {
        return Errno(EINVAL);
    }
    return task.credentials.has(CAP_SYS_TIME) ? Result<void>() : Result<void>(Errno(EPERM));
}

Result<void> change_time(const Timespec& time) {
    if (time.to_nanoseconds() < monotonic_now()) {
        return Errno(EINVAL);
    }
    set_realtime(time.to_nanoseconds());
    clock_discipline().forget_exactness();
    return {};
}

}  // namespace

Result<long> sys_clock_settime(Task& task, int clock, UserIn<__kernel_timespec> time) {
    if (clock < 0) {
        TRY(time.read());
        TRY(cpu_clock_target(task, clock));
        return Errno(EPERM);  // CPU time is not to be set
    }
    if (clock != CLOCK_REALTIME) {
        return Errno(EINVAL);
    }
    const Timespec value = Timespec::from_user(TRY(time.read()));
    TRY(check_new_time(task, value));
    TRY(change_time(value));
    return 0;
}

Result<long> sys_gettimeofday(Task&, UserOut<__kernel_old_timeval> time, UserOut<struct timezone> zone) {
    if (!time.is_null()) {
        const Timespec now = Timespec::from_nanoseconds(realtime_now());
        TRY(time.write({.tv_sec = now.seconds, .tv_usec = now.nanoseconds / 1000}));
    }
    if (!zone.is_null()) {
        const VdsoData& data = vdso_data();
        TRY(zone.write({.tz_minuteswest = data.minutes_west, .tz_dsttime = data.daylight_saving}));
    }
    return 0;
}

Result<long> sys_settimeofday(Task& task, UserIn<__kernel_old_timeval> time, UserIn<struct timezone> zone) {
    std::optional<Timespec> value;
    if (!time.is_null()) {
        const __kernel_old_timeval given = TRY(time.read());
        if (given.tv_usec < 0 || given.tv_usec >= 1'000'000) {
            return Errno(EINVAL);
        }
        value = Timespec{.seconds = given.tv_sec, .nanoseconds = given.tv_usec * 1000};
    }
    std::optional<struct timezone> place;
    if (!zone.is_null()) {
        place = TRY(zone.read());
    }
    TRY(check_new_time(task, value));
    if (place.has_value()) {
        constexpr int kFarthest = 15 * 60;
        if (place->tz_minuteswest > kFarthest || place->tz_minuteswest < -kFarthest) {
            return Errno(EINVAL);
        }
        set_time_zone(place->tz_minuteswest, place->tz_dsttime, !value.has_value());
    }
    if (value.has_value()) {
        TRY(change_time(*value));
    }
    return 0;
}

}  // namespace kernel
