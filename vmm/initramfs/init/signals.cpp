#include "vmm/initramfs/init/signals.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstdlib>
#include <string>
#include <string_view>

#include "vmm/descriptor.hpp"

namespace levitate::vmm::init {
namespace {

constexpr std::uint64_t bit(int signal) {
    return std::uint64_t{1} << static_cast<unsigned>(signal - 1);
}
constexpr std::uint64_t kPassed = bit(SIGHUP) | bit(SIGINT) | bit(SIGTERM) | bit(SIGWINCH) | bit(SIGUSR1) |
                                  bit(SIGUSR2) | bit(SIGTSTP) | bit(SIGQUIT);

// The signals for which a process has handlers, as /proc/PID/status says (man 5 proc).
std::uint64_t handled_by(const char* process) {
    constexpr std::string_view kLabel = "SigCgt:\t";
    constexpr int kHexadecimal = 16;
    const std::string path = std::string{"/proc/"} + process + "/status";
    const Descriptor file{::open(path.c_str(), O_RDONLY | O_CLOEXEC)};
    std::array<char, 4096> buffer;
    const ssize_t count = file.is_open() ? ::read(file.get(), buffer.data(), buffer.size()) : -1;
    const std::string text(buffer.data(), count > 0 ? static_cast<std::size_t>(count) : 0);
    const auto at = text.find(kLabel);
    return at == std::string::npos ? 0
                                   : std::strtoull(text.c_str() + at + kLabel.size(), nullptr, kHexadecimal);
}

}  // namespace

void pass_signal(pid_t program, std::span<const std::uint32_t> frame) {
    constexpr std::size_t kNumbers = 2;
    if (frame.size() == kNumbers) {
        ::kill(frame[1] == 1 ? -program : program, static_cast<int>(frame[0]));
    }
}

bool programs_handle_signals() {
    DIR* const directory = ::opendir("/proc");
    if (directory == nullptr) {
        return false;
    }
    bool handled = false;
    while (const dirent* const entry = ::readdir(directory)) {
        const int process = std::atoi(entry->d_name);
        handled = handled || (process > 1 && (handled_by(entry->d_name) & kPassed) != 0);
    }
    ::closedir(directory);
    return handled;
}

}  // namespace levitate::vmm::init
