#include "vmm/run/host_terminal.hpp"

#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include <csignal>
#include <utility>

#include "vmm/run/write_all.hpp"

namespace levitate::vmm {
namespace {

constexpr std::size_t kCharacters = 19;  // Linux's NCCS; the C library has room for more

std::vector<std::uint32_t> window_of(int fd) {
    winsize size{};
    ::ioctl(fd, TIOCGWINSZ, &size);
    return {size.ws_row, size.ws_col, size.ws_xpixel, size.ws_ypixel};
}

// One that can be written to, if there is one.
int best_of(const std::string& descriptors) {
    for (const int fd : {STDOUT_FILENO, STDERR_FILENO}) {
        if (descriptors.find(static_cast<char>('0' + fd)) != std::string::npos) {
            return fd;
        }
    }
    return STDIN_FILENO;
}

}  // namespace

HostTerminal::HostTerminal(std::string descriptors)
    : descriptors_(std::move(descriptors)), fd_(best_of(descriptors_)), window_(window_of(fd_)) {}

init::TerminalRequest HostTerminal::request() const {
    init::TerminalRequest request{.descriptors = descriptors_, .window = window_, .settings = {}};
    termios settings{};
    if (::tcgetattr(fd_, &settings) == 0) {
        request.settings = {settings.c_iflag, settings.c_oflag, settings.c_lflag};
        request.settings.insert(request.settings.end(), settings.c_cc, settings.c_cc + kCharacters);
    }
    return request;
}

void HostTerminal::enter() {
    const bool has_input = descriptors_.find('0') != std::string::npos;
    raw_.emplace(has_input ? STDIN_FILENO : fd_,
                 has_input ? RawTerminal::How::Everything : RawTerminal::How::Output);
}

bool HostTerminal::put(std::span<const std::byte> bytes) const {
    return write_all(fd_, bytes);
}

std::optional<std::vector<std::uint32_t>> HostTerminal::new_window() {
    std::vector<std::uint32_t> now = window_of(fd_);
    if (now == window_) {
        return std::nullopt;
    }
    window_ = now;
    return now;
}

// Ctrl-Z stops the foreground group of a terminal, all of a pipeline. Where that group is orphaned it stops
// nobody, and the program goes on.
void HostTerminal::stop(int signal) {
    const bool was_entered = is_entered();
    leave();
    struct sigaction standard{};
    struct sigaction before{};
    standard.sa_handler = SIG_DFL;
    ::sigaction(SIGTSTP, &standard, &before);
    if (signal == SIGSTOP) {
        std::raise(SIGSTOP);
    } else if (::tcgetpgrp(fd_) == ::getpgrp()) {
        ::kill(0, SIGTSTP);
    } else {
        std::raise(SIGTSTP);
    }
    ::sigaction(SIGTSTP, &before, nullptr);
    if (was_entered) {
        enter();
    }
}

std::string own_terminals() {
    std::string descriptors;
    for (const int fd : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
        if (::isatty(fd) == 1) {
            descriptors.push_back(static_cast<char>('0' + fd));
        }
    }
    return descriptors;
}

}  // namespace levitate::vmm
