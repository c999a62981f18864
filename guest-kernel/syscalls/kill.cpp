// Sending signals: kill, tkill, tgkill, rt_sigqueueinfo, rt_tgsigqueueinfo.
#include "syscalls/handlers.hpp"
#include "task/table.hpp"
#include "task/task.hpp"

namespace kernel {

namespace {

Result<void> send_to_process(Task& sender, Process& process, const siginfo_t& info) {
    const Task* target = process.leader();
    if (target != nullptr && !may_signal(sender, *target, info.si_signo)) {
        return Errno(EPERM);
    }
    return info.si_signo == 0 ? Result<void>() : send_signal(process, info);
}

enum class Members { Group, AllButInit };

Result<void> send_to_many(Task& sender, Members members, int group, const siginfo_t& info) {
    bool found = false;
    bool sent = false;
    for (Process* process = all_processes().first(); process != nullptr;
         process = all_processes().next(*process)) {
        const bool is_member = members == Members::Group
                                   ? process->group == group
                                   : process != &init_process() && process != sender.process.get();
        if (is_member) {
            found = true;
            sent = !send_to_process(sender, *process, info).is_error() || sent;
        }
    }
    if (sent) {
        return {};
    }
    return Errno(found ? EPERM : ESRCH);
}

Result<void> send_to_thread(Task& sender, int group, int id, const siginfo_t& info) {
    const Ref<Task> target = TRY(find_task(id));
    if (group > 0 && target->process_id() != group) {
        return Errno(ESRCH);
    }
    if (!may_signal(sender, *target, info.si_signo)) {
        return Errno(EPERM);
    }
    return info.si_signo == 0 ? Result<void>() : send_signal(*target, info);
}

// What rt_sigqueueinfo may claim: only a program's own codes, unless it is for itself (Linux
// do_rt_sigqueueinfo).
Result<siginfo_t> read_queued_info(Task& task, UserIn<siginfo_t> info, int signal, int target) {
    siginfo_t what = TRY(info.read());
    what.si_signo = signal;
    if ((what.si_code >= 0 || what.si_code == SI_TKILL) && target != task.process_id()) {
        return Errno(EPERM);
    }
    return what;
}

}  // namespace

Result<long> sys_kill(Task& task, int pid, int signal) {
    if (signal < 0 || signal > kSignalCount) {
        return Errno(EINVAL);
    }
    const siginfo_t info = user_siginfo(signal, SI_USER);
    if (pid > 0) {
        TRY(send_to_process(task, *TRY(find_process(pid)), info));
    } else if (pid == -1) {
        TRY(send_to_many(task, Members::AllButInit, 0, info));
    } else if (pid == INT32_MIN) {
        return Errno(ESRCH);
    } else {
        TRY(send_to_many(task, Members::Group, pid == 0 ? task.process->group : -pid, info));
    }
    return 0;
}

Result<long> sys_tkill(Task& task, int id, int signal) {
    if (id <= 0 || signal < 0 || signal > kSignalCount) {
        return Errno(EINVAL);
    }
    TRY(send_to_thread(task, 0, id, user_siginfo(signal, SI_TKILL)));
    return 0;
}

Result<long> sys_tgkill(Task& task, int group, int id, int signal) {
    if (group <= 0 || id <= 0 || signal < 0 || signal > kSignalCount) {
        return Errno(EINVAL);
    }
    TRY(send_to_thread(task, group, id, user_siginfo(signal, SI_TKILL)));
    return 0;
}

Result<long> sys_rt_sigqueueinfo(Task& task, int pid, int signal, UserIn<siginfo_t> info) {
    const siginfo_t what = TRY(read_queued_info(task, info, signal, pid));
    const Ref<Process> process = TRY(find_process(pid));
    if (signal < 0 || signal > kSignalCount) {
        return Errno(EINVAL);
    }
    TRY(send_to_process(task, *process, what));
    return 0;
}

Result<long> sys_rt_tgsigqueueinfo(Task& task, int group, int id, int signal, UserIn<siginfo_t> info) {
    if (group <= 0 || id <= 0) {
        return Errno(EINVAL);
    }
    const siginfo_t what = TRY(read_queued_info(task, info, signal, group));
    if (signal < 0 || signal > kSignalCount) {
        return Errno(EINVAL);
    }
    TRY(send_to_thread(task, group, id, what));
    return 0;
}

}  // namespace kernel
