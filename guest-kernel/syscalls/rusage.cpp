// getrusage, times.
#include "syscalls/rusage.hpp"

#include "lib/faults.hpp"
#include "mm/page.hpp"
#include "syscalls/handlers.hpp"
#include "task/task.hpp"
#include "time/clock.hpp"

namespace kernel {

rusage to_rusage(const ResourceUsage& usage) {
    const auto to_timeval = [](std::int64_t nanoseconds) {
        const Timespec time = Timespec::from_nanoseconds(nanoseconds);
        return decltype(rusage::ru_utime){.tv_sec = time.seconds, .tv_usec = time.nanoseconds / 1000};
    };
    rusage result{};
    if (FAULT(getrusage_zero)) {
        return result;
    }
    result.ru_utime = to_timeval(usage.times.user);
    result.ru_stime = to_timeval(usage.times.system);
    result.ru_maxrss = static_cast<long>(usage.maximum_resident_pages * kPageSize / 1024);
    result.ru_minflt = static_cast<long>(usage.minor_faults);
    result.ru_nvcsw = static_cast<long>(usage.voluntary_switches);
    result.ru_nivcsw = static_cast<long>(usage.involuntary_switches);
    return result;
}

Result<long> sys_getrusage(Task& task, int who, UserOut<rusage> usage) {
    switch (who) {
        case RUSAGE_SELF:
            TRY(usage.write(to_rusage(task.process->usage())));
            return 0;
        case RUSAGE_CHILDREN:
            TRY(usage.write(to_rusage(task.process->reaped_children)));
            return 0;
        case RUSAGE_THREAD:
            TRY(usage.write(to_rusage(task_usage(task))));
            return 0;
        default:
            return Errno(EINVAL);
    }
}

Result<long> sys_times(Task& task, UserOut<tms> buffer) {
    if (FAULT(times_zero)) {
        TRY(buffer.write({}));
        return 0;
    }
    if (!buffer.is_null()) {
        const CpuTimes own = task.process->usage().times;
        const CpuTimes children = task.process->reaped_children.times;
        TRY(buffer.write({.tms_utime = to_clock_ticks(own.user),
                          .tms_stime = to_clock_ticks(own.system),
                          .tms_cutime = to_clock_ticks(children.user),
                          .tms_cstime = to_clock_ticks(children.system)}));
    }
    // Linux counts from five minutes before its start (INITIAL_JIFFIES), in 32 bits extended; the value means
    // nothing.
    return to_clock_ticks(monotonic_now());
}

}  // namespace kernel
