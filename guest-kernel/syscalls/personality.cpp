// personality.
#include "syscalls/handlers.hpp"
#include "task/task.hpp"

namespace kernel {

Result<long> sys_personality(Task& task, unsigned persona) {
    const unsigned long old = task.personality;
    if (persona != 0xffff'ffff) {
        task.personality = persona;
    }
    return static_cast<long>(old);
}

}  // namespace kernel
