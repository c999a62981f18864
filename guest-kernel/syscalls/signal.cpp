// rt_sig*, sigaltstack, restart_syscall: what a task does with the signals that it gets.
#include <linux/signal.h>

#include "arch/include/machine.hpp"
#include "arch/include/signal_frame.hpp"
#include "lib/faults.hpp"
#include "mm/address_space.hpp"
#include "signal/alternate_stack.hpp"
#include "signal/temporary_mask.hpp"
#include "syscalls/handlers.hpp"
#include "syscalls/nanosleep.hpp"
#include "syscalls/poll_wait.hpp"
#include "task/futex.hpp"
#include "task/table.hpp"
#include "task/task.hpp"
#include "task/wait_queue.hpp"

namespace kernel {

namespace {

bool is_valid_signal(int signal) {
    return signal >= 1 && signal <= kSignalCount;
}

Result<void> check_size(std::size_t size) {
    return size == sizeof(kernel_sigset_t) ? Result<void>() : Result<void>(Errno(EINVAL));
}

Result<SignalSet> read_set(UserIn<kernel_sigset_t> set) {
    return SignalSet(TRY(UserIn<std::uint64_t>(set.address()).read()));
}

Result<void> write_set(UserOut<kernel_sigset_t> set, SignalSet value) {
    return UserOut<std::uint64_t>(set.address()).write(value.bits());
}

// The kernel's struct sigaction of arm64 (asm-generic/signal-defs.h): the UAPI declares the same.
SignalAction from_user(const struct sigaction& action) {
    return {.handler = reinterpret_cast<std::uint64_t>(action.sa_handler),
            .flags = action.sa_flags,
            .restorer = reinterpret_cast<std::uint64_t>(action.sa_restorer),
            .mask = SignalSet(action.sa_mask.sig[0])};
}

struct sigaction to_user(const SignalAction& action) {
    struct sigaction result{};
    result.sa_handler = reinterpret_cast<__sighandler_t>(action.handler);
    result.sa_flags = action.flags;
    result.sa_restorer = reinterpret_cast<__sigrestore_t>(action.restorer);
    result.sa_mask.sig[0] = action.mask.bits();
    return result;
}

// Bits of sa_flags that Linux 6.1 knows (UAPI_SA_FLAGS and arm64's); the others are cleared (SA_UNSUPPORTED).
constexpr unsigned long kKnownFlags = SA_NOCLDSTOP | SA_NOCLDWAIT | SA_SIGINFO | SA_ONSTACK | SA_RESTART |
                                      SA_NODEFER | SA_RESETHAND | SA_EXPOSE_TAGBITS | SA_RESTORER;

// A pending signal whose new disposition is to be ignored is discarded.
void forget_if_ignored(Process& process, int signal, const SignalAction& action) {
    const bool is_ignored =
        action.handler == reinterpret_cast<std::uint64_t>(SIG_IGN) ||
        (action.handler == reinterpret_cast<std::uint64_t>(SIG_DFL) && is_ignored_by_default(signal));
    if (is_ignored) {
        process.pending.remove_all(SignalSet::of(signal));
        for (Task& task : process.threads) {
            task.pending.remove_all(SignalSet::of(signal));
        }
    }
}

}  // namespace

Result<long> sys_rt_sigaction(Task& task, int signal, UserIn<struct sigaction> action,
                              UserOut<struct sigaction> old, std::size_t size) {
    TRY(check_size(size));
    SignalAction next;
    if (!action.is_null()) {
        next = from_user(TRY(action.read()));
    }
    if (!is_valid_signal(signal) || (!action.is_null() && kUnblockable.contains(signal))) {
        return Errno(EINVAL);
    }
    SignalAction& current = (*task.signal_handlers)[signal];
    const SignalAction previous = current;
    if (!action.is_null()) {
        next.flags &= kKnownFlags;
        next.mask = next.mask & ~kUnblockable;
        current = next;
        forget_if_ignored(*task.process, signal, next);
    }
    if (!old.is_null()) {
        TRY(old.write(to_user(previous)));
    }
    return 0;
}

Result<long> sys_rt_sigprocmask(Task& task, int how, UserIn<kernel_sigset_t> mask,
                                UserOut<kernel_sigset_t> old, std::size_t size) {
    TRY(check_size(size));
    const SignalSet previous = task.blocked;
    if (!mask.is_null()) {
        const SignalSet change = TRY(read_set(mask)) & ~kUnblockable;
        switch (how) {
            case SIG_BLOCK:
                task.blocked = previous | change;
                break;
            case SIG_UNBLOCK:
                task.blocked = previous & ~change;
                break;
            case SIG_SETMASK:
                task.blocked = change;
                break;
            default:
                return Errno(EINVAL);
        }
    }
    if (!old.is_null()) {
        TRY(write_set(old, previous));
    }
    return 0;
}

Result<long> sys_rt_sigpending(Task& task, UserOut<kernel_sigset_t> mask, std::size_t size) {
    if (size > sizeof(kernel_sigset_t)) {
        return Errno(EINVAL);
    }
    const std::uint64_t pending = ((task.pending.set() | task.process->pending.set()) & task.blocked).bits();
    TRY(copy_to_user(mask.address(), &pending, size));
    return 0;
}

Result<long> sys_rt_sigsuspend(Task& task, UserIn<kernel_sigset_t> mask, std::size_t size) {
    TRY(check_size(size));
    TRY(set_temporary_mask(task, TRY(read_set(mask))));
    while (!sleep_until(Deadline::never()).is_error()) {
    }
    return Errno(ERESTARTNOHAND);
}

Result<long> sys_rt_sigtimedwait(Task& task, UserIn<kernel_sigset_t> mask, UserOut<siginfo_t> info,
                                 UserIn<__kernel_timespec> timeout, std::size_t size) {
    TRY(check_size(size));
    const SignalSet wanted = TRY(read_set(mask)) & ~kUnblockable;
    const Deadline deadline = TRY(deadline_of(timeout));
    for (;;) {
        if (!((task.pending.set() | task.process->pending.set()) & wanted).is_empty()) {
            const siginfo_t what = dequeue_signal(task, wanted);
            if (!info.is_null()) {
                TRY(info.write(what));
            }
            return what.si_signo;
        }
        task.awaited = wanted;
        const Result<void> slept = sleep_until(deadline);
        task.awaited = SignalSet();
        const bool has_arrived = !((task.pending.set() | task.process->pending.set()) & wanted).is_empty();
        if (slept.is_error() && !has_arrived) {
            return Errno(slept.error() == Errno(ETIMEDOUT) ? EAGAIN : EINTR);
        }
    }
}

Result<long> sys_rt_sigreturn(Task& task) {
    Registers& registers = task.kernel_stack.registers();
    task.restart.kind = RestartBlock::Kind::None;
    const SignalSet blocked = task.blocked;
    if (arch::pop_signal_frame(task, registers).is_error()) {
        siginfo_t info = kernel_siginfo(SIGSEGV);
        // Linux arch/arm64/kernel/traps.c, arm64_notify_segfault: with memory at the stack or above it.
        const bool has_memory = task.address_space->find_at_or_above(registers.sp) != nullptr;
        info.si_code = has_memory ? SEGV_ACCERR : SEGV_MAPERR;
        info.si_addr = reinterpret_cast<void*>(registers.sp);
        registers.system_call = -1;
        registers.x[0] = 0;
        force_signal(task, info);
    }
    if (FAULT(sigreturn_loses_tpidr) && task.process.get() != &init_process()) {
        arch::set_thread_pointer(0);
    }
    if (FAULT(sigreturn_keeps_mask)) {
        task.blocked = blocked;
    }
    // The result register is one of those that came back.
    return static_cast<long>(registers.x[0]);
}

Result<long> sys_sigaltstack(Task& task, UserIn<stack_t> stack, UserOut<stack_t> old) {
    if (FAULT(sigaltstack_does_nothing)) {
        return 0;
    }
    const std::uint64_t stack_pointer = task.kernel_stack.registers().sp;
    const stack_t previous = describe_alternate_stack(task, stack_pointer);
    if (!stack.is_null()) {
        TRY(set_alternate_stack(task, TRY(stack.read()), stack_pointer, MINSIGSTKSZ));
    }
    if (!old.is_null()) {
        TRY(old.write(previous));
    }
    return 0;
}

Result<long> sys_restart_syscall(Task& task) {
    switch (task.restart.kind) {
        case RestartBlock::Kind::Nanosleep:
        case RestartBlock::Kind::CpuNanosleep:
            return restart_nanosleep(task);
        case RestartBlock::Kind::FutexWait:
            return restart_futex_wait(task);
        case RestartBlock::Kind::None:
            break;
    }
    return Errno(EINTR);
}

}  // namespace kernel
