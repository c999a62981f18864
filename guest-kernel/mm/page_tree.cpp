#include "mm/page_tree.hpp"

#include <new>

namespace kernel {

PageTree::~PageTree() {
    erase(0, kMaximumIndex, [](std::uint64_t) {});
}

Page* PageTree::find(std::uint64_t index) const {
    if (!covers(index)) {
        return nullptr;
    }
    const Node* node = root_;
    for (unsigned level = levels_ - 1; level > 0; level--) {
        node = static_cast<const Node*>(node->slots[index >> (kBits * level) & kMask]);
        if (node == nullptr) {
            return nullptr;
        }
    }
    return static_cast<Page*>(node->slots[index & kMask]);
}

Result<void> PageTree::insert(std::uint64_t index, PageRef page) {
    while (!covers(index)) {
        Node* above = new (std::nothrow) Node;
        if (above == nullptr) {
            return Errno(ENOMEM);
        }
        if (root_ != nullptr) {
            above->slots[0] = root_;
            above->used = 1;
        }
        root_ = above;
        levels_++;
    }
    Node* node = root_;
    for (unsigned level = levels_ - 1; level > 0; level--) {
        void*& slot = node->slots[index >> (kBits * level) & kMask];
        if (slot == nullptr) {
            // An empty node that stays behind when a deeper one finds no memory is found again, or erased
            // with the tree: `used` of its parent counts it.
            slot = new (std::nothrow) Node;
            if (slot == nullptr) {
                return Errno(ENOMEM);
            }
            node->used++;
        }
        node = static_cast<Node*>(slot);
    }
    node->slots[index & kMask] = page.leak();
    node->used++;
    return {};
}

// True: the node became empty and has been deleted.
bool PageTree::erase_in(Node& node, unsigned level, std::uint64_t index) {
    void*& slot = node.slots[index >> (kBits * level) & kMask];
    if (level == 0) {
        const PageRef dropped = PageRef::adopt(static_cast<Page*>(slot));
    } else if (!erase_in(*static_cast<Node*>(slot), level - 1, index)) {
        return false;
    }
    slot = nullptr;
    if (--node.used > 0) {
        return false;
    }
    delete &node;
    return true;
}

void PageTree::erase_one(std::uint64_t index) {
    if (erase_in(*root_, levels_ - 1, index)) {
        root_ = nullptr;
        levels_ = 0;
    }
}

std::optional<std::uint64_t> PageTree::next_in(const Node& node, unsigned level, std::uint64_t index) {
    const unsigned shift = kBits * level;
    for (std::uint64_t child = index >> shift & kMask; child <= kMask; child++) {
        const std::uint64_t first = child << shift;  // of this node's indices
        const std::uint64_t within = first > index ? 0 : index - first;
        if (node.slots[child] == nullptr) {
            continue;
        }
        if (level == 0) {
            return child;
        }
        std::optional<std::uint64_t> found =
            next_in(*static_cast<const Node*>(node.slots[child]), level - 1, within);
        if (found) {
            return first + *found;
        }
    }
    return std::nullopt;
}

std::optional<std::uint64_t> PageTree::next(std::uint64_t index) const {
    if (!covers(index)) {
        return std::nullopt;
    }
    return next_in(*root_, levels_ - 1, index);
}

}  // namespace kernel
