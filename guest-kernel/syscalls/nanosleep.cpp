// nanosleep, clock_nanosleep.
#include "syscalls/nanosleep.hpp"

#include <linux/time.h>

#include "lib/faults.hpp"
#include "syscalls/clock.hpp"
#include "syscalls/handlers.hpp"
#include "task/task.hpp"
#include "task/wait_queue.hpp"
#include "time/clock.hpp"
#include "time/clock_setup.hpp"

namespace kernel {

namespace {

bool can_sleep_on(int clock) {
    return clock == CLOCK_REALTIME || clock == CLOCK_MONOTONIC || clock == CLOCK_BOOTTIME ||
           clock == CLOCK_TAI;
}

// Relative sleeps report how much is left, and continue by restart_syscall; absolute ones are called again.
Result<long> sleep_relative(Task& task, std::int64_t deadline, UserOut<__kernel_timespec> remain) {
    for (;;) {
        const Result<void> slept = sleep_until(Deadline::at(FAULT(sleep_ends_early) ? 0 : deadline));
        if (!slept.is_error()) {
            continue;
        }
        if (slept.error() == Errno(ETIMEDOUT)) {
            return 0;
        }
        if (!remain.is_null()) {
            const std::int64_t rest = Deadline::at(deadline).remaining();
            TRY(remain.write(Timespec::from_nanoseconds(rest).to_user()));
        }
        task.restart = {
            .kind = RestartBlock::Kind::Nanosleep, .deadline = deadline, .address = remain.address().value()};
        return Errno(ERESTART_RESTARTBLOCK);
    }
}

Result<long> sleep_absolute(int clock, std::int64_t time) {
    const bool is_realtime = clock == CLOCK_REALTIME || clock == CLOCK_TAI;
    for (;;) {
        const Result<void> slept =
            sleep_until(Deadline::at(is_realtime ? realtime_to_monotonic(time) : time));
        if (slept.is_error()) {
            return slept.error() == Errno(ETIMEDOUT) ? Result<long>(0) : Result<long>(Errno(ERESTARTNOHAND));
        }
    }
}

}  // namespace

Result<long> restart_nanosleep(Task& task) {
    return sleep_relative(task, task.restart.deadline,
                          UserOut<__kernel_timespec>(UserAddress(task.restart.address)));
}

Result<long> sys_nanosleep(Task& task, UserIn<__kernel_timespec> duration,
                           UserOut<__kernel_timespec> remain) {
    const Timespec time = Timespec::from_user(TRY(duration.read()));
    if (!time.is_valid()) {
        return Errno(EINVAL);
    }
    return sleep_relative(task, Deadline::after(time.to_nanoseconds()).monotonic(), remain);
}

Result<long> sys_clock_nanosleep(Task& task, int clock, unsigned flags, UserIn<__kernel_timespec> duration,
                                 UserOut<__kernel_timespec> remain) {
    if (!can_sleep_on(clock)) {
        return Errno(read_clock(task, clock).is_error() ? EINVAL : EOPNOTSUPP);
    }
    const Timespec time = Timespec::from_user(TRY(duration.read()));
    if (!time.is_valid()) {
        return Errno(EINVAL);
    }
    if ((flags & TIMER_ABSTIME) != 0) {
        return sleep_absolute(clock, time.to_nanoseconds());
    }
    return sleep_relative(task, Deadline::after(time.to_nanoseconds()).monotonic(), remain);
}

}  // namespace kernel
