// mlock, mlock2, munlock, mlockall, munlockall (Linux mm/mlock.c). Nothing is ever swapped: what a program
// sees is that pages are there, how much is locked, and the limits.
#include "syscalls/mlock.hpp"

#include <linux/capability.h>
#include <linux/mman.h>

#include "mm/address_space.hpp"
#include "syscalls/handlers.hpp"
#include "task/task.hpp"

namespace kernel {

namespace {

std::uint64_t limit_in_pages(const Task& task) {
    return task.process->limit(RLIMIT_MEMLOCK).rlim_cur >> kPageShift;
}

bool has_no_limit(const Task& task) {
    return task.credentials.has(CAP_IPC_LOCK);
}

Result<void> check_may_lock(const Task& task) {
    const bool may_lock = has_no_limit(task) || task.process->limit(RLIMIT_MEMLOCK).rlim_cur != 0;
    return may_lock ? Result<void>() : Result<void>(Errno(EPERM));
}

struct PageRange {
    std::uint64_t start;
    std::uint64_t size;
};

// The pages that a range of bytes touches: none where the length wraps to 0, EINVAL where the end wraps.
Result<PageRange> pages_of(UserAddress address, std::size_t length) {
    const std::uint64_t start = page_floor(address.without_tag().value());
    const std::uint64_t size = page_ceiling(length + (address.value() & kPageMask));
    if (start + size < start) {
        return Errno(EINVAL);
    }
    return PageRange{.start = start, .size = size};
}

std::uint64_t locked_pages_in(AddressSpace& space, const PageRange& range) {
    std::uint64_t pages = 0;
    for (const Own<Mapping>& mapping : space.mappings()) {
        const std::uint64_t start = std::max(mapping->start, range.start);
        const std::uint64_t end = std::min(mapping->end, range.start + range.size);
        if (mapping->attributes.locking != Locking::None && start < end) {
            pages += (end - start) >> kPageShift;
        }
    }
    return pages;
}

Result<long> lock(Task& task, UserAddress address, std::size_t length, Locking locking) {
    TRY(check_may_lock(task));
    const PageRange range = TRY(pages_of(address, length));
    AddressSpace& space = *task.address_space;
    const std::uint64_t locked_elsewhere = space.usage().locked_pages - locked_pages_in(space, range);
    if (!has_no_limit(task) && locked_elsewhere + (range.size >> kPageShift) > limit_in_pages(task)) {
        return Errno(ENOMEM);
    }
    TRY(space.set_locking(range.start, range.size, locking));
    if (locking == Locking::OnFault) {
        return 0;
    }
    switch (space.populate(range.start, range.size)) {
        case FaultResult::Resolved:
            return 0;
        case FaultResult::OutOfMemory:
            return Errno(EAGAIN);
        default:
            return Errno(ENOMEM);
    }
}

}  // namespace

Result<Locking> locking_of_new_memory(Task& task, std::uint64_t size, Locking asked_for) {
    if (asked_for != Locking::None) {
        TRY(check_may_lock(task));
    }
    const Locking locking = asked_for != Locking::None ? asked_for : task.address_space->future_locking;
    if (locking != Locking::None && !has_no_limit(task) &&
        task.address_space->usage().locked_pages + (size >> kPageShift) > limit_in_pages(task)) {
        return Errno(EAGAIN);
    }
    return locking;
}

Result<long> sys_mlock(Task& task, UserAddress address, std::size_t length) {
    return lock(task, address, length, Locking::Now);
}

Result<long> sys_mlock2(Task& task, UserAddress address, std::size_t length, unsigned flags) {
    if ((flags & ~static_cast<unsigned>(MLOCK_ONFAULT)) != 0) {
        return Errno(EINVAL);
    }
    return lock(task, address, length, flags == 0 ? Locking::Now : Locking::OnFault);
}

Result<long> sys_munlock(Task& task, UserAddress address, std::size_t length) {
    const PageRange range = TRY(pages_of(address, length));
    TRY(task.address_space->set_locking(range.start, range.size, Locking::None));
    return 0;
}

Result<long> sys_mlockall(Task& task, unsigned flags) {
    constexpr unsigned kKnown = MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT;
    if (flags == 0 || (flags & ~kKnown) != 0 || flags == MCL_ONFAULT) {
        return Errno(EINVAL);
    }
    TRY(check_may_lock(task));
    AddressSpace& space = *task.address_space;
    const bool has_current = (flags & MCL_CURRENT) != 0;
    if (has_current && !has_no_limit(task) && space.usage().mapped_pages > limit_in_pages(task)) {
        return Errno(ENOMEM);
    }
    const Locking locking = (flags & MCL_ONFAULT) != 0 ? Locking::OnFault : Locking::Now;
    space.future_locking = (flags & MCL_FUTURE) != 0 ? locking : Locking::None;
    if (has_current) {
        space.set_locking_of_all(locking);
    }
    if (has_current && locking == Locking::Now) {
        for (const Own<Mapping>& mapping : space.mappings()) {
            (void)space.populate(mapping->start, mapping->size());
        }
    }
    return 0;
}

Result<long> sys_munlockall(Task& task) {
    task.address_space->future_locking = Locking::None;
    task.address_space->set_locking_of_all(Locking::None);
    return 0;
}

}  // namespace kernel
