// msync.
#include <linux/mman.h>

#include "mm/address_space.hpp"
#include "syscalls/handlers.hpp"
#include "task/task.hpp"

namespace kernel {

Result<long> sys_msync(Task& task, UserAddress given, std::size_t length, unsigned flags) {
    const UserAddress address = given.without_tag();
    constexpr unsigned kKnown = MS_ASYNC | MS_INVALIDATE | MS_SYNC;
    if ((flags & ~kKnown) != 0 || (address.value() & kPageMask) != 0 ||
        (flags & (MS_ASYNC | MS_SYNC)) == (MS_ASYNC | MS_SYNC)) {
        return Errno(EINVAL);
    }
    const std::uint64_t end = address.value() + page_ceiling(length);
    if (end < address.value()) {
        return Errno(ENOMEM);
    }
    for (std::uint64_t position = address.value(); position < end;) {
        const Mapping* mapping = task.address_space->find(position);
        if (mapping == nullptr) {
            return Errno(ENOMEM);
        }
        if ((flags & MS_INVALIDATE) != 0 && mapping->attributes.locking != Locking::None) {
            return Errno(EBUSY);
        }
        position = mapping->end;
    }
    return 0;
}

}  // namespace kernel
