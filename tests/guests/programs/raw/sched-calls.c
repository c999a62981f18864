// The older calls of scheduling: policies and priorities and who may set them, ranges, slices, affinities.
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>

#include "../behaviours.h"
#include "../report.h"

enum { kNobody = 32000, kResetOnFork = 0x40000000, kDeadline = 6 };

static long set_policy(int task, int policy, int priority) {
    const struct sched_param parameter = {.sched_priority = priority};
    return syscall(SYS_sched_setscheduler, task, policy, &parameter);
}

static long set_priority(int task, int priority) {
    const struct sched_param parameter = {.sched_priority = priority};
    return syscall(SYS_sched_setparam, task, &parameter);
}

static void show_task(int task) {
    struct sched_param parameter = {.sched_priority = -7};
    const long policy = syscall(SYS_sched_getscheduler, task);
    const long result = syscall(SYS_sched_getparam, task, &parameter);
    printf("  policy %lx, %ld, priority %d\n", policy, result, parameter.sched_priority);
}

static void ranges(void) {
    for (int policy = -1; policy <= 8; policy++) {
        const long most = syscall(SYS_sched_get_priority_max, policy);
        printf("%d: %ld %ld\n", policy, most, syscall(SYS_sched_get_priority_min, policy));
    }
    struct timespec slice = {7, 7};
    TRY(syscall(SYS_sched_rr_get_interval, -1, &slice));
    TRY(syscall(SYS_sched_rr_get_interval, kNobody, &slice));
    TRY(syscall(SYS_sched_rr_get_interval, 0, kBadAddress));
    for (int policy = SCHED_FIFO; policy <= SCHED_RR; policy++) {
        TRY(set_policy(0, policy, 1));
        TRY(syscall(SYS_sched_rr_get_interval, 0, &slice));
        printf("  %ld %ld\n", slice.tv_sec, slice.tv_nsec);
    }
}

static void policies(void) {
    const struct sched_param none = {0};
    show_task(0);
    show_task(getpid());
    show_task(-1);
    show_task(kNobody);
    TRY(syscall(SYS_sched_getparam, 0, NULL));
    TRY(syscall(SYS_sched_getparam, 0, kBadAddress));
    TRY(syscall(SYS_sched_getparam, kNobody, kBadAddress));
    TRY(syscall(SYS_sched_setscheduler, 0, SCHED_OTHER, NULL));
    TRY(syscall(SYS_sched_setscheduler, 0, SCHED_OTHER, kBadAddress));
    TRY(syscall(SYS_sched_setscheduler, 0, -1, &none));
    TRY(syscall(SYS_sched_setscheduler, -1, SCHED_OTHER, &none));
    TRY(syscall(SYS_sched_setscheduler, kNobody, 99, &none));
    TRY(syscall(SYS_sched_setparam, 0, NULL));
    TRY(syscall(SYS_sched_setparam, 0, kBadAddress));
    TRY(set_priority(-1, 0));
    TRY(set_priority(kNobody, 0));
    TRY(set_priority(0, 1));
    TRY(set_policy(0, 4, 0));
    TRY(set_policy(0, 7, 0));
    TRY(set_policy(0, kDeadline, 0));
    TRY(set_policy(0, SCHED_OTHER, 1));
    TRY(set_policy(0, SCHED_BATCH, -1));
    TRY(set_policy(0, SCHED_FIFO, 0));
    TRY(set_policy(0, SCHED_FIFO, 100));
    TRY(set_policy(0, SCHED_RR, -1));
    TRY(set_policy(0, SCHED_RR, 99));
    show_task(0);
    TRY(set_priority(0, 100));
    TRY(set_priority(0, 0));
    TRY(set_priority(0, 50));
    show_task(0);
    TRY(set_policy(0, SCHED_FIFO, 1));
    TRY(set_policy(0, SCHED_IDLE, 0));
    TRY(set_policy(0, SCHED_BATCH, 0));
    show_task(0);
    TRY(set_policy(0, SCHED_RR | kResetOnFork, 3));
    show_task(0);
    fflush(stdout);
    if (fork() == 0) {
        show_task(0);
        _exit(0);
    }
    wait(NULL);
    TRY(set_policy(0, SCHED_RR, 3));
    setpriority(PRIO_PROCESS, 0, -4);
    fflush(stdout);
    if (fork() == 0) {
        show_task(0);
        TRY(set_policy(getppid(), SCHED_OTHER | kResetOnFork, 0));
        show_task(getppid());
        _exit(0);
    }
    wait(NULL);
    show_task(0);
    fflush(stdout);
    if (fork() == 0) {
        TRY(getpriority(PRIO_PROCESS, 0));
        show_task(0);
        _exit(0);
    }
    wait(NULL);
}

static void limit_to(int resource, rlim_t value) {
    const struct rlimit limit = {value, value};
    setrlimit(resource, &limit);
}

static void as_user(void) {
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(0, &set);
    const int parent = getppid();
    limit_to(RLIMIT_RTPRIO, 5);
    limit_to(RLIMIT_NICE, 15);
    setresuid(1000, 1000, 1000);
    TRY(set_policy(parent, SCHED_OTHER, 0));
    TRY(set_priority(parent, 0));
    TRY(syscall(SYS_sched_setaffinity, parent, sizeof(set), &set));
    TRY(syscall(SYS_sched_getaffinity, parent, sizeof(set), &set) > 0);
    show_task(parent);
    TRY(syscall(SYS_sched_setaffinity, 0, sizeof(set), &set));
    TRY(set_policy(0, SCHED_FIFO, 6));
    TRY(set_policy(0, SCHED_FIFO, 5));
    TRY(set_priority(0, 4));
    TRY(set_policy(0, SCHED_RR | kResetOnFork, 5));
    TRY(set_policy(0, SCHED_RR, 5));
    TRY(set_policy(0, SCHED_OTHER | kResetOnFork, 0));
    TRY(set_policy(0, SCHED_OTHER, 0));
    limit_to(RLIMIT_RTPRIO, 0);
    TRY(set_policy(0, SCHED_FIFO | kResetOnFork, 1));
    TRY(set_policy(0, SCHED_BATCH | kResetOnFork, 0));
    TRY(set_policy(0, SCHED_IDLE | kResetOnFork, 0));
    TRY(set_policy(0, SCHED_OTHER | kResetOnFork, 0));
    setpriority(PRIO_PROCESS, 0, 5);
    TRY(set_policy(0, SCHED_OTHER | kResetOnFork, 0));
    show_task(0);
}

static void rights(void) {
    fflush(stdout);
    if (fork() == 0) {
        as_user();
        _exit(0);
    }
    wait(NULL);
    limit_to(RLIMIT_RTPRIO, 0);
    TRY(set_policy(0, SCHED_FIFO, 7));
    fflush(stdout);
    if (fork() == 0) {
        setresuid(1000, 1000, 1000);
        TRY(set_priority(0, 7));
        TRY(set_priority(0, 6));
        TRY(set_priority(0, 7));
        TRY(set_policy(0, SCHED_RR, 1));
        TRY(set_policy(0, SCHED_OTHER, 0));
        TRY(set_policy(0, SCHED_FIFO, 1));
        show_task(0);
        _exit(0);
    }
    wait(NULL);
}

int main(int count, char** arguments) {
    static const struct Behaviour kBehaviours[] = {
        {"ranges", ranges}, {"policies", policies}, {"rights", rights}};
    setvbuf(stdout, NULL, _IOLBF, 0);
    return run_behaviour(kBehaviours, sizeof(kBehaviours) / sizeof(kBehaviours[0]),
                         count > 1 ? arguments[1] : NULL);
}
