// getpid, gettid, getppid.
#include "syscalls/handlers.hpp"
#include "task/task.hpp"

namespace kernel {

Result<long> sys_getpid(Task& task) {
    return task.process_id();
}

Result<long> sys_gettid(Task& task) {
    return task.id;
}

Result<long> sys_getppid(Task& task) {
    return task.process->parent == nullptr ? 0 : task.process->parent->id;
}

}  // namespace kernel
