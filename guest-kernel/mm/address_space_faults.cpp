// Page faults: the frame behind a page when a program first touches it, or first writes to it.
#include <linux/mman.h>

#include "lib/memory.hpp"
#include "mm/address_space.hpp"
#include "mm/limits.hpp"

namespace kernel {

namespace {

constexpr int kAnyAccess = PROT_READ | PROT_WRITE | PROT_EXEC;

bool permits(int protection, Access access) {
    switch (access) {
        case Access::Write:
            return (protection & PROT_WRITE) != 0;
        case Access::Execute:
            return (protection & PROT_EXEC) != 0;
        case Access::Read:
            return (protection & kAnyAccess) != 0;  // writing and execution each imply it
    }
    return false;
}

// The frame that anonymous memory shows until it is written. Null without memory for it.
Page* zero_frame() {
    static constinit Page* frame = nullptr;
    if (frame == nullptr) {
        Result<PageRef> page = allocate_page(PageContents::Zero);
        if (!page.is_error()) {
            frame = page.value().leak();
        }
    }
    return frame;
}

std::uint64_t next_identity() {
    static constinit std::uint64_t last = 0;
    return ++last;
}

}  // namespace

// As Linux's reusable_anon_vma: neighbours that differ from the region in nothing but rights share the
// identity, so that they can merge later.
void AddressSpace::note_private_page(Mapping& mapping) {
    if (mapping.anonymous_identity != 0) {
        return;
    }
    const std::size_t index = lower_bound(mapping.start);
    const auto belongs = [](const Mapping& lower, const Mapping& upper) {
        return lower.end == upper.start && lower.attributes.file == upper.attributes.file &&
               lower.attributes.object == upper.attributes.object &&
               lower.attributes.sharing == upper.attributes.sharing &&
               lower.attributes.grows_down == upper.attributes.grows_down &&
               lower.attributes.no_reserve == upper.attributes.no_reserve &&
               lower.attributes.is_accounted == upper.attributes.is_accounted &&
               lower.attributes.first_page + (lower.size() >> kPageShift) == upper.attributes.first_page;
    };
    if (index + 1 < mappings_.size() && belongs(mapping, *mappings_[index + 1]) &&
        !mappings_[index + 1]->was_cloned) {
        mapping.anonymous_identity = mappings_[index + 1]->anonymous_identity;
    }
    if (mapping.anonymous_identity == 0 && index > 0 && belongs(*mappings_[index - 1], mapping) &&
        !mappings_[index - 1]->was_cloned) {
        mapping.anonymous_identity = mappings_[index - 1]->anonymous_identity;
    }
    if (mapping.anonymous_identity == 0) {
        mapping.anonymous_identity = next_identity();
    }
}

FaultResult AddressSpace::install(std::uint64_t page, PageRef frame, int protection) {
    if ((protection & PROT_EXEC) != 0) {
        make_coherent(*frame);
    }
    if (page_table_.set(page, frame.get(), protection).is_error()) {
        return FaultResult::OutOfMemory;
    }
    frame.leak();
    return FaultResult::Resolved;
}

FaultResult AddressSpace::install_copy(Mapping& mapping, std::uint64_t page, const Page& original) {
    Result<PageRef> copy = allocate_page(PageContents::Undefined);
    if (copy.is_error()) {
        return FaultResult::OutOfMemory;
    }
    copy_bytes(copy.value()->data(), original.data(), kPageSize);
    note_private_page(mapping);
    page_table_.clear(page);
    return install(page, copy.release_value(), mapping.attributes.protection);
}

FaultResult AddressSpace::resolve_from_object(Mapping& mapping, std::uint64_t page, Access access) {
    const MappingAttributes& attributes = mapping.attributes;
    Result<PageRef> frame = attributes.object->page(mapping.page_index(page));
    if (frame.is_error()) {
        return frame.error() == Errno(ENOMEM) ? FaultResult::OutOfMemory : FaultResult::BeyondObject;
    }
    if (attributes.sharing == Sharing::Private && access == Access::Write) {
        return install_copy(mapping, page, *frame.value());
    }
    int protection = attributes.protection;
    if (access == Access::Write) {
        attributes.object->note_mapped_write();
    } else {
        protection = without_write(protection);
    }
    return install(page, frame.release_value(), protection);
}

FaultResult AddressSpace::resolve_absent(Mapping& mapping, std::uint64_t page, Access access) {
    if (mapping.attributes.object) {
        return resolve_from_object(mapping, page, access);
    }
    if (access != Access::Write) {
        Page* zero = zero_frame();
        return zero == nullptr ? FaultResult::OutOfMemory
                               : install(page, PageRef(zero), without_write(mapping.attributes.protection));
    }
    Result<PageRef> frame = allocate_page(PageContents::Zero);
    if (frame.is_error()) {
        return FaultResult::OutOfMemory;
    }
    note_private_page(mapping);
    return install(page, frame.release_value(), mapping.attributes.protection);
}

// The page is present and read-only, the region is writable.
FaultResult AddressSpace::resolve_write(Mapping& mapping, std::uint64_t page, const PageEntry& entry) {
    if (mapping.attributes.sharing == Sharing::Shared) {
        mapping.attributes.object->note_mapped_write();
        page_table_.set_protection(page, mapping.attributes.protection);
        return FaultResult::Resolved;
    }
    if (entry.frame->references == 1) {
        note_private_page(mapping);
        page_table_.set_protection(page, mapping.attributes.protection);
        return FaultResult::Resolved;
    }
    if (entry.frame == zero_frame()) {
        page_table_.clear(page);
        return resolve_absent(mapping, page, Access::Write);
    }
    return install_copy(mapping, page, *entry.frame);
}

FaultResult AddressSpace::resolve_fault(std::uint64_t address, Access access) {
    if (address >= kUserEnd) {
        return FaultResult::NotMapped;
    }
    Mapping* mapping = find(address);
    if (mapping == nullptr) {
        if (!grow_stack(address)) {
            return FaultResult::NotMapped;
        }
        mapping = find(address);
    }
    if (!permits(mapping->attributes.protection, access)) {
        return FaultResult::NotPermitted;
    }
    const std::uint64_t page = page_floor(address);
    const PageEntry entry = page_table_.get(page);
    if (entry.frame == nullptr) {
        return resolve_absent(*mapping, page, access);
    }
    if (permits(entry.protection, access)) {
        return FaultResult::Resolved;
    }
    if (access == Access::Write) {
        return resolve_write(*mapping, page, entry);
    }
    if ((mapping->attributes.protection & PROT_EXEC) != 0) {
        make_coherent(*entry.frame);
    }
    page_table_.set_protection(page, without_write(mapping->attributes.protection));
    return FaultResult::Resolved;
}

// Linux mm/mmap.c, expand_downwards and acct_stack_growth.
bool AddressSpace::grow_stack(std::uint64_t address) {
    const std::size_t index = lower_bound(address);
    if (index == mappings_.size() || !mappings_[index]->attributes.grows_down || address < kLowestMapping) {
        return false;
    }
    Mapping& stack = *mappings_[index];
    const std::uint64_t start = page_floor(address);
    if (stack.end - start > current_stack_limit()) {
        return false;
    }
    if (index > 0) {
        const Mapping& below = *mappings_[index - 1];
        const bool is_accessible = (below.attributes.protection & kAnyAccess) != 0;
        if (!below.attributes.grows_down && is_accessible && start - below.end < kStackGuardGap) {
            return false;
        }
    }
    const std::uint64_t grown = (stack.start - start) >> kPageShift;
    if (grown > stack.attributes.first_page) {
        return false;
    }
    stack.attributes.first_page -= grown;
    stack.start = start;
    return true;
}

Result<void> AddressSpace::clone_pages(AddressSpace& child, Mapping& mapping) {
    // Shared pages are found again in the object; private ones have no other home.
    if (mapping.attributes.sharing == Sharing::Shared) {
        return {};
    }
    for (std::uint64_t page = page_table_.next_present(mapping.start, mapping.end); page < mapping.end;
         page = page_table_.next_present(page + kPageSize, mapping.end)) {
        const PageEntry entry = page_table_.get(page);
        PageRef reference(entry.frame);
        TRY(child.page_table_.set(page, entry.frame, entry.protection & ~PROT_WRITE));
        reference.leak();
        if ((entry.protection & PROT_WRITE) != 0) {
            page_table_.set_protection(page, entry.protection & ~PROT_WRITE);
        }
    }
    return {};
}

Result<Ref<AddressSpace>> AddressSpace::clone() {
    Ref<AddressSpace> child = TRY(create());
    TRY(child->layout.copy_from(layout));
    TRY(child->mappings_.reserve(mappings_.size()));
    for (Own<Mapping>& mapping : mappings_) {
        if (mapping->attributes.on_fork == OnFork::LeaveOut) {
            continue;
        }
        Mapping* copy = TRY(child->insert(mapping->start, mapping->end, mapping->attributes));
        copy->attributes.locking = Locking::None;
        if (mapping->attributes.on_fork == OnFork::Empty) {
            continue;
        }
        copy->anonymous_identity = mapping->anonymous_identity;
        copy->was_cloned = mapping->anonymous_identity != 0;
        TRY(clone_pages(*child, *mapping));
    }
    return child;
}

bool AddressSpace::is_resident(std::uint64_t address) {
    const Mapping* mapping = find(address);
    if (mapping == nullptr) {
        return false;
    }
    // A file's pages are all in memory here; beyond its end there are none.
    return page_table_.get(page_floor(address)).frame != nullptr ||
           (mapping->attributes.file &&
            !mapping->attributes.object->page(mapping->page_index(address)).is_error());
}

// The region's protection is lifted for the one page, which gets it back.
FaultResult AddressSpace::resolve_remote(std::uint64_t address, Access access, Force force) {
    Mapping* mapping = find(address);
    const bool is_lifted = force == Force::Yes && mapping != nullptr &&
                           !permits(mapping->attributes.protection, access) &&
                           mapping->attributes.name != RegionName::Vvar &&
                           (access == Access::Read || mapping->attributes.sharing == Sharing::Private);
    if (!is_lifted) {
        return resolve_fault(address, access);
    }
    const int protection = mapping->attributes.protection;
    mapping->attributes.protection |= access == Access::Write ? PROT_READ | PROT_WRITE : PROT_READ;
    const FaultResult result = resolve_fault(address, access);
    mapping->attributes.protection = protection;
    if (result == FaultResult::Resolved) {
        page_table_.set_protection(page_floor(address), without_write(protection));
    }
    return result;
}

std::size_t AddressSpace::read_remote(std::uint64_t address, std::span<std::byte> destination, Force force) {
    std::size_t done = 0;
    while (done < destination.size()) {
        const std::uint64_t place = address + done;
        if (resolve_remote(place, Access::Read, force) != FaultResult::Resolved) {
            break;
        }
        const PageEntry entry = page_table_.get(page_floor(place));
        const std::size_t in_page = kPageSize - (place & kPageMask);
        const std::size_t rest = destination.size() - done;
        const std::size_t size = rest < in_page ? rest : in_page;
        copy_bytes(destination.data() + done, entry.frame->data() + (place & kPageMask), size);
        done += size;
    }
    return done;
}

std::size_t AddressSpace::write_remote(std::uint64_t address, std::span<const std::byte> source,
                                       Force force) {
    std::size_t done = 0;
    while (done < source.size()) {
        const std::uint64_t place = address + done;
        if (resolve_remote(place, Access::Write, force) != FaultResult::Resolved) {
            break;
        }
        const PageEntry entry = page_table_.get(page_floor(place));
        const std::size_t in_page = kPageSize - (place & kPageMask);
        const std::size_t rest = source.size() - done;
        const std::size_t size = rest < in_page ? rest : in_page;
        copy_bytes(entry.frame->data() + (place & kPageMask), source.data() + done, size);
        if ((entry.protection & PROT_EXEC) != 0) {
            entry.frame->instruction_coherent = false;
            make_coherent(*entry.frame);
        }
        done += size;
    }
    return done;
}

Mapping* AddressSpace::shared_mapping_of(std::uint64_t address) {
    Mapping* mapping = find(address);
    return mapping != nullptr && mapping->attributes.sharing == Sharing::Shared ? mapping : nullptr;
}

}  // namespace kernel
