// process_madvise, process_mrelease (Linux mm/madvise.c, mm/oom_kill.c).
#include <linux/capability.h>
#include <linux/mman.h>

#include "fs/file_table.hpp"
#include "lib/vector.hpp"
#include "mm/address_space.hpp"
#include "syscalls/handlers.hpp"
#include "syscalls/madvise.hpp"
#include "task/inspection.hpp"
#include "task/pidfd.hpp"
#include "task/task.hpp"

namespace kernel {

namespace {

bool may_be_for_others(int advice) {
    return advice == MADV_COLD || advice == MADV_PAGEOUT || advice == MADV_WILLNEED;
}

// A thread that still has the memory. ESRCH: the process has ended.
Result<Ref<Task>> member_of(Process& process) {
    for (Task& member : process.threads) {
        if (member.address_space) {
            return Ref<Task>(&member);
        }
    }
    return Errno(ESRCH);
}

}  // namespace

Result<long> sys_process_madvise(Task& task, Fd pidfd, UserIn<iovec> vectors, std::size_t count, int advice,
                                 unsigned flags) {
    constexpr std::size_t kMaximumVectors = 1024;  // UIO_MAXIOV
    if (flags != 0 || count > kMaximumVectors) {
        return Errno(EINVAL);
    }
    Vector<iovec> stretches;
    TRY(stretches.resize(count));
    TRY(vectors.read_all(stretches.span()));
    const Ref<Process> process = TRY(process_of_pidfd(task, pidfd));
    const Ref<Task> target = TRY(member_of(*process));
    if (!may_be_for_others(advice)) {
        return Errno(EINVAL);
    }
    if (!may_inspect(task, *target)) {
        return Errno(EACCES);
    }
    const RefPtr<AddressSpace> space = target->address_space;
    if (!space) {
        return Errno(ESRCH);
    }
    if (!task.credentials.has(CAP_SYS_NICE)) {
        return Errno(EPERM);
    }
    long advised = 0;
    for (const iovec& stretch : stretches.span()) {
        const Result<long> done =
            advise(*space, reinterpret_cast<std::uint64_t>(stretch.iov_base), stretch.iov_len, advice);
        if (done.is_error()) {
            return advised != 0 ? Result<long>(advised) : done.error();
        }
        advised += static_cast<long>(stretch.iov_len);
    }
    return advised;
}

// Memory of a process that has been killed is given back at once here: there is only the answer.
Result<long> sys_process_mrelease(Task& task, Fd pidfd, unsigned flags) {
    if (flags != 0) {
        return Errno(EINVAL);
    }
    const Ref<Process> process = TRY(process_of_pidfd(task, pidfd));
    const Ref<Task> target = TRY(member_of(*process));
    if (!target->address_space) {
        return Errno(ESRCH);
    }
    return process->is_exiting ? Result<long>(0) : Result<long>(Errno(EINVAL));
}

}  // namespace kernel
