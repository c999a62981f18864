// The system, and what a process may use of it.
#include <linux/membarrier.h>
#include <linux/personality.h>
#include <linux/prctl.h>
#include <linux/random.h>

#include "boot/system_name.hpp"
#include "fs/tmpfs.hpp"
#include "lib/faults.hpp"
#include "lib/random.hpp"
#include "mm/address_space.hpp"
#include "mm/page.hpp"
#include "syscalls/handlers.hpp"
#include "syscalls/usage.hpp"
#include "task/scheduler.hpp"
#include "task/table.hpp"
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

namespace {

// man 2 prlimit: may the caller see or change the limits of another process?
bool may_access_limits(const Task& task, const Task& target) {
    const Credentials& a = task.credentials;
    const Credentials& b = target.credentials;
    return &task == &target || a.has(CAP_SYS_RESOURCE) ||
           (a.user == b.user && a.user == b.effective_user && a.user == b.saved_user && a.group == b.group &&
            a.group == b.effective_group && a.group == b.saved_group);
}

Result<void> change_limit(Task& task, Process& process, unsigned resource, const rlimit64& next) {
    constexpr std::uint64_t kMaximumFiles = 1 << 20;  // /proc/sys/fs/nr_open
    rlimit64& limit = process.limits[resource];
    if (next.rlim_cur > next.rlim_max) {
        return Errno(EINVAL);
    }
    if ((resource == RLIMIT_NOFILE && next.rlim_max > kMaximumFiles) ||
        (next.rlim_max > limit.rlim_max && !task.credentials.has(CAP_SYS_RESOURCE))) {
        return Errno(EPERM);
    }
    limit = next;
    return {};
}

}  // namespace

Result<long> sys_prlimit64(Task& task, int pid, int resource, UserIn<rlimit64> next, UserOut<rlimit64> old) {
    if (resource < 0 || resource >= RLIM_NLIMITS) {
        return Errno(EINVAL);
    }
    rlimit64 wanted{};
    if (!next.is_null()) {
        wanted = TRY(next.read());
    }
    const Ref<Task> target = pid == 0 ? Ref<Task>(&task) : TRY(find_task(pid));
    if (!may_access_limits(task, *target)) {
        return Errno(EPERM);
    }
    const auto index = static_cast<unsigned>(resource);
    const rlimit64 previous = target->process->limit(index);
    if (!next.is_null()) {
        TRY(change_limit(task, *target->process, index, wanted));
    }
    if (!old.is_null()) {
        TRY(old.write(previous));
    }
    return 0;
}

Result<long> sys_getrlimit(Task& task, int resource, UserOut<rlimit> limit) {
    if (resource < 0 || resource >= RLIM_NLIMITS) {
        return Errno(EINVAL);
    }
    const rlimit64 value = task.process->limit(static_cast<unsigned>(resource));
    TRY(limit.write({.rlim_cur = value.rlim_cur, .rlim_max = value.rlim_max}));
    return 0;
}

Result<long> sys_setrlimit(Task& task, int resource, UserIn<rlimit> limit) {
    const rlimit value = TRY(limit.read());
    if (resource < 0 || resource >= RLIM_NLIMITS) {
        return Errno(EINVAL);
    }
    TRY(change_limit(task, *task.process, static_cast<unsigned>(resource),
                     {.rlim_cur = value.rlim_cur, .rlim_max = value.rlim_max}));
    return 0;
}

Result<long> sys_sysinfo(Task&, UserOut<struct sysinfo> info) {
    const MemoryCounts memory = memory_counts();
    struct sysinfo result{};
    if (FAULT(sysinfo_zero)) {
        TRY(info.write(result));
        return 0;
    }
    // A second that has begun counts (Linux kernel/sys.c, do_sysinfo).
    result.uptime = static_cast<long>((monotonic_now() + kNanosecondsPerSecond - 1) / kNanosecondsPerSecond);
    result.totalram = memory.total_pages * kPageSize;
    result.freeram = memory.free_pages * kPageSize;
    result.sharedram = tmpfs_pages() * kPageSize;
    result.procs = static_cast<std::uint16_t>(task_count());
    result.mem_unit = 1;
    TRY(info.write(result));
    return 0;
}

Result<long> sys_uname(Task&, UserOut<new_utsname> buffer) {
    TRY(buffer.write(system_name()));
    return 0;
}

namespace {

Result<long> set_name(Task& task, UserBuffer text, int length, char (&name)[__NEW_UTS_LEN + 1]) {
    if (!task.credentials.has(CAP_SYS_ADMIN)) {
        return Errno(EPERM);
    }
    if (length < 0 || length > __NEW_UTS_LEN) {
        return Errno(EINVAL);
    }
    char next[__NEW_UTS_LEN + 1] = {};
    TRY(copy_from_user(next, text.address(), static_cast<std::size_t>(length)));
    copy_bytes(name, next, sizeof(next));
    return 0;
}

}  // namespace

Result<long> sys_sethostname(Task& task, UserBuffer name, int length) {
    return set_name(task, name, length, system_name().nodename);
}

Result<long> sys_setdomainname(Task& task, UserBuffer name, int length) {
    return set_name(task, name, length, system_name().domainname);
}

Result<long> sys_getrandom(Task& task, UserBuffer buffer, std::size_t count, unsigned flags) {
    constexpr unsigned kKnown = GRND_NONBLOCK | GRND_RANDOM | GRND_INSECURE;
    if ((flags & ~kKnown) != 0 || (flags & (GRND_INSECURE | GRND_RANDOM)) == (GRND_INSECURE | GRND_RANDOM)) {
        return Errno(EINVAL);
    }
    constexpr std::size_t kMaximum = INT32_MAX;
    count = count < kMaximum ? count : kMaximum;
    if (FAULT(getrandom_short)) {
        count /= 2;
    }
    std::size_t done = 0;
    std::byte chunk[256];
    while (done < count) {
        const std::size_t size = count - done < sizeof(chunk) ? count - done : sizeof(chunk);
        fill_random({chunk, size});
        const std::size_t written = buffer.write({chunk, size}, done);
        done += written;
        if (written < size) {
            break;
        }
        // Linux gives way to signals after each page.
        if (done % kPageSize == 0) {
            scheduler::reschedule_if_due();
            if (task.has_pending_signal()) {
                break;
            }
        }
    }
    return done == 0 && count != 0 ? Result<long>(Errno(EFAULT)) : Result<long>(static_cast<long>(done));
}

Result<long> sys_getcpu(Task&, UserOut<unsigned> cpu, UserOut<unsigned> node, UserAddress) {
    if (!cpu.is_null()) {
        TRY(cpu.write(0));
    }
    if (!node.is_null()) {
        TRY(node.write(0));
    }
    return 0;
}

Result<long> sys_membarrier(Task& task, unsigned command, unsigned flags, int) {
    constexpr long kSupported =
        MEMBARRIER_CMD_GLOBAL | MEMBARRIER_CMD_GLOBAL_EXPEDITED | MEMBARRIER_CMD_REGISTER_GLOBAL_EXPEDITED |
        MEMBARRIER_CMD_PRIVATE_EXPEDITED | MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED |
        MEMBARRIER_CMD_PRIVATE_EXPEDITED_SYNC_CORE | MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_SYNC_CORE |
        MEMBARRIER_CMD_PRIVATE_EXPEDITED_RSEQ | MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_RSEQ;
    const bool may_name_cpu = command == MEMBARRIER_CMD_PRIVATE_EXPEDITED_RSEQ;
    if (flags != 0 && !(may_name_cpu && flags == MEMBARRIER_CMD_FLAG_CPU)) {
        return Errno(EINVAL);
    }
    std::uint32_t& registered = task.address_space->membarrier_registrations;
    switch (command) {
        case MEMBARRIER_CMD_QUERY:
            return kSupported;
        case MEMBARRIER_CMD_GLOBAL:
        case MEMBARRIER_CMD_GLOBAL_EXPEDITED:
            return 0;
        case MEMBARRIER_CMD_REGISTER_GLOBAL_EXPEDITED:
        case MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED:
        case MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_SYNC_CORE:
        case MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_RSEQ:
            registered |= command;
            return 0;
        // Each needs its registration, whose bit is the next higher one.
        case MEMBARRIER_CMD_PRIVATE_EXPEDITED:
        case MEMBARRIER_CMD_PRIVATE_EXPEDITED_SYNC_CORE:
        case MEMBARRIER_CMD_PRIVATE_EXPEDITED_RSEQ:
            return (registered & command << 1) != 0 ? Result<long>(0) : Result<long>(Errno(EPERM));
        default:
            return Errno(EINVAL);
    }
}

Result<long> sys_personality(Task& task, unsigned persona) {
    const unsigned long old = task.personality;
    if (persona != 0xffff'ffff) {
        task.personality = persona;
    }
    return static_cast<long>(old);
}

Result<long> sys_prctl(Task& task, int option, unsigned long arg2, unsigned long arg3, unsigned long arg4,
                       unsigned long arg5) {
    const bool has_more = arg3 != 0 || arg4 != 0 || arg5 != 0;
    switch (option) {
        case PR_SET_NAME: {
            char name[Task::kNameSize] = {};
            const std::size_t count = copy_from_user_partial(name, UserAddress(arg2), sizeof(name) - 1);
            if (count == 0 || (count < sizeof(name) - 1 &&
                               std::string_view(name, count).find('\0') == std::string_view::npos)) {
                return Errno(EFAULT);
            }
            task.set_name(name);
            return 0;
        }
        case PR_GET_NAME:
            TRY(copy_to_user(UserAddress(arg2), task.command_name.data(), Task::kNameSize));
            return 0;
        case PR_SET_PDEATHSIG:
            if (arg2 > static_cast<unsigned long>(kSignalCount)) {
                return Errno(EINVAL);
            }
            task.parent_death_signal = static_cast<int>(arg2);
            return 0;
        case PR_GET_PDEATHSIG:
            TRY(UserOut<int>(UserAddress(arg2)).write(task.parent_death_signal));
            return 0;
        case PR_GET_DUMPABLE:
            return task.dumpable ? 1 : 0;
        case PR_SET_DUMPABLE:
            if (arg2 > 1) {
                return Errno(EINVAL);
            }
            task.dumpable = arg2 == 1;
            return 0;
        case PR_SET_NO_NEW_PRIVS:
            if (arg2 != 1 || has_more) {
                return Errno(EINVAL);
            }
            task.no_new_privileges = true;
            return 0;
        case PR_GET_NO_NEW_PRIVS:
            return arg2 != 0 || has_more ? Result<long>(Errno(EINVAL))
                                         : Result<long>(task.no_new_privileges ? 1 : 0);
        case PR_SET_TIMERSLACK: {
            constexpr unsigned long kDefaultSlack = 50'000;
            task.timer_slack = arg2 == 0 ? kDefaultSlack : arg2;
            return 0;
        }
        case PR_GET_TIMERSLACK:
            return static_cast<long>(task.timer_slack);
        case PR_SET_CHILD_SUBREAPER:
            task.process->is_child_subreaper = arg2 != 0;
            return 0;
        case PR_GET_CHILD_SUBREAPER:
            TRY(UserOut<int>(UserAddress(arg2)).write(task.process->is_child_subreaper ? 1 : 0));
            return 0;
        case PR_CAPBSET_READ:
            if (arg2 > CAP_LAST_CAP) {
                return Errno(EINVAL);
            }
            return static_cast<long>(task.credentials.bounding >> arg2 & 1);
        case PR_GET_KEEPCAPS:
            return task.credentials.keeps_capabilities ? 1 : 0;
        case PR_SET_KEEPCAPS:
            if (arg2 > 1) {
                return Errno(EINVAL);
            }
            task.credentials.keeps_capabilities = arg2 == 1;
            return 0;
        default:
            return Errno(EINVAL);
    }
}

}  // namespace kernel
