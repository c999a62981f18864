// exit, exit_group.
#include "task/exit.hpp"
#include "lib/faults.hpp"
#include "syscalls/handlers.hpp"

namespace kernel {

Result<long> sys_exit(Task& task, int status) {
    exit_task(task, (status & 0xff) << 8);
}

Result<long> sys_exit_group(Task& task, int status) {
    exit_process(task, ((FAULT(exit_status_wrong) ? status + 1 : status) & 0xff) << 8);
}

}  // namespace kernel
