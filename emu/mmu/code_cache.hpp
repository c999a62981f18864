// Decoded instructions, kept by physical page.
//
// A page's slots are decoded one at a time, when first executed: a slot that is not decoded yet holds the
// code that decodes it. Any run of slots is executed in one go (emu/thread.hpp), so there are no basic blocks
// to find, to end or to invalidate.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "emu/instruction.hpp"
#include "emu/mmu/tlb.hpp"

namespace levitate::emu {

inline constexpr std::size_t kSlotsPerPage = kPageSize / kInstructionBytes;

struct CodePage {
    // One for each instruction of the page, and one for what comes after the last of them.
    std::array<Instruction, kSlotsPerPage + 1> slots;
    // SAFETY: the page in the user's RAM.
    const std::byte* host = nullptr;
    // Whether a slot may be decoded. While it is set, no data TLB lets a store to the page pass by.
    bool decoded = false;
    unsigned stores = 0;  // to the page since `decoded` was set

    // Makes every slot decode its word again before it executes it.
    void clear();
    // Makes the slots decode again that [offset, offset + size) of the page touches.
    void invalidate(std::size_t offset, std::size_t size);
};

class CodeCache {
  public:
    // The code page of the RAM page at `host`, made if `slot` is null, and then also stored there.
    CodePage& page(const std::byte* host, CodePage*& slot);
    std::size_t size() const { return pages_.size(); }
    // Frees every page. The caller forgets all pointers to them.
    void drop() { pages_.clear(); }
    void clear_all();

  private:
    std::vector<std::unique_ptr<CodePage>> pages_;
};

// What a slot holds that is not decoded yet: this decodes the slot and goes on with it. And what the slot
// after a page's last instruction holds: this goes on in the next page. Both are defined in emu/thread.cpp.
Flow decode_slot(Core& core, const Instruction* at, std::int64_t credit);
Flow end_of_page(Core& core, const Instruction* at, std::int64_t credit);

}  // namespace levitate::emu
