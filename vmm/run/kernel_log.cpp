#include "vmm/run/kernel_log.hpp"

#include <cctype>
#include <cstddef>

namespace levitate::vmm {
namespace {

constexpr std::size_t kMaximumLog = 2U << 20U;

// Linux and Rust say "Kernel panic - not syncing" and "panicked at"; others write the word as they like.
bool speaks_of_panic(std::string_view line) {
    std::string lower = " ";
    for (const char character : line) {
        lower.push_back(static_cast<char>(std::tolower(static_cast<unsigned char>(character))));
    }
    lower.push_back(' ');
    for (const std::string_view word : {"panic", "panicked"}) {
        for (std::size_t at = lower.find(word); at != std::string::npos; at = lower.find(word, at + 1)) {
            const auto is_letter = [&](std::size_t place) {
                return std::isalnum(static_cast<unsigned char>(lower[place])) != 0;
            };
            if (!is_letter(at - 1) && !is_letter(at + word.size())) {
                return true;
            }
        }
    }
    return false;
}

}  // namespace

void KernelLog::append(std::string_view text) {
    if (listener_) {
        listener_(text);
    }
    text_.append(text);
    if (text_.size() > kMaximumLog) {
        text_.erase(0, kMaximumLog / 2);
    }
}

std::string KernelLog::last_words() const {
    std::string_view log = text_;
    std::string_view telling;
    while (!log.empty()) {
        const auto end = log.find('\n');
        std::string_view line = log.substr(0, end);
        line = line.substr(0, line.find_last_not_of("\r ") + 1);
        if (speaks_of_panic(line)) {
            return std::string{line};
        }
        if (!line.empty()) {
            telling = line;
        }
        log = end == std::string_view::npos ? std::string_view{} : log.substr(end + 1);
    }
    return std::string{telling};
}

}  // namespace levitate::vmm
