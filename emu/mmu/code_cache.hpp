// Decoded instructions, kept by physical page.
//
// A page's slots are decoded one at a time, when first executed: a slot that is not decoded yet holds the
// operation that decodes it. So there are no basic blocks to find, to end and to invalidate.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "emu/instruction.hpp"
#include "emu/mmu/tlb.hpp"

namespace levitate::emu {

inline constexpr std::size_t instruction_bytes = 4;
inline constexpr std::size_t slots_per_page = page_size / instruction_bytes;

struct CodePage {
    std::array<Instruction, slots_per_page> slots;
    // SAFETY: the page in the user's RAM.
    const std::byte* host = nullptr;
    // Whether a slot may be decoded. While it is set, no data TLB lets a store to the page pass by.
    bool decoded = false;
    unsigned stores = 0;  // to the page since `decoded` was set

    // Every slot is to be decoded anew.
    void clear();
    // The slots that [offset, offset + size) of the page touches.
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

// Decodes the slot and executes it. Defined with the run loop, which knows where the page lies.
Flow decode_slot(Core& core, const Instruction& instruction);

}  // namespace levitate::emu
