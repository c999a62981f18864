// Limits on numbers of tasks and of signals (man 2 getrlimit).
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>

#include "tests/kernel/case.h"

namespace {

constexpr unsigned kUser = 1000;

void set_limit(__rlimit_resource resource, rlim_t value) {
    const rlimit limit = {value, value};
    CHECK(setrlimit(resource, &limit) == 0);
}

// How many of at most eight children fork gives; they have ended when this returns.
int count_children() {
    pid_t children[8];
    int count = 0;
    for (pid_t& child : children) {
        child = fork();
        if (child == 0) {
            for (;;) {
                pause();
            }
        }
        if (child < 0) {
            CHECK(errno == EAGAIN);
            break;
        }
        ++count;
    }
    for (int i = 0; i < count; ++i) {
        kill(children[i], SIGKILL);
        waitpid(children[i], nullptr, 0);
    }
    return count;
}

void block_all_signals(sigset_t& set) {
    sigfillset(&set);
    sigprocmask(SIG_BLOCK, &set, nullptr);
}

}  // namespace

CASE(task_limit_of_a_user_refuses_fork) {
    set_limit(RLIMIT_NPROC, 5);
    CHECK(setuid(kUser) == 0);
    CHECK(count_children() == 4);
}

CASE(task_limit_counts_zombies) {
    set_limit(RLIMIT_NPROC, 2);
    CHECK(setuid(kUser) == 0);
    const pid_t child = fork();
    if (child == 0) {
        _exit(0);
    }
    siginfo_t info;
    CHECK(waitid(P_PID, static_cast<id_t>(child), &info, WEXITED | WNOWAIT) == 0);
    CHECK_ERRNO(fork(), EAGAIN);
    CHECK(waitpid(child, nullptr, 0) == child);
    CHECK(count_children() == 1);
}

CASE(task_limit_does_not_hold_for_root) {
    set_limit(RLIMIT_NPROC, 1);
    CHECK(count_children() == 8);
}

CASE(user_with_too_many_tasks_cannot_execute) {
    const pid_t other = fork();
    if (other == 0) {
        setuid(kUser);
        pause();
    }
    usleep(20000);
    set_limit(RLIMIT_NPROC, 0);
    CHECK(setuid(kUser) == 0);
    CHECK_ERRNO(execl("/init", "/init", "exit-with", "0", nullptr), EAGAIN);
    kill(other, SIGKILL);
}

CASE(task_limit_is_half_of_what_memory_allows) {
    rlimit limit{};
    CHECK(getrlimit(RLIMIT_NPROC, &limit) == 0);
    std::FILE* file = std::fopen("/proc/sys/kernel/threads-max", "r");
    unsigned long most = 0;
    CHECK(file != nullptr && std::fscanf(file, "%lu", &most) == 1);
    CHECK(limit.rlim_cur == most / 2 && limit.rlim_max == most / 2);
}

CASE(queued_signals_are_limited) {
    sigset_t set;
    block_all_signals(set);
    set_limit(RLIMIT_SIGPENDING, 2);
    CHECK(sigqueue(getpid(), SIGRTMIN, {.sival_int = 7}) == 0);
    CHECK(sigqueue(getpid(), SIGRTMIN, {.sival_int = 8}) == 0);
    CHECK_ERRNO(sigqueue(getpid(), SIGRTMIN, {.sival_int = 9}), EAGAIN);
    // These come all the same, and do not say from whom.
    CHECK(sigqueue(getpid(), SIGUSR1, {.sival_int = 9}) == 0);
    CHECK(kill(getpid(), SIGRTMIN + 1) == 0);
    siginfo_t info;
    CHECK(sigwaitinfo(&set, &info) == SIGUSR1 && info.si_code == SI_USER && info.si_pid == 0);
    CHECK(sigwaitinfo(&set, &info) == SIGRTMIN && info.si_value.sival_int == 7);
    CHECK(sigwaitinfo(&set, &info) == SIGRTMIN && info.si_value.sival_int == 8);
    CHECK(sigwaitinfo(&set, &info) == SIGRTMIN + 1 && info.si_code == SI_USER && info.si_pid == 0);
}
