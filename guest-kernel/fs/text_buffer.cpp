#include "fs/text_buffer.hpp"

namespace kernel {

TextBuffer& TextBuffer::bytes(const void* data, std::size_t size) {
    const std::size_t old_size = bytes_.size();
    if (failed_ || bytes_.resize(old_size + size).is_error()) {
        failed_ = true;
        return *this;
    }
    __builtin_memcpy(bytes_.data() + old_size, data, size);
    return *this;
}

TextBuffer& TextBuffer::text(std::string_view value) {
    return bytes(value.data(), value.size());
}

TextBuffer& TextBuffer::character(char value) {
    return bytes(&value, 1);
}

TextBuffer& TextBuffer::number(std::uint64_t value, unsigned base, std::size_t width, char pad) {
    char digits[24];
    std::size_t count = 0;
    do {
        digits[sizeof(digits) - ++count] = "0123456789abcdef"[value % base];
        value /= base;
    } while (value != 0);
    for (std::size_t i = count; i < width; i++) {
        character(pad);
    }
    return bytes(digits + sizeof(digits) - count, count);
}

TextBuffer& TextBuffer::decimal(std::uint64_t value, std::size_t width, char pad) {
    return number(value, 10, width, pad);
}

TextBuffer& TextBuffer::signed_decimal(std::int64_t value) {
    if (value >= 0) {
        return decimal(static_cast<std::uint64_t>(value));
    }
    return character('-').decimal(-static_cast<std::uint64_t>(value));
}

TextBuffer& TextBuffer::hex(std::uint64_t value, std::size_t width, char pad) {
    return number(value, 16, width, pad);
}

TextBuffer& TextBuffer::upper_hex(std::uint64_t value, std::size_t width) {
    TextBuffer digits;
    digits.hex(value, width);
    for (const char digit : digits.view()) {
        character(digit >= 'a' ? static_cast<char>(digit - 'a' + 'A') : digit);
    }
    return *this;
}

TextBuffer& TextBuffer::octal(std::uint64_t value, std::size_t width) {
    return number(value, 8, width, '0');
}

TextBuffer& TextBuffer::escaped(std::string_view value, std::string_view special) {
    for (const char byte : value) {
        if (special.find(byte) == std::string_view::npos) {
            character(byte);
        } else {
            character('\\').octal(static_cast<unsigned char>(byte), 3);
        }
    }
    return *this;
}

void TextBuffer::clear() {
    bytes_.clear();
    failed_ = false;
}

Result<void> TextBuffer::finish() const {
    if (failed_) {
        return Errno(ENOMEM);
    }
    return {};
}

Result<void> TextBuffer::append_to(String& out) const {
    TRY(finish());
    return out.append(view());
}

std::string_view TextBuffer::view() const {
    return bytes_.is_empty() ? std::string_view() : std::string_view(bytes_.data(), bytes_.size());
}

}  // namespace kernel
