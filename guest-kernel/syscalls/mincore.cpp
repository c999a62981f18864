// mincore.
#include "mm/address_space.hpp"
#include "syscalls/handlers.hpp"
#include "task/task.hpp"

namespace kernel {

Result<long> sys_mincore(Task& task, UserAddress given, std::size_t length, UserBuffer vector) {
    const UserAddress address = given.without_tag();
    if ((address.value() & kPageMask) != 0) {
        return Errno(EINVAL);
    }
    if (!is_user_range(address, length)) {
        return Errno(ENOMEM);
    }
    const std::size_t pages = page_ceiling(length) >> kPageShift;
    for (std::size_t i = 0; i < pages; ++i) {
        const std::uint64_t page = address.value() + (i << kPageShift);
        if (task.address_space->find(page) == nullptr) {
            return Errno(ENOMEM);
        }
        const std::byte resident{task.address_space->is_resident(page)};
        if (vector.write({&resident, 1}, i) != 1) {
            return Errno(EFAULT);
        }
    }
    return 0;
}

}  // namespace kernel
