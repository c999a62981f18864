// mmap, munmap, mprotect, brk, mremap.
#include <linux/mman.h>

#include "fs/file_table.hpp"
#include "lib/faults.hpp"
#include "mm/address_space.hpp"
#include "mm/limits.hpp"
#include "mm/shared_memory.hpp"
#include "syscalls/handlers.hpp"
#include "syscalls/mlock.hpp"
#include "task/task.hpp"

namespace kernel {

namespace {

constexpr unsigned kProtections = PROT_READ | PROT_WRITE | PROT_EXEC;

Result<MappingAttributes> attributes_of_file(Task& task, Fd fd, unsigned protection, unsigned flags) {
    const Ref<File> file = TRY(task.files->get_for_io(fd));
    const bool is_shared = (flags & MAP_TYPE) != MAP_PRIVATE;
    MappingAttributes attributes;
    attributes.sharing = is_shared ? Sharing::Shared : Sharing::Private;
    if (is_shared && (protection & PROT_WRITE) != 0 && !file->is_writable()) {
        return Errno(EACCES);
    }
    if (!file->is_readable()) {
        return Errno(EACCES);
    }
    attributes.may_write = !is_shared || file->is_writable();
    attributes.object = TRY(file->mmap_object(attributes.sharing, static_cast<int>(protection)));
    attributes.file = file;
    return attributes;
}

Result<MappingAttributes> attributes_of_anonymous(unsigned flags, std::uint64_t size) {
    MappingAttributes attributes;
    if ((flags & MAP_TYPE) == MAP_SHARED) {
        attributes.sharing = Sharing::Shared;
        attributes.object = TRY(make_ref<SharedMemory>(size >> kPageShift));
    }
    attributes.grows_down = (flags & MAP_GROWSDOWN) != 0;
    return attributes;
}

bool exceeds_address_space_limit(Task& task, std::uint64_t size) {
    const std::uint64_t limit = task.process->limit(RLIMIT_AS).rlim_cur;
    return limit != RLIM64_INFINITY &&
           (task.address_space->usage().mapped_pages << kPageShift) + size > limit;
}

}  // namespace

Result<long> sys_mmap(Task& task, UserAddress address, std::size_t length, unsigned protection,
                      unsigned flags, Fd fd, std::int64_t offset) {
    if ((static_cast<std::uint64_t>(offset) & kPageMask) != 0) {
        return Errno(EINVAL);
    }
    const bool is_anonymous = (flags & MAP_ANONYMOUS) != 0;
    if (!is_anonymous) {
        TRY(task.files->get_for_io(fd));
    }
    if (length == 0) {
        return Errno(EINVAL);
    }
    if (length > AddressSpace::kUserEnd) {
        return Errno(ENOMEM);
    }
    const std::uint64_t size = page_ceiling(length);
    const std::uint64_t first_page = static_cast<std::uint64_t>(offset) >> kPageShift;
    if (first_page + (size >> kPageShift) < first_page) {
        return Errno(EOVERFLOW);
    }
    const unsigned type = flags & MAP_TYPE;
    if (type != MAP_SHARED && type != MAP_PRIVATE && (type != MAP_SHARED_VALIDATE || is_anonymous)) {
        return Errno(EINVAL);
    }
    if ((flags & MAP_HUGETLB) != 0) {
        return Errno(ENOMEM);
    }
    MappingAttributes attributes = TRY(is_anonymous ? attributes_of_anonymous(flags, size)
                                                    : attributes_of_file(task, fd, protection, flags));
    attributes.protection = static_cast<int>(protection & kProtections);
    attributes.no_reserve = (flags & MAP_NORESERVE) != 0;
    attributes.locking =
        TRY(locking_of_new_memory(task, size, (flags & MAP_LOCKED) != 0 ? Locking::Now : Locking::None));
    if (!is_anonymous) {
        attributes.first_page = first_page;
    }
    const bool is_accounted = !attributes.no_reserve && attributes.sharing == Sharing::Private &&
                              (attributes.protection & PROT_WRITE) != 0;
    if ((is_accounted && is_obvious_overcommit(size)) || exceeds_address_space_limit(task, size)) {
        return Errno(ENOMEM);
    }
    Placement placement = Placement::Hint;
    if ((flags & MAP_FIXED_NOREPLACE) != 0) {
        placement = Placement::FixedNoReplace;
    } else if ((flags & MAP_FIXED) != 0) {
        placement = Placement::Fixed;
    }
    const std::uint64_t start = placement == Placement::Hint ? page_floor(address.value()) : address.value();
    const std::uint64_t placed = TRY(task.address_space->map(start, size, placement, attributes));
    const bool is_populated = (flags & (MAP_POPULATE | MAP_NONBLOCK)) == MAP_POPULATE;
    if (is_populated || attributes.locking == Locking::Now) {
        (void)task.address_space->populate(placed, size);  // as far as it goes
    }
    return static_cast<long>(placed);
}

Result<long> sys_munmap(Task& task, UserAddress address, std::size_t length) {
    if ((address.value() & kPageMask) != 0 || length == 0 || !is_user_range(address, length)) {
        return Errno(EINVAL);
    }
    if (FAULT(munmap_fails_among_threads) && task.process->thread_count() > 1) {
        return Errno(EINVAL);
    }
    if (FAULT(munmap_keeps_mapping)) {
        return 0;
    }
    TRY(task.address_space->unmap(address.value(), page_ceiling(length)));
    return 0;
}

Result<long> sys_mprotect(Task& task, UserAddress address, std::size_t length, unsigned protection) {
    constexpr unsigned kGrows = PROT_GROWSDOWN | PROT_GROWSUP;
    const bool grows_down = (protection & PROT_GROWSDOWN) != 0;
    if ((protection & kGrows) == kGrows || (address.value() & kPageMask) != 0) {
        return Errno(EINVAL);
    }
    if (length == 0) {
        return 0;
    }
    if (!is_user_range(address, page_ceiling(length)) || page_ceiling(length) == 0) {
        return Errno(ENOMEM);
    }
    if ((protection & ~(kProtections | kGrows | PROT_SEM)) != 0) {
        return Errno(EINVAL);
    }
    std::uint64_t start = address.value();
    std::uint64_t size = page_ceiling(length);
    if (grows_down) {
        const Mapping* mapping = task.address_space->find_at_or_above(start);
        if (mapping == nullptr || !mapping->attributes.grows_down) {
            return Errno(mapping == nullptr ? ENOMEM : EINVAL);
        }
        size += start - mapping->start;
        start = mapping->start;
    }
    TRY(task.address_space->protect(start, size, static_cast<int>(protection & kProtections)));
    return 0;
}

Result<long> sys_brk(Task& task, UserAddress end) {
    return static_cast<long>(task.address_space->change_brk(end.value()));
}

Result<long> sys_mremap(Task& task, UserAddress old_address, std::size_t old_size, std::size_t new_size,
                        unsigned flags, UserAddress new_address) {
    constexpr unsigned kKnown = MREMAP_MAYMOVE | MREMAP_FIXED | MREMAP_DONTUNMAP;
    const std::uint64_t old_length = page_ceiling(old_size);
    const std::uint64_t new_length = page_ceiling(new_size);
    if ((flags & ~kKnown) != 0 ||
        ((flags & (MREMAP_FIXED | MREMAP_DONTUNMAP)) != 0 && (flags & MREMAP_MAYMOVE) == 0) ||
        ((flags & MREMAP_DONTUNMAP) != 0 && old_length != new_length) ||
        (old_address.value() & kPageMask) != 0 || new_length == 0) {
        return Errno(EINVAL);
    }
    AddressSpace& space = *task.address_space;
    const Mapping* mapping = space.find(old_address.value());
    const Locking locking = mapping == nullptr ? Locking::None : mapping->attributes.locking;
    const bool grows_locked = locking != Locking::None && new_length > old_length;
    if (grows_locked) {
        TRY(locking_of_new_memory(task, new_length - old_length, locking));
    }
    const std::uint64_t start = TRY(space.remap(old_address.value(), old_length, new_length,
                                                static_cast<int>(flags), new_address.value()));
    if (grows_locked && locking == Locking::Now) {
        (void)space.populate(start + old_length, new_length - old_length);
    }
    return static_cast<long>(start);
}

}  // namespace kernel
