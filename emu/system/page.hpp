// The size of a page: the granule of the translation tables that this CPU offers, 4 KiB.
#pragma once

#include <cstdint>

namespace levitate::emu {

inline constexpr unsigned page_shift = 12;
inline constexpr std::uint64_t page_size = std::uint64_t{1} << page_shift;
inline constexpr std::uint64_t page_offset_mask = page_size - 1;

constexpr std::uint64_t page_of(std::uint64_t address) {
    return address & ~page_offset_mask;
}

}  // namespace levitate::emu
