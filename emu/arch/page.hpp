// The size of a page: the granule of the translation tables that this CPU offers, 4 KiB.
#pragma once

#include <cstdint>

namespace levitate::emu {

inline constexpr unsigned kPageShift = 12;
inline constexpr std::uint64_t kPageSize = std::uint64_t{1} << kPageShift;
inline constexpr std::uint64_t kPageOffsetMask = kPageSize - 1;

constexpr std::uint64_t page_of(std::uint64_t address) {
    return address & ~kPageOffsetMask;
}

}  // namespace levitate::emu
