// The translation lookaside buffers: what the fast path of loads, stores and fetches looks at.
//
// No entry is tagged by ASID or VMID: a change of the translation regime empties the buffers, which the
// architecture allows at any time (Arm ARM D8.14) and which a table walk over host memory makes cheap.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

#include "emu/arch/page.hpp"

namespace levitate::emu {

struct CodePage;

// What DC ZVA writes: the block whose size DCZID_EL0 gives.
using ZeroBlock = std::array<std::uint64_t, 8>;

// Never equal to a page's address.
inline constexpr std::uint64_t kNoTag = ~std::uint64_t{0};

struct DataTlbEntry {
    std::uint64_t read_tag = kNoTag;   // the virtual page, if loads may go to `host`
    std::uint64_t write_tag = kNoTag;  // the virtual page, if stores may go to `host`
    // SAFETY: the page's first byte in the user's RAM, which outlives the Cpu.
    std::byte* host = nullptr;
};

struct FetchTlbEntry {
    std::uint64_t tag = kNoTag;
    CodePage* page = nullptr;
};

inline constexpr std::size_t kTlbEntries = 256;

// The top byte, which may be a tag, does not count. Bits 47 to 40 do: a kernel keeps its image, memory and
// stacks far apart, but all of them begin at round addresses.
constexpr std::size_t tlb_index(std::uint64_t address) {
    return ((address ^ (address >> 28)) >> kPageShift) % kTlbEntries;
}

// Whose permissions an access has. PAN changes what EL1 may do, so it has entries of its own.
enum class AccessMode : std::uint8_t { User, Kernel, KernelWithoutUser };
inline constexpr std::size_t kAccessModes = 3;

using DataTlb = std::array<DataTlbEntry, kTlbEntries>;
using FetchTlb = std::array<FetchTlbEntry, kTlbEntries>;

// How an access of a size asks for an entry, so that one comparison tells whether the page is the right one,
// the access ends in it and, where that is checked, it is aligned.
class TagRules {
  public:
    void set_alignment_checked(bool checked);

    // What an entry's tag must be for `count` accesses of T from `address` on: the page of the last byte.
    // Where alignment is checked it is the page of the last access, with the bits that must be zero.
    template <class T, unsigned count = 1>
    std::uint64_t tag_of(std::uint64_t address) const {
        const Rule& rule = rules_[std::countr_zero(sizeof(T))];
        return (address + rule.reach + sizeof(T) * (count - 1)) & rule.mask;
    }

  private:
    // What is added to an address, and which bits of the sum are compared.
    struct Rule {
        std::uint64_t reach;
        std::uint64_t mask;
    };
    std::array<Rule, 7> rules_{};  // by log2 of the size, up to a ZeroBlock's
};

// The part of the address space, without tags, in which blocks were found: mappings of more than one page.
// An entry does not tell how large the mapping is that it came from.
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

// All buffers of a CPU: for data by access mode, for code by exception level.
class Tlbs {
  public:
    const DataTlb& data(AccessMode mode) const { return data_[static_cast<std::size_t>(mode)]; }
    const FetchTlbEntry& fetch_entry(std::uint8_t level, std::uint64_t address) const {
        return fetch_[level][tlb_index(address)];
    }

    // Keeps a translation of `address`, which a mapping of 1 << size_shift bytes gave.
    void keep(AccessMode mode, std::uint64_t address, unsigned size_shift, const DataTlbEntry& entry) {
        data_[static_cast<std::size_t>(mode)][tlb_index(address)] = entry;
        note(address, size_shift);
    }
    void keep(std::uint8_t level, std::uint64_t address, unsigned size_shift, CodePage& page) {
        fetch_[level][tlb_index(address)] = {page_of(address), &page};
        note(address, size_shift);
    }

    // TLBI's forms: everything, or what translates one page.
    void flush();
    void flush_page(std::uint64_t address);
    // Makes stores to this page of RAM take the slow path, which looks for decoded code.
    void stop_fast_stores(const std::byte* host);

  private:
    void note(std::uint64_t address, unsigned size_shift) {
        if (size_shift > kPageShift) {
            blocks_.add(address, size_shift);
        }
        is_empty_ = false;
    }

    std::array<DataTlb, kAccessModes> data_;
    std::array<FetchTlb, 2> fetch_;
    BlockRange blocks_;
    bool is_empty_ = true;
};

}  // namespace levitate::emu
