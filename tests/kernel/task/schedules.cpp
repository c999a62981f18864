// Policies, priorities and affinities (man 7 sched, man 2 setpriority).
#include <sched.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>

#include "tests/kernel/case.h"

namespace {

constexpr unsigned kUser = 1000;

int set_policy(pid_t task, int policy, int priority) {
    const sched_param parameters = {priority};
    return sched_setscheduler(task, policy, &parameters);
}

// What sched_getscheduler says in a child.
int policy_after_fork() {
    const pid_t child = fork();
    if (child == 0) {
        _exit(sched_getscheduler(0));
    }
    int status = -1;
    CHECK(waitpid(child, &status, 0) == child);
    return WEXITSTATUS(status);
}

long slice_in_nanoseconds() {
    timespec slice{};
    CHECK(sched_rr_get_interval(0, &slice) == 0);
    return slice.tv_nsec;
}

}  // namespace

CASE(policy_can_end_with_fork) {
    CHECK(set_policy(0, SCHED_RR, 5) == 0 && policy_after_fork() == SCHED_RR);
    CHECK(set_policy(0, SCHED_RR | SCHED_RESET_ON_FORK, 5) == 0);
    CHECK(sched_getscheduler(0) == (SCHED_RR | SCHED_RESET_ON_FORK));
    CHECK(policy_after_fork() == SCHED_OTHER);
}

CASE(slice_follows_the_policy) {
    CHECK(set_policy(0, SCHED_RR, 5) == 0 && slice_in_nanoseconds() == 100000000);
    CHECK(set_policy(0, SCHED_FIFO, 5) == 0 && slice_in_nanoseconds() == 0);
    CHECK(set_policy(0, SCHED_OTHER, 0) == 0 && slice_in_nanoseconds() == 4000000);
}

CASE(users_cannot_schedule_others) {
    CHECK(setuid(kUser) == 0);
    CHECK_ERRNO(set_policy(0, SCHED_FIFO, 5), EPERM);
    CHECK_ERRNO(set_policy(1, SCHED_OTHER, 0), EPERM);
    CHECK_ERRNO(setpriority(PRIO_PROCESS, 1, 5), EPERM);
    unsigned long mask = 1;
    CHECK_ERRNO(syscall(SYS_sched_setaffinity, 1, sizeof(mask), &mask), EPERM);
    CHECK(syscall(SYS_sched_getaffinity, 1, sizeof(mask), &mask) == sizeof(mask));
}

CASE(users_cannot_raise_themselves) {
    CHECK(setuid(kUser) == 0);
    CHECK_ERRNO(setpriority(PRIO_PROCESS, 0, -1), EACCES);
    CHECK(setpriority(PRIO_PROCESS, 0, 3) == 0);
    CHECK_ERRNO(setpriority(PRIO_PROCESS, 0, 2), EACCES);
    CHECK(set_policy(0, SCHED_IDLE, 0) == 0);
    CHECK_ERRNO(set_policy(0, SCHED_OTHER, 0), EPERM);
}

CASE(affinity_of_nobody_is_esrch) {
    unsigned long mask = 1;
    CHECK_ERRNO(syscall(SYS_sched_getaffinity, -1, sizeof(mask), &mask), ESRCH);
    CHECK_ERRNO(syscall(SYS_sched_setaffinity, -1, sizeof(mask), &mask), ESRCH);
    CHECK_ERRNO(sched_getscheduler(-1), EINVAL);
}
