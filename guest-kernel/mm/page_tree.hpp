// A sparse array of pages, indexed by page number.
#pragma once

#include <cstdint>
#include <optional>

#include "lib/result.hpp"
#include "mm/page.hpp"

namespace kernel {

// A radix tree with 64 children a node, as high as its highest index needs.
class PageTree {
  public:
    PageTree() = default;
    PageTree(const PageTree&) = delete;
    PageTree& operator=(const PageTree&) = delete;
    ~PageTree();

    // The page at the index, or null.
    Page* find(std::uint64_t index) const;
    // Precondition: nothing is at the index. ENOMEM.
    Result<void> insert(std::uint64_t index, PageRef page);
    // Drops the pages of [first, last]. Calls removed(index) for each.
    template <typename Removed>
    void erase(std::uint64_t first, std::uint64_t last, Removed removed);
    // The lowest index >= `index` that has a page.
    std::optional<std::uint64_t> next(std::uint64_t index) const;

    static constexpr std::uint64_t kMaximumIndex = ~std::uint64_t{0} >> kPageShift;

  private:
    static constexpr unsigned kBits = 6;
    static constexpr std::uint64_t kMask = (1U << kBits) - 1;
    struct Node {
        void* slots[1U << kBits] = {};  // Node below level 0, Page at level 0
        unsigned used = 0;
    };

    bool covers(std::uint64_t index) const { return root_ != nullptr && index >> (kBits * levels_) == 0; }
    static std::optional<std::uint64_t> next_in(const Node& node, unsigned level, std::uint64_t index);
    void erase_one(std::uint64_t index);
    bool erase_in(Node& node, unsigned level, std::uint64_t index);

    Node* root_ = nullptr;
    unsigned levels_ = 0;  // of nodes; the root covers 64^levels_ indices
};

template <typename Removed>
void PageTree::erase(std::uint64_t first, std::uint64_t last, Removed removed) {
    for (std::optional<std::uint64_t> index = next(first); index && *index <= last; index = next(*index)) {
        erase_one(*index);
        removed(*index);
    }
}

}  // namespace kernel
