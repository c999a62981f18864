// What the calls share that wait for events of files (poll, select, epoll), and a relative timeout, which
// others take too.
#pragma once

#include "fs/file.hpp"
#include "mm/user_memory.hpp"
#include "signal/temporary_mask.hpp"
#include "syscalls/structures.hpp"
#include "task/task.hpp"
#include "time/clock.hpp"

namespace kernel {

// Sets the mask that a program gave for the rest of the call. Does nothing for a null pointer. EINVAL: the
// size is not that of the kernel's set; EFAULT.
Result<void> use_temporary_mask(Task& task, UserIn<kernel_sigset_t> mask, std::size_t size);

// A time that a program gives, in ns. EFAULT, EINVAL.
Result<std::int64_t> read_time(UserIn<__kernel_timespec> time);
// A relative timeout as a deadline; none where there is no timeout. EINVAL, EFAULT.
Result<Deadline> deadline_of(UserIn<__kernel_timespec> timeout);
// Linux writes back what is left of the timeout (fs/select.c, poll_select_finish). Where it cannot, or must
// not (STICKY_TIMEOUTS), that is no error, but a call that a signal has interrupted is not made again.
Result<long> finish_poll(UserInOut<__kernel_timespec> timeout, Deadline deadline, Result<long> outcome);

// Loops until `scan` finds something, which it counts.
template <typename Scan>
Result<long> wait_for_events(const Task& task, Deadline deadline, Scan scan) {
    long found = TRY(scan(nullptr));
    if (found > 0) {
        return found;
    }
    if (deadline.is_over()) {
        return task.has_pending_signal() ? Result<long>(Errno(ERESTARTNOHAND)) : Result<long>(0);
    }
    PollWaiters waiters;
    found = TRY(scan(&waiters));
    TRY(waiters.finish());
    while (found == 0) {
        const Result<void> slept = sleep_until(deadline);
        found = TRY(scan(nullptr));
        if (found == 0 && slept.is_error()) {
            if (slept.error() == Errno(ETIMEDOUT)) {
                return 0;
            }
            return Errno(ERESTARTNOHAND);
        }
    }
    return found;
}

}  // namespace kernel
