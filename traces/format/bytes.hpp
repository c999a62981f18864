// Bytes as text, the way trace files and reports show them.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace levitate::traces {

// The bytes as a string where they are valid UTF-8 without control characters other than tab, line feed and
// carriage return; absent otherwise.
std::optional<std::string> as_text(std::span<const std::byte> bytes);

// Lower-case hexadecimal, two digits a byte.
std::string to_hex(std::span<const std::byte> bytes);
std::optional<std::vector<std::byte>> from_hex(std::string_view text);

std::vector<std::byte> to_bytes(std::string_view text);
std::string_view as_string_view(std::span<const std::byte> bytes);

}  // namespace levitate::traces
