// What a parent learns of children that stop, continue and end (man 2 wait, man 2 waitid, man 2 sigaction).
#include <sched.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "tests/kernel/case.h"

namespace {

constexpr int kAnyChange = WUNTRACED | WCONTINUED;
constexpr int kContinued = 0xffff;

constexpr int stopped_by(int signal) {
    return signal << 8 | 0x7f;
}

pid_t start_sleeper() {
    const pid_t child = fork();
    if (child == 0) {
        for (;;) {
            pause();
        }
    }
    return child;
}

// The status that is there now; -1: none. (-1 is no status.)
int change_of(pid_t child, int options) {
    int status = 0;
    return waitpid(child, &status, options | WNOHANG) == child ? status : -1;
}

// Waits, by looking without taking, until the child has changed so.
void await(pid_t child, int change) {
    siginfo_t info;
    CHECK(waitid(P_PID, static_cast<id_t>(child), &info, change | WNOWAIT) == 0);
}

void stop(pid_t child) {
    kill(child, SIGSTOP);
    await(child, WSTOPPED);
}

void end(pid_t child) {
    kill(child, SIGKILL);
    int status = 0;
    CHECK(waitpid(child, &status, 0) == child && status == SIGKILL);
}

// SIGCHLD is blocked and taken one by one: how many have come does not depend on who runs when.
void hold_child_signals(int flags) {
    struct sigaction action{};
    action.sa_handler = [](int) {};
    action.sa_flags = flags;
    sigaction(SIGCHLD, &action, nullptr);
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGCHLD);
    sigprocmask(SIG_BLOCK, &set, nullptr);
}

// The code of the SIGCHLD that is pending; 0: none is.
int take_child_signal(int* status = nullptr) {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGCHLD);
    const timespec at_once{};
    siginfo_t info;
    if (sigtimedwait(&set, &info, &at_once) != SIGCHLD) {
        return 0;
    }
    if (status != nullptr) {
        *status = info.si_status;
    }
    return info.si_code;
}

}  // namespace

CASE(each_change_of_a_child_is_reported_once) {
    const pid_t child = start_sleeper();
    CHECK(change_of(child, kAnyChange) == -1);
    stop(child);
    CHECK(change_of(child, WCONTINUED) == -1);
    CHECK(change_of(child, kAnyChange) == stopped_by(SIGSTOP));
    CHECK(change_of(child, kAnyChange) == -1);
    kill(child, SIGCONT);
    CHECK(change_of(child, WUNTRACED) == -1);
    CHECK(change_of(child, kAnyChange) == kContinued);
    CHECK(change_of(child, kAnyChange) == -1);
    kill(child, SIGCONT);  // runs already
    CHECK(change_of(child, kAnyChange) == -1);
    end(child);
}

CASE(later_change_replaces_the_earlier_one) {
    const pid_t child = start_sleeper();
    stop(child);
    kill(child, SIGCONT);
    CHECK(change_of(child, WUNTRACED) == -1);
    CHECK(change_of(child, kAnyChange) == kContinued);
    stop(child);
    kill(child, SIGCONT);
    stop(child);
    CHECK(change_of(child, kAnyChange) == stopped_by(SIGSTOP));
    CHECK(change_of(child, kAnyChange) == -1);
    end(child);
}

CASE(killed_child_is_not_reported_as_continued) {
    const pid_t child = start_sleeper();
    stop(child);
    kill(child, SIGCONT);
    kill(child, SIGKILL);
    int status = 0;
    CHECK(waitpid(child, &status, kAnyChange) == child && status == SIGKILL);
}

CASE(signal_for_a_stopped_child_waits_for_sigcont) {
    const pid_t child = start_sleeper();
    stop(child);
    kill(child, SIGTERM);
    CHECK(change_of(child, WCONTINUED) == -1);
    kill(child, SIGCONT);
    await(child, WEXITED);
    CHECK(change_of(child, kAnyChange) == SIGTERM);
}

CASE(waitid_tells_stop_from_end) {
    const pid_t child = start_sleeper();
    const auto id = static_cast<id_t>(child);
    siginfo_t info;
    stop(child);
    CHECK(waitid(P_PID, id, &info, WEXITED | WNOHANG) == 0 && info.si_pid == 0);
    CHECK(waitid(P_PID, id, &info, WSTOPPED) == 0 && info.si_code == CLD_STOPPED &&
          info.si_status == SIGSTOP);
    kill(child, SIGCONT);
    CHECK(waitid(P_PID, id, &info, WCONTINUED) == 0 && info.si_code == CLD_CONTINUED &&
          info.si_status == SIGCONT);
    kill(child, SIGUSR1);
    await(child, WEXITED);
    CHECK_ERRNO(waitid(P_PID, id, &info, WSTOPPED | WNOHANG), ECHILD);
    CHECK(waitid(P_PID, id, &info, WEXITED) == 0 && info.si_code == CLD_KILLED && info.si_status == SIGUSR1);
    CHECK_ERRNO(waitid(P_PID, id, &info, WEXITED), ECHILD);
}

CASE(parent_is_signalled_at_each_change) {
    hold_child_signals(0);
    const pid_t child = start_sleeper();
    int status = 0;
    stop(child);
    CHECK(take_child_signal(&status) == CLD_STOPPED && status == SIGSTOP);
    kill(child, SIGCONT);
    usleep(20000);  // the child tells it when it runs again
    CHECK(take_child_signal(&status) == CLD_CONTINUED && status == SIGCONT);
    end(child);
    CHECK(take_child_signal(&status) == CLD_KILLED && status == SIGKILL);
    CHECK(take_child_signal() == 0);
}

CASE(continuing_is_told_by_the_child_that_runs_again) {
    hold_child_signals(0);
    const pid_t child = start_sleeper();
    stop(child);
    CHECK(take_child_signal() == CLD_STOPPED);
    // The child does not come between the two signals, however slow the machine is.
    const sched_param first{.sched_priority = 1};
    CHECK_EQUAL(sched_setscheduler(0, SCHED_FIFO, &first), 0);
    kill(child, SIGCONT);
    kill(child, SIGKILL);
    int status = 0;
    CHECK(waitpid(child, &status, 0) == child);
    CHECK(take_child_signal() == CLD_KILLED);
    CHECK(take_child_signal() == 0);
}

CASE(sa_nocldstop_leaves_only_the_end) {
    hold_child_signals(SA_NOCLDSTOP);
    const pid_t child = start_sleeper();
    stop(child);
    kill(child, SIGCONT);
    usleep(20000);
    CHECK(take_child_signal() == 0);
    CHECK(change_of(child, kAnyChange) == kContinued);
    end(child);
    CHECK(take_child_signal() == CLD_KILLED);
}

CASE(ignored_sigchld_leaves_stops_to_be_waited_for) {
    signal(SIGCHLD, SIG_IGN);
    const pid_t child = start_sleeper();
    stop(child);
    CHECK(change_of(child, kAnyChange) == stopped_by(SIGSTOP));
    kill(child, SIGKILL);
    CHECK_ERRNO(waitpid(child, nullptr, 0), ECHILD);
}

CASE(child_that_has_ended_leaves_its_memory_use) {
    const pid_t child = fork();
    if (child == 0) {
        _exit(0);
    }
    rusage usage{};
    CHECK(wait4(child, nullptr, 0, &usage) == child && usage.ru_maxrss > 0);
    rusage all{};
    CHECK(getrusage(RUSAGE_CHILDREN, &all) == 0 && all.ru_maxrss >= usage.ru_maxrss);
}
