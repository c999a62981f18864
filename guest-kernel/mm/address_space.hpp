// A program's address space: regions, their pages, and the translation table that shows them to the CPU.
#pragma once

#include <cstdint>
#include <optional>

#include "arch/include/page_table.hpp"
#include "lib/ref.hpp"
#include "lib/result.hpp"
#include "lib/vector.hpp"
#include "mm/mapping.hpp"

namespace kernel {

enum class Access : std::uint8_t { Read, Write, Execute };

// Where execve put things; /proc shows them and brk needs them.
struct ProgramPositions {
    std::uint64_t code_start = 0;
    std::uint64_t code_end = 0;
    std::uint64_t data_start = 0;
    std::uint64_t data_end = 0;
    std::uint64_t brk_start = 0;
    std::uint64_t brk = 0;
    std::uint64_t stack_start = 0;
    std::uint64_t arguments_start = 0;
    std::uint64_t arguments_end = 0;
    std::uint64_t environment_start = 0;
    std::uint64_t environment_end = 0;
    std::uint64_t mmap_top = 0;  // regions without a hint are laid downwards from here
    std::uint64_t vdso = 0;
    bool is_bottom_up = false;  // the legacy layout: regions are laid upwards instead
};

// May a core of the process be dumped, and others look into it (Linux include/linux/sched/coredump.h,
// SUID_DUMP_*)? The values of PR_SET_DUMPABLE.
inline constexpr int kNotDumpable = 0;
inline constexpr int kDumpable = 1;
inline constexpr int kDumpableByRoot = 2;

struct ProgramLayout {
    ProgramPositions positions;
    Vector<std::uint64_t> auxiliary_vector;  // as on the stack: type, value, …, AT_NULL, 0
    RefPtr<MappedFile> executable;
    unsigned core_filter = 0x33;                 // coredump_filter
    int dumpable = kDumpable;                    // PR_SET_DUMPABLE
    bool has_no_transparent_huge_pages = false;  // PR_SET_THP_DISABLE; there are none anyway

    Result<void> copy_from(const ProgramLayout& other);
};

enum class Placement { Hint, Fixed, FixedNoReplace };

// Why an access fails: SIGSEGV with one of two codes, SIGBUS past a file's end, or no memory.
enum class FaultResult { Resolved, NotMapped, NotPermitted, BeyondObject, OutOfMemory };

struct MemoryUsage {
    std::uint64_t mapped_pages = 0;         // VmSize
    std::uint64_t most_mapped_pages = 0;    // VmPeak
    std::uint64_t resident_pages = 0;       // VmRSS
    std::uint64_t most_resident_pages = 0;  // VmHWM
    std::uint64_t locked_pages = 0;         // VmLck
    std::uint64_t data_pages = 0;           // private writable
    std::uint64_t stack_pages = 0;
    std::uint64_t code_pages = 0;
};

// Before a frame is shown as executable: the instruction cache has seen its contents.
void make_coherent(Page& frame);

class AddressSpace : public RefCounted {
  public:
    // The first address beyond a program's reach, 2^48.
    static constexpr std::uint64_t kUserEnd = std::uint64_t{1} << 48;

    static Result<Ref<AddressSpace>> create();
    // A copy for fork: private pages are shared until written.
    Result<Ref<AddressSpace>> clone();
    ~AddressSpace() override;

    // Is there such a place? EINVAL (unaligned fixed address), EEXIST, ENOMEM.
    Result<void> check_placement(std::uint64_t address, std::uint64_t size, Placement placement);
    // Maps [address, address + size) (Fixed*) or finds a place (Hint; address 0: none). Result: the start.
    // Preconditions: size > 0 and page-aligned. EINVAL (unaligned fixed address), EEXIST, ENOMEM.
    Result<std::uint64_t> map(std::uint64_t address, std::uint64_t size, Placement placement,
                              const MappingAttributes& attributes);
    // At a fixed place, without merging: the zeroed rest of a program's data. Precondition: page-aligned, in
    // range.
    Result<void> map_unmerged(std::uint64_t address, std::uint64_t size, const MappingAttributes& attributes);
    // man 2 munmap, mprotect, mremap, madvise, mincore; sizes rounded up by the caller.
    Result<void> unmap(std::uint64_t address, std::uint64_t size);
    Result<void> protect(std::uint64_t address, std::uint64_t size, int protection);
    Result<std::uint64_t> remap(std::uint64_t address, std::uint64_t old_size, std::uint64_t new_size,
                                int flags, std::uint64_t new_address);
    // man 2 brk: the new end, or the old one when it could not be moved.
    std::uint64_t change_brk(std::uint64_t end);
    // Drops the pages of a range; they read as zeroes, or as the file's, afterwards.
    void discard(std::uint64_t address, std::uint64_t size);

    // Changes the regions of a range, which are split where it begins and ends. ENOMEM at the first hole or
    // without memory; the regions before it have changed then.
    Result<void> set_on_fork(std::uint64_t address, std::uint64_t size, OnFork on_fork);
    Result<void> set_left_out_of_core(std::uint64_t address, std::uint64_t size, bool is_left_out);
    Result<void> set_locking(std::uint64_t address, std::uint64_t size, Locking locking);
    // The same for every region that there is.
    void set_locking_of_all(Locking locking);
    // Makes every page of a range present as far as its region allows; Resolved, or what stopped it.
    FaultResult populate(std::uint64_t address, std::uint64_t size);

    // Makes the page at `address` present for an access, as a program's own would.
    FaultResult resolve_fault(std::uint64_t address, Access access);

    // The region that holds the address, or null.
    Mapping* find(std::uint64_t address);
    // The first region that ends above the address, or null.
    Mapping* find_at_or_above(std::uint64_t address);
    std::span<Own<Mapping>> mappings() { return mappings_.span(); }

    // Is the page in memory? (mincore)
    bool is_resident(std::uint64_t address);
    // Whether a debugger's access heeds protections (Linux FOLL_FORCE): shared memory's always are.
    enum class Force : std::uint8_t { No, Yes };
    // Bytes of this space for another task (/proc/<pid>/cmdline). How many could be read.
    std::size_t read_remote(std::uint64_t address, std::span<std::byte> destination, Force force = Force::No);
    // The other way, with the program's own rights (execve fills the new space).
    std::size_t write_remote(std::uint64_t address, std::span<const std::byte> source,
                             Force force = Force::No);
    // The page and offset of a shared mapping, or nothing: identifies a futex between processes.
    Mapping* shared_mapping_of(std::uint64_t address);

    // An object lost pages: forget translations (MemoryObject::unmap_from).
    void unmap_object_pages(Mapping& mapping, std::uint64_t first_index);

    MemoryUsage usage();
    PageTable& page_table() { return page_table_; }

    ProgramLayout layout;
    std::uint32_t membarrier_registrations = 0;  // MEMBARRIER_CMD_REGISTER_*
    Locking future_locking = Locking::None;      // of regions to come (MCL_FUTURE)

  private:
    explicit AddressSpace(PageTable&& table) : page_table_(std::move(table)) {}

    template <typename Change>
    Result<void> change_regions(std::uint64_t address, std::uint64_t size, Change change);
    std::size_t lower_bound(std::uint64_t address) const;
    bool is_empty(std::uint64_t address, std::uint64_t size) const;
    bool is_free(std::uint64_t address, std::uint64_t size) const;
    std::uint64_t mapped_pages() const;
    std::optional<std::uint64_t> find_free(std::uint64_t hint, std::uint64_t size) const;
    Result<void> split(std::uint64_t address);
    void merge_with_next(std::size_t index);
    bool is_taken_in_by_previous(std::size_t index) const;
    bool is_taken_in_by_next(std::size_t index) const;
    std::size_t merge_changed(std::size_t index);
    void merge_new(std::uint64_t start);
    void merge_around(std::uint64_t start, std::uint64_t end);
    Result<Mapping*> insert(std::uint64_t start, std::uint64_t end, const MappingAttributes& attributes);
    Result<void> remove_range(std::uint64_t start, std::uint64_t end);
    void discard_in(Mapping& mapping, std::uint64_t start, std::uint64_t end);
    Result<void> clone_pages(AddressSpace& child, Mapping& mapping);
    Result<void> move_pages(std::uint64_t from, std::uint64_t to, std::uint64_t size);
    Result<void> remove_checked(std::uint64_t start, std::uint64_t size);
    Result<Mapping*> region_to_resize(std::uint64_t address, std::uint64_t old_size, std::uint64_t new_size,
                                      bool keep_old);
    Result<std::uint64_t> remap_to(std::uint64_t address, std::uint64_t old_size, std::uint64_t new_size,
                                   int flags, std::uint64_t new_address);
    Result<std::uint64_t> move_region(Mapping& mapping, std::uint64_t address, std::uint64_t old_size,
                                      std::uint64_t new_size, std::uint64_t new_address, bool keep_old);
    bool grow_stack(std::uint64_t address);
    FaultResult resolve_remote(std::uint64_t address, Access access, Force force);
    void note_private_page(Mapping& mapping);
    FaultResult resolve_absent(Mapping& mapping, std::uint64_t page, Access access);
    FaultResult resolve_from_object(Mapping& mapping, std::uint64_t page, Access access);
    FaultResult resolve_write(Mapping& mapping, std::uint64_t page, const PageEntry& entry);
    FaultResult install(std::uint64_t page, PageRef frame, int protection);
    FaultResult install_copy(Mapping& mapping, std::uint64_t page, const Page& original);

    PageTable page_table_;
    Vector<Own<Mapping>> mappings_;        // by address
    std::uint64_t most_mapped_pages_ = 0;  // up to the last that went
};

}  // namespace kernel
