#include "task/tracing.hpp"

#include <linux/ptrace.h>

#include <utility>

#include "signal/signals.hpp"
#include "task/exit.hpp"
#include "task/scheduler.hpp"
#include "task/task.hpp"
#include "task/wait.hpp"

namespace kernel {

namespace {

siginfo_t trap_info(const Task& task, int signal, int code) {
    siginfo_t info{};
    info.si_signo = signal;
    info.si_code = code;
    info.si_pid = task.id;
    info.si_uid = task.credentials.user;
    return info;
}

// Linux ptrace_do_notify.
int notify(Task& task, int signal, int status, int reason, unsigned long message) {
    const siginfo_t info = trap_info(task, signal, status);
    return stop_for_tracer(task, status, &info, reason, message);
}

bool is_killed(const Task& task) {
    return task.process->is_exiting || task.pending.set().contains(SIGKILL);
}

// arm64 shows the direction in x7 (Linux arch/arm64/kernel/ptrace.c, report_syscall).
void stop_at_call(Task& task, Registers& registers, unsigned long message, std::uint64_t direction) {
    constexpr int kCallStop = 0x80;  // with PTRACE_O_TRACESYSGOOD
    const std::uint64_t kept = std::exchange(registers.x[7], direction);
    const int status = SIGTRAP | ((task.tracing.options & PTRACE_O_TRACESYSGOOD) != 0 ? kCallStop : 0);
    const int signal = notify(task, SIGTRAP, status, CLD_TRAPPED, message);
    registers.x[7] = kept;
    if (signal != 0) {
        (void)send_signal(task, kernel_siginfo(signal));
    }
}

}  // namespace

void begin_tracing(Task& task, Task& tracer, bool is_seized, unsigned long options) {
    task.tracing = Tracing{.tracer = &tracer, .is_seized = is_seized, .options = options};
    tracer.tracees.push_back(task);
}

void end_tracing(Task& task) {
    const Task& tracer = *std::exchange(task.tracing.tracer, nullptr);
    List<Task, TracedTask>::remove(task);
    task.tracing.owes_stop = task.tracing.owes_notice = task.tracing.has_joined_stop = false;
    if (!task.has_ended()) {
        // Into the group stop that is in force, or on.
        task.tracing.is_in_stop = false;
        if (task.state == TaskState::Traced || task.process->stop_signal != 0) {
            scheduler::make_runnable(task);
        }
        return;
    }
    if (!task.is_leader()) {
        release_task(task);
    } else if (task.process->is_zombie) {
        leave_zombie_to_parent(*task.process, *tracer.process);
    }
}

void let_go_of_tracees(Task& tracer) {
    while (Task* task = tracer.tracees.first()) {
        const Ref<Task> keep(task);
        if ((task->tracing.options & PTRACE_O_EXITKILL) != 0 && !task->has_ended()) {
            (void)send_signal(*task, kernel_siginfo(SIGKILL));
        }
        end_tracing(*task);
    }
}

void resume_tracee(Task& task, int signal, ResumedTo to) {
    task.tracing.resumed_to = to;
    task.tracing.status = signal;
    task.tracing.is_in_stop = false;
    scheduler::make_runnable(task);
}

int stop_for_tracer(Task& task, int status, const siginfo_t* info, int reason, unsigned long message) {
    Tracing& tracing = task.tracing;
    tracing.status = status;
    tracing.message = message;
    tracing.info = info != nullptr ? std::optional(*info) : std::nullopt;
    tracing.is_in_stop = true;
    tracing.owes_stop = false;
    constexpr int kEventShift = 8;
    if (info != nullptr && info->si_code >> kEventShift == PTRACE_EVENT_STOP) {
        tracing.owes_notice = false;
    }
    task.state = TaskState::Traced;
    report_stop_to_tracer(task, reason);
    // Nothing but the tracer, its end or a kill ends this sleep: the task stands in no queue.
    scheduler::schedule();
    const bool was_resumed = !tracing.is_in_stop;
    tracing.is_in_stop = false;
    tracing.is_listening = false;
    tracing.info = std::nullopt;
    tracing.message = 0;
    const int signal = std::exchange(tracing.status, 0);
    return was_resumed ? signal : 0;
}

bool traces_event(const Task& task, int event) {
    return task.tracing.tracer != nullptr && (task.tracing.options >> event & 1) != 0;
}

void stop_at_event(Task& task, int event, unsigned long message) {
    constexpr int kEventShift = 8;
    // On the way out a task has been killed already, and stops all the same.
    if (traces_event(task, event)) {
        if (event == PTRACE_EVENT_EXIT || !is_killed(task)) {
            (void)notify(task, SIGTRAP, event << kEventShift | SIGTRAP, CLD_TRAPPED, message);
        }
    } else if (event == PTRACE_EVENT_EXEC && task.tracing.tracer != nullptr && !task.tracing.is_seized) {
        (void)send_signal(task, user_siginfo(SIGTRAP, SI_USER));
    }
}

bool stop_at_call_entry(Task& task, Registers& registers) {
    if (task.tracing.tracer == nullptr || task.tracing.resumed_to != ResumedTo::NextCall) {
        return true;
    }
    if (!is_killed(task)) {
        stop_at_call(task, registers, PTRACE_EVENTMSG_SYSCALL_ENTRY, 0);
    }
    return !is_killed(task);
}

void stop_at_call_exit(Task& task, Registers& registers) {
    if (task.tracing.tracer != nullptr && task.tracing.resumed_to == ResumedTo::NextCall &&
        !is_killed(task)) {
        stop_at_call(task, registers, PTRACE_EVENTMSG_SYSCALL_EXIT, 1);
    }
}

// Linux ptrace_signal.
void stop_at_signal(Task& task, siginfo_t& info) {
    const Task* tracer = task.tracing.tracer;
    const int signal = stop_for_tracer(task, info.si_signo, &info, CLD_TRAPPED, 0);
    if (signal == 0) {
        info.si_signo = 0;
        return;
    }
    if (signal != info.si_signo) {
        const bool has_tracer = task.tracing.tracer == tracer;
        info = user_siginfo_from(signal, has_tracer ? tracer->process_id() : 0,
                                 has_tracer ? tracer->credentials.user : 0);
    }
    if (task.blocked.contains(signal)) {
        (void)send_signal(task, info);
        info.si_signo = 0;
    }
}

// Linux do_jobctl_trap.
void stop_as_owed(Task& task) {
    constexpr int kEventShift = 8;
    Process& process = *task.process;
    const bool joins = process.stop_signal != 0 && !task.tracing.has_joined_stop;
    if (joins) {
        task.tracing.has_joined_stop = true;
        complete_stop(process);
    }
    if (task.tracing.is_seized) {
        const int signal = process.stop_signal != 0 ? process.stop_signal : SIGTRAP;
        (void)notify(task, signal, PTRACE_EVENT_STOP << kEventShift | signal, CLD_STOPPED, 0);
    } else {
        (void)stop_for_tracer(task, process.stop_signal, nullptr, CLD_STOPPED, 0);
    }
}

void owe_notice(Task& task) {
    if (task.tracing.tracer != nullptr && task.tracing.is_seized) {
        task.tracing.owes_notice = true;
        wake_tracee(task);
    }
}

void wake_tracee(Task& task) {
    if (task.state == TaskState::Sleeping || task.tracing.is_listening) {
        task.tracing.is_in_stop = false;
        scheduler::make_runnable(task);
    }
}

bool is_traced_by_stranger(const Task& task) {
    return task.tracing.tracer != nullptr && task.tracing.tracer->process.get() != task.process->parent;
}

}  // namespace kernel
