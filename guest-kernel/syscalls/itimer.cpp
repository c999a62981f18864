// getitimer, setitimer.
#include <linux/time.h>

#include "syscalls/handlers.hpp"
#include "task/process.hpp"
#include "task/task.hpp"
#include "time/clock.hpp"

namespace kernel {

namespace {

__kernel_old_itimerval to_user(std::int64_t rest, std::int64_t interval) {
    const auto to_timeval = [](std::int64_t nanoseconds) {
        const Timespec time = Timespec::from_nanoseconds(nanoseconds);
        return __kernel_old_timeval{.tv_sec = time.seconds, .tv_usec = time.nanoseconds / 1000};
    };
    return {.it_interval = to_timeval(interval), .it_value = to_timeval(rest)};
}

// What runs is never shown as 0.
__kernel_old_itimerval describe(const IntervalTimer& timer) {
    constexpr std::int64_t kLeast = 1000;
    return to_user(timer.is_running() ? std::max(Deadline::at(timer.expiry()).remaining(), kLeast) : 0,
                   timer.interval);
}

constexpr std::int64_t kTick = 4'000'000;  // at Debian's HZ=250: CPU time is looked at when the clock ticks

__kernel_old_itimerval describe(Process& process, const CpuIntervalTimer& timer) {
    const std::int64_t rest = timer.is_running() ? timer.expiry() - cpu_time_of(process, timer.clock()) : 0;
    return to_user(timer.is_running() && rest <= 0 ? kTick : rest, timer.interval);
}

Result<std::int64_t> from_timeval(const __kernel_old_timeval& time) {
    if (time.tv_sec < 0 || time.tv_usec < 0 || time.tv_usec >= 1'000'000) {
        return Errno(EINVAL);
    }
    return Timespec{.seconds = time.tv_sec, .nanoseconds = time.tv_usec * 1000}.to_nanoseconds();
}

CpuIntervalTimer& cpu_timer(Process& process, int which) {
    return which == ITIMER_VIRTUAL ? process.virtual_timer : process.profile_timer;
}

bool is_timer(int which) {
    return which == ITIMER_REAL || which == ITIMER_VIRTUAL || which == ITIMER_PROF;
}

__kernel_old_itimerval describe(Process& process, int which) {
    return which == ITIMER_REAL ? describe(process.real_timer) : describe(process, cpu_timer(process, which));
}

void start(Process& process, int which, std::int64_t first, std::int64_t interval) {
    if (which == ITIMER_REAL) {
        IntervalTimer& timer = process.real_timer;
        timer.stop();
        timer.interval = interval;
        if (first != 0) {
            timer.start(Deadline::after(first).monotonic());
        }
        return;
    }
    CpuIntervalTimer& timer = cpu_timer(process, which);
    timer.stop();
    timer.interval = interval;
    if (first != 0) {
        // A tick has begun already (Linux kernel/time/itimer.c, set_cpu_itimer).
        timer.start(process, cpu_time_of(process, timer.clock()) + first + kTick);
    }
}

}  // namespace

Result<long> sys_getitimer(Task& task, int which, UserOut<__kernel_old_itimerval> current) {
    if (!is_timer(which)) {
        return Errno(EINVAL);
    }
    TRY(current.write(describe(*task.process, which)));
    return 0;
}

Result<long> sys_setitimer(Task& task, int which, UserIn<__kernel_old_itimerval> value,
                           UserOut<__kernel_old_itimerval> old) {
    __kernel_old_itimerval next{};
    if (!value.is_null()) {
        next = TRY(value.read());
    }
    const std::int64_t first = TRY(from_timeval(next.it_value));
    const std::int64_t interval = TRY(from_timeval(next.it_interval));
    if (!is_timer(which)) {
        return Errno(EINVAL);
    }
    const __kernel_old_itimerval previous = describe(*task.process, which);
    start(*task.process, which, first, interval);
    if (!old.is_null()) {
        TRY(old.write(previous));
    }
    return 0;
}

}  // namespace kernel
