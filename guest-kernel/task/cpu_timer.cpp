#include "task/cpu_timer.hpp"

#include <linux/resource.h>

#include "signal/signals.hpp"
#include "task/task.hpp"
#include "time/clock.hpp"

namespace kernel {

namespace {

// Linux looks at these timers when its clock ticks, at Debian's HZ=250.
constexpr std::int64_t kTick = 4'000'000;
constinit std::int64_t last_tick = 0;

// The part that is not in the task's account yet. The kernel is entered with the program's part accounted
// for.
std::int64_t running_part() {
    return monotonic_now() - Task::current().last_accounted;
}

std::int64_t time_on(const CpuTimes& times, CpuClock clock, bool is_running) {
    if (clock == CpuClock::User) {
        return times.user;
    }
    return times.user + times.system + (is_running ? running_part() : 0);
}

template <typename Time>
void expire_due(List<CpuTimer>& timers, Time time_of) {
    List<CpuTimer> due;
    CpuTimer* timer = timers.first();
    while (timer != nullptr) {
        CpuTimer* next = timers.next(*timer);
        if (time_of(timer->clock()) >= timer->expiry()) {
            due.push_back(*timer);
        }
        timer = next;
    }
    while (CpuTimer* expired = due.pop_front()) {
        expired->expire();
    }
}

template <typename Time>
std::int64_t least_rest(List<CpuTimer>& timers, Time time_of) {
    std::int64_t least = INT64_MAX;
    for (const CpuTimer& timer : timers) {
        least = std::min(least, timer.expiry() - time_of(timer.clock()));
    }
    return least;
}

std::int64_t in_nanoseconds(std::uint64_t seconds) {
    return Timespec{.seconds = static_cast<std::int64_t>(std::min<std::uint64_t>(seconds, INT64_MAX)),
                    .nanoseconds = 0}
        .to_nanoseconds();
}

bool has_limit(const Process& process) {
    return process.limit(RLIMIT_CPU).rlim_cur != RLIM64_INFINITY;
}

// Linux check_process_timers: SIGKILL at the hard limit; at the soft one SIGXCPU, and once more each second.
void check_limit(Process& process) {
    rlimit64& limit = process.limits[RLIMIT_CPU];
    const std::int64_t used = cpu_time_of(process, CpuClock::UserAndSystem);
    if (limit.rlim_max != RLIM64_INFINITY && used >= in_nanoseconds(limit.rlim_max)) {
        (void)send_signal(process, kernel_siginfo(SIGKILL));
    } else if (used >= in_nanoseconds(limit.rlim_cur)) {
        ++limit.rlim_cur;
        (void)send_signal(process, kernel_siginfo(SIGXCPU));
    }
}

}  // namespace

std::int64_t cpu_time_of(Process& process, CpuClock clock) {
    return time_on(process.usage().times, clock, &process == Task::current().process.get());
}

std::int64_t cpu_time_of(const Task& task, CpuClock clock) {
    return time_on(task_usage(task).times, clock, &task == &Task::current());
}

void CpuTimer::start(Process& process, std::int64_t expiry) {
    stop();
    expiry_ = expiry;
    process.cpu_timers.push_back(*this);
}

void CpuTimer::start(Task& task, std::int64_t expiry) {
    stop();
    expiry_ = expiry;
    task.cpu_timers.push_back(*this);
}

void CpuIntervalTimer::expire() {
    (void)send_signal(process_, kernel_siginfo(signal_));
    if (interval > 0) {
        start(process_, expiry() + interval);
    }
}

void expire_cpu_timers(Task& task) {
    const std::int64_t tick = monotonic_now() / kTick;
    if (tick == last_tick) {
        return;
    }
    last_tick = tick;
    Process& process = *task.process;
    if (!process.cpu_timers.is_empty()) {
        expire_due(process.cpu_timers, [&](CpuClock clock) { return cpu_time_of(process, clock); });
    }
    if (!task.cpu_timers.is_empty()) {
        expire_due(task.cpu_timers, [&](CpuClock clock) { return cpu_time_of(task, clock); });
    }
    if (has_limit(process) && !process.is_exiting) {
        check_limit(process);
    }
}

std::int64_t next_cpu_expiry(Task& task) {
    Process& process = *task.process;
    std::int64_t rest = INT64_MAX;
    if (!process.cpu_timers.is_empty()) {
        rest = least_rest(process.cpu_timers, [&](CpuClock clock) { return cpu_time_of(process, clock); });
    }
    if (!task.cpu_timers.is_empty()) {
        rest = std::min(
            rest, least_rest(task.cpu_timers, [&](CpuClock clock) { return cpu_time_of(task, clock); }));
    }
    if (has_limit(process)) {
        const rlimit64 limit = process.limit(RLIMIT_CPU);
        rest = std::min(rest, in_nanoseconds(std::min(limit.rlim_cur, limit.rlim_max)) -
                                  cpu_time_of(process, CpuClock::UserAndSystem));
    }
    if (rest == INT64_MAX) {
        return INT64_MAX;
    }
    const std::int64_t due = monotonic_now() + std::max(rest, std::int64_t{1});
    return (due + kTick - 1) / kTick * kTick;
}

}  // namespace kernel
