// Sending signals: kill, tkill, tgkill, rt_sigqueueinfo, rt_tgsigqueueinfo.
#include "syscalls/kill.hpp"

#include "syscalls/handlers.hpp"
#include "task/table.hpp"
#include "task/task.hpp"

namespace kernel {

namespace {

constexpr std::size_t kKnownSize = 48;  // Linux's struct kernel_siginfo

// Do the fields of a siginfo have a meaning that Linux knows (kernel/signal.c, known_siginfo_layout)?
bool has_known_layout(int signal, int code) {
    if (code == SI_KERNEL) {
        return true;
    }
    if (code > SI_USER) {
        switch (signal) {
            case SIGILL:
                return code <= NSIGILL;
            case SIGFPE:
                return code <= NSIGFPE;
            case SIGSEGV:
                return code <= NSIGSEGV;
            case SIGBUS:
                return code <= NSIGBUS;
            case SIGTRAP:
                return code <= NSIGTRAP;
            case SIGCHLD:
                return code <= NSIGCHLD;
            case SIGSYS:
                return code <= NSIGSYS;
            default:
                return code <= NSIGPOLL;
        }
    }
    return code >= SI_DETHREAD || code == SI_ASYNCNL;
}

Result<void> check_permission_to_signal(Task& sender, const Task& target, const siginfo_t& info) {
    if (info.si_signo < 0 || info.si_signo > kSignalCount) {
        return Errno(EINVAL);
    }
    const bool is_from_program = info.si_code <= 0;
    return is_from_program && !may_signal(sender, target, info.si_signo) ? Result<void>(Errno(EPERM))
                                                                         : Result<void>();
}

// Linux kernel/signal.c, __kill_pgrp_info: one success is enough, else the last refusal counts.
Result<void> send_to_group(Task& sender, int group, const siginfo_t& info) {
    int error = ESRCH;
    bool was_sent = false;
    for (Process& process : all_processes()) {
        if (process.group == group) {
            const Result<void> result = signal_process_of(sender, *process.leader(), info);
            was_sent = was_sent || !result.is_error();
            error = result.is_error() ? result.error().value : error;
        }
    }
    return was_sent ? Result<void>() : Result<void>(Errno(error));
}

// Linux kernel/signal.c, kill_something_info: no permission is no error, else the last result counts. There
// is always somebody to send to, since Linux counts its own threads.
Result<void> send_to_all(Task& sender, const siginfo_t& info) {
    Result<void> last;
    for (Process& process : all_processes()) {
        if (&process == &init_process() || &process == sender.process.get()) {
            continue;
        }
        const Result<void> result = signal_process_of(sender, *process.leader(), info);
        if (!result.is_error() || result.error() != Errno(EPERM)) {
            last = result;
        }
    }
    return last;
}

Result<void> send_to_thread(Task& sender, int group, int id, const siginfo_t& info) {
    const Ref<Task> target = TRY(find_task(id));
    if (group > 0 && target->process_id() != group) {
        return Errno(ESRCH);
    }
    TRY(check_permission_to_signal(sender, *target, info));
    return info.si_signo == 0 ? Result<void>() : send_signal(*target, info);
}

// What a program may send, towards the thread or process with this number (Linux do_rt_sigqueueinfo).
Result<siginfo_t> check_queued_info(const Task& task, const siginfo_t& info, int target) {
    return is_reserved_code(info.si_code) && target != task.id ? Result<siginfo_t>(Errno(EPERM))
                                                               : Result<siginfo_t>(info);
}

}  // namespace

bool is_reserved_code(int code) {
    return code >= 0 || code == SI_TKILL;
}

Result<void> signal_process_of(Task& sender, Task& target, const siginfo_t& info) {
    TRY(check_permission_to_signal(sender, target, info));
    return info.si_signo == 0 ? Result<void>() : send_signal_to_process_of(target, info);
}

Result<siginfo_t> read_siginfo(UserIn<siginfo_t> info, int signal) {
    siginfo_t what = TRY(info.read());
    what.si_signo = signal;
    if (!has_known_layout(signal, what.si_code)) {
        const auto* bytes = reinterpret_cast<const char*>(&what);
        for (std::size_t i = kKnownSize; i < sizeof(what); ++i) {
            if (bytes[i] != 0) {
                return Errno(E2BIG);
            }
        }
    }
    return what;
}

Result<long> sys_kill(Task& task, int pid, int signal) {
    const siginfo_t info = user_siginfo(signal, SI_USER);
    if (pid > 0) {
        TRY(signal_process_of(task, *TRY(find_task(pid)), info));
    } else if (pid == -1) {
        TRY(send_to_all(task, info));
    } else if (pid == INT32_MIN) {
        return Errno(ESRCH);
    } else {
        TRY(send_to_group(task, pid == 0 ? task.process->group : -pid, info));
    }
    return 0;
}

Result<long> sys_tkill(Task& task, int id, int signal) {
    if (id <= 0) {
        return Errno(EINVAL);
    }
    TRY(send_to_thread(task, 0, id, user_siginfo(signal, SI_TKILL)));
    return 0;
}

Result<long> sys_tgkill(Task& task, int group, int id, int signal) {
    if (group <= 0 || id <= 0) {
        return Errno(EINVAL);
    }
    TRY(send_to_thread(task, group, id, user_siginfo(signal, SI_TKILL)));
    return 0;
}

Result<long> sys_rt_sigqueueinfo(Task& task, int pid, int signal, UserIn<siginfo_t> info) {
    const siginfo_t what = TRY(check_queued_info(task, TRY(read_siginfo(info, signal)), pid));
    TRY(signal_process_of(task, *TRY(find_task(pid)), what));
    return 0;
}

Result<long> sys_rt_tgsigqueueinfo(Task& task, int group, int id, int signal, UserIn<siginfo_t> info) {
    const siginfo_t given = TRY(read_siginfo(info, signal));
    if (group <= 0 || id <= 0) {
        return Errno(EINVAL);
    }
    TRY(send_to_thread(task, group, id, TRY(check_queued_info(task, given, id))));
    return 0;
}

}  // namespace kernel
