// Terminals and the processes that they belong to: sessions, job control, hanging up (man 7 credentials;
// Linux drivers/tty/tty_jobctrl.c).
#include <linux/capability.h>

#include <utility>

#include "task/task.hpp"
#include "tty/tty.hpp"
#include "tty/tty_file.hpp"

namespace kernel {

namespace {

bool is_session_leader(const Process& process) {
    return process.session == process.id;
}

// It is not an error if there is no process to signal.
void signal_group(int group, int signal) {
    if (group != 0) {
        (void)send_signal_to_group(group, kernel_siginfo(signal));
    }
}

// The session of a group's members, or of the process of that number (Linux session_of_pgrp). ESRCH.
Result<int> session_of_group(int group) {
    Result<Ref<Process>> namesake = find_process(group);
    for (const Process& process : all_processes()) {
        if (process.group == group) {
            return process.session;
        }
    }
    return TRY(std::move(namesake))->session;
}

}  // namespace

void Tty::send_signal_to_foreground(int signal) {
    signal_group(foreground_group_, signal);
}

void Tty::control(Process& leader) {
    session_ = leader.session;
    foreground_group_ = leader.group;
    leader.controlling_terminal = Ref<Tty>(this);
    leader.lost_foreground_group = 0;
}

void clear_controlling_terminal(int session) {
    for (Process& process : all_processes()) {
        if (process.session == session) {
            process.controlling_terminal = nullptr;
        }
    }
}

void Tty::hang_up() {
    hangups_++;
    for (Process& process : all_processes()) {
        if (session_ == 0 || process.session != session_) {
            continue;
        }
        if (process.controlling_terminal.get() == this) {
            process.controlling_terminal = nullptr;
        }
        if (is_session_leader(process)) {
            (void)send_signal(process, kernel_siginfo(SIGHUP));
            (void)send_signal(process, kernel_siginfo(SIGCONT));
            process.lost_foreground_group = foreground_group_;
        }
    }
    forget_session();
    line_.flush_input();
    if (is_pseudo_terminal()) {  // Linux TTY_DRIVER_RESET_TERMIOS, which serial lines have not
        line_.set_settings(initial_settings_);
    }
    hung_up();
    wake_everybody();
}

void give_up_terminal(Process& leader) {
    const Ref<Tty> tty = leader.controlling_terminal;
    if (!tty) {
        return;
    }
    signal_group(tty->foreground_group(), SIGHUP);
    signal_group(tty->foreground_group(), SIGCONT);
    tty->forget_session();
    clear_controlling_terminal(leader.session);
}

void leave_terminal(Process& leader) {
    if (!is_session_leader(leader)) {
        return;
    }
    const Ref<Tty> tty = leader.controlling_terminal;
    if (!tty) {
        // The terminal has hung up before: who had it in the foreground then learns that the session ends.
        const int group = std::exchange(leader.lost_foreground_group, 0);
        signal_group(group, SIGHUP);
        signal_group(group, SIGCONT);
        return;
    }
    signal_group(tty->foreground_group(), SIGHUP);
    if (!tty->is_pseudo_terminal()) {
        tty->hang_up();
    }
    tty->forget_session();
    clear_controlling_terminal(leader.session);
}

Result<void> Tty::check_foreground(int signal) {
    Task& task = Task::current();
    Process& process = *task.process;
    if (process.controlling_terminal.get() != this || foreground_group_ == 0 ||
        process.group == foreground_group_) {
        return {};
    }
    const bool blocked = task.blocked.contains(signal);
    const bool ignored = (*task.signal_handlers)[signal].handler == reinterpret_cast<std::uint64_t>(SIG_IGN);
    if (blocked || ignored) {
        return signal == SIGTTIN ? Result<void>(Errno(EIO)) : Result<void>();
    }
    if (is_orphaned_group(process.group)) {
        return Errno(EIO);
    }
    TRY(send_signal_to_group(process.group, kernel_siginfo(signal)));
    return Errno(ERESTARTSYS);
}

Result<long> Tty::set_controlling(Task& task, const TtyFile& file, unsigned long argument) {
    Process& process = *task.process;
    if (is_session_leader(process) && process.session == session_) {
        return 0;
    }
    if (!is_session_leader(process) || process.controlling_terminal) {
        return Errno(EPERM);
    }
    const bool is_administrator = task.credentials.has(CAP_SYS_ADMIN);
    if (session_ != 0) {
        if (argument != 1 || !is_administrator) {
            return Errno(EPERM);
        }
        clear_controlling_terminal(session_);
    }
    if (!file.is_readable() && !is_administrator) {
        return Errno(EPERM);
    }
    control(process);
    return 0;
}

Result<long> Tty::give_up_controlling(Task& task) {
    Process& process = *task.process;
    if (process.controlling_terminal.get() != this) {
        return Errno(ENOTTY);
    }
    if (is_session_leader(process)) {
        give_up_terminal(process);
    }
    process.controlling_terminal = nullptr;
    return 0;
}

// Linux tiocspgrp.
Result<long> Tty::set_foreground(Task& task, unsigned long argument) {
    const Result<void> allowed = check_foreground(SIGTTOU);
    if (allowed.is_error()) {
        return allowed.error() == Errno(EIO) ? Errno(ENOTTY) : allowed.error();
    }
    const int group = TRY(UserIn<int>(UserAddress(argument)).read());
    if (group < 0) {
        return Errno(EINVAL);
    }
    if (task.process->controlling_terminal.get() != this || task.process->session != session_) {
        return Errno(ENOTTY);
    }
    if (TRY(session_of_group(group)) != task.process->session) {
        return Errno(EPERM);
    }
    foreground_group_ = group;
    return 0;
}

Result<long> Tty::session_ioctl(Task& task, TtyFile& file, unsigned command, unsigned long argument) {
    Tty& owner = settings_owner();
    // A master may ask about its slave; other terminals have to be the caller's own.
    const bool may_ask = &owner != this || task.process->controlling_terminal.get() == this;
    switch (command) {
        case TIOCNOTTY:
            return give_up_controlling(task);
        case TIOCSCTTY:
            return owner.set_controlling(task, file, argument);
        case TIOCGPGRP:
            if (!may_ask) {
                return Errno(ENOTTY);
            }
            return as_call(UserOut<int>(UserAddress(argument)).write(owner.foreground_group_));
        case TIOCSPGRP:
            return owner.set_foreground(task, argument);
        case TIOCGSID:
            if (!may_ask || owner.session_ == 0) {
                return Errno(ENOTTY);
            }
            return as_call(UserOut<int>(UserAddress(argument)).write(owner.session_));
        default:
            return Errno(ENOIOCTLCMD);
    }
}

}  // namespace kernel
