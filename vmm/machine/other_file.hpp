// Files that people give as a kernel and that are none.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace levitate::vmm {

// What a file is that is neither an ELF file nor an arm64 Image, and the remedy; `name` is the file in
// commands. nullopt: nothing that is known, so that it may be a binary without a header.
std::optional<std::string> describe_other_file(std::string_view name, std::span<const std::byte> bytes);

}  // namespace levitate::vmm
