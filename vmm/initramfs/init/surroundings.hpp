// The surroundings that a traced program starts in, the same under every kernel and engine: what a program
// inherits through execve and could see. init calls this, and so does the native engine.
#pragma once

namespace levitate::vmm::init {

enum class AddressRandomization { Off, On };

// Under Batch (man 7 sched, SCHED_BATCH) a task that is woken does not take the CPU from the one that woke
// it.
enum class Scheduling { Normal, Batch };

// Hears of a call that the kernel has refused and without which a program can start all the same: its name
// and first argument (-1: none), the errno, and where Surroundings::report_fd is now.
using OnRefused = void (*)(int report_fd, const char* call, int argument, int error);

struct Surroundings {
    // Become 0, 1 and 2. Precondition: each is 3 or more.
    int stdin_fd = -1;
    int stdout_fd = -1;
    int stderr_fd = -1;
    // Becomes 3 with FD_CLOEXEC, so that a failure of execve can be reported; -1: there is none.
    int report_fd = -1;
    const char* directory = "/";
    bool own_session = true;  // else the process stays in the session that it is in
    AddressRandomization randomization = AddressRandomization::Off;
    Scheduling scheduling = Scheduling::Normal;
    OnRefused on_refused = nullptr;  // nullptr: such a call is a failure too
};

inline constexpr int kReportFd = 3;

struct SurroundingsFailure {
    const char* step = nullptr;  // nullptr: all is set up; else the call that failed
    int error = 0;               // its errno
    int report_fd = -1;          // where Surroundings::report_fd has moved to
};

// Without on_refused the surroundings are as described or there is a failure. With it, only descriptors and
// the working directory are certain.
//
// To be called in the child between fork and execve; async-signal-safe (man 7 signal-safety). Sets: a session
// of its own, unless that is not wanted; file descriptors 0, 1 and 2 and no other; every signal at its
// default and none blocked; resource limits; umask 022; the working directory; the personality that turns
// address-space randomisation off; the scheduling policy, which nothing is asked of the kernel for if it is
// the normal one. User and group ids are left alone: init runs as user 0 without supplementary groups, and
// another user cannot become that.
SurroundingsFailure apply_surroundings(const Surroundings& surroundings);

}  // namespace levitate::vmm::init
