#include "task/fork.hpp"

#include <linux/ptrace.h>
#include <linux/sched.h>

#include "arch/include/machine.hpp"
#include "fs/file_table.hpp"
#include "fs/fs_context.hpp"
#include "lib/faults.hpp"
#include "lib/settings.hpp"
#include "mm/address_space.hpp"
#include "task/pidfd.hpp"
#include "task/scheduler.hpp"
#include "task/table.hpp"
#include "task/task.hpp"
#include "task/vfork.hpp"
#include "tty/tty.hpp"

namespace kernel {

namespace {

// Namespaces and cgroups: there is one of each.
constexpr std::uint64_t kUnsupported = CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC |
                                       CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWTIME |
                                       CLONE_INTO_CGROUP;

Result<void> check(Task& parent, const CloneRequest& request) {
    const std::uint64_t flags = request.flags;
    const bool is_thread = (flags & CLONE_THREAD) != 0;
    if ((flags & kUnsupported) != 0 || (is_thread && (flags & CLONE_SIGHAND) == 0) ||
        ((flags & CLONE_SIGHAND) != 0 && (flags & CLONE_VM) == 0) ||
        ((flags & CLONE_CLEAR_SIGHAND) != 0 && (flags & CLONE_SIGHAND) != 0) ||
        ((flags & CLONE_PIDFD) != 0 && (flags & (CLONE_DETACHED | CLONE_THREAD)) != 0)) {
        return Errno(EINVAL);
    }
    // Init has no parent, so it can have no siblings.
    if ((flags & CLONE_PARENT) != 0 && parent.process->parent == nullptr) {
        return Errno(EINVAL);
    }
    if (parent.policy == SCHED_DEADLINE && !parent.resets_policy_on_fork) {
        return Errno(EAGAIN);
    }
    const Credentials& credentials = parent.credentials;
    const bool is_limited =
        credentials.user != 0 && !credentials.has(CAP_SYS_RESOURCE) && !credentials.has(CAP_SYS_ADMIN);
    if (is_limited && task_count_of_user(credentials.user) >= parent.process->limit(RLIMIT_NPROC).rlim_cur) {
        return Errno(EAGAIN);
    }
    parent.has_too_many_tasks = false;
    return task_count() < static_cast<std::size_t>(settings().most_tasks) ? Result<void>()
                                                                          : Result<void>(Errno(EAGAIN));
}

Result<Ref<Process>> new_process(Task& parent, const CloneRequest& request, int number) {
    Ref<Process> process = TRY(make_ref<Process>(number));
    Process& from = *parent.process;
    process->group = from.group;
    process->session = from.session;
    process->controlling_terminal = from.controlling_terminal;
    process->limits = from.limits;
    process->is_child_subreaper = false;
    process->exit_signal = request.exit_signal;
    process->real_user = parent.credentials.user;
    return process;
}

void copy_plain_state(const Task& parent, Task& child, std::uint64_t flags) {
    child.credentials = parent.credentials;
    child.blocked = parent.blocked;
    // Linux kernel/sched/core.c, sched_fork.
    const bool is_realtime =
        parent.policy == SCHED_FIFO || parent.policy == SCHED_RR || parent.policy == SCHED_DEADLINE;
    if (parent.resets_policy_on_fork) {
        child.nice = std::max(parent.nice, 0);
        child.policy = is_realtime ? SCHED_NORMAL : parent.policy;
    } else {
        child.nice = parent.nice;
        child.policy = parent.policy;
        child.realtime_priority = parent.realtime_priority;
    }
    child.timer_slack = child.default_timer_slack = parent.timer_slack;
    child.personality = parent.personality;
    child.login_user = parent.login_user;
    child.login_session = parent.login_session;
    child.no_new_privileges = parent.no_new_privileges;
    child.is_io_flusher = parent.is_io_flusher;
    child.store_bypass = parent.store_bypass;
    child.io_priority = parent.io_priority;
    child.memory_failure_policy = parent.memory_failure_policy;
    child.takes_tagged_addresses = parent.takes_tagged_addresses;
    child.command_name = parent.command_name;
    child.started = monotonic_now();
    child.fault_address = parent.fault_address;
    child.fault_syndrome = parent.fault_syndrome;
    // A thread starts without the alternate stack, unless its creator waits for it (Linux copy_process).
    if ((flags & CLONE_VM) == 0 || (flags & CLONE_VFORK) != 0) {
        child.alternate_stack = parent.alternate_stack;
    }
    if ((flags & CLONE_VM) == 0) {
        child.rseq_address = parent.rseq_address;
        child.rseq_size = parent.rseq_size;
        child.rseq_signature = parent.rseq_signature;
    }
}

Result<void> share_or_copy(Task& parent, Task& child, std::uint64_t flags) {
    if ((flags & CLONE_VM) != 0) {
        child.address_space = parent.address_space;
    } else {
        child.address_space = TRY(parent.address_space->clone());
    }
    child.files = parent.files;
    if ((flags & CLONE_FILES) == 0) {
        child.files = TRY(parent.files->clone());
    }
    if ((flags & CLONE_SYSVSEM) != 0) {
        if (!parent.semaphore_undo) {
            parent.semaphore_undo = TRY(make_ref<SharedUntilExit>());
        }
        child.semaphore_undo = parent.semaphore_undo;
    }
    child.fs = parent.fs;
    if ((flags & CLONE_FS) == 0) {
        child.fs = TRY(parent.fs->clone());
    }
    child.signal_handlers = parent.signal_handlers;
    if ((flags & CLONE_SIGHAND) == 0) {
        child.signal_handlers = TRY(parent.signal_handlers->clone());
        if ((flags & CLONE_CLEAR_SIGHAND) != 0) {
            child.signal_handlers->reset_for_execve();
        }
    }
    return {};
}

// The child leaves the kernel as if it had made the call itself, with 0 for its result.
void prepare_registers(const Task& parent, Task& child, const CloneRequest& request) {
    Registers& registers = child.kernel_stack.registers();
    registers = parent.kernel_stack.registers();
    registers.x[0] = 0;
    registers.system_call = -1;
    if (request.stack != 0) {
        registers.sp = request.stack;
    }
    arch::save_floating_point(&child.context.floating_point);
    child.context.tls = (request.flags & CLONE_SETTLS) != 0 ? request.tls : arch::thread_pointer();
    arch::prepare_first_step(child.context, child.kernel_stack);
}

Result<void> install_pidfd(Task& parent, Process& process, UserAddress where) {
    const int fd = TRY(open_pidfd(parent, process));
    const Result<void> written = UserOut<int>(where).write(fd);
    if (written.is_error()) {
        (void)parent.files->close(Fd{fd});
    }
    return written.is_error() ? Result<void>(written.error()) : Result<void>();
}

// From here on the child exists for others.
void publish(Task& parent, Task& child, bool is_new_process, std::uint64_t flags) {
    Process& process = *child.process;
    process.threads.push_back(child);
    add_to_table(child);
    child.add_reference();  // held while it lives, dropped when it has ended
    if (!is_new_process) {
        return;
    }
    process.oom_adjustment = parent.process->oom_adjustment;
    process.least_oom_adjustment = parent.process->least_oom_adjustment;
    process.parent = parent.process.get();
    process.parent_thread = parent.id;
    if ((flags & CLONE_PARENT) != 0) {
        process.parent = parent.process->parent;
        process.parent_thread = parent.process->parent_thread;
        process.exit_signal = parent.process->exit_signal;
    }
    process.parent->children.push_back(process);
    process.add_reference();  // the table's
    add_to_table(process);
}

// What the parent's tracer is told; 0: nothing (Linux kernel_clone).
int event_of(const Task& parent, const CloneRequest& request) {
    if ((request.flags & CLONE_UNTRACED) != 0) {
        return 0;
    }
    const int event = (request.flags & CLONE_VFORK) != 0 ? PTRACE_EVENT_VFORK
                      : request.exit_signal != SIGCHLD   ? PTRACE_EVENT_CLONE
                                                         : PTRACE_EVENT_FORK;
    return traces_event(parent, event) ? event : 0;
}

// Linux ptrace_init_task.
void trace_from_start(const Task& parent, Task& child) {
    const Tracing& tracing = parent.tracing;
    begin_tracing(child, *tracing.tracer, tracing.is_seized, tracing.options);
    if (tracing.is_seized) {
        child.tracing.owes_stop = true;
    } else {
        child.pending.add_without_info(SIGSTOP);
    }
}

}  // namespace

Result<long> clone_task(Task& parent, const CloneRequest& request) {
    const std::uint64_t flags = request.flags;
    TRY(check(parent, request));
    const bool is_thread = (flags & CLONE_THREAD) != 0;
    const int number = TRY(allocate_task_number());
    const Ref<Task> child = TRY(make_ref<Task>(number));
    child->process = parent.process;
    if (!is_thread) {
        child->process = TRY(new_process(parent, request, number));
    }
    TRY(child->kernel_stack.allocate());
    copy_plain_state(parent, *child, flags);
    TRY(share_or_copy(parent, *child, flags));
    prepare_registers(parent, *child, request);
    if ((flags & CLONE_PIDFD) != 0) {
        TRY(install_pidfd(parent, *child->process, request.pidfd));
    }
    if ((flags & CLONE_CHILD_CLEARTID) != 0) {
        child->clear_child_tid = request.child_tid.value();
    }
    if ((flags & CLONE_CHILD_SETTID) != 0) {
        child->set_child_tid = request.child_tid.value();
    }
    if ((flags & CLONE_PARENT_SETTID) != 0) {
        (void)UserOut<int>(request.parent_tid).write(number);
    }
    const int event = event_of(parent, request);
    if (parent.tracing.tracer != nullptr && (event != 0 || (flags & CLONE_PTRACE) != 0)) {
        trace_from_start(parent, *child);
    }
    VforkWait vfork_wait;
    if ((flags & CLONE_VFORK) != 0) {
        child->vfork_parent = &vfork_wait;
    }
    publish(parent, *child, !is_thread, flags);
    scheduler::make_first_runnable(*child);
    if (event != 0) {
        stop_at_event(parent, event, static_cast<unsigned long>(number));
    }
    if ((flags & CLONE_VFORK) != 0) {
        if (vfork_wait.wait().is_error()) {
            child->vfork_parent = nullptr;
        } else {
            stop_at_event(parent, PTRACE_EVENT_VFORK_DONE, static_cast<unsigned long>(number));
        }
    }
    return FAULT(clone_off_by_one) && parent.process.get() != &init_process() ? number + 1 : number;
}

}  // namespace kernel
