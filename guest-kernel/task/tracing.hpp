// Being traced by ptrace: what is kept of it, and the stops that a task makes for its tracer (man 2 ptrace;
// Linux kernel/ptrace.c, kernel/signal.c).
#pragma once

#include <asm/siginfo.h>

#include <cstdint>
#include <optional>

namespace kernel {

class Process;
class Task;
struct Registers;
struct TracedTask {};

// How the tracer let a task go on.
enum class ResumedTo : bool { NextEvent, NextCall };

struct Tracing {
    Task* tracer = nullptr;     // null: nobody traces the task
    bool is_seized = false;     // by PTRACE_SEIZE, not PTRACE_ATTACH or PTRACE_TRACEME
    unsigned long options = 0;  // PTRACE_O_*
    ResumedTo resumed_to = ResumedTo::NextEvent;

    // The stop that it is in.
    bool is_in_stop = false;
    bool is_listening = false;  // PTRACE_LISTEN: stopped still, for the tracer as if it ran
    int status = 0;             // what wait tells; 0: it has. When it goes on: the signal that it gets
    std::optional<siginfo_t> info = std::nullopt;  // PTRACE_GETSIGINFO
    unsigned long message = 0;                     // PTRACE_GETEVENTMSG

    // Stops to come (Linux's JOBCTL_TRAP_STOP and JOBCTL_TRAP_NOTIFY).
    bool owes_stop = false;
    bool owes_notice = false;
    // The tracer has been shown the group stop that is in force.
    bool has_joined_stop = false;

    bool owes_anything() const { return owes_stop || owes_notice; }
};

// man 2 ptrace, PTRACE_ATTACH, PTRACE_SEIZE and PTRACE_TRACEME, without the checks.
void begin_tracing(Task& task, Task& tracer, bool is_seized, unsigned long options);
// PTRACE_DETACH, once the task goes on with a signal, and what the end of a tracer does. A task that has
// ended is left to its parent.
void end_tracing(Task& task);
// A task ends: those that it traces are let go, or killed with it (PTRACE_O_EXITKILL).
void let_go_of_tracees(Task& tracer);
// From its stop, with a signal or 0.
void resume_tracee(Task& task, int signal, ResumedTo to);

// Stops the current task for its tracer and returns the signal with which that lets it go on, 0: none.
// `status` is what wait tells, `info` what the stop is (null: a group stop of a task that is not seized),
// `reason` CLD_*.
int stop_for_tracer(Task& task, int status, const siginfo_t* info, int reason, unsigned long message);

// PTRACE_EVENT_*: stops if the tracer has asked for the event. SIGTRAP for execve where it has not.
bool traces_event(const Task& task, int event);
void stop_at_event(Task& task, int event, unsigned long message);
// Around a system call. False: it is not to be made, for the task was killed.
bool stop_at_call_entry(Task& task, Registers& registers);
void stop_at_call_exit(Task& task, Registers& registers);

// A signal is about to be acted upon. Its number may be changed by the tracer; 0: not this one, not now.
void stop_at_signal(Task& task, siginfo_t& info);
// A group stop, PTRACE_INTERRUPT, the first stop of a new tracee.
void stop_as_owed(Task& task);
// SIGCONT: seized tasks tell their tracers of it.
void owe_notice(Task& task);
// A stop that PTRACE_LISTEN keeps up is over, or sleeping ends.
void wake_tracee(Task& task);

// Is the tracer another process than the parent? Then that sees the end only after the tracer has.
bool is_traced_by_stranger(const Task& task);

}  // namespace kernel
