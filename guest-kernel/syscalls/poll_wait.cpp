#include "syscalls/poll_wait.hpp"

#include <linux/personality.h>

namespace kernel {

Result<void> use_temporary_mask(Task& task, UserIn<kernel_sigset_t> mask, std::size_t size) {
    if (mask.is_null()) {
        return {};
    }
    if (size != sizeof(kernel_sigset_t)) {
        return Errno(EINVAL);
    }
    return set_temporary_mask(task, SignalSet(TRY(UserIn<std::uint64_t>(mask.address()).read())));
}

Result<std::int64_t> read_time(UserIn<__kernel_timespec> time) {
    const Timespec value = Timespec::from_user(TRY(time.read()));
    return value.is_valid() ? Result<std::int64_t>(value.to_nanoseconds())
                            : Result<std::int64_t>(Errno(EINVAL));
}

Result<Deadline> deadline_of(UserIn<__kernel_timespec> timeout) {
    return timeout.is_null() ? Deadline::never() : Deadline::after(TRY(read_time(timeout)));
}

Result<long> finish_poll(UserInOut<__kernel_timespec> timeout, Deadline deadline, Result<long> outcome) {
    if (timeout.is_null()) {
        return outcome;
    }
    const bool is_sticky = (Task::current().personality & STICKY_TIMEOUTS) != 0;
    const std::int64_t rest = deadline.is_never() ? 0 : deadline.remaining();
    const bool is_written =
        !is_sticky && !timeout.write(Timespec::from_nanoseconds(rest).to_user()).is_error();
    if (!is_written && outcome.is_error() && outcome.error() == Errno(ERESTARTNOHAND)) {
        return Errno(EINTR);
    }
    return outcome;
}

}  // namespace kernel
