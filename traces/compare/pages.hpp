// Pages of 4 KiB, as Linux has them on every kernel that is compared.
#pragma once

#include <cstdint>

namespace levitate::traces::detail {

inline constexpr unsigned kPageBits = 12;
inline constexpr std::uint64_t kPageMask = (std::uint64_t{1} << kPageBits) - 1;

inline constexpr std::uint64_t whole_pages(std::uint64_t length) {
    return (length + kPageMask) & ~kPageMask;
}

}  // namespace levitate::traces::detail
