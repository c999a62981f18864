// Sending and queueing.
#include "signal/signals.hpp"

#include <linux/resource.h>

#include <utility>

#include "signal/posix_timer.hpp"
#include "task/exit.hpp"
#include "task/scheduler.hpp"
#include "task/table.hpp"
#include "task/task.hpp"
#include "task/wait.hpp"

namespace kernel {

namespace {

constexpr SignalSet kStopSignals =
    SignalSet::of(SIGSTOP) | SignalSet::of(SIGTSTP) | SignalSet::of(SIGTTIN) | SignalSet::of(SIGTTOU);
constexpr SignalSet kIgnoredByDefault =
    SignalSet::of(SIGCHLD) | SignalSet::of(SIGCONT) | SignalSet::of(SIGWINCH) | SignalSet::of(SIGURG);

bool is_realtime(int signal) {
    return signal >= SIGRTMIN;
}

std::uint64_t as_handler(__sighandler_t handler) {
    return reinterpret_cast<std::uint64_t>(handler);
}

bool is_ignored(Task& task, int signal) {
    const std::uint64_t handler = (*task.signal_handlers)[signal].handler;
    return handler == as_handler(SIG_IGN) ||
           (handler == as_handler(SIG_DFL) && kIgnoredByDefault.contains(signal));
}

// Linux kernel/signal.c, sig_ignored and sig_task_ignored: init ignores what it does not handle.
bool is_dropped(Task& task, int signal) {
    if (task.blocked.contains(signal) || task.awaited.contains(signal)) {
        return false;
    }
    if (task.tracing.tracer != nullptr && signal != SIGKILL) {
        return false;  // a tracer sees them all
    }
    const bool is_init = task.process.get() == &init_process();
    return is_ignored(task, signal) ||
           (is_init && ((*task.signal_handlers)[signal].handler == as_handler(SIG_DFL) || signal == SIGKILL));
}

void remove_pending(Process& process, SignalSet which) {
    process.pending.remove_all(which);
    for (Task& task : process.threads) {
        task.pending.remove_all(which);
    }
}

// SIGCONT and the stop signals cancel each other when they are sent, whatever is done about them later.
void act_at_sending(Process& process, int signal) {
    if (kStopSignals.contains(signal)) {
        remove_pending(process, SignalSet::of(SIGCONT));
    } else if (signal == SIGCONT) {
        remove_pending(process, kStopSignals);
        continue_process(process);
    }
}

bool wants(const Task& task, int signal) {
    return !task.blocked.contains(signal) || task.awaited.contains(signal);
}

void wake_for_signal(Task& task, int signal) {
    if (task.state == TaskState::Sleeping || signal == SIGKILL) {
        scheduler::make_runnable(task);
    }
}

int choose(SignalSet set) {
    const SignalSet first = set & kSynchronous;
    return __builtin_ctzl((first.is_empty() ? set : first).bits()) + 1;
}

// A signal for the whole process has become pending: one thread is to act on it, the leader if it does not
// block it, else any that does not.
void wake_taker(Process& process, Task& thread, int signal) {
    Task* taker = !thread.has_ended() && wants(thread, signal) ? &thread : nullptr;
    for (Task& task : process.threads) {
        if (taker == nullptr && !task.has_ended() && wants(task, signal)) {
            taker = &task;
        }
    }
    if (taker == nullptr) {
        return;
    }
    if (signal == SIGKILL) {
        begin_process_exit(process, signal);
    }
    wake_for_signal(*taker, signal);
}

bool kills_at_once(Task& task, int signal) {
    return signal == SIGKILL ||
           (!task.blocked.contains(signal) && !task.awaited.contains(signal) &&
            (*task.signal_handlers)[signal].handler == as_handler(SIG_DFL) && is_fatal_by_default(signal));
}

// Makes the signal pending. RLIMIT_SIGPENDING applies to real-time signals and to what a program queues.
// Beyond it, or without memory, a real-time signal that carries data fails with EAGAIN, and the others lose
// their siginfo (Linux kernel/signal.c, __send_signal_locked).
Result<void> make_pending(PendingSignals& pending, const Task& target, const siginfo_t& info) {
    const bool is_limited = is_realtime(info.si_signo) || info.si_code < 0;
    const bool is_full = is_limited && count_queued_signals(target.credentials.user) >=
                                           target.process->limit(RLIMIT_SIGPENDING).rlim_cur;
    if (!is_full && !pending.add(info).is_error()) {
        return {};
    }
    if (is_realtime(info.si_signo) && info.si_code != SI_USER && info.si_code != SI_KERNEL) {
        return Errno(EAGAIN);
    }
    pending.add_without_info(info.si_signo);
    return {};
}

// A classic signal that is pending already is not news to those who poll a signalfd (Linux legacy_queue).
Result<void> make_pending_and_tell(PendingSignals& pending, Task& target, const siginfo_t& info) {
    const bool is_news = is_realtime(info.si_signo) || !pending.set().contains(info.si_signo);
    TRY(make_pending(pending, target, info));
    if (is_news) {
        target.signal_handlers->arrived.wake_all();
    }
    return {};
}

}  // namespace

bool is_stop_signal(int signal) {
    return kStopSignals.contains(signal);
}
bool is_ignored_by_default(int signal) {
    return kIgnoredByDefault.contains(signal);
}
bool dumps_core_by_default(int signal) {
    constexpr SignalSet kCore = kSynchronous | SignalSet::of(SIGQUIT) | SignalSet::of(SIGABRT) |
                                SignalSet::of(SIGXCPU) | SignalSet::of(SIGXFSZ);
    return kCore.contains(signal);
}

bool is_fatal_by_default(int signal) {
    return !kStopSignals.contains(signal) && !kIgnoredByDefault.contains(signal);
}

std::uint64_t count_queued_signals(std::uint32_t user) {
    std::uint64_t queued = 0;
    for (Process& process : all_processes()) {
        if (process.real_user == user) {
            queued += process.pending.queued();
            for ([[maybe_unused]] PosixTimer& timer : process.posix_timers) {
                ++queued;
            }
        }
    }
    for (const Task& task : all_tasks()) {
        queued += task.credentials.user == user ? task.pending.queued() : 0;
    }
    return queued;
}

Result<void> PendingSignals::add(const siginfo_t& info) {
    const int signal = info.si_signo;
    if (!is_realtime(signal) && set_.contains(signal)) {
        return {};
    }
    auto* queued = new (std::nothrow) QueuedSignal;
    if (queued == nullptr) {
        return Errno(ENOMEM);
    }
    queued->info = info;
    queue_.push_back(*queued);
    ++queued_;
    set_.add(signal);
    return {};
}

siginfo_t PendingSignals::take(int signal) {
    QueuedSignal* found = nullptr;
    bool has_more = false;
    for (QueuedSignal& queued : queue_) {
        if (queued.info.si_signo == signal) {
            if (found != nullptr) {
                has_more = true;
                break;
            }
            found = &queued;
        }
    }
    if (!has_more) {
        set_.remove(signal);
    }
    if (found == nullptr) {
        return user_siginfo_from(signal, 0, 0);
    }
    siginfo_t info = found->info;
    SignalOwner* owner = found->owner;
    forget(*found);
    if (owner != nullptr) {
        owner->signal_taken(info);
    }
    return info;
}

void PendingSignals::add_owned(QueuedSignal& entry) {
    queue_.push_back(entry);
    set_.add(entry.info.si_signo);
}

void PendingSignals::forget(QueuedSignal& entry) {
    entry.unlink();
    if (entry.owner == nullptr) {
        delete &entry;
        --queued_;
    }
}

void PendingSignals::remove_all(SignalSet which) {
    QueuedSignal* queued = queue_.first();
    while (queued != nullptr) {
        QueuedSignal* next = queue_.next(*queued);
        if (which.contains(queued->info.si_signo)) {
            forget(*queued);
        }
        queued = next;
    }
    set_ = set_ & ~which;
}

Result<Ref<SignalHandlers>> SignalHandlers::clone() const {
    Ref<SignalHandlers> copy = TRY(make_ref<SignalHandlers>());
    copy->actions_ = actions_;
    return copy;
}

void SignalHandlers::reset_for_execve() {
    for (SignalAction& action : actions_) {
        if (action.handler != as_handler(SIG_IGN)) {
            action.handler = as_handler(SIG_DFL);
        }
        action.flags = 0;
        action.restorer = 0;
        action.mask = SignalSet();
    }
}

siginfo_t kernel_siginfo(int signal) {
    siginfo_t info{};
    info.si_signo = signal;
    info.si_code = SI_KERNEL;
    return info;
}

siginfo_t user_siginfo_from(int signal, int pid, std::uint32_t user) {
    siginfo_t info{};
    info.si_signo = signal;
    info.si_code = SI_USER;
    info.si_pid = pid;
    info.si_uid = user;
    return info;
}

siginfo_t user_siginfo(int signal, int code) {
    const Task& sender = Task::current();
    siginfo_t info = user_siginfo_from(signal, sender.process_id(), sender.credentials.user);
    info.si_code = code;
    return info;
}

Result<void> send_signal(Task& task, const siginfo_t& info) {
    const int signal = info.si_signo;
    Process& process = *task.process;
    if (process.is_zombie) {
        return {};  // as below
    }
    act_at_sending(process, signal);
    if (task.has_ended() || is_dropped(task, signal)) {
        return {};  // an ended leader takes every signal and does nothing
    }
    TRY(make_pending_and_tell(task.pending, task, info));
    if (wants(task, signal)) {
        if (kills_at_once(task, signal) && !process.is_exiting && signal == SIGKILL) {
            begin_process_exit(process, signal);
        }
        wake_for_signal(task, signal);
    }
    return {};
}

Result<void> send_signal(Process& process, const siginfo_t& info) {
    Task* leader = process.leader();
    return leader != nullptr ? send_signal_to_process_of(*leader, info) : Result<void>();
}

Result<void> send_signal_to_process_of(Task& thread, const siginfo_t& info) {
    const int signal = info.si_signo;
    Process& process = *thread.process;
    if (process.is_zombie) {
        return {};  // a zombie takes every signal and does nothing
    }
    act_at_sending(process, signal);
    if (is_dropped(thread, signal)) {
        return {};
    }
    TRY(make_pending_and_tell(process.pending, thread, info));
    wake_taker(process, thread, signal);
    return {};
}

// Linux kernel/signal.c, send_sigqueue.
OwnedSignal send_owned_signal(Process& process, Task* thread, QueuedSignal& entry) {
    Task* target = thread != nullptr ? thread : process.leader();
    if (process.is_zombie || target == nullptr || (thread != nullptr && thread->has_ended())) {
        return OwnedSignal::Gone;
    }
    const int signal = entry.info.si_signo;
    act_at_sending(process, signal);
    if (is_dropped(*target, signal)) {
        return OwnedSignal::Ignored;
    }
    if (entry.is_linked()) {
        ++entry.info.si_overrun;
        return OwnedSignal::Sent;
    }
    entry.info.si_overrun = 0;
    target->signal_handlers->arrived.wake_all();
    (thread != nullptr ? target->pending : process.pending).add_owned(entry);
    if (thread == nullptr) {
        wake_taker(process, *target, signal);
    } else if (wants(*target, signal)) {
        wake_for_signal(*target, signal);
    }
    return OwnedSignal::Sent;
}

siginfo_t dequeue_signal(Task& task, SignalSet wanted) {
    const SignalSet own = task.pending.set() & wanted;
    if (!own.is_empty()) {
        return task.pending.take(choose(own));
    }
    const siginfo_t info = task.process->pending.take(choose(task.process->pending.set() & wanted));
    if (info.si_signo == SIGALRM) {
        task.process->real_timer.signal_taken();
    }
    return info;
}

Result<void> send_signal_to_group(int group, const siginfo_t& info) {
    bool found = false;
    for (Process& process : all_processes()) {
        if (process.group == group) {
            found = true;
            TRY(send_signal(process, info));
        }
    }
    return found ? Result<void>() : Result<void>(Errno(ESRCH));
}

// Linux kernel/signal.c, force_sig_info_to_task.
void force_signal(Task& task, const siginfo_t& info) {
    const int signal = info.si_signo;
    SignalAction& action = (*task.signal_handlers)[signal];
    const bool was_blocked = task.blocked.contains(signal);
    if (was_blocked || action.handler == as_handler(SIG_IGN)) {
        action.handler = as_handler(SIG_DFL);
    }
    task.blocked.remove(signal);
    if (action.handler == as_handler(SIG_DFL)) {
        task.is_forced_to_die = true;  // init too
    }
    if (task.pending.add(info).is_error()) {
        task.pending.add_without_info(signal);
    }
}

bool may_signal(const Task& sender, const Task& target, int signal) {
    const Credentials& a = sender.credentials;
    const Credentials& b = target.credentials;
    return sender.process == target.process || a.has(CAP_KILL) || a.effective_user == b.saved_user ||
           a.effective_user == b.user || a.user == b.saved_user || a.user == b.user ||
           (signal == SIGCONT && sender.process->session == target.process->session);
}

void begin_stop(Process& process, int signal) {
    // A task that its tracer lets run during a stop joins another one again.
    for (Task& task : process.threads) {
        task.tracing.has_joined_stop = task.tracing.has_joined_stop && task.state == TaskState::Traced;
    }
    if (process.stop_signal != 0 && !process.is_stopped) {
        return;
    }
    process.stop_signal = signal;
    for (Task& task : process.threads) {
        if (task.state == TaskState::Sleeping) {
            scheduler::make_runnable(task);
        }
    }
}

void complete_stop(Process& process) {
    if (process.stop_signal == 0 || process.is_stopped || process.live_thread() == nullptr) {
        return;
    }
    for (Task& task : process.threads) {
        if (task.state != TaskState::Stopped && !task.tracing.has_joined_stop && !task.has_ended()) {
            return;
        }
    }
    process.is_stopped = true;
    process.stop_unreported = true;
    process.continue_unreported = false;
    const Task& last = Task::current();
    if (!last.tracing.has_joined_stop || is_traced_by_stranger(last)) {
        report_change_to_parent(process, CLD_STOPPED);
    }
}

void continue_process(Process& process) {
    for (Task& task : process.threads) {
        task.tracing.has_joined_stop = false;
        owe_notice(task);
    }
    if (process.stop_signal == 0) {
        return;
    }
    const int change = process.is_stopped ? CLD_CONTINUED : CLD_STOPPED;
    forget_stop(process);
    process.unannounced_change = change;
    process.continue_unreported = true;
    for (Task& task : process.threads) {
        if (task.state == TaskState::Stopped) {
            scheduler::make_runnable(task);
        }
    }
}

void announce_change(Process& process) {
    if (process.unannounced_change != 0) {
        report_change_to_parent(process, std::exchange(process.unannounced_change, 0));
    }
}

void forget_stop(Process& process) {
    process.stop_signal = 0;
    process.is_stopped = false;
    process.stop_unreported = false;
    process.continue_unreported = false;
    process.unannounced_change = 0;
}

}  // namespace kernel
