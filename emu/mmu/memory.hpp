// The guest's physical RAM.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "emu/cpu.hpp"
#include "emu/mmu/tlb.hpp"

namespace levitate::emu {

// One page of RAM, and what has been decoded from it.
struct RamPage {
    // SAFETY: points into the user's RAM at a page boundary; kPageSize bytes may be accessed.
    std::byte* host;
    CodePage** code;
};

class PhysicalMemory {
  public:
    explicit PhysicalMemory(const std::vector<Ram>& ram) {
        for (const Ram& block : ram) {
            const std::size_t pages = block.bytes.size() / kPageSize;
            blocks_.push_back({block.base, block.bytes.size(), block.bytes.data(), pages,
                               std::make_unique<CodePage*[]>(pages)});
        }
    }

    // The page that holds physical `address`; nullopt where there is no RAM.
    std::optional<RamPage> page(std::uint64_t address) const {
        for (const Block& block : blocks_) {
            const std::uint64_t offset = address - block.base;
            if (offset < block.size) {
                return RamPage{block.host + page_of(offset), &block.code[offset / kPageSize]};
            }
        }
        return std::nullopt;
    }
    std::optional<std::uint64_t> read_u64(std::uint64_t address) const {
        for (const Block& block : blocks_) {
            const std::uint64_t offset = address - block.base;
            if (offset < block.size && block.size - offset >= sizeof(std::uint64_t)) {
                std::uint64_t value = 0;
                std::memcpy(&value, block.host + offset, sizeof value);
                return value;
            }
        }
        return std::nullopt;
    }
    void forget_code() {
        for (Block& block : blocks_) {
            std::fill_n(block.code.get(), block.pages, nullptr);
        }
    }

  private:
    struct Block {
        std::uint64_t base;
        std::uint64_t size;
        // SAFETY: the user's RAM, `size` bytes.
        std::byte* host;
        std::size_t pages;
        std::unique_ptr<CodePage*[]> code;
    };
    std::vector<Block> blocks_;
};

}  // namespace levitate::emu
