// personality.
#include <linux/personality.h>

#include "syscalls/handlers.hpp"
#include "task/task.hpp"

namespace kernel {

Result<long> sys_personality(Task& task, unsigned persona) {
    const unsigned long old = task.personality;
    // The CPU has no 32-bit programs (Linux arch/arm64/kernel/sys.c).
    if ((persona & PER_MASK) == PER_LINUX32) {
        return Errno(EINVAL);
    }
    if (persona != 0xffff'ffff) {
        task.personality = persona;
    }
    return static_cast<long>(old);
}

}  // namespace kernel
