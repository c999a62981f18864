// Process groups and sessions: setpgid, getpgid, setsid, getsid.
#include "syscalls/handlers.hpp"
#include "task/table.hpp"
#include "task/task.hpp"
#include "tty/tty.hpp"

namespace kernel {

Result<long> sys_setpgid(Task& task, int pid, int group) {
    Process& self = *task.process;
    pid = pid == 0 ? self.id : pid;
    group = group == 0 ? pid : group;
    if (group < 0) {
        return Errno(EINVAL);
    }
    const Ref<Task> named = TRY(find_task(pid));
    if (!named->is_leader()) {
        return Errno(EINVAL);
    }
    const Ref<Process>& target = named->process;
    if (target->parent == &self) {
        if (target->session != self.session) {
            return Errno(EPERM);
        }
        if (target->has_executed) {
            return Errno(EACCES);
        }
    } else if (target.get() != &self) {
        return Errno(ESRCH);
    }
    if (target->session == target->id || (group != pid && !group_exists(group, self.session))) {
        return Errno(EPERM);
    }
    target->group = group;
    return 0;
}

Result<long> sys_getpgid(Task& task, int pid) {
    return pid == 0 ? task.process->group : TRY(find_process_of_thread(pid))->group;
}

Result<long> sys_setsid(Task& task) {
    Process& process = *task.process;
    for (Process& other : all_processes()) {
        if (other.group == process.id) {
            return Errno(EPERM);
        }
    }
    process.session = process.group = process.id;
    process.controlling_terminal = nullptr;
    process.lost_foreground_group = 0;
    return process.id;
}

Result<long> sys_getsid(Task& task, int pid) {
    return pid == 0 ? task.process->session : TRY(find_process_of_thread(pid))->session;
}

}  // namespace kernel
