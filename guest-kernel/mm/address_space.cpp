// Regions: placing, splitting, merging, removing.
#include "mm/address_space.hpp"

#include <linux/mman.h>

#include "arch/include/machine.hpp"
#include "lib/faults.hpp"
#include "lib/settings.hpp"
#include "log/print.hpp"
#include "mm/limits.hpp"

namespace kernel {

namespace {

// Where legacy layouts and the last resort look upwards from (Linux TASK_UNMAPPED_BASE).
constexpr std::uint64_t kBottomUpBase = AddressSpace::kUserEnd / 4;

// The lowest address that a neighbour from below may reach.
std::uint64_t start_with_gap(const Mapping& mapping) {
    if (!mapping.attributes.grows_down) {
        return mapping.start;
    }
    return mapping.start > kStackGuardGap ? mapping.start - kStackGuardGap : 0;
}

// Linux mm/mmap.c, accountable_mapping.
bool is_accountable(const MappingAttributes& how) {
    return how.sharing == Sharing::Private && !how.no_reserve && (how.protection & PROT_WRITE) != 0;
}

bool have_same_attributes(const MappingAttributes& a, const MappingAttributes& b) {
    return a.protection == b.protection && a.sharing == b.sharing && a.grows_down == b.grows_down &&
           a.no_reserve == b.no_reserve && a.is_accounted == b.is_accounted && a.may_write == b.may_write &&
           a.may_execute == b.may_execute && a.name == b.name && a.on_fork == b.on_fork &&
           a.locking == b.locking && a.is_left_out_of_core == b.is_left_out_of_core && !a.fixed_pages &&
           !b.fixed_pages && a.file == b.file && a.object == b.object;
}

// Does a neighbour take a region in? Linux mm/mmap.c, is_mergeable_anon_vma: one that has pages of its own
// takes one without, but not the other way round.
bool takes_in(const Mapping& neighbour, const Mapping& region) {
    return neighbour.anonymous_identity == region.anonymous_identity ||
           (region.anonymous_identity == 0 && !neighbour.was_cloned);
}

// May two regions become one that a third, between them, joins?
bool have_compatible_pages(const Mapping& lower, const Mapping& upper) {
    return lower.anonymous_identity == 0 || upper.anonymous_identity == 0 ||
           lower.anonymous_identity == upper.anonymous_identity;
}

// Do they stand side by side, and differ in nothing but their pages?
bool continues(const Mapping& lower, const Mapping& upper) {
    return lower.end == upper.start && have_same_attributes(lower.attributes, upper.attributes) &&
           lower.attributes.first_page + (lower.size() >> kPageShift) == upper.attributes.first_page;
}

}  // namespace

void make_coherent(Page& frame) {
    if (!frame.instruction_coherent) {
        arch::synchronize_instructions(frame.data(), kPageSize);
        frame.instruction_coherent = true;
    }
}

Result<void> ProgramLayout::copy_from(const ProgramLayout& other) {
    TRY(auxiliary_vector.resize(other.auxiliary_vector.size()));
    for (std::size_t i = 0; i < other.auxiliary_vector.size(); ++i) {
        auxiliary_vector[i] = other.auxiliary_vector[i];
    }
    positions = other.positions;
    executable = other.executable;
    core_filter = other.core_filter;
    dumpable = other.dumpable;
    has_no_transparent_huge_pages = other.has_no_transparent_huge_pages;
    return {};
}

Result<Ref<AddressSpace>> AddressSpace::create() {
    PageTable table = TRY(PageTable::create());
    auto* space = new (std::nothrow) AddressSpace(std::move(table));
    if (space == nullptr) {
        return Errno(ENOMEM);
    }
    return Ref<AddressSpace>::adopt(space);
}

AddressSpace::~AddressSpace() {
    for (Own<Mapping>& mapping : mappings_) {
        discard_in(*mapping, mapping->start, mapping->end);
    }
}

std::size_t AddressSpace::lower_bound(std::uint64_t address) const {
    std::size_t low = 0;
    std::size_t high = mappings_.size();
    while (low < high) {
        const std::size_t middle = (low + high) / 2;
        if (mappings_[middle]->end <= address) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

Mapping* AddressSpace::find_at_or_above(std::uint64_t address) {
    const std::size_t index = lower_bound(address);
    return index == mappings_.size() ? nullptr : mappings_[index].get();
}

Mapping* AddressSpace::find(std::uint64_t address) {
    Mapping* mapping = find_at_or_above(address);
    return mapping != nullptr && mapping->contains(address) ? mapping : nullptr;
}

// Is there room for a region to grow? It may come close to a stack (Linux mm/mremap.c, vma_expandable).
bool AddressSpace::is_empty(std::uint64_t address, std::uint64_t size) const {
    if (size > kUserEnd || address > kUserEnd - size) {
        return false;
    }
    const std::size_t index = lower_bound(address);
    return index == mappings_.size() || address + size <= mappings_[index]->start;
}

bool AddressSpace::is_free(std::uint64_t address, std::uint64_t size) const {
    if (address < kLowestMapping || size > kUserEnd || address > kUserEnd - size) {
        return false;
    }
    const std::size_t index = lower_bound(address);
    return index == mappings_.size() || address + size <= start_with_gap(*mappings_[index]);
}

// The hint if it is free; else the highest gap below the top; else, as Linux does, the lowest one from a
// quarter of the address space upwards.
std::optional<std::uint64_t> AddressSpace::find_free(std::uint64_t hint, std::uint64_t size) const {
    if (hint != 0) {
        hint = page_ceiling(hint);
        hint = hint < kLowestMapping ? kLowestMapping : hint;
        if (is_free(hint, size)) {
            return hint;
        }
    }
    if (!layout.positions.is_bottom_up) {
        std::uint64_t gap_end = layout.positions.mmap_top;
        for (std::size_t i = lower_bound(gap_end - 1) + 1; i-- > 0;) {
            if (i < mappings_.size()) {
                const Mapping& mapping = *mappings_[i];
                if (mapping.end <= gap_end && gap_end - mapping.end >= size) {
                    return gap_end - size - (FAULT(mmap_off_by_page) ? kPageSize : 0);
                }
                const std::uint64_t start = start_with_gap(mapping);
                gap_end = start < gap_end ? start : gap_end;
            }
        }
        if (gap_end >= size && gap_end - size >= kLowestMapping) {
            return gap_end - size;
        }
    }
    std::uint64_t candidate = kBottomUpBase;
    for (std::size_t i = lower_bound(candidate); i < mappings_.size(); ++i) {
        const std::uint64_t start = start_with_gap(*mappings_[i]);
        if (start > candidate && start - candidate >= size) {
            return candidate;
        }
        candidate = mappings_[i]->end > candidate ? mappings_[i]->end : candidate;
    }
    if (kUserEnd - candidate >= size) {
        return candidate;
    }
    return std::nullopt;
}

Result<Mapping*> AddressSpace::insert(std::uint64_t start, std::uint64_t end,
                                      const MappingAttributes& attributes) {
    // One more than the limit, as Linux's mmap asks; what splits a region is stricter.
    if (mappings_.size() > static_cast<std::size_t>(settings().most_mappings)) {
        return Errno(ENOMEM);
    }
    Own<Mapping> mapping = TRY(make_own<Mapping>(*this, start, end, attributes));
    Mapping* inserted = mapping.get();
    TRY(mappings_.insert(lower_bound(start), std::move(mapping)));
    if (attributes.object) {
        attributes.object->add_mapping(*inserted);
    }
    return inserted;
}

// Afterwards no region reaches across the address.
Result<void> AddressSpace::split(std::uint64_t address) {
    Mapping* lower = find(address);
    if (lower == nullptr || lower->start == address) {
        return {};
    }
    if (mappings_.size() >= static_cast<std::size_t>(settings().most_mappings)) {
        return Errno(ENOMEM);
    }
    MappingAttributes attributes = lower->attributes;
    attributes.first_page = lower->page_index(address);
    const std::uint64_t end = lower->end;
    // The index of the upper half is searched for by its start: it must be free at that moment.
    lower->end = address;
    Result<Mapping*> upper = insert(address, end, attributes);
    if (upper.is_error()) {
        lower->end = end;
        return upper.error();
    }
    upper.value()->anonymous_identity = lower->anonymous_identity;
    upper.value()->was_cloned = lower->was_cloned;
    return {};
}

void AddressSpace::merge_with_next(std::size_t index) {
    Mapping& lower = *mappings_[index];
    const Mapping& upper = *mappings_[index + 1];
    lower.end = upper.end;
    if (lower.anonymous_identity == 0) {
        lower.anonymous_identity = upper.anonymous_identity;
        lower.was_cloned = upper.was_cloned;
    }
    mappings_.erase(index + 1);
}

bool AddressSpace::is_taken_in_by_previous(std::size_t index) const {
    return index > 0 && continues(*mappings_[index - 1], *mappings_[index]) &&
           takes_in(*mappings_[index - 1], *mappings_[index]);
}

bool AddressSpace::is_taken_in_by_next(std::size_t index) const {
    return index + 1 < mappings_.size() && continues(*mappings_[index], *mappings_[index + 1]) &&
           takes_in(*mappings_[index + 1], *mappings_[index]);
}

// A region that has changed joins its neighbours, or the one before it where the two cannot become one (Linux
// mm/mmap.c, vma_merge). The index of what it is part of then.
std::size_t AddressSpace::merge_changed(std::size_t index) {
    const bool joins_previous = is_taken_in_by_previous(index);
    const bool joins_next =
        is_taken_in_by_next(index) &&
        (!joins_previous || have_compatible_pages(*mappings_[index - 1], *mappings_[index + 1]));
    if (joins_next) {
        merge_with_next(index);
    }
    if (joins_previous) {
        merge_with_next(index - 1);
    }
    return joins_previous ? index - 1 : index;
}

// A new region joins the one behind it, and with that the one before it (Linux mm/mmap.c, mmap_region).
void AddressSpace::merge_new(std::uint64_t start) {
    const std::size_t index = lower_bound(start);
    if (is_taken_in_by_next(index)) {
        merge_with_next(index);
    }
    if (is_taken_in_by_previous(index)) {
        merge_with_next(index - 1);
    }
}

// The regions in a range have changed, one after the other.
void AddressSpace::merge_around(std::uint64_t start, std::uint64_t end) {
    for (std::size_t index = lower_bound(start); index < mappings_.size() && mappings_[index]->start < end;) {
        index = merge_changed(index) + 1;
    }
}

void AddressSpace::discard_in(Mapping& mapping, std::uint64_t start, std::uint64_t end) {
    std::uint64_t page = start > mapping.start ? start : mapping.start;
    const std::uint64_t last = end < mapping.end ? end : mapping.end;
    for (page = page_table_.next_present(page, last); page < last;
         page = page_table_.next_present(page + kPageSize, last)) {
        page_table_.clear(page);
    }
}

Result<void> AddressSpace::remove_range(std::uint64_t start, std::uint64_t end) {
    TRY(split(start));
    TRY(split(end));
    most_mapped_pages_ = std::max(most_mapped_pages_, mapped_pages());
    const std::size_t index = lower_bound(start);
    while (index < mappings_.size() && mappings_[index]->start < end) {
        discard_in(*mappings_[index], start, end);
        mappings_.erase(index);
    }
    return {};
}

Result<void> AddressSpace::check_placement(std::uint64_t address, std::uint64_t size, Placement placement) {
    if (placement == Placement::Hint) {
        return find_free(address, size).has_value() ? Result<void>() : Result<void>(Errno(ENOMEM));
    }
    if (size > kUserEnd - kLowestMapping || address > kUserEnd - size) {
        return Errno(ENOMEM);
    }
    if ((address & kPageMask) != 0) {
        return Errno(EINVAL);
    }
    if (placement == Placement::FixedNoReplace) {
        const Mapping* above = find_at_or_above(address);
        if (above != nullptr && above->start < address + size) {
            return Errno(EEXIST);
        }
    }
    return {};
}

Result<std::uint64_t> AddressSpace::map(std::uint64_t address, std::uint64_t size, Placement placement,
                                        const MappingAttributes& attributes) {
    if (placement == Placement::Hint) {
        const std::optional<std::uint64_t> place = find_free(address, size);
        if (!place.has_value()) {
            return Errno(ENOMEM);
        }
        address = *place;
    } else {
        TRY(check_placement(address, size, placement));
        TRY(remove_range(address, address + size));
    }
    MappingAttributes placed = attributes;
    placed.is_accounted = placed.is_accounted || is_accountable(placed);
    if (!placed.object) {
        placed.first_page = address >> kPageShift;
    }
    TRY(insert(address, address + size, placed));
    merge_new(address);
    return address;
}

Result<void> AddressSpace::map_unmerged(std::uint64_t address, std::uint64_t size,
                                        const MappingAttributes& attributes) {
    TRY(remove_range(address, address + size));
    MappingAttributes placed = attributes;
    placed.is_accounted = placed.is_accounted || is_accountable(placed);
    TRY(insert(address, address + size, placed));
    return {};
}

Result<void> AddressSpace::unmap(std::uint64_t address, std::uint64_t size) {
    return remove_range(address, address + size);
}

Result<void> AddressSpace::protect(std::uint64_t address, std::uint64_t size, int protection) {
    const std::uint64_t end = address + size;
    // As on Linux, regions are checked and changed one by one: those before the first that fails have
    // changed.
    std::uint64_t position = address;
    while (position < end) {
        Mapping* mapping = find(position);
        if (mapping == nullptr) {
            return Errno(ENOMEM);
        }
        const MappingAttributes& attributes = mapping->attributes;
        if (((protection & PROT_WRITE) != 0 && !attributes.may_write) ||
            ((protection & PROT_EXEC) != 0 && !attributes.may_execute)) {
            return Errno(EACCES);
        }
        const std::uint64_t last = mapping->end < end ? mapping->end : end;
        const bool becomes_data = (protection & PROT_WRITE) != 0 &&
                                  (attributes.protection & PROT_WRITE) == 0 &&
                                  attributes.sharing == Sharing::Private && !attributes.no_reserve;
        if (becomes_data && is_obvious_overcommit(last - position)) {
            return Errno(ENOMEM);
        }
        if (mapping->attributes.protection != protection) {
            TRY(split(position));
            TRY(split(last));
            mapping = find(position);
            mapping->attributes.protection = protection;
            mapping->attributes.is_accounted =
                mapping->attributes.is_accounted || is_accountable(mapping->attributes);
            // Writing is granted page by page, at the fault that finds out whether the page is shared.
            for (std::uint64_t page = page_table_.next_present(position, last); page < last;
                 page = page_table_.next_present(page + kPageSize, last)) {
                if ((protection & PROT_EXEC) != 0) {
                    make_coherent(*page_table_.get(page).frame);
                }
                page_table_.set_protection(page, without_write(protection));
            }
            merge_around(position, last);
        }
        position = last;
    }
    return {};
}

void AddressSpace::discard(std::uint64_t address, std::uint64_t size) {
    const std::uint64_t end = address + size;
    for (std::size_t i = lower_bound(address); i < mappings_.size() && mappings_[i]->start < end; ++i) {
        discard_in(*mappings_[i], address, end);
    }
}

std::uint64_t AddressSpace::change_brk(std::uint64_t end) {
    ProgramPositions& positions = layout.positions;
    if (end < positions.brk_start || end > kUserEnd) {
        return positions.brk;
    }
    const std::uint64_t old_end = page_ceiling(positions.brk);
    const std::uint64_t new_end = page_ceiling(end);
    if (new_end < old_end) {
        if (unmap(new_end, old_end - new_end).is_error()) {
            return positions.brk;
        }
    } else if (new_end > old_end) {
        const std::size_t above = lower_bound(old_end);
        if (above < mappings_.size() && new_end + kPageSize > start_with_gap(*mappings_[above])) {
            return positions.brk;
        }
        if (is_obvious_overcommit(new_end - old_end)) {
            return positions.brk;
        }
        // The heap grows where it ends; it never joins the region before its start (Linux mm/mmap.c, brk).
        Mapping* last = above == 0 ? nullptr : mappings_[above - 1].get();
        MappingAttributes attributes;
        attributes.protection = PROT_READ | PROT_WRITE;
        attributes.locking = future_locking;
        attributes.first_page = old_end >> kPageShift;
        if (last != nullptr && last->end == old_end && last->start >= positions.brk_start &&
            have_same_attributes(last->attributes, attributes) && !last->was_cloned) {
            last->end = new_end;
        } else if (insert(old_end, new_end, attributes).is_error()) {
            return positions.brk;
        }
        if (future_locking == Locking::Now) {
            (void)populate(old_end, new_end - old_end);
        }
    }
    positions.brk = end;
    return end;
}

std::uint64_t AddressSpace::mapped_pages() const {
    std::uint64_t pages = 0;
    for (const Own<Mapping>& mapping : mappings_) {
        pages += mapping->size() >> kPageShift;
    }
    return pages;
}

MemoryUsage AddressSpace::usage() {
    MemoryUsage usage{.mapped_pages = mapped_pages(),
                      .resident_pages = page_table_.present_pages(),
                      .most_resident_pages = page_table_.most_present_pages()};
    for (const Own<Mapping>& mapping : mappings_) {
        const std::uint64_t pages = mapping->size() >> kPageShift;
        const MappingAttributes& attributes = mapping->attributes;
        usage.locked_pages += attributes.locking == Locking::None ? 0 : pages;
        if (attributes.grows_down) {
            usage.stack_pages += pages;
        } else if (attributes.sharing == Sharing::Private && (attributes.protection & PROT_WRITE) != 0) {
            usage.data_pages += pages;
        } else if ((attributes.protection & PROT_EXEC) != 0) {
            usage.code_pages += pages;
        }
    }
    usage.most_mapped_pages = std::max(most_mapped_pages_, usage.mapped_pages);
    return usage;
}

void MemoryObject::add_mapping(Mapping& mapping) {
    mappings_.push_back(mapping);
}

bool MemoryObject::has_shared_writable_mapping() {
    for (const Mapping& mapping : mappings_) {
        if (mapping.attributes.sharing == Sharing::Shared && mapping.attributes.may_write) {
            return true;
        }
    }
    return false;
}

void MemoryObject::unmap_from(std::uint64_t first_index) {
    for (Mapping& mapping : mappings_) {
        mapping.space.unmap_object_pages(mapping, first_index);
    }
}

void AddressSpace::unmap_object_pages(Mapping& mapping, std::uint64_t first_index) {
    const std::uint64_t mapped_first = mapping.attributes.first_page;
    const std::uint64_t skipped = first_index > mapped_first ? first_index - mapped_first : 0;
    if (skipped < mapping.size() >> kPageShift) {
        discard_in(mapping, mapping.start + (skipped << kPageShift), mapping.end);
    }
}

}  // namespace kernel
