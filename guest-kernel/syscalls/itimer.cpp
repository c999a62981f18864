// getitimer, setitimer.
#include <linux/time.h>

#include "syscalls/handlers.hpp"
#include "task/process.hpp"
#include "task/task.hpp"
#include "time/clock.hpp"

namespace kernel {

namespace {

__kernel_old_itimerval describe(const IntervalTimer& timer) {
    const auto to_timeval = [](std::int64_t nanoseconds) {
        const Timespec time = Timespec::from_nanoseconds(nanoseconds);
        return __kernel_old_timeval{.tv_sec = time.seconds, .tv_usec = time.nanoseconds / 1000};
    };
    std::int64_t rest = 0;
    if (timer.is_running()) {
        rest = Deadline::at(timer.expiry()).remaining();
        rest = rest < 1000 ? 1000 : rest;  // running: never shown as 0
    }
    return {.it_interval = to_timeval(timer.interval), .it_value = to_timeval(rest)};
}

Result<std::int64_t> from_timeval(const __kernel_old_timeval& time) {
    if (time.tv_sec < 0 || time.tv_usec < 0 || time.tv_usec >= 1'000'000) {
        return Errno(EINVAL);
    }
    return Timespec{.seconds = time.tv_sec, .nanoseconds = time.tv_usec * 1000}.to_nanoseconds();
}

}  // namespace

Result<long> sys_getitimer(Task& task, int which, UserOut<__kernel_old_itimerval> current) {
    if (which != ITIMER_REAL && which != ITIMER_VIRTUAL && which != ITIMER_PROF) {
        return Errno(EINVAL);
    }
    TRY(current.write(which == ITIMER_REAL ? describe(task.process->real_timer) : __kernel_old_itimerval{}));
    return 0;
}

Result<long> sys_setitimer(Task& task, int which, UserIn<__kernel_old_itimerval> value,
                           UserOut<__kernel_old_itimerval> old) {
    if (which != ITIMER_REAL) {
        return Errno(EINVAL);
    }
    __kernel_old_itimerval next{};
    if (!value.is_null()) {
        next = TRY(value.read());
    }
    const std::int64_t first = TRY(from_timeval(next.it_value));
    const std::int64_t interval = TRY(from_timeval(next.it_interval));
    IntervalTimer& timer = task.process->real_timer;
    const __kernel_old_itimerval previous = describe(timer);
    timer.stop();
    timer.interval = interval;
    if (first != 0) {
        timer.start(Deadline::after(first).monotonic());
    }
    if (!old.is_null()) {
        TRY(old.write(previous));
    }
    return 0;
}

}  // namespace kernel
