// Page frames: physical memory in units of 4 KiB, counted by reference.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>

#include "arch/include/physical_address.hpp"
#include "lib/result.hpp"

namespace kernel {

inline constexpr std::size_t kPageShift = 12;
inline constexpr std::size_t kPageSize = std::size_t{1} << kPageShift;
inline constexpr std::size_t kPageMask = kPageSize - 1;

constexpr std::uint64_t page_floor(std::uint64_t address) {
    return address & ~std::uint64_t{kPageMask};
}
// Wraps to 0 in the last page: check sizes first.
constexpr std::uint64_t page_ceiling(std::uint64_t address) {
    return page_floor(address + kPageMask);
}

// What the allocator keeps about one frame. Lives in an array indexed by frame number that is set up as
// memory is first handed out, so that starting a machine with much memory costs nothing.
struct Page {
    enum class Use : std::uint8_t { Free, Allocated, Slab, Tail };

    std::uint32_t references = 0;
    Use use = Use::Free;
    std::uint8_t order = 0;             // of the block this page begins: 2^order pages
    bool instruction_coherent = false;  // the instruction cache has seen its present contents
    bool is_unwritten = false;          // of a file: set aside by fallocate, a hole to lseek
    std::uint8_t size_class = 0;        // Slab: index of the heap's size class
    std::uint32_t objects_in_use = 0;   // Slab
    Page* next = nullptr;               // free lists, and a slab's list
    Page* previous = nullptr;
    void* free_objects = nullptr;  // Slab

    PhysicalAddress physical_address() const;
    // The page's bytes in the kernel's map of all memory.
    std::byte* data() const;
    std::span<std::byte, kPageSize> bytes() const {
        return std::span<std::byte, kPageSize>(data(), kPageSize);
    }

    void add_reference() { ++references; }
    void drop_reference() {
        if (--references == 0) {
            release();
        }
    }

  private:
    void release();
};

// One reference to a page.
class PageRef {
  public:
    PageRef() = default;
    explicit PageRef(Page* page) : page_(page) {
        if (page_ != nullptr) {
            page_->add_reference();
        }
    }
    PageRef(const PageRef& other) : PageRef(other.page_) {}
    PageRef(PageRef&& other) noexcept : page_(std::exchange(other.page_, nullptr)) {}
    PageRef& operator=(PageRef other) noexcept {
        std::swap(page_, other.page_);
        return *this;
    }
    ~PageRef() {
        if (page_ != nullptr) {
            page_->drop_reference();
        }
    }
    static PageRef adopt(Page* page) {
        PageRef reference;
        reference.page_ = page;
        return reference;
    }
    Page* leak() { return std::exchange(page_, nullptr); }

    Page* get() const { return page_; }
    Page* operator->() const { return page_; }
    Page& operator*() const { return *page_; }
    explicit operator bool() const { return page_ != nullptr; }

  private:
    Page* page_ = nullptr;
};

enum class PageContents { Undefined, Zero };

// One frame, or ENOMEM. Undefined contents must not reach a program.
Result<PageRef> allocate_page(PageContents contents);
// 2^order frames that lie side by side, or null; one reference on the first stands for all.
Page* allocate_pages(unsigned order);
void free_pages(Page* page);

struct MemoryCounts {
    std::uint64_t total_pages;
    std::uint64_t free_pages;
};
MemoryCounts memory_counts();

// The frame behind an address of the kernel's map of all memory, or behind a physical address. Precondition:
// it is RAM that the allocator has handed out.
Page* page_of(const void* data);
Page* page_of(PhysicalAddress address);

}  // namespace kernel
