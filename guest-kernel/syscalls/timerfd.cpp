// timerfd_create, timerfd_settime, timerfd_gettime.
#include <linux/time.h>
#include <linux/timerfd.h>

#include "fs/file_table.hpp"
#include "fs/timer_fd.hpp"
#include "syscalls/clock.hpp"
#include "syscalls/handlers.hpp"
#include "task/task.hpp"

namespace kernel {

namespace {

struct OpenTimer {
    Ref<File> file;
    TimerFile* timer;
};

// EBADF: not open; EINVAL: no timer.
Result<OpenTimer> timer_of(Task& task, Fd fd) {
    OpenTimer result{.file = TRY(task.files->get_for_io(fd)), .timer = nullptr};
    result.timer = result.file->as_timer();
    if (result.timer == nullptr) {
        return Errno(EINVAL);
    }
    return result;
}

__kernel_itimerspec to_user(const TimerFile::Setting& setting) {
    return {.it_interval = Timespec::from_nanoseconds(setting.interval).to_user(),
            .it_value = Timespec::from_nanoseconds(setting.value).to_user()};
}

}  // namespace

Result<long> sys_timerfd_create(Task& task, int clock, unsigned flags) {
    const bool is_clock = clock == CLOCK_REALTIME || clock == CLOCK_MONOTONIC || clock == CLOCK_BOOTTIME ||
                          is_alarm_clock(clock);
    if ((flags & ~static_cast<unsigned>(TFD_CLOEXEC | TFD_NONBLOCK)) != 0 || !is_clock) {
        return Errno(EINVAL);
    }
    if (is_alarm_clock(clock) && !task.credentials.has(CAP_WAKE_ALARM)) {
        return Errno(EPERM);
    }
    Ref<File> file = TRY(make_ref<TimerFile>(TRY(anonymous_path("[timerfd]")), flags & O_NONBLOCK, clock));
    return TRY(task.files->install(std::move(file), close_on_exec_of(flags)));
}

Result<long> sys_timerfd_settime(Task& task, Fd fd, unsigned flags, UserIn<__kernel_itimerspec> next,
                                 UserOut<__kernel_itimerspec> old) {
    constexpr unsigned kKnown = TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET;
    const __kernel_itimerspec wanted = TRY(next.read());
    const Timespec value = Timespec::from_user(wanted.it_value);
    const Timespec interval = Timespec::from_user(wanted.it_interval);
    if ((flags & ~kKnown) != 0 || !value.is_valid() || !interval.is_valid()) {
        return Errno(EINVAL);
    }
    const OpenTimer open = TRY(timer_of(task, fd));
    if (is_alarm_clock(open.timer->clock()) && !task.credentials.has(CAP_WAKE_ALARM)) {
        return Errno(EPERM);
    }
    const TimerFile::Setting previous = open.timer->current();
    TRY(open.timer->set({.value = value.to_nanoseconds(), .interval = interval.to_nanoseconds()}, flags));
    if (!old.is_null()) {
        TRY(old.write(to_user(previous)));
    }
    return 0;
}

Result<long> sys_timerfd_gettime(Task& task, Fd fd, UserOut<__kernel_itimerspec> current) {
    const OpenTimer open = TRY(timer_of(task, fd));
    TRY(current.write(to_user(open.timer->current())));
    return 0;
}

}  // namespace kernel
