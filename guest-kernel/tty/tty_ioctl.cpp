// ioctl on terminals (man 2 ioctl_tty).
#include <linux/fcntl.h>

#include "fs/file.hpp"
#include "task/task.hpp"
#include "tty/tty.hpp"

namespace kernel {

namespace {

// The old structure holds the same without explicit speeds.
termios short_form(const termios2& settings) {
    termios result{};
    result.c_iflag = settings.c_iflag;
    result.c_oflag = settings.c_oflag;
    result.c_cflag = settings.c_cflag;
    result.c_lflag = settings.c_lflag;
    result.c_line = settings.c_line;
    static_assert(sizeof(result.c_cc) == sizeof(settings.c_cc));
    __builtin_memcpy(result.c_cc, settings.c_cc, sizeof(result.c_cc));
    return result;
}

void apply_short_form(const termios& given, termios2& settings) {
    settings.c_iflag = given.c_iflag;
    settings.c_oflag = given.c_oflag;
    settings.c_cflag = given.c_cflag;
    settings.c_lflag = given.c_lflag;
    settings.c_line = given.c_line;
    __builtin_memcpy(settings.c_cc, given.c_cc, sizeof(given.c_cc));
}

Result<long> done(const Result<void>& outcome) {
    if (outcome.is_error()) {
        return outcome.error();
    }
    return 0;
}

}  // namespace

Result<long> Tty::get_settings(unsigned command, unsigned long argument) {
    const UserAddress address(argument);
    if (command == TCGETS2) {
        return done(UserOut<termios2>(address).write(line_.settings));
    }
    return done(UserOut<termios>(address).write(short_form(line_.settings)));
}

Result<void> Tty::set_settings(Task&, unsigned command, unsigned long argument) {
    TRY(check_foreground(SIGTTOU));
    termios2 changed = line_.settings;
    switch (command) {
        case TCSETS2:
        case TCSETSW2:
        case TCSETSF2:
            changed = TRY(UserIn<termios2>(UserAddress(argument)).read());
            break;
        default:
            apply_short_form(TRY(UserIn<termios>(UserAddress(argument)).read()), changed);
            break;
    }
    if (command == TCSETSF || command == TCSETSF2) {
        line_.flush_input();
    }
    line_.set_settings(changed);
    if (line_.has_input()) {
        readable_.wake_all(kPollReadable);
    }
    return {};
}

Result<long> Tty::set_controlling(Task& task, const File& file, unsigned long argument) {
    Process& process = *task.process;
    const bool is_leader = process.session == process.id;
    if (is_leader && process.session == session_ && process.controlling_terminal.get() == this) {
        return 0;
    }
    if (!is_leader || process.controlling_terminal) {
        return Errno(EPERM);
    }
    if (is_in_use()) {
        if (argument != 1 || !task.credentials.has(CAP_SYS_ADMIN)) {
            return Errno(EPERM);
        }
        find_process(session_).value()->controlling_terminal = nullptr;
    }
    if (!file.is_readable() && !task.credentials.has(CAP_SYS_ADMIN)) {
        return Errno(EPERM);
    }
    control(process);
    return 0;
}

Result<long> Tty::set_foreground(Task& task, unsigned long argument) {
    TRY(check_foreground(SIGTTOU));
    const int group = TRY(UserIn<int>(UserAddress(argument)).read());
    if (group < 0) {
        return Errno(EINVAL);
    }
    if (task.process->controlling_terminal.get() != this || task.process->session != session_) {
        return Errno(ENOTTY);
    }
    bool known = false;
    for (Process& process : all_processes()) {
        if (process.group == group) {
            if (process.session != session_) {
                return Errno(EPERM);
            }
            known = true;
        }
    }
    if (!known) {
        return Errno(ESRCH);
    }
    foreground_group_ = group;
    return 0;
}

Result<long> Tty::set_window_size(unsigned long argument) {
    winsize size = TRY(UserIn<winsize>(UserAddress(argument)).read());
    if (__builtin_memcmp(&size, &window_, sizeof(size)) != 0) {
        window_ = size;
        send_signal_to_foreground(SIGWINCH);
    }
    return 0;
}

Result<long> Tty::ioctl(Task& task, const File& file, unsigned command, unsigned long argument) {
    const UserAddress address(argument);
    const bool controls_caller = task.process->controlling_terminal.get() == this;
    switch (command) {
        case TCGETS:
        case TCGETS2:
            return get_settings(command, argument);
        case TCSETS:
        case TCSETSW:
        case TCSETSF:
        case TCSETS2:
        case TCSETSW2:
        case TCSETSF2:
            return done(set_settings(task, command, argument));
        case TIOCGWINSZ:
            return done(UserOut<winsize>(address).write(window_));
        case TIOCSWINSZ:
            return set_window_size(argument);
        case TIOCGPGRP:
            if (!controls_caller) {
                return Errno(ENOTTY);
            }
            return done(UserOut<int>(address).write(foreground_group_));
        case TIOCSPGRP:
            return set_foreground(task, argument);
        case TIOCGSID:
            if (!controls_caller) {
                return Errno(ENOTTY);
            }
            return done(UserOut<int>(address).write(session_));
        case TIOCSCTTY:
            return set_controlling(task, file, argument);
        case TIOCNOTTY:
            if (!controls_caller) {
                return Errno(ENOTTY);
            }
            if (task.process->session == task.process->id) {
                session_ = foreground_group_ = 0;
            }
            task.process->controlling_terminal = nullptr;
            return 0;
        case FIONREAD:
            return done(UserOut<int>(address).write(static_cast<int>(line_.available())));
        case TIOCOUTQ:  // output is never queued
            return done(UserOut<int>(address).write(0));
        case TCFLSH:
            TRY(check_foreground(SIGTTOU));
            if (argument > TCIOFLUSH) {
                return Errno(EINVAL);
            }
            if (argument != TCOFLUSH) {
                line_.flush_input();
            }
            return 0;
        case TCSBRK:  // with an argument: wait for output, which has gone out already
        case TCSBRKP:
            TRY(check_foreground(SIGTTOU));
            return 0;
        case TIOCGDEV:
            return done(UserOut<unsigned>(address).write(number_.encode()));
        default:
            return Errno(ENOTTY);
    }
}

}  // namespace kernel
