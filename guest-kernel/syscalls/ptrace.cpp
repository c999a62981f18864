// ptrace (Linux kernel/ptrace.c).
#include <linux/audit.h>
#include <linux/ptrace.h>

#include <span>

#include "lib/memory.hpp"
#include "mm/address_space.hpp"
#include "syscalls/handlers.hpp"
#include "syscalls/ptrace_registers.hpp"
#include "task/inspection.hpp"
#include "task/scheduler.hpp"
#include "task/table.hpp"
#include "task/task.hpp"

namespace kernel {

namespace {

constexpr unsigned kOldSetOptions = 21;  // PTRACE_OLDSETOPTIONS

bool is_signal_or_none(unsigned long signal) {
    return signal <= static_cast<unsigned long>(kSignalCount);
}

Result<long> trace_me(Task& task) {
    Process* parent = task.process->parent;
    if (task.tracing.tracer != nullptr || parent == nullptr) {
        return Errno(EPERM);
    }
    for (Task& thread : parent->threads) {
        if (thread.id == task.process->parent_thread && !thread.has_ended()) {
            if (!may_inspect(thread, task)) {
                return Errno(EPERM);
            }
            begin_tracing(task, thread, false, 0);
            return 0;
        }
    }
    return Errno(EPERM);
}

Result<long> attach(Task& task, Task& target, bool seizes, unsigned long address, unsigned long options) {
    if (seizes && (address != 0 || (options & ~static_cast<unsigned long>(PTRACE_O_MASK)) != 0)) {
        return Errno(EIO);
    }
    if (target.process == task.process || !may_inspect(task, target) || target.has_ended() ||
        target.tracing.tracer != nullptr) {
        return Errno(EPERM);
    }
    begin_tracing(target, task, seizes, seizes ? options : 0);
    if (!seizes) {
        (void)send_signal(target, kernel_siginfo(SIGSTOP));
    }
    if (target.state == TaskState::Stopped) {
        // It is in its group stop for the tracer before this call returns.
        scheduler::make_runnable(target);
        TRY(task.process->child_changed.wait_killable(
            [&] { return target.state == TaskState::Traced || target.tracing.tracer != &task; }));
    }
    return 0;
}

Result<long> set_options(Task& tracee, unsigned long options) {
    if ((options & ~static_cast<unsigned long>(PTRACE_O_MASK)) != 0) {
        return Errno(EINVAL);
    }
    tracee.tracing.options = options;
    return 0;
}

Result<long> peek(Task& tracee, UserAddress address, UserOut<std::uint64_t> where) {
    std::uint64_t word = 0;
    const std::span<std::byte> bytes = std::as_writable_bytes(std::span(&word, 1));
    if (!tracee.address_space ||
        tracee.address_space->read_remote(address.value(), bytes, AddressSpace::Force::Yes) < sizeof(word)) {
        return Errno(EIO);
    }
    TRY(where.write(word));
    return 0;
}

Result<long> poke(Task& tracee, UserAddress address, std::uint64_t word) {
    const std::span<const std::byte> bytes = std::as_bytes(std::span(&word, 1));
    if (!tracee.address_space ||
        tracee.address_space->write_remote(address.value(), bytes, AddressSpace::Force::Yes) < sizeof(word)) {
        return Errno(EIO);
    }
    return 0;
}

Result<long> get_siginfo(const Task& tracee, UserOut<siginfo_t> where) {
    if (!tracee.tracing.info.has_value()) {
        return Errno(EINVAL);
    }
    TRY(where.write(*tracee.tracing.info));
    return 0;
}

Result<long> set_siginfo(Task& tracee, UserIn<siginfo_t> from) {
    const siginfo_t info = TRY(from.read());
    if (!tracee.tracing.info.has_value()) {
        return Errno(EINVAL);
    }
    tracee.tracing.info = info;
    return 0;
}

Result<long> access_mask(Task& tracee, bool sets, unsigned long size, UserInOut<std::uint64_t> mask) {
    if (size != sizeof(std::uint64_t)) {
        return Errno(EINVAL);
    }
    // What a call that waits will put back is what the program knows as its mask (Linux).
    if (!sets) {
        TRY(mask.write((tracee.restore_blocked ? tracee.saved_blocked : tracee.blocked).bits()));
        return 0;
    }
    tracee.blocked = SignalSet(TRY(mask.read())) & ~kUnblockable;
    return 0;
}

// Of PTRACE_GET_SYSCALL_INFO. The result is the size of all that there is to know.
Result<long> get_call_info(const Task& tracee, std::size_t room, UserBuffer where) {
    constexpr int kCallStop = SIGTRAP | 0x80;
    const Registers& registers = tracee.kernel_stack.registers();
    const Tracing& tracing = tracee.tracing;
    ptrace_syscall_info info{};
    info.arch = AUDIT_ARCH_AARCH64;
    info.instruction_pointer = registers.pc;
    info.stack_pointer = registers.sp;
    std::size_t size = offsetof(ptrace_syscall_info, entry);
    const bool is_call = tracing.info.has_value() && tracing.info->si_code == kCallStop;
    if (is_call && tracing.message == PTRACE_EVENTMSG_SYSCALL_ENTRY) {
        info.op = PTRACE_SYSCALL_INFO_ENTRY;
        info.entry.nr = static_cast<std::uint64_t>(registers.system_call);
        copy_bytes(info.entry.args, registers.x.data(), sizeof(info.entry.args));
        info.entry.args[0] = registers.original_x0;
        size = offsetof(ptrace_syscall_info, entry.args) + sizeof(info.entry.args);
    } else if (is_call && tracing.message == PTRACE_EVENTMSG_SYSCALL_EXIT) {
        constexpr std::int64_t kMostErrno = 4095;
        info.op = PTRACE_SYSCALL_INFO_EXIT;
        info.exit.rval = static_cast<std::int64_t>(registers.x[0]);
        info.exit.is_error = static_cast<std::uint8_t>(info.exit.rval < 0 && info.exit.rval >= -kMostErrno);
        size = offsetof(ptrace_syscall_info, exit.is_error) + sizeof(info.exit.is_error);
    }
    const std::size_t written = size < room ? size : room;
    TRY(copy_to_user(where.address(), &info, written));
    return static_cast<long>(size);
}

Result<long> interrupt(Task& tracee) {
    if (!tracee.tracing.is_seized) {
        return Errno(EIO);
    }
    tracee.tracing.owes_stop = true;
    wake_tracee(tracee);
    return 0;
}

Result<long> listen(Task& tracee) {
    Tracing& tracing = tracee.tracing;
    const bool is_event_stop = tracing.info.has_value() && tracing.info->si_code >> 8 == PTRACE_EVENT_STOP;
    if (!tracing.is_seized || !is_event_stop) {
        return Errno(EIO);
    }
    tracing.is_listening = true;
    if (tracing.owes_notice) {
        wake_tracee(tracee);
    }
    return 0;
}

Result<long> resume(Task& tracee, unsigned long signal, ResumedTo to) {
    if (!is_signal_or_none(signal)) {
        return Errno(EIO);
    }
    resume_tracee(tracee, static_cast<int>(signal), to);
    return 0;
}

Result<long> detach(Task& tracee, unsigned long signal) {
    if (!is_signal_or_none(signal)) {
        return Errno(EIO);
    }
    tracee.tracing.status = static_cast<int>(signal);
    end_tracing(tracee);
    return 0;
}

// The task has to be the caller's, and but for two requests in a stop that it can be asked in (Linux
// ptrace_check_attach).
Result<void> check_tracee(const Task& task, const Task& tracee, unsigned request) {
    const bool may_run = request == PTRACE_KILL || request == PTRACE_INTERRUPT;
    const Tracing& tracing = tracee.tracing;
    const bool is_stopped = tracee.state == TaskState::Traced && tracing.is_in_stop && !tracing.is_listening;
    if (tracing.tracer != &task || (!may_run && !is_stopped)) {
        return Errno(ESRCH);
    }
    return {};
}

Result<long> ask(Task& tracee, unsigned request, unsigned long address, unsigned long data) {
    const UserAddress place(data);
    switch (request) {
        case PTRACE_PEEKTEXT:
        case PTRACE_PEEKDATA:
            return peek(tracee, UserAddress(address), UserOut<std::uint64_t>(place));
        case PTRACE_POKETEXT:
        case PTRACE_POKEDATA:
            return poke(tracee, UserAddress(address), data);
        case PTRACE_SETOPTIONS:
        case kOldSetOptions:
            return set_options(tracee, data);
        case PTRACE_GETEVENTMSG:
            TRY(UserOut<unsigned long>(place).write(tracee.tracing.message));
            return 0;
        case PTRACE_GETSIGINFO:
            return get_siginfo(tracee, UserOut<siginfo_t>(place));
        case PTRACE_SETSIGINFO:
            return set_siginfo(tracee, UserIn<siginfo_t>(place));
        case PTRACE_GETSIGMASK:
        case PTRACE_SETSIGMASK:
            return access_mask(tracee, request == PTRACE_SETSIGMASK, address,
                               UserInOut<std::uint64_t>(place));
        case PTRACE_GETREGSET:
            TRY(get_register_set(tracee, static_cast<unsigned>(address), UserInOut<iovec>(place)));
            return 0;
        case PTRACE_SETREGSET:
            TRY(set_register_set(tracee, static_cast<unsigned>(address), UserInOut<iovec>(place)));
            return 0;
        case PTRACE_GET_SYSCALL_INFO:
            return get_call_info(tracee, address, UserBuffer(place));
        case PTRACE_INTERRUPT:
            return interrupt(tracee);
        case PTRACE_LISTEN:
            return listen(tracee);
        case PTRACE_CONT:
            return resume(tracee, data, ResumedTo::NextEvent);
        case PTRACE_SYSCALL:
            return resume(tracee, data, ResumedTo::NextCall);
        case PTRACE_DETACH:
            return detach(tracee, data);
        case PTRACE_KILL:
            (void)send_signal(tracee, user_siginfo(SIGKILL, SI_USER));
            return 0;
        default:
            return Errno(EIO);
    }
}

}  // namespace

Result<long> sys_ptrace(Task& task, int request, int pid, unsigned long address, unsigned long data) {
    if (request == PTRACE_TRACEME) {
        return trace_me(task);
    }
    const Ref<Task> target = TRY(find_task(pid));
    if (request == PTRACE_ATTACH || request == PTRACE_SEIZE) {
        return attach(task, *target, request == PTRACE_SEIZE, address, data);
    }
    TRY(check_tracee(task, *target, static_cast<unsigned>(request)));
    return ask(*target, static_cast<unsigned>(request), address, data);
}

}  // namespace kernel
