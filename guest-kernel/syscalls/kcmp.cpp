// kcmp: do two tasks share something? (man 2 kcmp, Linux kernel/kcmp.c)
#include <linux/kcmp.h>

#include "fs/epoll.hpp"
#include "fs/file_table.hpp"
#include "fs/fs_context.hpp"
#include "lib/random.hpp"
#include "mm/address_space.hpp"
#include "syscalls/handlers.hpp"
#include "task/inspection.hpp"
#include "task/table.hpp"
#include "task/task.hpp"

namespace kernel {

namespace {

// 0: the same; 1 and 2: an order that holds until the next boot, and says nothing about addresses.
long order_of(const void* first, const void* second) {
    static const std::uint64_t mask = random_number() | 1;
    const std::uint64_t left = (reinterpret_cast<std::uint64_t>(first) ^ mask) * mask;
    const std::uint64_t right = (reinterpret_cast<std::uint64_t>(second) ^ mask) * mask;
    return (left < right ? 1 : 0) | (left > right ? 2 : 0);
}

// EBADF also of a task that has given its descriptors back. The low half of the number counts.
Result<Ref<File>> file_of_task(const Task& task, std::size_t number) {
    if (!task.files) {
        return Errno(EBADF);
    }
    return task.files->get(Fd{static_cast<int>(static_cast<unsigned>(number))});
}

Result<long> compare_watched_file(const Task& first, const Task& second, std::size_t number,
                                  UserIn<kcmp_epoll_slot> slot) {
    const kcmp_epoll_slot wanted = TRY(slot.read());
    const Ref<File> file = TRY(file_of_task(first, number));
    const Ref<File> set = TRY(file_of_task(second, wanted.efd));
    if (set->as_epoll() == nullptr) {
        return Errno(EINVAL);
    }
    const File* watched = set->as_epoll()->watched_file(static_cast<int>(wanted.tfd), wanted.toff);
    return watched == nullptr ? Result<long>(Errno(ENOENT)) : Result<long>(order_of(&*file, watched));
}

}  // namespace

Result<long> sys_kcmp(Task& task, int pid1, int pid2, int type, std::size_t index1, std::size_t index2) {
    const Ref<Task> first = TRY(find_task(pid1));
    const Ref<Task> second = TRY(find_task(pid2));
    if (!may_inspect(task, *first) || !may_inspect(task, *second)) {
        return Errno(EPERM);
    }
    switch (type) {
        case KCMP_FILE: {
            const Ref<File> left = TRY(file_of_task(*first, index1));
            const Ref<File> right = TRY(file_of_task(*second, index2));
            return order_of(&*left, &*right);
        }
        case KCMP_VM:
            return order_of(first->address_space.get(), second->address_space.get());
        case KCMP_FILES:
            return order_of(first->files.get(), second->files.get());
        case KCMP_FS:
            return order_of(first->fs.get(), second->fs.get());
        case KCMP_SIGHAND:
            return order_of(&*first->signal_handlers, &*second->signal_handlers);
        case KCMP_SYSVSEM:
            return order_of(first->semaphore_undo.get(), second->semaphore_undo.get());
        case KCMP_EPOLL_TFD:
            return compare_watched_file(*first, *second, index1,
                                        UserIn<kcmp_epoll_slot>(UserAddress(index2)));
        default:
            return Errno(EINVAL);
    }
}

}  // namespace kernel
