// One mapped region of an address space (Linux's vm_area_struct).
#pragma once

#include <linux/mman.h>

#include <cstdint>

#include "lib/list.hpp"
#include "lib/ref.hpp"
#include "mm/memory_object.hpp"

namespace kernel {

class AddressSpace;

enum class Sharing : std::uint8_t { Private, Shared };

// What is left of a protection where a page must not be written yet. PROT_WRITE implies reading (Linux
// arm64's protection_map).
constexpr int without_write(int protection) {
    return (protection & PROT_WRITE) != 0 ? (protection & ~PROT_WRITE) | PROT_READ : protection;
}

// What /proc/<pid>/maps calls a region that is no file's.
enum class RegionName : std::uint8_t { None, Heap, Stack, Vvar, Vdso };

// What fork does with a region (MADV_DONTFORK, MADV_WIPEONFORK).
enum class OnFork : std::uint8_t { Copy, LeaveOut, Empty };

// How a region is locked (man 2 mlock). Nothing is ever swapped: locked pages are present at once or, with
// OnFault, from their first use.
enum class Locking : std::uint8_t { None, Now, OnFault };

// An open file as memory knows it: it stays open while a region shows it. fs/file.hpp has the only kind.
class MappedFile : public RefCounted {};

// Everything about a region but where it is.
struct MappingAttributes {
    int protection = 0;  // PROT_READ | PROT_WRITE | PROT_EXEC
    Sharing sharing = Sharing::Private;
    bool grows_down = false;
    bool no_reserve = false;  // MAP_NORESERVE
    // Has been writable and private, and counts as memory in use ever since (Linux VM_ACCOUNT).
    bool is_accounted = false;
    // False for a shared region of a file that was not opened for writing: mprotect(PROT_WRITE) is EACCES.
    bool may_write = true;
    bool may_execute = true;           // false for a file of a mount that is noexec
    bool fixed_pages = false;          // the kernel's own (vDSO): no merging, no madvise, no mremap growth
    bool is_left_out_of_core = false;  // MADV_DONTDUMP
    OnFork on_fork = OnFork::Copy;
    Locking locking = Locking::None;
    RegionName name = RegionName::None;
    RefPtr<MappedFile> file;      // what maps shows; null: anonymous
    RefPtr<MemoryObject> object;  // where pages come from; null: private anonymous memory
    // Index in the object of the region's first page; of anonymous memory, its page number where it was first
    // mapped.
    std::uint64_t first_page = 0;
};

class Mapping : public ListNode<MappingOfObject> {
  public:
    Mapping(AddressSpace& owner, std::uint64_t first, std::uint64_t last, const MappingAttributes& how)
        : space(owner), start(first), end(last), attributes(how) {}

    std::uint64_t size() const { return end - start; }
    bool contains(std::uint64_t address) const { return address >= start && address < end; }
    // The object's page index behind an address. Precondition: contains(address).
    std::uint64_t page_index(std::uint64_t address) const {
        return attributes.first_page + ((address - start) >> kPageShift);
    }

    AddressSpace& space;
    std::uint64_t start;  // both page-aligned
    std::uint64_t end;
    MappingAttributes attributes;

    // Which private pages this region has had written, for merging as Linux does: regions with pages of their
    // own (Linux's anon_vma) merge only when those belong together. 0: none yet.
    std::uint64_t anonymous_identity = 0;
    // Came from the parent by fork with such pages: does not take in new regions.
    bool was_cloned = false;
};

}  // namespace kernel
