// The translation lookaside buffers: what the fast path of loads, stores and fetches looks at.
//
// No entry is tagged by ASID or VMID: a change of the translation regime empties the buffers, which the
// architecture allows at any time (Arm ARM D8.14) and which a table walk over host memory makes cheap.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

#include "emu/system/page.hpp"

namespace levitate::emu {

struct CodePage;

// Never equal to a page's address.
inline constexpr std::uint64_t kNoTag = ~std::uint64_t{0};

struct DataTlbEntry {
    std::uint64_t read_tag = kNoTag;   // the virtual page, if loads may go to `host`
    std::uint64_t write_tag = kNoTag;  // likewise stores
    // SAFETY: the page's first byte in the user's RAM, which outlives the Cpu.
    std::byte* host = nullptr;
};

struct FetchTlbEntry {
    std::uint64_t tag = kNoTag;
    CodePage* page = nullptr;
};

inline constexpr std::size_t kTlbEntries = 256;

// The top byte, which may be a tag, has no part in it. Bits 47 to 40 do: kernels keep their image, memory and
// stacks far apart but all from a round address on.
constexpr std::size_t tlb_index(std::uint64_t address) {
    return ((address ^ (address >> 28)) >> kPageShift) % kTlbEntries;
}

// Whose permissions an access has. PAN changes what EL1 may do, so it has entries of its own.
enum class AccessMode : std::uint8_t { User, Kernel, KernelWithoutUser };
inline constexpr std::size_t kAccessModes = 3;

// The part of the address space that blocks were found in, without tags: mappings of more than one page. An
// entry does not know how large the mapping is that it came from.
class BlockRange {
  public:
    void add(std::uint64_t address, unsigned size_shift) {
        const std::uint64_t first = (address & kWithoutTag) >> size_shift << size_shift;
        begin_ = std::min(begin_, first);
        last_ = std::max(last_, first + ((std::uint64_t{1} << size_shift) - 1));
    }
    bool contains(std::uint64_t address) const {
        return (address & kWithoutTag) >= begin_ && (address & kWithoutTag) <= last_;
    }

  private:
    static constexpr std::uint64_t kWithoutTag = (std::uint64_t{1} << 56) - 1;
    std::uint64_t begin_ = kNoTag;
    std::uint64_t last_ = 0;
};

using DataTlb = std::array<DataTlbEntry, kTlbEntries>;
using FetchTlb = std::array<FetchTlbEntry, kTlbEntries>;

}  // namespace levitate::emu
