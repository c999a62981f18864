// Policies, priorities and affinities (man 7 sched, man 2 setpriority).
#include <sched.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>

#include "behaviour.hpp"

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
    EXPECT(waitpid(child, &status, 0) == child);
    return WEXITSTATUS(status);
}

long slice_in_nanoseconds() {
    timespec slice{};
    EXPECT(sched_rr_get_interval(0, &slice) == 0);
    return slice.tv_nsec;
}

}  // namespace

CASE(policy_can_end_with_fork) {
    EXPECT(set_policy(0, SCHED_RR, 5) == 0 && policy_after_fork() == SCHED_RR);
    EXPECT(set_policy(0, SCHED_RR | SCHED_RESET_ON_FORK, 5) == 0);
    EXPECT(sched_getscheduler(0) == (SCHED_RR | SCHED_RESET_ON_FORK));
    EXPECT(policy_after_fork() == SCHED_OTHER);
}

CASE(slice_follows_the_policy) {
    EXPECT(set_policy(0, SCHED_RR, 5) == 0 && slice_in_nanoseconds() == 100000000);
    EXPECT(set_policy(0, SCHED_FIFO, 5) == 0 && slice_in_nanoseconds() == 0);
    EXPECT(set_policy(0, SCHED_OTHER, 0) == 0 && slice_in_nanoseconds() == 4000000);
}

CASE(users_cannot_schedule_others) {
    EXPECT(setuid(kUser) == 0);
    EXPECT_ERROR(set_policy(0, SCHED_FIFO, 5), EPERM);
    EXPECT_ERROR(set_policy(1, SCHED_OTHER, 0), EPERM);
    EXPECT_ERROR(setpriority(PRIO_PROCESS, 1, 5), EPERM);
    unsigned long mask = 1;
    EXPECT_ERROR(syscall(SYS_sched_setaffinity, 1, sizeof(mask), &mask), EPERM);
    EXPECT(syscall(SYS_sched_getaffinity, 1, sizeof(mask), &mask) == sizeof(mask));
}

CASE(users_cannot_raise_themselves) {
    EXPECT(setuid(kUser) == 0);
    EXPECT_ERROR(setpriority(PRIO_PROCESS, 0, -1), EACCES);
    EXPECT(setpriority(PRIO_PROCESS, 0, 3) == 0);
    EXPECT_ERROR(setpriority(PRIO_PROCESS, 0, 2), EACCES);
    EXPECT(set_policy(0, SCHED_IDLE, 0) == 0);
    EXPECT_ERROR(set_policy(0, SCHED_OTHER, 0), EPERM);
}

CASE(affinity_of_nobody_is_esrch) {
    unsigned long mask = 1;
    EXPECT_ERROR(syscall(SYS_sched_getaffinity, -1, sizeof(mask), &mask), ESRCH);
    EXPECT_ERROR(syscall(SYS_sched_setaffinity, -1, sizeof(mask), &mask), ESRCH);
    EXPECT_ERROR(sched_getscheduler(-1), EINVAL);
}
