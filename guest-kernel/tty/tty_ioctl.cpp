// ioctl on terminals (man 2 ioctl_tty).
#include <linux/capability.h>
#include <linux/tty.h>

#include "task/task.hpp"
#include "tty/tty.hpp"
#include "tty/tty_file.hpp"

namespace kernel {

Result<long> Tty::set_window_size(unsigned long argument) {
    const winsize size = TRY(UserIn<winsize>(UserAddress(argument)).read());
    if (__builtin_memcmp(&size, &window_, sizeof(size)) != 0) {
        send_signal_to_foreground(SIGWINCH);
        window_ = size;
    }
    return 0;
}

// TIOCSTI: as if the byte had been typed.
Result<long> Tty::simulate_input(Task& task, unsigned long argument) {
    if (task.process->controlling_terminal.get() != this && !task.credentials.has(CAP_SYS_ADMIN)) {
        return Errno(EPERM);
    }
    const char byte = TRY(UserIn<char>(UserAddress(argument)).read());
    receive({&byte, 1});
    return 0;
}

// TCFLSH (Linux tty_ioctl, __tty_perform_flush).
Result<long> Tty::flush(unsigned long which) {
    if (which == TCIFLUSH || which == TCIOFLUSH) {
        drop_waiting_input();
    }
    TRY(check_foreground(SIGTTOU));
    if (which > TCIOFLUSH) {
        return Errno(EINVAL);
    }
    if (which != TCOFLUSH) {
        line_.flush_input();
    }
    if (which != TCIFLUSH) {
        flush_output();
    }
    return 0;
}

// TCXONC (Linux n_tty_ioctl_helper).
Result<long> Tty::control_flow(unsigned long action) {
    TRY(check_foreground(SIGTTOU));
    char control = '\0';
    switch (action) {
        case TCOOFF:
            line_.stop_by_call();
            return 0;
        case TCOON:
            line_.start_by_call();
            return 0;
        case TCIOFF:
            control = static_cast<char>(line_.settings().c_cc[VSTOP]);
            break;
        case TCION:
            control = static_cast<char>(line_.settings().c_cc[VSTART]);
            break;
        default:
            return Errno(EINVAL);
    }
    if (control != '\0' && transmit_room() != 0) {
        transmit(&control, 1);
    }
    return 0;
}

Result<long> Tty::control_ioctl(Task& task, const TtyFile& file, unsigned command, unsigned long argument) {
    const UserAddress address(argument);
    Tty& owner = settings_owner();
    switch (command) {
        case TIOCSTI:
            return simulate_input(task, argument);
        case TIOCGWINSZ:
            return as_call(UserOut<winsize>(address).write(owner.window_));
        case TIOCSWINSZ:
            return owner.set_window_size(argument);
        case TIOCEXCL:
        case TIOCNXCL:
            is_exclusive_ = command == TIOCEXCL;
            return 0;
        case TIOCGEXCL:
            return as_call(UserOut<int>(address).write(is_exclusive_ ? 1 : 0));
        case TIOCGETD:
            return as_call(UserOut<int>(address).write(N_TTY));
        case TIOCSETD:
            TRY(check_foreground(SIGTTOU));
            if (TRY(UserIn<int>(address).read()) != N_TTY) {
                return Errno(EINVAL);  // there is no other line discipline
            }
            return 0;
        case TIOCVHANGUP:
            if (!task.credentials.has(CAP_SYS_ADMIN)) {
                return Errno(EPERM);
            }
            hang_up();
            return 0;
        case TIOCGPTPEER:
            return open_peer(task, file, static_cast<unsigned>(argument));
        case TIOCGDEV:
            return as_call(UserOut<unsigned>(address).write(owner.number_.encode()));
        case TIOCSBRK:
        case TIOCCBRK:
        case TCSBRK:  // with an argument: wait for output, which has gone out already
        case TCSBRKP:
            return as_call(check_foreground(SIGTTOU));
        default:
            return Errno(ENOIOCTLCMD);
    }
}

Result<long> Tty::line_ioctl(unsigned command, unsigned long argument) {
    const UserAddress address(argument);
    switch (command) {
        case FIONREAD:
            return as_call(UserOut<int>(address).write(static_cast<int>(line_.available())));
        case TIOCOUTQ:  // what has been written has left the terminal, or is with the other end
            return as_call(UserOut<int>(address).write(0));
        case TCFLSH:
            return flush(argument);
        case TCXONC:
            return control_flow(argument);
        default:
            return Errno(ENOIOCTLCMD);
    }
}

Result<long> Tty::ioctl(Task& task, TtyFile& file, unsigned command, unsigned long argument) {
    const auto is_of_another = [](const Result<long>& outcome) {
        return outcome.is_error() && outcome.error() == Errno(ENOIOCTLCMD);
    };
    if (Result<long> control = control_ioctl(task, file, command, argument); !is_of_another(control)) {
        return control;
    }
    if (Result<long> session = session_ioctl(task, file, command, argument); !is_of_another(session)) {
        return session;
    }
    if (Result<long> own = own_ioctl(command, argument); !is_of_another(own)) {
        return own;
    }
    if (Result<long> line = line_ioctl(command, argument); !is_of_another(line)) {
        return line;
    }
    Result<long> settings = settings_owner().settings_ioctl(command, argument);
    return is_of_another(settings) ? Result<long>(Errno(ENOTTY)) : std::move(settings);
}

}  // namespace kernel
