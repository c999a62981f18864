// timer_create, timer_settime, timer_gettime, timer_getoverrun, timer_delete.
#include "signal/posix_timer.hpp"

#include <asm/siginfo.h>
#include <linux/resource.h>
#include <linux/time.h>

#include "syscalls/clock.hpp"
#include "syscalls/handlers.hpp"
#include "task/task.hpp"

namespace kernel {

namespace {

// Which clock a timer runs on. EINVAL: there is no such clock; EOPNOTSUPP: it has no timers; EPERM.
Result<TimerClock> timer_clock_of(Task& task, int clock) {
    switch (clock) {
        case CLOCK_REALTIME_ALARM:
        case CLOCK_BOOTTIME_ALARM:
            if (!task.credentials.has(CAP_WAKE_ALARM)) {
                return Errno(EPERM);
            }
            break;
        case CLOCK_MONOTONIC_RAW:
        case CLOCK_REALTIME_COARSE:
        case CLOCK_MONOTONIC_COARSE:
            return Errno(EOPNOTSUPP);
        default:
            break;
    }
    switch (clock) {
        case CLOCK_REALTIME:
        case CLOCK_REALTIME_ALARM:
        case CLOCK_TAI:
            return TimerClock{.kind = TimerClock::Kind::Realtime};
        case CLOCK_MONOTONIC:
        case CLOCK_BOOTTIME:
        case CLOCK_BOOTTIME_ALARM:
            return TimerClock{.kind = TimerClock::Kind::Monotonic};
        default: {
            const CpuClockTarget target = TRY(cpu_clock_target(task, clock));
            return TimerClock{.kind = TimerClock::Kind::Cpu,
                              .is_user_time = target.clock == CpuClock::User,
                              .cpu_process = target.process,
                              .cpu_thread = target.thread};
        }
    }
}

// Linux good_sigev. EINVAL.
Result<TimerNotice> notice_of(Task& task, const sigevent& event) {
    TimerNotice notice{.signal = 0, .value = event.sigev_value};
    switch (event.sigev_notify) {
        case SIGEV_NONE:
            return notice;
        case SIGEV_SIGNAL | SIGEV_THREAD_ID: {
            Result<Ref<Task>> thread = find_task(event.sigev_notify_thread_id);
            if (thread.is_error() || thread.value()->process != task.process) {
                return Errno(EINVAL);
            }
            notice.thread = thread.release_value();
            break;
        }
        case SIGEV_SIGNAL:
        case SIGEV_THREAD:
            break;
        default:
            return Errno(EINVAL);
    }
    if (event.sigev_signo <= 0 || event.sigev_signo > kSignalCount) {
        return Errno(EINVAL);
    }
    notice.signal = event.sigev_signo;
    return notice;
}

Result<PosixTimer*> timer_of(Task& task, int id) {
    PosixTimer* timer = find_posix_timer(*task.process, id);
    return timer != nullptr ? Result<PosixTimer*>(timer) : Result<PosixTimer*>(Errno(EINVAL));
}

__kernel_itimerspec to_user(const TimerSetting& setting) {
    return {.it_interval = Timespec::from_nanoseconds(setting.interval).to_user(),
            .it_value = Timespec::from_nanoseconds(setting.value).to_user()};
}

// Checks of clocks that timers are not on come before those of the event (Linux do_timer_create).
Result<void> check_clock(int clock) {
    constexpr int kKindMask = 7;
    constexpr int kDescriptorClock = 3;
    const bool has_timers = clock >= 0 ? clock <= CLOCK_TAI && clock != CLOCK_SGI_CYCLE &&
                                             clock != CLOCK_MONOTONIC_RAW && clock != CLOCK_REALTIME_COARSE &&
                                             clock != CLOCK_MONOTONIC_COARSE
                                       : (clock & kKindMask) != kDescriptorClock;
    if (has_timers) {
        return {};
    }
    return Errno(clock > CLOCK_TAI || clock == CLOCK_SGI_CYCLE ? EINVAL : EOPNOTSUPP);
}

}  // namespace

Result<long> sys_timer_create(Task& task, int clock, UserIn<sigevent> event, UserOut<int> timerid) {
    sigevent wanted{};
    if (!event.is_null()) {
        wanted = TRY(event.read());
    }
    TRY(check_clock(clock));
    Process& process = *task.process;
    if (count_queued_signals(task.credentials.user) >= process.limit(RLIMIT_SIGPENDING).rlim_cur) {
        return Errno(EAGAIN);
    }
    // A number is used up even where the rest fails.
    const int number = process.next_posix_timer++;
    if (process.next_posix_timer < 0) {
        process.next_posix_timer = 0;
    }
    if (event.is_null()) {
        wanted.sigev_notify = SIGEV_SIGNAL;
        wanted.sigev_signo = SIGALRM;
        wanted.sigev_value.sival_int = number;
    }
    TimerNotice notice = TRY(notice_of(task, wanted));
    TRY(timerid.write(number));
    TRY(make_posix_timer(process, number, TRY(timer_clock_of(task, clock)), std::move(notice)));
    return 0;
}

Result<long> sys_timer_settime(Task& task, int timerid, unsigned flags, UserIn<__kernel_itimerspec> next,
                               UserOut<__kernel_itimerspec> old) {
    if (next.is_null()) {
        return Errno(EINVAL);
    }
    const __kernel_itimerspec wanted = TRY(next.read());
    const Timespec value = Timespec::from_user(wanted.it_value);
    const Timespec interval = Timespec::from_user(wanted.it_interval);
    if (!value.is_valid() || !interval.is_valid()) {
        return Errno(EINVAL);
    }
    PosixTimer* timer = TRY(timer_of(task, timerid));
    const TimerSetting previous = old.is_null() ? TimerSetting{} : timer->current();
    timer->set({.value = value.to_nanoseconds(), .interval = interval.to_nanoseconds()},
               (flags & TIMER_ABSTIME) != 0);
    if (!old.is_null()) {
        TRY(old.write(to_user(previous)));
    }
    return 0;
}

Result<long> sys_timer_gettime(Task& task, int timerid, UserOut<__kernel_itimerspec> current) {
    PosixTimer* timer = TRY(timer_of(task, timerid));
    TRY(current.write(to_user(timer->current())));
    return 0;
}

Result<long> sys_timer_getoverrun(Task& task, int timerid) {
    return TRY(timer_of(task, timerid))->overrun();
}

Result<long> sys_timer_delete(Task& task, int timerid) {
    delete TRY(timer_of(task, timerid));
    return 0;
}

}  // namespace kernel
