// A process: the threads that share a pid (Linux's thread group), its place among processes, and what it
// leaves for its parent.
#pragma once

#include <linux/resource.h>

#include <array>
#include <cstdint>

#include "lib/list.hpp"
#include "lib/ref.hpp"
#include "signal/signals.hpp"
#include "task/cpu_timer.hpp"
#include "task/wait_queue.hpp"
#include "time/timer.hpp"

namespace kernel {

class AddressSpace;
class PosixTimer;
class Task;
class Tty;
struct TaskOfProcess;
struct ChildOfProcess {};
struct ProcessInTable {};

struct CpuTimes {
    std::int64_t user = 0;  // ns
    std::int64_t system = 0;
};

// What /proc/<pid>/io counts.
struct IoCounts {
    std::uint64_t bytes_read = 0;
    std::uint64_t bytes_written = 0;
    std::uint64_t reads = 0;  // calls, whatever they moved
    std::uint64_t writes = 0;
    void add(const IoCounts& other) {
        bytes_read += other.bytes_read;
        bytes_written += other.bytes_written;
        reads += other.reads;
        writes += other.writes;
    }
};

struct ResourceUsage {
    CpuTimes times;
    std::uint64_t minor_faults = 0;
    std::uint64_t voluntary_switches = 0;
    std::uint64_t involuntary_switches = 0;
    std::uint64_t maximum_resident_pages = 0;
    void add(const ResourceUsage& other);
};

// What one thread has used so far.
ResourceUsage task_usage(const Task& task);

// ITIMER_REAL. A periodic one stands still from its expiry until a program gets the signal (Linux
// kernel/signal.c, dequeue_signal).
class IntervalTimer final : public Timer {
  public:
    explicit IntervalTimer(Process& process) : process_(process) {}
    // The program gets its signal.
    void signal_taken();
    std::int64_t interval = 0;  // ns; 0: once

  protected:
    void expire() override;  // sends SIGALRM

  private:
    Process& process_;
};

class Process : public RefCounted, public ListNode<ChildOfProcess>, public ListNode<ProcessInTable> {
  public:
    explicit Process(int number);
    ~Process() override;

    rlimit64 limit(unsigned resource) const { return limits[resource]; }
    // The usage of all threads, including those that have ended.
    ResourceUsage usage();
    IoCounts io_counts();
    // The process gives up an address space: remembers its peak.
    void note_peak_memory(AddressSpace& space);
    Task* leader();
    // Threads as /proc counts them: an ended leader too, until it is reaped.
    unsigned thread_count();
    unsigned live_thread_count();
    // The thread that takes over the children of one that ends; null: none is left.
    Task* live_thread();

    const int id;
    int group = 0;
    int session = 0;
    RefPtr<Tty> controlling_terminal;
    // Of a session's leader whose terminal has hung up: the group that was in the foreground; 0: none.
    int lost_foreground_group = 0;
    bool has_executed = false;  // since fork: setpgid is EACCES then

    Process* parent = nullptr;  // null: init, or the process has been reaped
    List<Process, ChildOfProcess> children;
    int parent_thread = 0;              // the thread of the parent that made it, or its heir
    List<Task, TaskOfProcess> threads;  // live threads, and the leader even after its end, until it is reaped
    WaitQueue child_changed;            // wait4 sleeps here
    WaitQueue exited;                   // pidfd poll sleeps here
    WaitQueue thread_ended;             // execve waits here for the other threads

    PendingSignals pending;       // sent to the process as a whole
    int exit_signal = 0;          // to the parent; SIGCHLD for fork
    std::uint32_t real_user = 0;  // the leader's, for siginfo
    bool is_exiting = false;      // exit_group or a fatal signal: every thread is on its way out
    bool is_zombie = false;
    int exit_status = 0;               // as wait4 reports it
    int stop_signal = 0;               // every thread stops, or has stopped, for this one; 0: none does
    bool is_stopped = false;           // every thread has
    bool stop_unreported = false;      // for WUNTRACED
    bool continue_unreported = false;  // for WCONTINUED
    int unannounced_change = 0;        // CLD_* that the next thread to run tells the parent; 0: nothing
    bool is_child_subreaper = false;

    ResourceUsage past;  // of dead threads, and of the programs before the last execve
    ResourceUsage reaped_children;
    IoCounts past_io;              // of dead threads
    int oom_adjustment = 0;        // oom_score_adj
    int least_oom_adjustment = 0;  // what the process may go back to on its own
    std::array<rlimit64, RLIM_NLIMITS> limits{};
    IntervalTimer real_timer;
    CpuIntervalTimer virtual_timer;
    CpuIntervalTimer profile_timer;
    List<CpuTimer> cpu_timers;  // that run
    List<PosixTimer> posix_timers;
    int next_posix_timer = 0;
};

// ESRCH when there is no such process (a zombie is one still) or task (an ended leader is one until it is
// reaped).
Result<Ref<Process>> find_process(int id);
Result<Ref<Task>> find_task(int id);
// The process of any of its threads: what most calls take for a pid (Linux find_task_by_vpid).
Result<Ref<Process>> find_process_of_thread(int id);
// All of them, in order of pid.
List<Process, ProcessInTable>& all_processes();

}  // namespace kernel
