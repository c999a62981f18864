#pragma once

#include <cstddef>
#include <span>
#include <string>

namespace levitate::vmm {

// SHA-256 in hexadecimal digits (FIPS 180-4).
std::string sha256(std::span<const std::byte> bytes);

}  // namespace levitate::vmm
