// Kernel files for tests, and what becomes of them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "vmm/machine/kernel_image.hpp"
#include "vmm/machine/memory_map.hpp"

namespace levitate::vmm {

inline constexpr Region kTestRam{.base = kRamBase, .size = std::uint64_t{64} << 20U};

inline std::vector<std::byte> bytes_of(std::string_view contents) {
    const auto bytes = std::as_bytes(std::span{contents});
    return {bytes.begin(), bytes.end()};
}

inline Result<KernelImage> read_test_kernel(std::string_view contents, Region ram = kTestRam) {
    return read_kernel("FILE", bytes_of(contents), ram);
}

// Why the file is refused; "accepted" if it is not.
inline std::string refusal(std::string_view contents, Region ram = kTestRam) {
    const auto image = read_test_kernel(contents, ram);
    return image ? "accepted" : image.error().message;
}

inline bool says(const std::string& message, const std::string& words) {
    return message.find(words) != std::string::npos;
}

}  // namespace levitate::vmm
