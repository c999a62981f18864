// eventfd2.
#include <linux/fcntl.h>

#include "fs/event_fd.hpp"
#include "fs/file_table.hpp"
#include "syscalls/handlers.hpp"
#include "task/task.hpp"

namespace kernel {

namespace {

// The flags of eventfd2 (Linux include/linux/eventfd.h, which 6.1 does not export).
constexpr unsigned kEventfdSemaphore = 1;

}  // namespace

Result<long> sys_eventfd2(Task& task, unsigned initval, unsigned flags) {
    if ((flags & ~(static_cast<unsigned>(O_CLOEXEC | O_NONBLOCK) | kEventfdSemaphore)) != 0) {
        return Errno(EINVAL);
    }
    Ref<File> file = TRY(make_ref<EventFile>(TRY(anonymous_path("[eventfd]")), flags & O_NONBLOCK,
                                             std::uint64_t{initval}, (flags & kEventfdSemaphore) != 0));
    return TRY(task.files->install(std::move(file), close_on_exec_of(flags)));
}

}  // namespace kernel
