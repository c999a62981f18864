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

// Preconditions: flags are consistent, sizes are page-aligned, new_size > 0.
Result<std::uint64_t> AddressSpace::remap(std::uint64_t address, std::uint64_t old_size,
                                          std::uint64_t new_size, int flags, std::uint64_t new_address) {
    const bool is_fixed = (flags & MREMAP_FIXED) != 0;
    const bool keep_old = (flags & MREMAP_DONTUNMAP) != 0;
    if (is_fixed) {
        if ((new_address & kPageMask) != 0 || new_size > kUserEnd || new_address > kUserEnd - new_size ||
            (address + old_size > new_address && new_address + new_size > address)) {
            return Errno(EINVAL);
        }
    }
    Mapping* mapping = find(address);
    if (mapping == nullptr) {
        return Errno(EFAULT);
    }
    if (is_fixed) {
        TRY(remove_range(new_address, new_address + new_size));
        mapping = find(address);
    }
    if (old_size > new_size && !keep_old) {
        TRY(remove_range(address + new_size, address + old_size));
        if (!is_fixed) {
            return address;
        }
        old_size = new_size;
        mapping = find(address);
    }
    if (mapping == nullptr) {
        return Errno(EFAULT);
    }
    if (!is_fixed && !keep_old && old_size == new_size) {
        return mapping->end - address >= old_size ? Result<std::uint64_t>(address)
                                                  : Result<std::uint64_t>(Errno(EFAULT));
    }
    // From here on the old range must be one region. A size of 0 duplicates a shared mapping.
    if (address + old_size > mapping->end) {
        return Errno(EFAULT);
    }
    if (old_size == 0 && mapping->attributes.sharing != Sharing::Shared) {
        return Errno(EINVAL);
    }
    if (mapping->attributes.fixed_pages && new_size > old_size) {
        return Errno(EFAULT);
    }
    const std::uint64_t grown = new_size - old_size;
    if (new_size > old_size && mapping->attributes.sharing == Sharing::Private &&
        is_obvious_overcommit(grown)) {
        return Errno(ENOMEM);
    }
    if (!is_fixed && !keep_old && address + old_size == mapping->end && old_size > 0 &&
        is_free(mapping->end, grown)) {
        mapping->end += grown;
        merge_around(mapping->start, mapping->end);
        return address;
    }
    if ((flags & MREMAP_MAYMOVE) == 0) {
        return Errno(ENOMEM);
    }
    if (!is_fixed) {
        const std::optional<std::uint64_t> place =
            find_free(keep_old ? page_floor(new_address) : 0, new_size);
        if (!place.has_value()) {
            return Errno(ENOMEM);
        }
        new_address = *place;
    }
    return move_region(*mapping, address, old_size, new_size, new_address, keep_old);
}

}  // namespace kernel
