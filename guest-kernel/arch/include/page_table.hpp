// A program's translation table. Addresses are page-aligned and below AddressSpace::kUserEnd.
#pragma once

#include <cstdint>
#include <utility>

#include "lib/result.hpp"

namespace kernel {

struct Page;
class PageRef;

// What one virtual page shows. `frame` null: nothing.
struct PageEntry {
    Page* frame = nullptr;
    int protection = 0;  // PROT_*; 0 with a frame: present but out of reach (PROT_NONE)
};

class PageTable {
  public:
    static Result<PageTable> create();
    PageTable(PageTable&& other) noexcept
        : root_(std::exchange(other.root_, nullptr)),
          identifier_(other.identifier_),
          generation_(other.generation_),
          present_pages_(other.present_pages_),
          most_present_pages_(other.most_present_pages_) {}
    PageTable& operator=(PageTable&&) = delete;
    PageTable(const PageTable&) = delete;
    PageTable& operator=(const PageTable&) = delete;
    // Frees the tables. Precondition: every page has been cleared.
    ~PageTable();

    // Shows a frame, and takes over one reference to it. ENOMEM. Precondition: the entry is empty or shows
    // the same frame, so that no reference is forgotten.
    Result<void> set(std::uint64_t address, Page* frame, int protection);
    PageEntry get(std::uint64_t address) const;
    // Changes how a present page may be used.
    void set_protection(std::uint64_t address, int protection);
    // Empties an entry; the reference it held is the caller's.
    PageRef clear(std::uint64_t address);
    // The first address >= from and < to whose entry is not empty, or `to`. Skips what has no tables at all.
    std::uint64_t next_present(std::uint64_t from, std::uint64_t to) const;

    // How many pages are present, and how many were at most (VmRSS and VmHWM).
    std::uint64_t present_pages() const { return present_pages_; }
    std::uint64_t most_present_pages() const { return most_present_pages_; }

    // The CPU uses this table from here on.
    void activate();

  private:
    PageTable() = default;
    std::uint64_t* entry(std::uint64_t address) const;
    Result<std::uint64_t*> entry_or_allocate(std::uint64_t address);
    void invalidate(std::uint64_t address);

    std::uint64_t* root_ = nullptr;  // the table of level 0
    std::uint16_t identifier_ = 0;   // ASID
    std::uint64_t generation_ = 0;   // of ASIDs; 0: the table has no ASID yet
    std::uint64_t present_pages_ = 0;
    std::uint64_t most_present_pages_ = 0;
};

}  // namespace kernel
