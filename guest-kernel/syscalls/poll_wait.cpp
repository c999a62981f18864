#include "syscalls/poll_wait.hpp"

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

Result<Deadline> deadline_of(UserInOut<__kernel_timespec> timeout) {
    if (timeout.is_null()) {
        return Deadline::never();
    }
    const Timespec length = Timespec::from_user(TRY(timeout.read()));
    if (!length.is_valid()) {
        return Errno(EINVAL);
    }
    return Deadline::after(length.to_nanoseconds());
}

void write_remaining(UserInOut<__kernel_timespec> timeout, Deadline deadline) {
    if (!timeout.is_null() && !deadline.is_never()) {
        (void)timeout.write(Timespec::from_nanoseconds(deadline.remaining()).to_user());
    }
}

}  // namespace kernel
