// mmap, munmap, mprotect, brk, mremap.
#include <linux/mman.h>
#include <linux/mount.h>

#include "fs/file_table.hpp"
#include "fs/mount.hpp"
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

// The flags of MAP_SHARED and MAP_PRIVATE. MAP_SHARED_VALIDATE refuses others, which the first two ignore
// (Linux include/linux/mman.h, LEGACY_MAP_MASK; MAP_FIXED_NOREPLACE is not in it).
constexpr unsigned kLegacyFlags = MAP_SHARED | MAP_PRIVATE | MAP_FIXED | MAP_ANONYMOUS | MAP_DENYWRITE |
                                  MAP_EXECUTABLE | MAP_GROWSDOWN | MAP_LOCKED | MAP_NORESERVE | MAP_POPULATE |
                                  MAP_NONBLOCK | MAP_STACK | MAP_HUGETLB |
                                  static_cast<unsigned>(MAP_HUGE_MASK) << MAP_HUGE_SHIFT;

Result<void> check_shared_file(const File& file, unsigned protection, unsigned flags) {
    constexpr unsigned kHugeSizes = (21U << MAP_HUGE_SHIFT) | (30U << MAP_HUGE_SHIFT);  // 2 MiB, 1 GiB
    constexpr unsigned kKnown = (kLegacyFlags & ~(static_cast<unsigned>(MAP_HUGE_MASK) << MAP_HUGE_SHIFT)) |
                                kHugeSizes | MAP_SHARED_VALIDATE;
    if ((flags & MAP_TYPE) == MAP_SHARED_VALIDATE && (flags & ~kKnown) != 0) {
        return Errno(EOPNOTSUPP);
    }
    const bool may_write = file.is_writable();
    return (protection & PROT_WRITE) != 0 && !may_write ? Result<void>(Errno(EACCES)) : Result<void>();
}

// Linux mm/mmap.c, file_mmap_ok: regular files have a largest offset, devices have none.
bool is_within_limit(const File& file, std::uint64_t first_page, std::uint64_t size) {
    const std::uint64_t limit = file.inode().is_regular() ? INT64_MAX : UINT64_MAX;
    return size <= limit && first_page <= (limit - size) >> kPageShift;
}

bool is_on_noexec_mount(const File& file) {
    return file.path().mount && (file.path().mount->flags & MS_NOEXEC) != 0;
}

// Linux mm/mmap.c, do_mmap: what may be mapped how, in its order.
Result<MappingAttributes> attributes_of_file(File& file, unsigned protection, unsigned flags) {
    const unsigned type = flags & MAP_TYPE;
    const bool is_shared = type != MAP_PRIVATE;
    if (type != MAP_SHARED && type != MAP_PRIVATE && type != MAP_SHARED_VALIDATE) {
        return Errno(EINVAL);
    }
    if (is_shared) {
        TRY(check_shared_file(file, protection, flags));
    }
    if (!file.is_readable()) {
        return Errno(EACCES);
    }
    MappingAttributes attributes;
    attributes.may_execute = !is_on_noexec_mount(file);
    if (!attributes.may_execute && (protection & PROT_EXEC) != 0) {
        return Errno(EPERM);
    }
    attributes.sharing = is_shared ? Sharing::Shared : Sharing::Private;
    attributes.may_write = !is_shared || (file.is_writable() && !file.is_sealed_against_writing());
    attributes.object = TRY(file.mmap_object(attributes.sharing, static_cast<int>(protection)));
    attributes.file = Ref<File>(&file);
    return (flags & MAP_GROWSDOWN) != 0 ? Result<MappingAttributes>(Errno(EINVAL)) : attributes;
}

Result<MappingAttributes> attributes_of_anonymous(unsigned flags, std::uint64_t size) {
    MappingAttributes attributes;
    attributes.grows_down = (flags & MAP_GROWSDOWN) != 0;
    switch (flags & MAP_TYPE) {
        case MAP_SHARED:
            if (attributes.grows_down) {
                return Errno(EINVAL);
            }
            attributes.sharing = Sharing::Shared;
            attributes.object = TRY(make_ref<SharedMemory>(size >> kPageShift));
            return attributes;
        case MAP_PRIVATE:
            return attributes;
        default:
            return Errno(EINVAL);
    }
}

// Is memory set aside for it, and is it more than there can be? Shared anonymous memory counts however it may
// be used, the rest once it can be written (Linux accountable_mapping; mm/shmem.c, shmem_acct_size).
bool overcommits(const MappingAttributes& attributes, std::uint64_t size) {
    const bool is_shared_memory = attributes.sharing == Sharing::Shared && !attributes.file;
    const bool is_private_data =
        attributes.sharing == Sharing::Private && (attributes.protection & PROT_WRITE) != 0;
    return !attributes.no_reserve && (is_shared_memory || is_private_data) && is_obvious_overcommit(size);
}

bool exceeds(std::uint64_t limit, std::uint64_t pages, std::uint64_t size) {
    return limit != RLIM64_INFINITY && pages + (size >> kPageShift) > limit >> kPageShift;
}

// Does RLIMIT_DATA count a region of this kind (Linux is_data_mapping)?
bool is_data(const MappingAttributes& attributes) {
    return (attributes.protection & PROT_WRITE) != 0 && attributes.sharing == Sharing::Private &&
           !attributes.grows_down;
}

// RLIMIT_AS and RLIMIT_DATA (Linux mm/mmap.c, may_expand_vm).
bool may_expand(Task& task, const MappingAttributes& attributes, std::uint64_t size) {
    const MemoryUsage usage = task.address_space->usage();
    if (exceeds(task.process->limit(RLIMIT_AS).rlim_cur, usage.mapped_pages, size)) {
        return false;
    }
    const rlimit64 data = task.process->limit(RLIMIT_DATA);
    // A limit of 0 is for debuggers that move brk away; the hard limit counts then.
    return !is_data(attributes) || !exceeds(data.rlim_cur, usage.data_pages, size) ||
           (data.rlim_cur == 0 && !exceeds(data.rlim_max, usage.data_pages, size));
}

// Linux check_data_rlimit and do_brk_flags.
bool may_grow_heap(Task& task, std::uint64_t end) {
    const ProgramPositions& positions = task.address_space->layout.positions;
    const std::uint64_t limit = task.process->limit(RLIMIT_DATA).rlim_cur;
    const std::uint64_t data = positions.data_end - positions.data_start;
    if (limit != RLIM64_INFINITY && end - positions.brk_start + data > limit) {
        return false;
    }
    const std::uint64_t old_end = page_ceiling(positions.brk);
    MappingAttributes heap;
    heap.protection = PROT_READ | PROT_WRITE;
    const std::uint64_t new_end = page_ceiling(end);
    return new_end <= old_end || (may_expand(task, heap, new_end - old_end) &&
                                  !locking_of_new_memory(task, new_end - old_end, Locking::None).is_error());
}

// A region that becomes data by mprotect is as new to RLIMIT_DATA as any.
bool may_become_data(Task& task, std::uint64_t address, std::uint64_t size, int protection) {
    const Mapping* mapping = task.address_space->find(address);
    if (mapping == nullptr || is_data(mapping->attributes)) {
        return true;
    }
    MappingAttributes next = mapping->attributes;
    next.protection = protection;
    return !is_data(next) || may_expand(task, next, size) || !may_expand(task, mapping->attributes, size);
}

}  // namespace

Result<long> sys_mmap(Task& task, UserAddress address, std::size_t length, unsigned protection,
                      unsigned flags, Fd fd, std::int64_t offset) {
    if ((static_cast<std::uint64_t>(offset) & kPageMask) != 0) {
        return Errno(EINVAL);
    }
    const RefPtr<File> file = (flags & MAP_ANONYMOUS) != 0 ? RefPtr<File>() : TRY(task.files->get_for_io(fd));
    if (file && (flags & MAP_HUGETLB) != 0) {
        return Errno(EINVAL);
    }
    if (!file && (flags & MAP_HUGETLB) != 0) {
        return Errno(ENOMEM);
    }
    if (length == 0) {
        return Errno(EINVAL);
    }
    const std::uint64_t size = page_ceiling(length);
    if (size == 0) {
        return Errno(ENOMEM);
    }
    const std::uint64_t first_page = static_cast<std::uint64_t>(offset) >> kPageShift;
    Placement placement = Placement::Hint;
    if ((flags & MAP_FIXED_NOREPLACE) != 0) {
        placement = Placement::FixedNoReplace;
    } else if ((flags & MAP_FIXED) != 0) {
        placement = Placement::Fixed;
    }
    const std::uint64_t start = placement == Placement::Hint ? page_floor(address.value()) : address.value();
    TRY(task.address_space->check_placement(start, size, placement));
    if (placement != Placement::Hint && start < kLowestMapping && !task.credentials.has(CAP_SYS_RAWIO)) {
        return Errno(EPERM);
    }
    const Locking locking =
        TRY(locking_of_new_memory(task, size, (flags & MAP_LOCKED) != 0 ? Locking::Now : Locking::None));
    if (file && !is_within_limit(*file, first_page, size)) {
        return Errno(EOVERFLOW);
    }
    MappingAttributes attributes =
        TRY(file ? attributes_of_file(*file, protection, flags) : attributes_of_anonymous(flags, size));
    attributes.protection = static_cast<int>(protection & kProtections);
    attributes.no_reserve = (flags & MAP_NORESERVE) != 0;
    attributes.locking = locking;
    if (file) {
        attributes.first_page = first_page;
    }
    if (!may_expand(task, attributes, size) || overcommits(attributes, size)) {
        return Errno(ENOMEM);
    }
    const std::uint64_t placed = TRY(task.address_space->map(start, size, placement, attributes));
    const bool is_populated = (flags & (MAP_POPULATE | MAP_NONBLOCK)) == MAP_POPULATE;
    if (is_populated || attributes.locking == Locking::Now) {
        (void)task.address_space->populate(placed, size);  // as far as it goes
    }
    return static_cast<long>(placed);
}

Result<long> sys_munmap(Task& task, UserAddress given, std::size_t length) {
    const UserAddress address = given.without_tag();
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

Result<long> sys_mprotect(Task& task, UserAddress given, std::size_t length, unsigned protection) {
    const UserAddress address = given.without_tag();
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
    // No region grows upwards.
    if ((protection & PROT_GROWSUP) != 0) {
        return Errno(task.address_space->find(start) == nullptr ? ENOMEM : EINVAL);
    }
    const auto wanted = static_cast<int>(protection & kProtections);
    if (!may_become_data(task, start, size, wanted)) {
        return Errno(ENOMEM);
    }
    TRY(task.address_space->protect(start, size, wanted));
    return 0;
}

Result<long> sys_brk(Task& task, UserAddress end) {
    const ProgramPositions& positions = task.address_space->layout.positions;
    const bool grows = end.value() > positions.brk;
    if (end.value() >= positions.brk_start && grows && !may_grow_heap(task, end.value())) {
        return static_cast<long>(positions.brk);
    }
    return static_cast<long>(task.address_space->change_brk(end.value()));
}

// What Linux has left of it: the region's pages, mapped anew by mmap (mm/mmap.c, remap_file_pages).
Result<long> sys_remap_file_pages(Task& task, UserAddress address, std::size_t size, unsigned protection,
                                  std::size_t first_page, unsigned) {
    AddressSpace& space = *task.address_space;
    const std::uint64_t start = page_floor(address.value());
    const std::uint64_t end = start + page_floor(size);
    if (protection != 0 || end <= start || first_page + (page_floor(size) >> kPageShift) < first_page) {
        return Errno(EINVAL);
    }
    const Mapping* mapping = space.find(start);
    if (mapping == nullptr || mapping->attributes.sharing != Sharing::Shared) {
        return Errno(EINVAL);
    }
    for (const Mapping* next = mapping; next->end < end;) {
        const std::uint64_t place = next->end;
        next = space.find(place);
        if (next == nullptr || next->attributes.object != mapping->attributes.object ||
            next->attributes.protection != mapping->attributes.protection) {
            return Errno(EINVAL);
        }
    }
    MappingAttributes attributes = mapping->attributes;
    attributes.first_page = first_page;
    TRY(space.map(start, end - start, Placement::Fixed, attributes));
    (void)space.populate(start, end - start);
    return 0;
}

Result<long> sys_mremap(Task& task, UserAddress given, std::size_t old_size, std::size_t new_size,
                        unsigned flags, UserAddress new_address) {
    const UserAddress old_address = given.without_tag();
    constexpr unsigned kKnown = MREMAP_MAYMOVE | MREMAP_FIXED | MREMAP_DONTUNMAP;
    const std::uint64_t old_length = page_ceiling(old_size);
    const std::uint64_t new_length = page_ceiling(new_size);
    if ((flags & ~kKnown) != 0 ||
        ((flags & (MREMAP_FIXED | MREMAP_DONTUNMAP)) != 0 && (flags & MREMAP_MAYMOVE) == 0) ||
        ((flags & MREMAP_DONTUNMAP) != 0 && old_size != new_size) || (old_address.value() & kPageMask) != 0 ||
        new_length == 0) {
        return Errno(EINVAL);
    }
    AddressSpace& space = *task.address_space;
    const Mapping* mapping = space.find(old_address.value());
    const Locking locking = mapping == nullptr ? Locking::None : mapping->attributes.locking;
    const bool grows =
        mapping != nullptr && new_length > old_length && old_length <= mapping->end - old_address.value();
    const bool grows_locked = locking != Locking::None && grows;
    if (grows_locked) {
        TRY(locking_of_new_memory(task, new_length - old_length, locking));
    }
    if (grows && !may_expand(task, mapping->attributes, new_length - old_length)) {
        return Errno(ENOMEM);
    }
    const std::uint64_t start = TRY(space.remap(old_address.value(), old_length, new_length,
                                                static_cast<int>(flags), new_address.value()));
    if (grows_locked && locking == Locking::Now) {
        (void)space.populate(start + old_length, new_length - old_length);
    }
    return static_cast<long>(start);
}

}  // namespace kernel
