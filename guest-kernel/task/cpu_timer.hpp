// Timers on the CPU time of a process or thread (Linux kernel/time/posix-cpu-timers.c): ITIMER_VIRTUAL,
// ITIMER_PROF, RLIMIT_CPU, and the timers that programs make.
#pragma once

#include <cstdint>

#include "lib/list.hpp"

namespace kernel {

class Process;
class Task;

enum class CpuClock : std::uint8_t { User, UserAndSystem };

// What a process or thread has used until now, in nanoseconds: the current task's time in the kernel counts
// too.
std::int64_t cpu_time_of(Process& process, CpuClock clock);
std::int64_t cpu_time_of(const Task& task, CpuClock clock);

// Derive and implement expire(). It runs when the task that used up the time is about to leave the kernel,
// and may start the timer again.
class CpuTimer : public ListNode<> {
  public:
    explicit CpuTimer(CpuClock clock) : clock_(clock) {}
    virtual ~CpuTimer() = default;

    // Starts, or moves, the timer: it expires when so much CPU time has been used.
    void start(Process& process, std::int64_t expiry);
    void start(Task& task, std::int64_t expiry);
    void stop() { unlink(); }
    bool is_running() const { return is_linked(); }
    // Precondition: running.
    std::int64_t expiry() const { return expiry_; }
    CpuClock clock() const { return clock_; }

    virtual void expire() = 0;

  private:
    CpuClock clock_;
    std::int64_t expiry_ = 0;
};

// ITIMER_VIRTUAL and ITIMER_PROF.
class CpuIntervalTimer final : public CpuTimer {
  public:
    CpuIntervalTimer(Process& process, CpuClock clock, int signal)
        : CpuTimer(clock), process_(process), signal_(signal) {}
    std::int64_t interval = 0;  // ns; 0: once

    void expire() override;

  private:
    Process& process_;
    int signal_;
};

// Expires what has come due on the time of the task and of its process, RLIMIT_CPU included.
void expire_cpu_timers(Task& task);
// When the next of these would come due if the task ran on, on CLOCK_MONOTONIC; INT64_MAX: never.
std::int64_t next_cpu_expiry(Task& task);

}  // namespace kernel
