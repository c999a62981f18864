#include "vmm/run/live_input.hpp"

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <span>

namespace levitate::vmm {
namespace {

// How long a wait goes on before it looks whether it should end.
constexpr std::chrono::milliseconds kLongestWait{100};
constexpr std::size_t kMostAtOnce = 65536;

}  // namespace

bool LiveInput::serve(std::chrono::milliseconds timeout, const std::atomic<bool>& interrupt) {
    if (!is_wanted()) {
        return false;
    }
    const auto end = std::chrono::steady_clock::now() + timeout;
    for (;;) {
        const auto left =
            std::chrono::duration_cast<std::chrono::milliseconds>(end - std::chrono::steady_clock::now());
        const auto wait = std::clamp(left, std::chrono::milliseconds{0}, kLongestWait);
        pollfd request{.fd = STDIN_FILENO, .events = POLLIN, .revents = 0};
        if (::poll(&request, 1, static_cast<int>(wait.count())) > 0) {
            return read_and_send();
        }
        if (left <= wait || interrupt.load(std::memory_order_relaxed)) {
            return false;
        }
    }
}

bool LiveInput::read_and_send() {
    std::array<std::byte, kMostAtOnce> buffer;
    const std::size_t wanted = std::min<std::size_t>(buffer.size(), receiver_.stdin_credit());
    const ssize_t count = ::read(STDIN_FILENO, buffer.data(), wanted);
    if (count < 0 && (errno == EINTR || errno == EAGAIN)) {
        return false;
    }
    if (count > 0) {
        receiver_.send_stdin(std::span{buffer}.first(static_cast<std::size_t>(count)));
        return true;
    }
    // At end of file, or if reading fails, nothing more will come.
    ended_ = true;
    receiver_.send_stdin_end();
    return true;
}

}  // namespace levitate::vmm
