// Processes: making, replacing, ending and naming them.
#include <linux/fcntl.h>
#include <linux/reboot.h>
#include <linux/sched.h>

#include "arch/include/machine.hpp"
#include "fs/vfs.hpp"
#include "lib/faults.hpp"
#include "lib/print.hpp"
#include "mm/address_space.hpp"
#include "syscalls/handlers.hpp"
#include "task/exec.hpp"
#include "task/exit.hpp"
#include "task/fork.hpp"
#include "task/table.hpp"
#include "task/task.hpp"
#include "tty/tty.hpp"

namespace kernel {

namespace {

constexpr std::size_t kMaximumStringSize = std::size_t{128} * 1024;  // MAX_ARG_STRLEN

Result<StringList> read_strings(UserAddress pointers) {
    StringList list;
    if (pointers.is_null()) {
        return list;
    }
    const UserIn<std::uint64_t> array(pointers);
    for (std::size_t i = 0;; ++i) {
        const std::uint64_t pointer = TRY(array.read_at(i));
        if (pointer == 0) {
            return list;
        }
        const String text = TRY(UserString(UserAddress(pointer)).read(kMaximumStringSize, Errno(E2BIG)));
        TRY(list.append(text.view()));
    }
}

Result<long> execute_path(Task& task, Fd dirfd, std::string_view path, UserAddress argv, UserAddress envp,
                          unsigned flags) {
    ExecRequest request;
    request.arguments = TRY(read_strings(argv));
    if (request.arguments.count == 0) {
        TRY(request.arguments.append(""));
    }
    request.environment = TRY(read_strings(envp));
    request.file = TRY(open_for_execute(task, dirfd.number, path, flags));
    // How the program is named to itself (Linux fs/exec.c, alloc_bprm).
    if (dirfd.number != AT_FDCWD && !path.starts_with('/')) {
        TRY(request.path.append("/dev/fd/"));
        TRY(request.path.append_signed(dirfd.number));
        TRY(request.path.append(path.empty() ? "" : "/"));
    }
    TRY(request.path.append(path));
    TRY(execute(task, std::move(request)));
    return 0;
}

}  // namespace

Result<long> sys_execve(Task& task, UserString path, UserAddress argv, UserAddress envp) {
    const String text = TRY(path.read_path());
    return execute_path(task, Fd{AT_FDCWD}, text.view(), argv, envp, 0);
}

Result<long> sys_execveat(Task& task, Fd dirfd, UserString path, UserAddress argv, UserAddress envp,
                          unsigned flags) {
    const String text = TRY(path.read_path());
    return execute_path(task, dirfd, text.view(), argv, envp, flags);
}

Result<long> sys_clone(Task& task, unsigned long flags, UserAddress stack, UserOut<int> parent_tid,
                       UserAddress tls, UserAddress child_tid) {
    constexpr unsigned long kBoth = CLONE_PIDFD | CLONE_PARENT_SETTID;  // they share an argument
    if ((flags & kBoth) == kBoth) {
        return Errno(EINVAL);
    }
    return clone_task(task, {.flags = flags & 0xffff'ffff & ~static_cast<unsigned long>(CSIGNAL),
                             .exit_signal = static_cast<int>(flags & CSIGNAL),
                             .stack = stack.value(),
                             .tls = tls.value(),
                             .parent_tid = parent_tid.address(),
                             .child_tid = child_tid,
                             .pidfd = parent_tid.address()});
}

Result<long> sys_clone3(Task& task, UserIn<clone_args> arguments, std::size_t size) {
    if (size > kPageSize) {
        return Errno(E2BIG);
    }
    if (size < CLONE_ARGS_SIZE_VER0) {
        return Errno(EINVAL);
    }
    clone_args request{};
    TRY(copy_from_user(&request, arguments.address(), size < sizeof(request) ? size : sizeof(request)));
    for (std::size_t offset = sizeof(request); offset < size; ++offset) {
        // A newer caller's fields must be 0 (Linux copy_struct_from_user).
        if (TRY(UserIn<std::uint8_t>(arguments.address() + offset).read()) != 0) {
            return Errno(E2BIG);
        }
    }
    constexpr std::uint64_t kKnown =
        (CLONE_CLEAR_SIGHAND | CLONE_INTO_CGROUP | 0xffff'ffff) & ~std::uint64_t{CSIGNAL | CLONE_DETACHED};
    if ((request.flags & ~kKnown) != 0 || request.set_tid_size != 0 || request.set_tid != 0 ||
        request.exit_signal > static_cast<std::uint64_t>(kSignalCount) ||
        ((request.flags & (CLONE_THREAD | CLONE_PARENT)) != 0 && request.exit_signal != 0) ||
        (request.stack == 0) != (request.stack_size == 0)) {
        return Errno(EINVAL);
    }
    return clone_task(task, {.flags = request.flags,
                             .exit_signal = static_cast<int>(request.exit_signal),
                             .stack = request.stack + request.stack_size,
                             .tls = request.tls,
                             .parent_tid = UserAddress(request.parent_tid),
                             .child_tid = UserAddress(request.child_tid),
                             .pidfd = UserAddress(request.pidfd)});
}

Result<long> sys_exit(Task& task, int status) {
    exit_task(task, (status & 0xff) << 8);
}

Result<long> sys_exit_group(Task& task, int status) {
    exit_process(task, ((FAULT(exit_status_wrong) ? status + 1 : status) & 0xff) << 8);
}

Result<long> sys_set_tid_address(Task& task, UserAddress word) {
    task.clear_child_tid = word.value();
    return task.id;
}

Result<long> sys_getpid(Task& task) {
    return task.process_id();
}

Result<long> sys_gettid(Task& task) {
    return task.id;
}

Result<long> sys_getppid(Task& task) {
    return task.process->parent == nullptr ? 0 : task.process->parent->id;
}

Result<long> sys_setpgid(Task& task, int pid, int group) {
    Process& self = *task.process;
    pid = pid == 0 ? self.id : pid;
    group = group == 0 ? pid : group;
    if (group < 0) {
        return Errno(EINVAL);
    }
    const Ref<Process> target = TRY(find_process(pid));
    if (target.get() != &self) {
        if (target->parent != &self) {
            return Errno(ESRCH);
        }
        if (target->session != self.session) {
            return Errno(EPERM);
        }
        if (target->has_executed) {
            return Errno(EACCES);
        }
    }
    if (target->session == target->id || (group != pid && !group_exists(group, self.session))) {
        return Errno(EPERM);
    }
    target->group = group;
    return 0;
}

Result<long> sys_getpgid(Task& task, int pid) {
    return pid == 0 ? task.process->group : TRY(find_process(pid))->group;
}

Result<long> sys_getsid(Task& task, int pid) {
    return pid == 0 ? task.process->session : TRY(find_process(pid))->session;
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
    return process.id;
}

Result<long> sys_reboot(Task& task, int magic1, int magic2, unsigned command, unsigned long) {
    if (!task.credentials.has(CAP_SYS_BOOT)) {
        return Errno(EPERM);
    }
    if (static_cast<unsigned>(magic1) != LINUX_REBOOT_MAGIC1 ||
        (magic2 != LINUX_REBOOT_MAGIC2 && magic2 != LINUX_REBOOT_MAGIC2A && magic2 != LINUX_REBOOT_MAGIC2B &&
         magic2 != LINUX_REBOOT_MAGIC2C)) {
        return Errno(EINVAL);
    }
    switch (command) {
        case LINUX_REBOOT_CMD_CAD_ON:
        case LINUX_REBOOT_CMD_CAD_OFF:
            return 0;
        case LINUX_REBOOT_CMD_POWER_OFF:
        case LINUX_REBOOT_CMD_HALT:
            arch::power(arch::PowerAction::Off);
        case LINUX_REBOOT_CMD_RESTART:
            arch::power(arch::PowerAction::Reset);
        default:
            return Errno(EINVAL);
    }
}

}  // namespace kernel
