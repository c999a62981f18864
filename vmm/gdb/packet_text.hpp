// Numbers and bytes as the packets of GDB's remote protocol write them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace levitate::vmm::gdb {

// Two lower-case digits a byte.
std::string to_hex(std::span<const std::byte> bytes);
std::string to_hex(std::string_view text);
// Without leading zeros.
std::string hex_number(std::uint64_t number);

// nullopt: not a hexadecimal number of up to 64 bits; not pairs of hexadecimal digits.
std::optional<std::uint64_t> parse_hex(std::string_view text);
std::optional<std::vector<std::byte>> bytes_of_hex(std::string_view text);

// Splits at the first `separator`; the second part is empty where there is none.
std::pair<std::string_view, std::string_view> split(std::string_view text, char separator);

}  // namespace levitate::vmm::gdb
