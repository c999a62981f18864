#include "vmm/initramfs/init/terminal.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

namespace levitate::vmm::init {
namespace {

constexpr std::size_t kFlags = 3;        // before the characters in TerminalRequest::settings
constexpr std::size_t kCharacters = 19;  // Linux's NCCS; the C library has room for more
constexpr std::size_t kMostAtOnce = 4096;

void apply_settings(int fd, std::span<const std::uint32_t> wanted) {
    termios settings{};
    if (wanted.size() != kFlags + kCharacters || ::tcgetattr(fd, &settings) != 0) {
        return;
    }
    settings.c_iflag = wanted[0];
    settings.c_oflag = wanted[1];
    settings.c_lflag = wanted[2];
    for (std::size_t i = 0; i < kCharacters; ++i) {
        settings.c_cc[i] = static_cast<cc_t>(wanted[kFlags + i]);
    }
    ::tcsetattr(fd, TCSANOW, &settings);
}

void apply_window(int fd, std::span<const std::uint32_t> wanted) {
    constexpr std::size_t kNumbers = 4;
    if (wanted.size() != kNumbers) {
        return;
    }
    const winsize size{.ws_row = static_cast<unsigned short>(wanted[0]),
                       .ws_col = static_cast<unsigned short>(wanted[1]),
                       .ws_xpixel = static_cast<unsigned short>(wanted[2]),
                       .ws_ypixel = static_cast<unsigned short>(wanted[3])};
    ::ioctl(fd, TIOCSWINSZ, &size);
}

TerminalPair failed(const char* call) {
    return {.master = {}, .slave = {}, .failure = std::string{call} + ": " + std::strerror(errno)};
}

}  // namespace

TerminalPair open_terminal(const TerminalRequest& wanted) {
    Descriptor master{::open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC)};
    if (!master.is_open()) {
        return failed("open(/dev/ptmx)");
    }
    int unlocked = 0;
    unsigned number = 0;
    if (::ioctl(master.get(), TIOCSPTLCK, &unlocked) != 0 || ::ioctl(master.get(), TIOCGPTN, &number) != 0) {
        return failed("ioctl(/dev/ptmx)");
    }
    const std::string name = "/dev/pts/" + std::to_string(number);
    Descriptor slave{::open(name.c_str(), O_RDWR | O_NOCTTY | O_CLOEXEC)};
    if (!slave.is_open()) {
        return failed("open(/dev/pts)");
    }
    apply_settings(slave.get(), wanted.settings);
    apply_window(slave.get(), wanted.window);
    ::fcntl(master.get(), F_SETFL, O_RDWR | O_NONBLOCK);
    return {.master = std::move(master), .slave = std::move(slave), .failure = {}};
}

// All that is typed is wanted: what the kernel has no room for yet waits here.
Terminal::Terminal(TerminalPair pair, Line& line, bool types_input)
    : master_(std::move(pair.master)),
      slave_(std::move(pair.slave)),
      line_(line),
      types_input_(types_input && master_.is_open()) {
    if (types_input_) {
        line_.send_number(FrameType::StdinCredit, line_.stdin_window());
    }
}

short Terminal::events() const {
    return static_cast<short>(typed_.empty() ? POLLIN : POLLIN | POLLOUT);
}

bool Terminal::on_poll(short events) {
    if ((events & POLLOUT) != 0) {
        feed();
    }
    if ((events & POLLIN) != 0) {
        forward();
        return true;
    }
    return false;
}

void Terminal::forward() {
    std::array<std::byte, kMostAtOnce> buffer;
    const ssize_t count = ::read(master_.get(), buffer.data(), buffer.size());
    if (count > 0) {
        line_.send(FrameType::Terminal, std::span{buffer}.first(static_cast<std::size_t>(count)));
    }
}

void Terminal::add(std::span<const std::byte> bytes) {
    typed_.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    if (is_open()) {
        feed();
    }
}

void Terminal::feed() {
    const ssize_t written = ::write(master_.get(), typed_.data(), typed_.size());
    if (written > 0) {
        typed_.erase(0, static_cast<std::size_t>(written));
        line_.send_number(FrameType::StdinCredit, static_cast<std::uint32_t>(written));
    }
}

void Terminal::set_window(std::span<const std::uint32_t> window) {
    apply_window(master_.get(), window);
}

}  // namespace levitate::vmm::init
