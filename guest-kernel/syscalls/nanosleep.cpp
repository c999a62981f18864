// nanosleep, clock_nanosleep.
#include "syscalls/nanosleep.hpp"

#include <linux/time.h>

#include "lib/faults.hpp"
#include "syscalls/clock.hpp"
#include "syscalls/handlers.hpp"
#include "task/scheduler.hpp"
#include "task/task.hpp"
#include "task/wait_queue.hpp"
#include "time/clock.hpp"
#include "time/clock_setup.hpp"
#include "time/discipline.hpp"

namespace kernel {

namespace {

bool is_wall_clock(int clock) {
    return clock == CLOCK_REALTIME || clock == CLOCK_TAI || clock == CLOCK_REALTIME_ALARM;
}

bool can_sleep_on(int clock) {
    return is_wall_clock(clock) || clock == CLOCK_MONOTONIC || clock == CLOCK_BOOTTIME ||
           clock == CLOCK_BOOTTIME_ALARM;
}

// Wakes a task that sleeps until a time of day when the clock is set.
class ClockSetWaker final : public RealtimeListener {
  public:
    explicit ClockSetWaker(Task& task) : task_(task) { realtime_listeners().push_back(*this); }
    void realtime_was_set() override { scheduler::make_runnable(task_); }

  private:
    Task& task_;
};

class CpuTimeWaker final : public CpuTimer {
  public:
    CpuTimeWaker(Task& task, CpuClock clock) : CpuTimer(clock), task_(task) {}
    void expire() override { scheduler::make_runnable(task_); }

  private:
    Task& task_;
};

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

Result<long> sleep_absolute(Task& task, int clock, std::int64_t time) {
    const ClockSetWaker waker(task);
    const std::int64_t realtime =
        clock == CLOCK_TAI ? time - clock_discipline().tai_offset * kNanosecondsPerSecond : time;
    for (;;) {
        const Result<void> slept =
            sleep_until(Deadline::at(is_wall_clock(clock) ? realtime_to_monotonic(realtime) : time));
        if (slept.is_error()) {
            return slept.error() == Errno(ETIMEDOUT) ? Result<long>(0) : Result<long>(Errno(ERESTARTNOHAND));
        }
    }
}

// Linux kernel/time/posix-cpu-timers.c, do_cpu_nanosleep: until the clock shows `end`.
Result<long> sleep_on_cpu_time(Task& task, int clock, std::int64_t end, bool is_absolute,
                               UserOut<__kernel_timespec> remain) {
    const CpuClockTarget target = TRY(cpu_clock_target(task, clock));
    CpuTimeWaker timer(task, target.clock);
    const auto now = [&] {
        return target.thread ? cpu_time_of(*target.thread, target.clock)
                             : cpu_time_of(*target.process, target.clock);
    };
    while (now() < end) {
        if (target.thread) {
            timer.start(*target.thread, end);
        } else {
            timer.start(*target.process, end);
        }
        if (!sleep_until(Deadline::never()).is_error()) {
            continue;
        }
        const std::int64_t rest = end - now();
        if (rest <= 0) {
            break;
        }
        if (is_absolute) {
            return Errno(ERESTARTNOHAND);
        }
        if (!remain.is_null()) {
            TRY(remain.write(Timespec::from_nanoseconds(rest).to_user()));
        }
        task.restart = {.kind = RestartBlock::Kind::CpuNanosleep,
                        .deadline = end,
                        .address = remain.address().value(),
                        .value = static_cast<std::uint32_t>(clock)};
        return Errno(ERESTART_RESTARTBLOCK);
    }
    return 0;
}

// A thread would never wake on its own time.
bool is_own_thread(const Task& task, const CpuClockTarget& target) {
    return target.thread.get() == &task;
}

}  // namespace

Result<long> restart_nanosleep(Task& task) {
    if (task.restart.kind == RestartBlock::Kind::CpuNanosleep) {
        return sleep_on_cpu_time(task, static_cast<int>(task.restart.value), task.restart.deadline, false,
                                 UserOut<__kernel_timespec>(UserAddress(task.restart.address)));
    }
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
    const bool is_cpu_clock = clock < 0 || clock == CLOCK_PROCESS_CPUTIME_ID;
    if (!can_sleep_on(clock) && !is_cpu_clock) {
        return Errno(read_clock(task, clock).is_error() ? EINVAL : EOPNOTSUPP);
    }
    const Timespec time = Timespec::from_user(TRY(duration.read()));
    if (!time.is_valid()) {
        return Errno(EINVAL);
    }
    const bool is_absolute = (flags & TIMER_ABSTIME) != 0;
    if (is_cpu_clock) {
        const CpuClockTarget target = TRY(cpu_clock_target(task, clock));
        if (is_own_thread(task, target)) {
            return Errno(EINVAL);
        }
        const std::int64_t start = is_absolute ? 0 : TRY(read_clock(task, clock));
        std::int64_t end = 0;
        if (__builtin_add_overflow(start, time.to_nanoseconds(), &end)) {
            end = INT64_MAX;
        }
        return sleep_on_cpu_time(task, clock, end, is_absolute, remain);
    }
    if (is_alarm_clock(clock)) {
        if ((flags & ~static_cast<unsigned>(TIMER_ABSTIME)) != 0) {
            return Errno(EINVAL);
        }
        if (!task.credentials.has(CAP_WAKE_ALARM)) {
            return Errno(EPERM);
        }
    }
    if (is_absolute) {
        return sleep_absolute(task, clock, time.to_nanoseconds());
    }
    return sleep_relative(task, Deadline::after(time.to_nanoseconds()).monotonic(), remain);
}

}  // namespace kernel
