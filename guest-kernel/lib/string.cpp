#include "lib/string.hpp"

#include <array>

#include "lib/memory.hpp"

namespace kernel {

Result<void> String::append(std::string_view text) {
    const std::size_t before = size();
    TRY(bytes_.resize(before + text.size() + 1));
    copy_bytes(bytes_.data() + before, text.data(), text.size());
    bytes_[before + text.size()] = '\0';
    return {};
}

namespace {

Result<void> append_number(String& string, std::uint64_t value, unsigned base, unsigned minimum_width,
                           char pad) {
    std::array<char, 64> digits{};
    std::size_t start = digits.size();
    do {
        digits[--start] = "0123456789abcdef"[value % base];
        value /= base;
    } while (value != 0);
    while (digits.size() - start < minimum_width && start > 0) {
        digits[--start] = pad;
    }
    return string.append({digits.data() + start, digits.size() - start});
}

}  // namespace

Result<void> String::append_decimal(std::uint64_t value, unsigned minimum_width, char pad) {
    return append_number(*this, value, 10, minimum_width, pad);
}

Result<void> String::append_signed(std::int64_t value) {
    if (value < 0) {
        TRY(append("-"));
    }
    return append_decimal(value < 0 ? 0 - static_cast<std::uint64_t>(value)
                                    : static_cast<std::uint64_t>(value));
}

Result<void> String::append_hex(std::uint64_t value, unsigned minimum_width, char pad) {
    return append_number(*this, value, 16, minimum_width, pad);
}

}  // namespace kernel
