// clone, clone3, set_tid_address.
#include <linux/sched.h>

#include "mm/page.hpp"
#include "syscalls/handlers.hpp"
#include "task/fork.hpp"
#include "task/task.hpp"

namespace kernel {

Result<long> sys_clone(Task& task, unsigned long flags, UserAddress stack, UserOut<int> parent_tid,
                       UserAddress tls, UserAddress child_tid) {
    constexpr unsigned long kBoth = CLONE_PIDFD | CLONE_PARENT_SETTID;  // they share an argument
    if ((flags & kBoth) == kBoth) {
        return Errno(EINVAL);
    }
    return clone_task(task, {.flags = flags & 0xffff'ffff & ~static_cast<unsigned long>(CSIGNAL),
                             .exit_signal = static_cast<int>(flags & CSIGNAL),
                             .stack = stack.value(),
                             .tls = tls.value(),
                             .parent_tid = parent_tid.address(),
                             .child_tid = child_tid,
                             .pidfd = parent_tid.address()});
}

Result<long> sys_clone3(Task& task, UserIn<clone_args> arguments, std::size_t size) {
    if (size > kPageSize) {
        return Errno(E2BIG);
    }
    if (size < CLONE_ARGS_SIZE_VER0) {
        return Errno(EINVAL);
    }
    clone_args request{};
    TRY(copy_from_user(&request, arguments.address(), size < sizeof(request) ? size : sizeof(request)));
    for (std::size_t offset = sizeof(request); offset < size; ++offset) {
        // A newer caller's fields must be 0 (Linux copy_struct_from_user).
        if (TRY(UserIn<std::uint8_t>(arguments.address() + offset).read()) != 0) {
            return Errno(E2BIG);
        }
    }
    constexpr std::uint64_t kKnown =
        (CLONE_CLEAR_SIGHAND | CLONE_INTO_CGROUP | 0xffff'ffff) & ~std::uint64_t{CSIGNAL | CLONE_DETACHED};
    if ((request.flags & ~kKnown) != 0 || request.set_tid_size != 0 || request.set_tid != 0 ||
        request.exit_signal > static_cast<std::uint64_t>(kSignalCount) ||
        ((request.flags & (CLONE_THREAD | CLONE_PARENT)) != 0 && request.exit_signal != 0) ||
        (request.stack == 0) != (request.stack_size == 0)) {
        return Errno(EINVAL);
    }
    return clone_task(task, {.flags = request.flags,
                             .exit_signal = static_cast<int>(request.exit_signal),
                             .stack = request.stack + request.stack_size,
                             .tls = request.tls,
                             .parent_tid = UserAddress(request.parent_tid),
                             .child_tid = UserAddress(request.child_tid),
                             .pidfd = UserAddress(request.pidfd)});
}

Result<long> sys_set_tid_address(Task& task, UserAddress word) {
    task.clear_child_tid = word.value();
    return task.id;
}

}  // namespace kernel
