#include "emu/mmu/code_cache.hpp"

#include <algorithm>
#include <span>

namespace levitate::emu {

void CodePage::clear() {
    for (Instruction& slot : std::span(slots).first<kSlotsPerPage>()) {
        slot.operation.code = &decode_slot;
    }
    decoded = false;
    stores = 0;
}

void CodePage::invalidate(std::size_t offset, std::size_t size) {
    // After so many stores the page is taken to hold data: it is cleared, and stores to it are fast again.
    constexpr unsigned kEnoughStores = 64;
    if (++stores > kEnoughStores) {
        clear();
        return;
    }
    const std::size_t last = std::min((offset + size - 1) / kInstructionBytes, kSlotsPerPage - 1);
    for (std::size_t slot = offset / kInstructionBytes; slot <= last; ++slot) {
        slots[slot].operation.code = &decode_slot;
    }
}

CodePage& CodeCache::page(const std::byte* host, CodePage*& slot) {
    if (slot == nullptr) {
        pages_.push_back(std::make_unique<CodePage>());
        slot = pages_.back().get();
        slot->host = host;
        for (std::size_t i = 0; i < slot->slots.size(); ++i) {
            slot->slots[i].page_offset = static_cast<std::uint16_t>(i * kInstructionBytes);
        }
        slot->clear();
        slot->slots.back().operation.code = &end_of_page;
    }
    return *slot;
}

void CodeCache::clear_all() {
    for (const std::unique_ptr<CodePage>& page : pages_) {
        page->clear();
    }
}

}  // namespace levitate::emu
