// shmget, shmctl, shmat, shmdt.
#include <linux/capability.h>
#include <linux/mman.h>
#include <linux/resource.h>
#include <linux/shm.h>

#include "ipc/shared_segment.hpp"
#include "mm/address_space.hpp"
#include "mm/limits.hpp"
#include "syscalls/handlers.hpp"
#include "task/task.hpp"
#include "time/clock.hpp"

namespace kernel {

namespace {

constexpr std::size_t kMaximumSegments = SHMMNI;
constexpr std::size_t kMaximumSize = ~std::size_t{0} - (std::size_t{1} << 24);  // SHMMAX
constexpr unsigned kExecutable = 0111;
constexpr unsigned kLocked = 02000;  // SHM_LOCKED (Linux include/linux/shm.h)

Result<void> read_status(SharedSegment& segment, UserAddress buffer) {
    shmid64_ds status{};
    status.shm_perm = segment.permissions();
    status.shm_segsz = segment.size();
    status.shm_atime = segment.attached;
    status.shm_dtime = segment.detached;
    status.shm_ctime = segment.changed;
    status.shm_cpid = segment.creator;
    status.shm_lpid = segment.last_process;
    status.shm_nattch = segment.attachments();
    return UserOut<shmid64_ds>(buffer).write(status);
}

long highest_place() {
    const std::size_t end = shared_segments().end();
    return end == 0 ? 0 : static_cast<long>(end) - 1;
}

Result<long> read_segment_limits(UserAddress buffer) {
    shminfo64 info{};
    info.shmmax = kMaximumSize;
    info.shmmin = SHMMIN;
    info.shmmni = info.shmseg = SHMMNI;
    info.shmall = kMaximumSize;
    TRY(UserOut<shminfo64>(buffer).write(info));
    return highest_place();
}

Result<long> read_usage(UserAddress buffer) {
    shm_info info{};
    info.used_ids = static_cast<int>(shared_segments().count());
    for (std::size_t i = 0; i < shared_segments().end(); ++i) {
        const auto* segment = static_cast<SharedSegment*>(shared_segments().at(i));
        if (segment != nullptr) {
            info.shm_tot += page_ceiling(segment->size()) >> kPageShift;
            info.shm_rss += segment->file()->attributes().blocks / (kPageSize / 512);
        }
    }
    TRY(UserOut<shm_info>(buffer).write(info));
    return highest_place();
}

Result<long> lock_segment(Task& task, SharedSegment& segment, bool locks) {
    if (!task.credentials.has(CAP_IPC_LOCK)) {
        TRY(segment.check_owner(task));
        if (locks && task.process->limit(RLIMIT_MEMLOCK).rlim_cur == 0) {
            return Errno(EPERM);
        }
    }
    segment.mode = locks ? segment.mode | kLocked : segment.mode & ~kLocked;
    return 0;
}

struct Attachment {
    std::uint64_t address;  // 0: anywhere
    int protection;
    unsigned access;
};

// Linux do_shmat's reading of its arguments. EINVAL.
Result<Attachment> attachment_of(std::uint64_t address, unsigned flags) {
    if ((address & kPageMask) != 0) {
        if ((flags & SHM_RND) == 0) {
            return Errno(EINVAL);
        }
        address = page_floor(address);
        if (address == 0 && (flags & SHM_REMAP) != 0) {
            return Errno(EINVAL);
        }
    } else if (address == 0 && (flags & SHM_REMAP) != 0) {
        return Errno(EINVAL);
    }
    Attachment result{.address = address, .protection = PROT_READ, .access = IpcObject::kReadable};
    if ((flags & SHM_RDONLY) == 0) {
        result.protection |= PROT_WRITE;
        result.access |= IpcObject::kWritable;
    }
    if ((flags & SHM_EXEC) != 0) {
        result.protection |= PROT_EXEC;
        result.access |= kExecutable;
    }
    return result;
}

SharedSegment* segment_of(const MappedFile* file) {
    for (std::size_t i = 0; file != nullptr && i < shared_segments().end(); ++i) {
        auto* segment = static_cast<SharedSegment*>(shared_segments().at(i));
        if (segment != nullptr && segment->is_file(file)) {
            return segment;
        }
    }
    return nullptr;
}

// The next region at or above `from` that shows a segment as it would if its start were at `address`.
Mapping* next_part(AddressSpace& space, std::uint64_t from, std::uint64_t address,
                   const SharedSegment* wanted) {
    for (Mapping* mapping = space.find_at_or_above(from); mapping != nullptr;
         mapping = space.find_at_or_above(mapping->end)) {
        const SharedSegment* segment = segment_of(mapping->attributes.file.get());
        if (segment != nullptr && (wanted == nullptr || segment == wanted) && mapping->start >= address &&
            (mapping->start - address) >> kPageShift == mapping->attributes.first_page) {
            return mapping;
        }
    }
    return nullptr;
}

}  // namespace

Result<long> sys_shmget(Task& task, int key, std::size_t size, unsigned flags) {
    const long id = TRY(get_ipc_object(
        shared_segments(), task, key, flags, kMaximumSegments,
        [&](const SharedSegment& segment) {
            return size > segment.size() ? Result<void>(Errno(EINVAL)) : Result<void>();
        },
        [&]() -> Result<Ref<SharedSegment>> {
            if (size < SHMMIN || size > kMaximumSize) {
                return Errno(EINVAL);
            }
            if ((flags & SHM_HUGETLB) != 0) {
                return Errno(ENOMEM);
            }
            if ((flags & SHM_NORESERVE) == 0 && is_obvious_overcommit(page_ceiling(size))) {
                return Errno(ENOMEM);
            }
            return SharedSegment::make(key, flags, size);
        }));
    const Ref<SharedSegment> segment = TRY(shared_segments().get(static_cast<int>(id)));
    segment->file()->inode().attributes.number = static_cast<std::uint64_t>(id);  // what maps shows
    return id;
}

Result<long> sys_shmat(Task& task, int id, UserAddress address, unsigned flags) {
    if (id < 0) {
        return Errno(EINVAL);
    }
    const Attachment wanted = TRY(attachment_of(address.value(), flags));
    const Ref<SharedSegment> segment = TRY(shared_segments().get(id));
    TRY(segment->check_access(task, wanted.access));
    const std::uint64_t size = page_ceiling(segment->size());
    AddressSpace& space = *task.address_space;
    if (wanted.address != 0 && (flags & SHM_REMAP) == 0) {
        const Mapping* next = space.find_at_or_above(wanted.address);
        if (wanted.address + segment->size() < wanted.address ||
            (next != nullptr && next->start < wanted.address + segment->size())) {
            return Errno(EINVAL);
        }
    }
    MappingAttributes attributes;
    attributes.sharing = Sharing::Shared;
    attributes.protection = wanted.protection;
    attributes.may_write = (flags & SHM_RDONLY) == 0;
    attributes.object = TRY(segment->file()->mmap_object(Sharing::Shared, wanted.protection));
    attributes.file = segment->file();
    const Placement placement = wanted.address != 0 ? Placement::Fixed : Placement::Hint;
    const std::uint64_t placed = TRY(space.map(wanted.address, size, placement, attributes));
    segment->attached = current_time().seconds;
    segment->last_process = task.process_id();
    return static_cast<long>(placed);
}

// Linux ksys_shmdt: what is left of an attachment goes, also where it was cut into parts.
Result<long> sys_shmdt(Task& task, UserAddress address) {
    const std::uint64_t start = address.value();
    if ((start & kPageMask) != 0) {
        return Errno(EINVAL);
    }
    AddressSpace& space = *task.address_space;
    Mapping* part = next_part(space, start, start, nullptr);
    if (part == nullptr) {
        return Errno(EINVAL);
    }
    const Ref<SharedSegment> segment(segment_of(part->attributes.file.get()));
    const std::uint64_t end = start + page_ceiling(segment->size());
    while (part != nullptr && part->start < end) {
        const std::uint64_t next = part->end;
        TRY(space.unmap(part->start, part->size()));
        part = next_part(space, next, start, segment.get());
    }
    segment->detached = current_time().seconds;
    segment->last_process = task.process_id();
    return 0;
}

Result<long> sys_shmctl(Task& task, int id, int command, unsigned long argument) {
    if (id < 0 || command < 0) {
        return Errno(EINVAL);
    }
    const UserAddress buffer(argument);
    switch (command) {
        case IPC_INFO:
            return read_segment_limits(buffer);
        case SHM_INFO:
            return read_usage(buffer);
        case IPC_STAT:
        case SHM_STAT:
        case SHM_STAT_ANY: {
            const Ref<SharedSegment> segment =
                TRY(command == IPC_STAT ? shared_segments().get(id) : shared_segments().get_at(id));
            if (command != SHM_STAT_ANY) {
                TRY(segment->check_access(task, IpcObject::kReadable));
            }
            TRY(read_status(*segment, buffer));
            return command == IPC_STAT ? 0 : segment->id;
        }
        case IPC_SET: {
            const shmid64_ds wanted = TRY(UserIn<shmid64_ds>(buffer).read());
            const Ref<SharedSegment> segment = TRY(shared_segments().get(id));
            TRY(segment->check_owner(task));
            segment->set_permissions(wanted.shm_perm);
            segment->changed = current_time().seconds;
            return 0;
        }
        case IPC_RMID: {
            const Ref<SharedSegment> segment = TRY(shared_segments().get(id));
            TRY(segment->check_owner(task));
            segment->mark_removed();
            return 0;
        }
        case SHM_LOCK:
        case SHM_UNLOCK:
            return lock_segment(task, *TRY(shared_segments().get(id)), command == SHM_LOCK);
        default:
            return Errno(EINVAL);
    }
}

}  // namespace kernel
