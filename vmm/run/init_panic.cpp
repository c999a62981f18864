#include "vmm/run/init_panic.hpp"

#include <string_view>

namespace levitate::vmm {

std::optional<std::uint32_t> InitPanic::feed(std::byte byte) {
    constexpr std::string_view kText = "Attempted to kill init! exitcode=0x";
    constexpr unsigned kMostDigits = 8;
    const char character = std::to_integer<char>(byte);
    if (matched_ < kText.size()) {
        // Its first letter occurs nowhere else in the text, so a match can only begin again at this byte.
        matched_ = character == kText[matched_] ? matched_ + 1 : (character == kText.front() ? 1 : 0);
        return std::nullopt;
    }
    constexpr std::string_view kHexadecimal = "0123456789abcdef";
    const auto digit = kHexadecimal.find(character);
    if (digit != std::string_view::npos) {
        status_ = status_ << 4U | static_cast<std::uint32_t>(digit);
        ++digits_;
    }
    if (digit != std::string_view::npos && digits_ < kMostDigits) {
        return std::nullopt;
    }
    const auto status = digits_ > 0 ? std::optional(status_) : std::nullopt;
    *this = {};
    return status;
}

}  // namespace levitate::vmm
