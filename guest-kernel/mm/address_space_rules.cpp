// Properties of regions that leave their contents alone: behaviour at fork, locking.
#include <linux/mman.h>

#include "mm/address_space.hpp"

namespace kernel {

template <typename Change>
Result<void> AddressSpace::change_regions(std::uint64_t address, std::uint64_t size, Change change) {
    const std::uint64_t end = address + size;
    for (std::uint64_t position = address; position < end;) {
        Mapping* mapping = find(position);
        if (mapping == nullptr) {
            return Errno(ENOMEM);
        }
        const std::uint64_t last = mapping->end < end ? mapping->end : end;
        if (!mapping->attributes.fixed_pages) {
            TRY(split(position));
            TRY(split(last));
            change(find(position)->attributes);
            merge_around(position, last);
        }
        position = last;
    }
    return {};
}

Result<void> AddressSpace::set_on_fork(std::uint64_t address, std::uint64_t size, OnFork on_fork) {
    return change_regions(address, size,
                          [on_fork](MappingAttributes& attributes) { attributes.on_fork = on_fork; });
}

Result<void> AddressSpace::set_left_out_of_core(std::uint64_t address, std::uint64_t size, bool is_left_out) {
    return change_regions(address, size, [is_left_out](MappingAttributes& attributes) {
        attributes.is_left_out_of_core = is_left_out;
    });
}

Result<void> AddressSpace::set_locking(std::uint64_t address, std::uint64_t size, Locking locking) {
    return change_regions(address, size,
                          [locking](MappingAttributes& attributes) { attributes.locking = locking; });
}

void AddressSpace::set_locking_of_all(Locking locking) {
    for (Own<Mapping>& mapping : mappings_) {
        if (!mapping->attributes.fixed_pages) {
            mapping->attributes.locking = locking;
        }
    }
    merge_around(0, kUserEnd);
}

// Private memory that can be written gets pages of its own at once (Linux mm/gup.c, populate_vma_page_range).
FaultResult AddressSpace::populate(std::uint64_t address, std::uint64_t size) {
    for (std::uint64_t page = address; page < address + size; page += kPageSize) {
        const Mapping* mapping = find(page);
        if (mapping == nullptr) {
            return FaultResult::NotMapped;
        }
        const MappingAttributes& attributes = mapping->attributes;
        const bool writes =
            (attributes.protection & PROT_WRITE) != 0 && attributes.sharing == Sharing::Private;
        const FaultResult result = resolve_fault(page, writes ? Access::Write : Access::Read);
        if (result != FaultResult::Resolved) {
            return result;
        }
    }
    return FaultResult::Resolved;
}

}  // namespace kernel
