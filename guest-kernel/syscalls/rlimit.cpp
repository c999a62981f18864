// prlimit64, getrlimit, setrlimit.
#include "lib/settings.hpp"
#include "syscalls/handlers.hpp"
#include "task/table.hpp"
#include "task/task.hpp"

namespace kernel {

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
    const auto most_files = static_cast<std::uint64_t>(settings().most_descriptors);
    rlimit64& limit = process.limits[resource];
    if (next.rlim_cur > next.rlim_max) {
        return Errno(EINVAL);
    }
    if ((resource == RLIMIT_NOFILE && next.rlim_max > most_files) ||
        (next.rlim_max > limit.rlim_max && !task.credentials.has(CAP_SYS_RESOURCE))) {
        return Errno(EPERM);
    }
    limit = next;
    return {};
}

}  // namespace

Result<long> sys_prlimit64(Task& task, int pid, int resource, UserIn<rlimit64> next, UserOut<rlimit64> old) {
    rlimit64 wanted{};
    if (!next.is_null()) {
        wanted = TRY(next.read());
    }
    const Ref<Task> target = pid == 0 ? Ref<Task>(&task) : TRY(find_task(pid));
    if (!may_access_limits(task, *target)) {
        return Errno(EPERM);
    }
    // The number is looked at last (kernel/sys.c, do_prlimit).
    if (resource < 0 || resource >= RLIM_NLIMITS) {
        return Errno(EINVAL);
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

}  // namespace kernel
