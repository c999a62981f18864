#include "vmm/gdb/packet_text.hpp"

#include <array>
#include <charconv>

namespace levitate::vmm::gdb {

std::string to_hex(std::span<const std::byte> bytes) {
    constexpr std::string_view kDigits = "0123456789abcdef";
    std::string text;
    text.reserve(bytes.size() * 2);
    for (const std::byte byte : bytes) {
        text.push_back(kDigits[static_cast<unsigned>(byte) >> 4U]);
        text.push_back(kDigits[static_cast<unsigned>(byte) & 0xfU]);
    }
    return text;
}

std::string to_hex(std::string_view text) {
    return to_hex(std::as_bytes(std::span{text}));
}

std::string hex_number(std::uint64_t number) {
    std::array<char, 16> digits{};
    const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number, 16).ptr;
    return {digits.data(), end};
}

std::optional<std::uint64_t> parse_hex(std::string_view text) {
    std::uint64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, 16);
    if (error != std::errc{} || end != text.data() + text.size()) {
        return std::nullopt;
    }
    return value;
}

std::optional<std::vector<std::byte>> bytes_of_hex(std::string_view text) {
    if (text.size() % 2 != 0) {
        return std::nullopt;
    }
    std::vector<std::byte> bytes;
    bytes.reserve(text.size() / 2);
    for (std::size_t index = 0; index < text.size(); index += 2) {
        const auto value = parse_hex(text.substr(index, 2));
        if (!value) {
            return std::nullopt;
        }
        bytes.push_back(static_cast<std::byte>(*value));
    }
    return bytes;
}

std::pair<std::string_view, std::string_view> split(std::string_view text, char separator) {
    const auto place = text.find(separator);
    if (place == std::string_view::npos) {
        return {text, {}};
    }
    return {text.substr(0, place), text.substr(place + 1)};
}

}  // namespace levitate::vmm::gdb
