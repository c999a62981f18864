#include "task/exit.hpp"

#include <asm/siginfo.h>
#include <linux/prctl.h>
#include <linux/ptrace.h>
#include <linux/wait.h>

#include "arch/include/machine.hpp"
#include "fs/file_table.hpp"
#include "fs/fs_context.hpp"
#include "log/print.hpp"
#include "mm/address_space.hpp"
#include "mm/user_memory.hpp"
#include "signal/posix_timer.hpp"
#include "task/futex.hpp"
#include "task/futex_pi.hpp"
#include "task/scheduler.hpp"
#include "task/table.hpp"
#include "task/task.hpp"
#include "task/vfork.hpp"
#include "task/wait.hpp"
#include "tty/tty.hpp"

namespace kernel {

namespace {

// Releases the memory, and does what programs asked for at that point (futexes, vfork).
void leave_address_space(Task& task) {
    if (!task.address_space) {
        return;
    }
    walk_robust_list(task);
    release_pi_futexes(task);
    clear_child_tid(task);
    task.process->note_peak_memory(*task.address_space);
    const RefPtr<AddressSpace> gone = std::move(task.address_space);
    if (task.vfork_parent != nullptr) {
        task.vfork_parent->finish();
        task.vfork_parent = nullptr;
    }
}

// The new parent of the children: the nearest ancestor that asked for it (PR_SET_CHILD_SUBREAPER), or init.
Process& heir_of(const Process& process) {
    for (Process* ancestor = process.parent; ancestor != nullptr; ancestor = ancestor->parent) {
        if (ancestor->is_child_subreaper && !ancestor->is_exiting && !ancestor->is_zombie) {
            return *ancestor;
        }
    }
    return init_process();
}

// A group that has lost its last link to the rest of its session, with a stopped member: SIGHUP and SIGCONT
// (POSIX; Linux kernel/exit.c, kill_orphaned_pgrp).
void wake_orphaned_group(int group) {
    if (!is_orphaned_group(group)) {
        return;
    }
    bool has_stopped = false;
    for (Process& member : all_processes()) {
        has_stopped = has_stopped || (member.group == group && member.is_stopped);
    }
    if (has_stopped) {
        (void)send_signal_to_group(group, kernel_siginfo(SIGHUP));
        (void)send_signal_to_group(group, kernel_siginfo(SIGCONT));
    }
}

// The threads of a child asked to be told of the end of the thread that made it (PR_SET_PDEATHSIG).
void announce_death_of_parent(Process& child) {
    for (Task& task : child.threads) {
        if (task.parent_death_signal != 0) {
            (void)send_signal(*task.process, user_siginfo(task.parent_death_signal, SI_USER));
        }
    }
}

// What a thread has made goes to another of its process: Linux's parents are threads (kernel/exit.c,
// forget_original_parent).
void give_children_to(Task& ended, const Task& heir) {
    for (Process& child : ended.process->children) {
        if (child.parent_thread == ended.id) {
            child.parent_thread = heir.id;
            announce_death_of_parent(child);
        }
    }
}

void give_children_away(Process& process) {
    Process& heir = heir_of(process);
    const Task* thread = heir.live_thread();
    while (Process* child = process.children.pop_front()) {
        child->parent = &heir;
        child->parent_thread = thread != nullptr ? thread->id : heir.id;
        child->exit_signal = SIGCHLD;
        heir.children.push_back(*child);
        announce_death_of_parent(*child);
        if (child->is_zombie && child->leader()->tracing.tracer == nullptr) {
            report_to_parent(*child);
        }
        if (child->group != process.group && child->session == process.session) {
            wake_orphaned_group(child->group);
        }
    }
}

void end_process(Task& last) {
    Process& process = *last.process;
    if (&process == &init_process()) {
        // Worded as on Linux (kernel/exit.c, do_exit), for tools that read it from the console.
        print("Attempted to kill init! exitcode=", hex(static_cast<unsigned>(process.exit_status)), "\n");
        panic("init ended");
    }
    process.real_timer.stop();
    leave_terminal(process);
    delete_posix_timers(process);
    process.is_zombie = true;
    give_children_away(process);
    const Process* parent = process.parent;
    if (parent != nullptr && parent->group != process.group && parent->session == process.session) {
        wake_orphaned_group(process.group);
    }
    process.pending.clear();
    process.exited.wake_all();
    report_to_parent(process);
}

}  // namespace

void begin_process_exit(Process& process, int status) {
    if (process.is_exiting) {
        return;
    }
    process.is_exiting = true;
    process.exit_status = status;
    forget_stop(process);
    for (Task& task : process.threads) {
        scheduler::make_runnable(task);
    }
}

void exit_process(Task& task, int status) {
    begin_process_exit(*task.process, status);
    exit_task(task, task.process->exit_status);
}

void release_task(Task& task) {
    const Ref<Process> process = task.process;
    const bool is_leader = task.is_leader();
    process->past.add(task_usage(task));
    process->past_io.add(task.io);
    List<Task, TaskOfProcess>::remove(task);
    List<Task, TracedTask>::remove(task);
    task.pending.clear();
    remove_from_table(task);
    if (!is_leader && process->is_zombie) {
        report_to_parent(*process);
    }
}

void exit_task(Task& task, int status) {
    stop_at_event(task, PTRACE_EVENT_EXIT, static_cast<unsigned long>(status));
    leave_address_space(task);
    let_go_of_tracees(task);
    task.semaphore_undo = nullptr;
    task.files = nullptr;
    task.fs = nullptr;
    task.io_priority = 0;
    task.exit_status = status;
    task.state = TaskState::Dead;
    task.pending.clear();
    Process& process = *task.process;
    const Task* heir = process.live_thread();
    if (heir != nullptr) {
        give_children_to(task, *heir);
    }
    if (!task.is_leader()) {
        if (task.tracing.tracer != nullptr) {
            report_end_to_tracer(task);
        } else {
            release_task(task);
        }
    }
    process.thread_ended.wake_all();
    complete_stop(process);
    if (heir == nullptr) {
        if (!process.is_exiting) {
            process.exit_status = status;
        }
        end_process(task);
    }
    scheduler::end_current();
}

}  // namespace kernel
