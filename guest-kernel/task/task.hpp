// A task: one thread of a program, scheduled on its own.
#pragma once

#include <asm/signal.h>
#include <linux/resource.h>

#include <array>
#include <cstdint>
#include <string_view>

#include "arch/include/context.hpp"
#include "lib/list.hpp"
#include "lib/ref.hpp"
#include "signal/signals.hpp"
#include "task/credentials.hpp"
#include "task/process.hpp"
#include "task/tracing.hpp"
#include "time/timer.hpp"

namespace kernel {

class AddressSpace;
class FileTable;
class FsContext;

enum class TaskState : std::uint8_t {
    Runnable,      // in the run queue, or running
    Sleeping,      // waits; signals wake it
    SleepingKill,  // waits; only SIGKILL wakes it
    Stopped,       // by a stop signal, until SIGCONT
    Traced,        // stopped for its tracer
    Dead,          // has exited; its stack is about to be freed
};

struct TaskOfProcess {};
struct TaskInRunQueue {};
struct TaskInTable {};

// What restart_syscall continues after a signal interrupted a call that took a relative time.
struct RestartBlock {
    enum class Kind : std::uint8_t { None, Nanosleep, CpuNanosleep, FutexWait };
    Kind kind = Kind::None;
    std::int64_t deadline = 0;  // of CLOCK_MONOTONIC; CpuNanosleep: of its clock
    std::uint64_t address = 0;  // nanosleep: where the rest goes; futex: the word
    std::uint32_t value = 0;    // futex: what it should hold; CpuNanosleep: the clock
    std::uint32_t bitset = 0;
    std::uint32_t flags = 0;
};

// SCHED_DEADLINE's part of sched_setattr, in nanoseconds.
struct DeadlineParameters {
    std::uint64_t runtime = 0;
    std::uint64_t deadline = 0;
    std::uint64_t period = 0;
    std::uint64_t flags = 0;  // SCHED_FLAG_RECLAIM, SCHED_FLAG_DL_OVERRUN
};

// What is to be done when the last task that shares it has ended (the undoing of semaphore operations): the
// action's own end does it.
class SharedUntilExit : public RefCounted {
  public:
    RefPtr<RefCounted> action;
};

class Task : public RefCounted,
             public ListNode<TaskOfProcess>,
             public ListNode<TaskInRunQueue>,
             public ListNode<TaskInTable>,
             public ListNode<TracedTask> {
  public:
    static constexpr std::size_t kNameSize = 16;  // TASK_COMM_LEN, with the NUL

    // The task that runs. Precondition: not in boot before the first task.
    static Task& current();

    explicit Task(int number);
    ~Task() override;

    int process_id() const { return process->id; }
    bool is_leader() const { return id == process->id; }
    bool has_ended() const { return state == TaskState::Dead; }
    // Is it in the tables still? An ended thread leaves them at once, a leader when it is reaped.
    bool is_known() const { return ListNode<TaskInTable>::is_linked(); }
    // Is there a signal to act on, one that is not blocked? Calls that wait return ERESTARTSYS then.
    bool has_pending_signal() const;
    bool has_pending_kill() const;
    void set_name(std::string_view name);  // cut to 15 bytes
    std::string_view name() const;

    const std::uint64_t serial;  // of no other task, ever
    int id;                      // changes when a thread that is not the leader executes a program
    TaskState state = TaskState::Runnable;
    Ref<Process> process;
    RefPtr<AddressSpace> address_space;  // null from the middle of exit on
    RefPtr<FileTable> files;             // likewise
    RefPtr<FsContext> fs;                // likewise
    Credentials credentials;

    void (*first_step)(Task&) = nullptr;  // run once, when the task first gets the CPU (init)
    Context context;                      // what the scheduler switches (arch/include/context.hpp)
    KernelStack kernel_stack;

    // Signals (signal/signals.hpp).
    Ref<SignalHandlers> signal_handlers;
    PendingSignals pending;
    SignalSet blocked;
    SignalSet saved_blocked;        // the mask to go back to after sigsuspend, ppoll and others
    bool restore_blocked = false;   // after the handler, or at the end of the call, saved_blocked comes back
    SignalSet awaited;              // rt_sigtimedwait: signals that wake it although they are blocked
    bool is_forced_to_die = false;  // an unhandled fault of its own, which ends even init
    AlternateStack alternate_stack;
    RestartBlock restart;
    std::uint64_t fault_address = 0;   // of the last fault that became a signal: goes into the signal frame
    std::uint64_t fault_syndrome = 0;  // ESR_EL1 then; 0: none

    Tracing tracing;
    List<Task, TracedTask> tracees;

    // Start and end of a thread.
    std::uint64_t clear_child_tid = 0;  // user address, 0: none
    std::uint64_t set_child_tid = 0;    // where a new task writes its number before it runs
    std::uint64_t robust_list = 0;
    std::uint64_t rseq_address = 0;
    std::uint32_t rseq_size = 0;
    std::uint32_t rseq_signature = 0;
    bool rseq_needs_update = false;
    int parent_death_signal = 0;
    RefPtr<SharedUntilExit> semaphore_undo;   // CLONE_SYSVSEM; made when it is needed
    class VforkWait* vfork_parent = nullptr;  // wakes the parent at exec or exit

    // Scheduling.
    std::int64_t virtual_runtime = 0;  // ns of CPU time, as task/scheduler.hpp counts it
    std::int64_t slice_start = 0;      // monotonic: when it was last put on the CPU
    std::int64_t last_accounted = 0;   // monotonic: up to here its time is in user_time and system_time
    bool needs_reschedule = false;
    int nice = 0;
    int policy = 0;                      // SCHED_*
    int io_priority = 0;                 // ioprio_set's
    bool resets_policy_on_fork = false;  // SCHED_RESET_ON_FORK
    int realtime_priority = 0;
    DeadlineParameters deadline;
    std::uint64_t timer_slack = 50'000;          // ns; Linux's default
    std::uint64_t default_timer_slack = 50'000;  // what PR_SET_TIMERSLACK 0 goes back to
    std::int64_t user_time = 0;                  // ns
    std::int64_t system_time = 0;
    std::int64_t started = 0;  // monotonic
    std::uint64_t minor_faults = 0;
    IoCounts io;
    std::uint64_t voluntary_switches = 0;
    std::uint64_t involuntary_switches = 0;

    List<CpuTimer> cpu_timers;  // that run on this thread's time

    unsigned long personality = 0;               // man 2 personality
    std::uint32_t login_user = kNobodyLoggedIn;  // /proc/PID/loginuid, which login programs set
    std::uint32_t login_session = kNobodyLoggedIn;
    static constexpr std::uint32_t kNobodyLoggedIn = UINT32_MAX;
    bool no_new_privileges = false;
    bool is_io_flusher = false;           // PR_SET_IO_FLUSHER
    int memory_failure_policy = 2;        // PR_MCE_KILL_*; the default is PR_MCE_KILL_DEFAULT
    bool takes_tagged_addresses = false;  // PR_SET_TAGGED_ADDR_CTRL
    unsigned long store_bypass = 2;       // PR_SET_SPECULATION_CTRL; the default is PR_SPEC_ENABLE
    // The user had too many tasks when this one became its: execve fails with EAGAIN while that is so.
    bool has_too_many_tasks = false;
    int exit_status = 0;  // as wait4 reports it
    std::array<char, kNameSize> command_name{};
};

}  // namespace kernel
