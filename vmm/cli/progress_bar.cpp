#include "vmm/cli/progress_bar.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <string_view>

#include "vmm/cli/text_style.hpp"

namespace levitate::vmm::cli {
namespace {

constexpr std::array kEndingSignals{SIGINT, SIGTERM, SIGHUP};

// By now the signal has its default action again (SA_RESETHAND). It is delivered when this returns.
void clear_and_end(int signal) {
    static_cast<void>(!::write(STDERR_FILENO, kClearLine.data(), kClearLine.size()));
    ::raise(signal);
}

void replace_action(void (*from)(int), void (*to)(int)) {
    for (const int signal : kEndingSignals) {
        struct sigaction action{};
        if (::sigaction(signal, nullptr, &action) == 0 && action.sa_handler == from) {
            action.sa_handler = to;
            action.sa_flags = static_cast<int>(SA_RESETHAND);
            ::sigaction(signal, &action, nullptr);
        }
    }
}

}  // namespace

std::string progress_text(std::size_t done, std::size_t total, const std::string& name, std::size_t columns) {
    constexpr std::size_t kBar = 30;
    const std::size_t filled = total != 0 ? kBar * std::min(done, total) / total : 0;
    std::string text =
        fmt::format("[{:#<{}}{:.<{}}] {}/{} {}", "", filled, "", kBar - filled, done, total, name);
    // A line that wraps could not be erased again.
    text.resize(std::min(text.size(), columns));
    return text;
}

ProgressBar::ProgressBar(std::size_t total) : total_(total), shown_(::isatty(STDERR_FILENO) == 1) {
    if (shown_) {
        replace_action(SIG_DFL, clear_and_end);
    }
}

ProgressBar::~ProgressBar() {
    if (shown_) {
        replace_action(clear_and_end, SIG_DFL);
    }
}

void ProgressBar::show(std::size_t done, const std::string& name) const {
    if (shown_) {
        const std::size_t columns = style_of_descriptor(STDERR_FILENO).columns;
        fmt::print(stderr, "{}{}", kClearLine, progress_text(done, total_, name, columns - 1));
    }
}

void ProgressBar::clear() const {
    if (shown_) {
        fmt::print(stderr, "{}", kClearLine);
    }
}

}  // namespace levitate::vmm::cli
