// The translation lookaside buffers: what the fast path of loads, stores and fetches looks at.
//
// No entry is tagged by ASID or VMID: a change of the translation regime empties the buffers, which the
// architecture allows at any time (Arm ARM D8.14) and which a table walk over host memory makes cheap.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace levitate::emu {

inline constexpr unsigned page_shift = 12;
inline constexpr std::uint64_t page_size = std::uint64_t{1} << page_shift;
inline constexpr std::uint64_t page_offset_mask = page_size - 1;

constexpr std::uint64_t page_of(std::uint64_t address) {
    return address & ~page_offset_mask;
}

struct CodePage;

// Never equal to a page's address.
inline constexpr std::uint64_t no_tag = ~std::uint64_t{0};

struct DataTlbEntry {
    std::uint64_t read_tag = no_tag;   // the virtual page, if loads may go to `host`
    std::uint64_t write_tag = no_tag;  // likewise stores
    // SAFETY: the page's first byte in the user's RAM, which outlives the Cpu.
    std::byte* host = nullptr;
};

struct FetchTlbEntry {
    std::uint64_t tag = no_tag;
    CodePage* page = nullptr;
};

inline constexpr std::size_t tlb_entries = 256;

constexpr std::size_t tlb_index(std::uint64_t address) {
    return (address >> page_shift) % tlb_entries;
}

// Whose permissions an access has. PAN changes what EL1 may do, so it has entries of its own.
enum class AccessMode : std::uint8_t { User, Kernel, KernelWithoutUser };
inline constexpr std::size_t access_modes = 3;

using DataTlb = std::array<DataTlbEntry, tlb_entries>;
using FetchTlb = std::array<FetchTlbEntry, tlb_entries>;

}  // namespace levitate::emu
