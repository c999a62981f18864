// What happens to pending signals when a task is about to return to its program (Linux kernel/signal.c,
// get_signal; arch/arm64/kernel/signal.c, do_signal).
#include <asm/unistd.h>

#include "arch/include/signal_frame.hpp"
#include "log/print.hpp"
#include "mm/address_space.hpp"
#include "signal/temporary_mask.hpp"
#include "task/core_dump.hpp"
#include "task/exit.hpp"
#include "task/rseq.hpp"
#include "task/scheduler.hpp"
#include "task/table.hpp"
#include "task/task.hpp"

namespace kernel {

namespace {

constexpr std::uint64_t kIgnore = 1;   // SIG_IGN
constexpr std::uint64_t kDefault = 0;  // SIG_DFL

constexpr int kCoreFlag = 0x80;  // of a status as wait4 reports it

struct TakenSignal {
    siginfo_t info;
    SignalAction action;
};

// A handler that has not asked for it is told the address of a fault without its tag (Linux kernel/signal.c,
// hide_si_addr_tag_bits; for watchpoints arm64 leaves it).
void hide_tag(siginfo_t& info) {
    const bool is_fault = kSynchronous.contains(info.si_signo) && info.si_signo != SIGSYS &&
                          info.si_code > 0 && info.si_code < SI_KERNEL;
    if (is_fault && !(info.si_signo == SIGTRAP && info.si_code == TRAP_BRKPT)) {
        const auto address = reinterpret_cast<std::uint64_t>(info.si_addr);
        info.si_addr = reinterpret_cast<void*>(untagged(address));
    }
}

bool is_any_pending(const Task& task) {
    return !((task.pending.set() | task.process->pending.set()) & ~task.blocked).is_empty();
}

void sleep_while_stopped(Task& task) {
    while (task.process->stop_signal != 0 && !task.process->is_exiting && task.tracing.tracer == nullptr) {
        task.state = TaskState::Stopped;
        complete_stop(*task.process);
        scheduler::schedule();
    }
}

// Stops the process for a stop signal's default action, unless its group is orphaned (POSIX: no SIGTSTP
// then).
void act_on_stop(Task& task, int signal) {
    if (signal != SIGSTOP && is_orphaned_group(task.process->group)) {
        return;
    }
    begin_stop(*task.process, signal);
}

// The next signal that a handler takes. Default actions are carried out on the way.
std::optional<TakenSignal> take_handled_signal(Task& task) {
    for (;;) {
        announce_change(*task.process);
        if (task.process->is_exiting) {
            exit_task(task, task.process->exit_status);
        }
        const bool joins_stop = task.process->stop_signal != 0 && !task.tracing.has_joined_stop;
        if (task.tracing.tracer != nullptr && (joins_stop || task.tracing.owes_anything())) {
            stop_as_owed(task);
            continue;
        }
        if (joins_stop) {
            sleep_while_stopped(task);
            continue;
        }
        if (!is_any_pending(task)) {
            return std::nullopt;
        }
        siginfo_t info = dequeue_signal(task, ~task.blocked);
        if (task.tracing.tracer != nullptr && info.si_signo != SIGKILL) {
            stop_at_signal(task, info);
            if (info.si_signo == 0) {
                continue;
            }
        }
        const int signal = info.si_signo;
        SignalAction& action = (*task.signal_handlers)[signal];
        if (signal == SIGKILL) {
            exit_task(task, 0);  // execve by another thread; who kills the process says so in it
        }
        if (action.handler == kIgnore) {
            continue;
        }
        if (action.handler != kDefault) {
            TakenSignal taken{.info = info, .action = action};
            if ((action.flags & SA_EXPOSE_TAGBITS) == 0) {
                hide_tag(taken.info);
            }
            if ((action.flags & SA_RESETHAND) != 0) {
                action.handler = kDefault;
            }
            return taken;
        }
        const bool is_init = task.process.get() == &init_process();
        if (is_ignored_by_default(signal) || (is_init && !task.is_forced_to_die)) {
            continue;
        }
        if (is_stop_signal(signal)) {
            act_on_stop(task, signal);
            continue;
        }
        const bool has_core = dumps_core_by_default(signal) && dump_core(task, info);
        exit_process(task, signal | (has_core ? kCoreFlag : 0));
    }
}

bool asks_for_restart(std::int64_t result) {
    return result == -ERESTARTSYS || result == -ERESTARTNOINTR || result == -ERESTARTNOHAND ||
           result == -ERESTART_RESTARTBLOCK;
}

bool restarts_after_handler(std::int64_t result, const SignalAction& action) {
    return result == -ERESTARTNOINTR || (result == -ERESTARTSYS && (action.flags & SA_RESTART) != 0);
}

void run_handler(Task& task, Registers& registers, const TakenSignal& taken) {
    update_rseq(task, registers);
    const SignalSet old_mask = task.restore_blocked ? task.saved_blocked : task.blocked;
    task.restore_blocked = false;
    const Result<void> frame = arch::push_signal_frame(task, registers, taken.info, taken.action, old_mask);
    if (frame.is_error()) {
        // There is no stack for the handler: SIGSEGV, with its default action if the handler was for SIGSEGV
        // itself.
        if (taken.info.si_signo == SIGSEGV) {
            (*task.signal_handlers)[SIGSEGV].handler = kDefault;
        }
        force_signal(task, kernel_siginfo(SIGSEGV));
        return;
    }
    SignalSet blocked = task.blocked | taken.action.mask;
    if ((taken.action.flags & SA_NODEFER) == 0) {
        blocked.add(taken.info.si_signo);
    }
    task.blocked = blocked & ~kUnblockable;
}

}  // namespace

bool is_orphaned_group(int group) {
    for (Process& member : all_processes()) {
        if (member.group == group && !member.is_zombie && member.parent != nullptr &&
            member.parent != &init_process() && member.parent->group != group &&
            member.parent->session == member.session) {
            return false;
        }
    }
    return true;
}

Result<void> set_temporary_mask(Task& task, SignalSet mask) {
    task.saved_blocked = task.blocked;
    task.restore_blocked = true;
    task.blocked = mask & ~kUnblockable;
    return {};
}

bool needs_signal_work(Task& task, const Registers& registers) {
    return task.has_pending_signal() || task.restore_blocked ||
           (registers.system_call >= 0 && asks_for_restart(static_cast<std::int64_t>(registers.x[0])));
}

void deliver_signals(Task& task, Registers& registers) {
    const auto result = static_cast<std::int64_t>(registers.x[0]);
    const bool restarts = registers.system_call >= 0 && asks_for_restart(result);
    const std::uint64_t after_call = registers.pc;
    registers.system_call = -1;
    if (restarts) {
        registers.x[0] = registers.original_x0;
        registers.pc = after_call - 4;
    }
    // A call that has succeeded ends with the original mask; signals that only the temporary mask let through
    // stay pending.
    const bool was_interrupted = restarts || result == -std::int64_t{EINTR};
    if (task.restore_blocked && !was_interrupted) {
        task.restore_blocked = false;
        task.blocked = task.saved_blocked;
    }
    const std::optional<TakenSignal> taken = take_handled_signal(task);
    if (taken.has_value()) {
        if (restarts && !restarts_after_handler(result, taken->action)) {
            registers.x[0] = static_cast<std::uint64_t>(-std::int64_t{EINTR});
            registers.pc = after_call;
        }
        run_handler(task, registers, *taken);
        return;
    }
    if (restarts && result == -ERESTART_RESTARTBLOCK) {
        registers.x[8] = __NR_restart_syscall;
    }
    if (task.restore_blocked) {
        task.restore_blocked = false;
        task.blocked = task.saved_blocked;
    }
}

}  // namespace kernel
