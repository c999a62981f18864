// Recognises kinds of files by what stands in them.
#pragma once

#include <cstddef>
#include <cstring>
#include <span>
#include <string_view>

namespace levitate::vmm {

inline bool has_at(std::span<const std::byte> bytes, std::size_t offset, std::string_view text) {
    return bytes.size() >= offset + text.size() &&
           std::memcmp(bytes.data() + offset, text.data(), text.size()) == 0;
}

}  // namespace levitate::vmm
