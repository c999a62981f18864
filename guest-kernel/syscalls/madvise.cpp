// madvise.
#include "syscalls/madvise.hpp"

#include <linux/capability.h>
#include <linux/falloc.h>
#include <linux/mman.h>

#include "fs/file.hpp"
#include "lib/faults.hpp"
#include "mm/address_space.hpp"
#include "mm/shared_memory.hpp"
#include "syscalls/handlers.hpp"
#include "task/task.hpp"

namespace kernel {

namespace {

enum class AdviceEffect { None, Discard, Remove, OnFork, InCore, Offline, Invalid };

AdviceEffect effect_of(int advice) {
    switch (advice) {
        case MADV_DONTNEED:
        case MADV_DONTNEED_LOCKED:
            return AdviceEffect::Discard;
        case MADV_REMOVE:
            return AdviceEffect::Remove;
        case MADV_FREE:  // may drop pages at any time or never
        case MADV_NORMAL:
        case MADV_RANDOM:
        case MADV_SEQUENTIAL:
        case MADV_WILLNEED:
        case MADV_MERGEABLE:
        case MADV_UNMERGEABLE:
        case MADV_HUGEPAGE:
        case MADV_NOHUGEPAGE:
        case MADV_COLD:
        case MADV_PAGEOUT:
        case MADV_POPULATE_READ:
        case MADV_POPULATE_WRITE:
            return AdviceEffect::None;
        case MADV_DONTFORK:
        case MADV_DOFORK:
        case MADV_WIPEONFORK:
        case MADV_KEEPONFORK:
            return AdviceEffect::OnFork;
        case MADV_DONTDUMP:
        case MADV_DODUMP:
            return AdviceEffect::InCore;
        case MADV_HWPOISON:
        case MADV_SOFT_OFFLINE:
            return AdviceEffect::Offline;
        default:
            return AdviceEffect::Invalid;
    }
}

OnFork on_fork_of(int advice) {
    switch (advice) {
        case MADV_DONTFORK:
            return OnFork::LeaveOut;
        case MADV_WIPEONFORK:
            return OnFork::Empty;
        default:
            return OnFork::Copy;
    }
}

// Some kinds of region do not allow some advice (Linux mm/madvise.c).
bool may_be_advised(const MappingAttributes& attributes, int advice) {
    switch (advice) {
        case MADV_DONTNEED:
        case MADV_COLD:
        case MADV_PAGEOUT:
            return !attributes.fixed_pages && attributes.locking == Locking::None;
        case MADV_DONTNEED_LOCKED:
            return !attributes.fixed_pages;
        case MADV_FREE:
            return !attributes.object && !attributes.fixed_pages && attributes.locking == Locking::None;
        case MADV_WIPEONFORK:
            return !attributes.object && !attributes.fixed_pages;
        case MADV_DODUMP:
            return !attributes.fixed_pages;
        default:
            return true;
    }
}

// MADV_REMOVE: what backs a shared region loses these pages, for everybody (Linux mm/madvise.c,
// madvise_remove).
Result<void> remove_pages(const Mapping& mapping, std::uint64_t start, std::uint64_t end) {
    const MappingAttributes& attributes = mapping.attributes;
    if (attributes.locking != Locking::None || !attributes.object || attributes.fixed_pages) {
        return Errno(EINVAL);
    }
    if (attributes.sharing != Sharing::Shared || !attributes.may_write) {
        return Errno(EACCES);
    }
    const std::uint64_t first = mapping.page_index(start);
    const std::uint64_t pages = (end - start) >> kPageShift;
    if (!attributes.file) {
        static_cast<SharedMemory&>(*attributes.object).remove(first, first + pages - 1);
        return {};
    }
    return file_of(attributes.file)
        ->allocate(FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, static_cast<std::int64_t>(first << kPageShift),
                   static_cast<std::int64_t>(pages << kPageShift));
}

// MADV_POPULATE_*: faults the pages in, up to the first that cannot be.
Result<void> populate(AddressSpace& space, std::uint64_t address, std::uint64_t size, Access access) {
    for (std::uint64_t page = address; page < address + size; page += kPageSize) {
        switch (space.resolve_fault(page, access)) {
            case FaultResult::Resolved:
                break;
            case FaultResult::NotMapped:
                return Errno(ENOMEM);
            case FaultResult::NotPermitted:
                return Errno(EINVAL);
            case FaultResult::BeyondObject:
                return Errno(EFAULT);
            case FaultResult::OutOfMemory:
                return Errno(ENOMEM);
        }
    }
    return {};
}

// Who administers the machine may take page frames out of use. MADV_SOFT_OFFLINE gives what is in them
// another frame, of which a program sees nothing. Frames do not break here, so MADV_HWPOISON is what it is to
// a kernel that is built without it (Linux mm/madvise.c, madvise_inject_error).
Result<void> take_offline(AddressSpace& space, std::uint64_t address, std::uint64_t size, int advice) {
    if (!Task::current().credentials.has(CAP_SYS_ADMIN)) {
        return Errno(EPERM);
    }
    if (advice == MADV_HWPOISON) {
        return Errno(EINVAL);
    }
    for (std::uint64_t page = address; page < address + size; page += kPageSize) {
        if (space.resolve_fault(page, Access::Read) != FaultResult::Resolved) {
            return Errno(EFAULT);
        }
    }
    return {};
}

}  // namespace

Result<long> sys_madvise(Task& task, UserAddress address, std::size_t length, int advice) {
    return advise(*task.address_space, address.without_tag().value(), length, advice);
}

Result<long> advise(AddressSpace& space, std::uint64_t address, std::size_t length, int advice) {
    const AdviceEffect effect = effect_of(advice);
    const std::uint64_t size = page_ceiling(length);
    if (effect == AdviceEffect::Invalid || (address & kPageMask) != 0 || (length != 0 && size == 0) ||
        address + size < address) {
        return Errno(EINVAL);
    }
    if (advice == MADV_POPULATE_READ || advice == MADV_POPULATE_WRITE) {
        TRY(populate(space, address, size, advice == MADV_POPULATE_READ ? Access::Read : Access::Write));
        return 0;
    }
    if (effect == AdviceEffect::Offline && size != 0) {
        TRY(take_offline(space, address, size, advice));
        return 0;
    }
    // Holes are reported, after what is mapped has been dealt with.
    const std::uint64_t end = address + size;
    bool has_hole = false;
    std::uint64_t position = address;
    while (position < end) {
        const Mapping* mapping = space.find_at_or_above(position);
        if (mapping == nullptr || mapping->start >= end) {
            has_hole = true;
            break;
        }
        has_hole = has_hole || mapping->start > position;
        const std::uint64_t start = mapping->start > position ? mapping->start : position;
        const std::uint64_t last = mapping->end < end ? mapping->end : end;
        const MappingAttributes& attributes = mapping->attributes;
        if (!may_be_advised(attributes, advice)) {
            return Errno(EINVAL);
        }
        if (effect == AdviceEffect::Remove) {
            TRY(remove_pages(*mapping, start, last));
        } else if (effect == AdviceEffect::Discard && !FAULT(dontneed_keeps_contents)) {
            space.discard(start, last - start);
        } else if (effect == AdviceEffect::OnFork) {
            TRY(space.set_on_fork(start, last - start, on_fork_of(advice)));
        } else if (effect == AdviceEffect::InCore) {
            TRY(space.set_left_out_of_core(start, last - start, advice == MADV_DONTDUMP));
        }
        position = last;
    }
    return has_hole ? Result<long>(Errno(ENOMEM)) : Result<long>(0);
}

}  // namespace kernel
