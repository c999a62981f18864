#include "vmm/run/kernel_console.hpp"

#include <unistd.h>

#include <algorithm>
#include <utility>

#include "vmm/run/write_all.hpp"

namespace levitate::vmm {
namespace {

constexpr std::size_t kMostPending = 4096;
// A kernel that never stops writing must not fill the host's memory.
constexpr std::size_t kMostCaptured = 64U << 20U;
// How many bytes wait for a kernel that does not read them.
constexpr std::size_t kStdinWindow = 4096;

}  // namespace

KernelConsole::KernelConsole(OutputMode mode, Input input, std::function<void(std::string_view)> log)
    : mode_(mode), log_(std::move(log)) {
    if (input == Input::Live) {
        terminal_.emplace();
    }
}

void KernelConsole::receive(std::byte byte) {
    pending_.push_back(byte);
    if (byte == std::byte{'\n'} || pending_.size() >= kMostPending) {
        flush();
    }
}

void KernelConsole::flush() {
    if (pending_.empty()) {
        return;
    }
    if (mode_ != OutputMode::Capture) {
        reader_gone_ = reader_gone_ || !write_all(STDOUT_FILENO, pending_);
    }
    if (mode_ != OutputMode::Stream && captured_.size() < kMostCaptured) {
        captured_.insert(captured_.end(), pending_.begin(), pending_.end());
    }
    log_({reinterpret_cast<const char*>(pending_.data()), pending_.size()});
    pending_.clear();
}

std::uint32_t KernelConsole::stdin_credit() const {
    return static_cast<std::uint32_t>(kStdinWindow - std::min(kStdinWindow, uart_->unread()));
}

}  // namespace levitate::vmm
