#include "vmm/run/raw_terminal.hpp"

#include <unistd.h>

#include <array>
#include <atomic>
#include <csignal>

namespace levitate::vmm {
namespace {

// What a signal handler restores: settings_to_restore of descriptor_to_restore, unless that is -1.
std::atomic<int> descriptor_to_restore = -1;
termios settings_to_restore{};
bool is_output_raw = false;
static_assert(std::atomic<int>::is_always_lock_free);

void restore_and_end(int signal) {
    RawTerminal::restore_now();
    std::raise(signal);  // its action is the default again
}

// The signals that end the tool and that nothing else handles.
void handle_ends() {
    for (const int signal : {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT, SIGQUIT, SIGTERM, SIGINT, SIGHUP,
                             SIGPIPE, SIGALRM, SIGXCPU, SIGUSR1, SIGUSR2}) {
        struct sigaction action{};
        if (::sigaction(signal, nullptr, &action) != 0 || action.sa_handler != SIG_DFL) {
            continue;
        }
        action.sa_handler = restore_and_end;
        action.sa_flags = static_cast<int>(SA_RESETHAND | SA_NODEFER);
        ::sigaction(signal, &action, nullptr);
    }
}

termios changed(termios settings, RawTerminal::How how) {
    constexpr tcflag_t kEdited = ICANON | ECHO | IEXTEN;
    constexpr tcflag_t kTranslated = ISTRIP | INLCR | IGNCR | ICRNL | IXON;
    switch (how) {
        case RawTerminal::How::Keys:
            settings.c_lflag &= ~kEdited;
            settings.c_iflag &= ~kTranslated;
            break;
        case RawTerminal::How::Everything:
            ::cfmakeraw(&settings);
            break;
        case RawTerminal::How::Output:
            settings.c_oflag &= ~static_cast<tcflag_t>(OPOST);
            return settings;
    }
    settings.c_cc[VMIN] = 1;
    settings.c_cc[VTIME] = 0;
    return settings;
}

}  // namespace

RawTerminal::RawTerminal(int fd, How how) : fd_(fd) {
    termios settings{};
    if (::tcgetattr(fd, &settings) != 0) {
        return;
    }
    before_ = settings;
    settings_to_restore = settings;
    descriptor_to_restore = fd;
    handle_ends();
    const termios raw = changed(settings, how);
    is_output_raw = (raw.c_oflag & OPOST) == 0;
    ::tcsetattr(fd, TCSADRAIN, &raw);
}

RawTerminal::~RawTerminal() {
    if (before_) {
        descriptor_to_restore = -1;
        is_output_raw = false;
        ::tcsetattr(fd_, TCSADRAIN, &*before_);
    }
}

void RawTerminal::restore_now() {
    const int fd = descriptor_to_restore.exchange(-1);
    if (fd >= 0) {
        ::tcsetattr(fd, TCSANOW, &settings_to_restore);
    }
}

bool RawTerminal::needs_carriage_return() {
    return is_output_raw;
}

}  // namespace levitate::vmm
