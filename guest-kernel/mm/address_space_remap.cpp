// mremap (Linux mm/mremap.c).
#include <linux/mman.h>

#include "mm/address_space.hpp"
#include "mm/limits.hpp"

namespace kernel {

// Pages change their address; the destination has none. On ENOMEM what was moved so far stays moved.
Result<void> AddressSpace::move_pages(std::uint64_t from, std::uint64_t to, std::uint64_t size) {
    const std::uint64_t end = from + size;
    for (std::uint64_t page = page_table_.next_present(from, end); page < end;
         page = page_table_.next_present(page + kPageSize, end)) {
        const PageEntry entry = page_table_.get(page);
        TRY(page_table_.set(to + (page - from), entry.frame, entry.protection));
        page_table_.clear(page).leak();
    }
    return {};
}

Result<std::uint64_t> AddressSpace::move_region(Mapping& mapping, std::uint64_t address,
                                                std::uint64_t old_size, std::uint64_t new_size,
                                                std::uint64_t new_address, bool keep_old) {
    MappingAttributes attributes = mapping.attributes;
    attributes.first_page = mapping.page_index(address);
    const std::uint64_t identity = mapping.anonymous_identity;
    const bool was_cloned = mapping.was_cloned;
    // A region without pages of its own counts from its new address, as one that is mapped there would.
    if (!attributes.object && identity == 0) {
        attributes.first_page = new_address >> kPageShift;
    }
    Mapping* moved = TRY(insert(new_address, new_address + new_size, attributes));
    moved->anonymous_identity = identity;
    moved->was_cloned = was_cloned;
    const Result<void> pages = move_pages(address, new_address, old_size < new_size ? old_size : new_size);
    if (pages.is_error()) {
        (void)move_pages(new_address, address, old_size < new_size ? old_size : new_size);
        TRY(remove_range(new_address, new_address + new_size));
        return pages.error();
    }
    merge_around(new_address, new_address + new_size);
    if (!keep_old) {
        TRY(remove_range(address, address + old_size));
    }
    return new_address;
}

// munmap as the other calls about memory use it: what is beyond the end of the address space is EINVAL.
Result<void> AddressSpace::remove_checked(std::uint64_t start, std::uint64_t size) {
    if (start > kUserEnd || size > kUserEnd - start) {
        return Errno(EINVAL);
    }
    return remove_range(start, start + size);
}

// May the region at an address have another size? (Linux mm/mremap.c, vma_to_resize.) An old size of 0
// duplicates a shared mapping.
Result<Mapping*> AddressSpace::region_to_resize(std::uint64_t address, std::uint64_t old_size,
                                                std::uint64_t new_size, bool keep_old) {
    Mapping* mapping = find(address);
    if (mapping == nullptr) {
        return Errno(EFAULT);
    }
    if ((old_size == 0 && mapping->attributes.sharing != Sharing::Shared) ||
        (keep_old && mapping->attributes.fixed_pages)) {
        return Errno(EINVAL);
    }
    if (old_size > mapping->end - address) {
        return Errno(EFAULT);
    }
    if (new_size <= old_size) {
        return mapping;
    }
    const std::uint64_t first_page = mapping->page_index(address);
    if (first_page + (new_size >> kPageShift) < first_page) {
        return Errno(EINVAL);
    }
    if (mapping->attributes.fixed_pages) {
        return Errno(EFAULT);
    }
    if (mapping->attributes.sharing == Sharing::Private && is_obvious_overcommit(new_size - old_size)) {
        return Errno(ENOMEM);
    }
    return mapping;
}

// MREMAP_FIXED and MREMAP_DONTUNMAP (Linux mremap_to).
Result<std::uint64_t> AddressSpace::remap_to(std::uint64_t address, std::uint64_t old_size,
                                             std::uint64_t new_size, int flags, std::uint64_t new_address) {
    const bool is_fixed = (flags & MREMAP_FIXED) != 0;
    const bool keep_old = (flags & MREMAP_DONTUNMAP) != 0;
    if ((new_address & kPageMask) != 0 || new_size > kUserEnd || new_address > kUserEnd - new_size ||
        (address + old_size > new_address && new_address + new_size > address)) {
        return Errno(EINVAL);
    }
    if (is_fixed) {
        TRY(remove_range(new_address, new_address + new_size));
    }
    if (old_size > new_size) {
        TRY(remove_checked(address + new_size, old_size - new_size));
        old_size = new_size;
    }
    Mapping* mapping = TRY(region_to_resize(address, old_size, new_size, keep_old));
    if (!is_fixed) {
        const std::optional<std::uint64_t> place = find_free(new_address, new_size);
        if (!place.has_value()) {
            return Errno(ENOMEM);
        }
        new_address = *place;
    }
    return move_region(*mapping, address, old_size, new_size, new_address, keep_old);
}

// Preconditions: flags are consistent, sizes are page-aligned, new_size > 0.
Result<std::uint64_t> AddressSpace::remap(std::uint64_t address, std::uint64_t old_size,
                                          std::uint64_t new_size, int flags, std::uint64_t new_address) {
    if (find(address) == nullptr) {
        return Errno(EFAULT);
    }
    if ((flags & (MREMAP_FIXED | MREMAP_DONTUNMAP)) != 0) {
        return remap_to(address, old_size, new_size, flags, new_address);
    }
    if (old_size >= new_size) {
        if (old_size > new_size) {
            TRY(remove_checked(address + new_size, old_size - new_size));
        }
        return address;
    }
    Mapping* mapping = TRY(region_to_resize(address, old_size, new_size, false));
    const std::uint64_t grown = new_size - old_size;
    if (address + old_size == mapping->end && is_empty(mapping->end, grown)) {
        mapping->end += grown;
        const std::size_t index = lower_bound(address);
        if (is_taken_in_by_next(index)) {
            merge_with_next(index);
        }
        return address;
    }
    if ((flags & MREMAP_MAYMOVE) == 0) {
        return Errno(ENOMEM);
    }
    const std::optional<std::uint64_t> place = find_free(0, new_size);
    if (!place.has_value()) {
        return Errno(ENOMEM);
    }
    return move_region(*mapping, address, old_size, new_size, *place, false);
}

}  // namespace kernel
