// clock_gettime, clock_getres, clock_settime, gettimeofday, settimeofday.
#include "syscalls/clock.hpp"

#include <optional>

#include <linux/time.h>

#include "lib/faults.hpp"
#include "syscalls/handlers.hpp"
#include "task/table.hpp"
#include "task/task.hpp"
#include "time/clock.hpp"
#include "time/clock_setup.hpp"
#include "time/vdso_data.h"

namespace kernel {

namespace {

// A clock id below 0 names the CPU time of a task: ~pid << 3, with 4 for a thread and the kind in the low
// bits (Linux include/linux/posix-timers.h).
struct CpuClock {
    int pid;
    bool is_thread;
    bool counts_ticks;  // user time alone, or user and system time: known by ticks
};

std::optional<CpuClock> decode_cpu_clock(int clock) {
    constexpr int kThread = 4;
    constexpr int kKindMask = 3;
    constexpr int kScheduled = 2;
    if (clock >= 0) {
        if (clock == CLOCK_PROCESS_CPUTIME_ID || clock == CLOCK_THREAD_CPUTIME_ID) {
            return CpuClock{.pid = 0, .is_thread = clock == CLOCK_THREAD_CPUTIME_ID, .counts_ticks = false};
        }
        return std::nullopt;
    }
    if ((clock & kKindMask) > kScheduled) {
        return std::nullopt;
    }
    return CpuClock{.pid = ~(clock >> 3),
                    .is_thread = (clock & kThread) != 0,
                    .counts_ticks = (clock & kKindMask) != kScheduled};
}

Result<std::int64_t> cpu_time(Task& task, const CpuClock& clock) {
    const Ref<Task> target = clock.pid == 0 ? Ref<Task>(&task) : [&] {
        Result<Ref<Task>> found = find_task(clock.pid);
        return found.is_error() ? Ref<Task>() : found.release_value();
    }();
    if (!target || (clock.is_thread && target->process != task.process)) {
        return Errno(EINVAL);
    }
    // The caller's time since it entered the kernel counts too.
    const std::int64_t running = monotonic_now() - task.last_accounted;
    const bool includes_caller = clock.is_thread ? target.get() == &task : target->process == task.process;
    const CpuTimes times = clock.is_thread ? task_usage(*target).times : target->process->usage().times;
    return times.user + times.system + (includes_caller ? running : 0);
}

}  // namespace

Result<std::int64_t> read_clock(Task& task, int clock) {
    const std::int64_t now = monotonic_now();
    switch (clock) {
        case CLOCK_REALTIME:
        case CLOCK_TAI:
        case CLOCK_REALTIME_ALARM:
            return realtime_now();
        case CLOCK_REALTIME_COARSE:
            return coarse_realtime_now();
        case CLOCK_MONOTONIC:
        case CLOCK_MONOTONIC_RAW:
        case CLOCK_BOOTTIME:
        case CLOCK_BOOTTIME_ALARM:
            return now;
        case CLOCK_MONOTONIC_COARSE:
            return coarse_monotonic_now();
        default: {
            const std::optional<CpuClock> cpu = decode_cpu_clock(clock);
            if (!cpu.has_value()) {
                return Errno(EINVAL);
            }
            return cpu_time(task, *cpu);
        }
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
    const std::optional<CpuClock> cpu = decode_cpu_clock(clock);
    const bool is_coarse = clock == CLOCK_REALTIME_COARSE || clock == CLOCK_MONOTONIC_COARSE ||
                           (cpu.has_value() && cpu->counts_ticks);
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
    return {};
}

}  // namespace

Result<long> sys_clock_settime(Task& task, int clock, UserIn<__kernel_timespec> time) {
    if (clock < 0) {
        TRY(time.read());
        TRY(read_clock(task, clock));
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
