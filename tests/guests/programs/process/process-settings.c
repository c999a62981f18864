// What a process sets for itself: names, limits, priorities, personality, umask, and all of prctl's small
// switches.
#include <limits.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/times.h>
#include <sys/wait.h>

#include "../behaviours.h"
#include "../report.h"

static void switches(void) {
    char name[17] = "";
    int value = -1;
    TRY(prctl(PR_SET_NAME, "a name that is too long", 0, 0, 0));
    TRY(prctl(PR_GET_NAME, name, 0, 0, 0));
    printf("  %s\n", name);
    TRY(prctl(PR_SET_NAME, kBadAddress, 0, 0, 0));
    TRY(prctl(PR_GET_NAME, kBadAddress, 0, 0, 0));
    TRY(prctl(PR_SET_PDEATHSIG, 65, 0, 0, 0));
    TRY(prctl(PR_SET_PDEATHSIG, -1, 0, 0, 0));
    TRY(prctl(PR_SET_PDEATHSIG, SIGTERM, 0, 0, 0));
    TRY(prctl(PR_GET_PDEATHSIG, &value, 0, 0, 0));
    printf("  %d\n", value);
    TRY(prctl(PR_GET_DUMPABLE, 0, 0, 0, 0));
    TRY(prctl(PR_SET_DUMPABLE, 2, 0, 0, 0));
    TRY(prctl(PR_SET_DUMPABLE, 0, 0, 0, 0));
    TRY(prctl(PR_GET_DUMPABLE, 0, 0, 0, 0));
    TRY(prctl(PR_SET_NO_NEW_PRIVS, 0, 0, 0, 0));
    TRY(prctl(PR_SET_NO_NEW_PRIVS, 1, 1, 0, 0));
    TRY(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0));
    TRY(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
    TRY(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0));
    TRY(prctl(PR_GET_NO_NEW_PRIVS, 0, 1, 0, 0));
    TRY(prctl(PR_GET_TIMERSLACK, 0, 0, 0, 0));
    TRY(prctl(PR_SET_TIMERSLACK, 12345, 0, 0, 0));
    TRY(prctl(PR_GET_TIMERSLACK, 0, 0, 0, 0));
    TRY(prctl(PR_SET_TIMERSLACK, 0, 0, 0, 0));
    TRY(prctl(PR_GET_TIMERSLACK, 0, 0, 0, 0));
    TRY(prctl(PR_GET_TIMING, 0, 0, 0, 0));
    TRY(prctl(PR_SET_TIMING, 1, 0, 0, 0));
    TRY(prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0));
    TRY(prctl(PR_GET_THP_DISABLE, 0, 0, 0, 0));
    TRY(prctl(PR_GET_THP_DISABLE, 1, 0, 0, 0));
    TRY(prctl(PR_MCE_KILL, PR_MCE_KILL_SET, PR_MCE_KILL_EARLY, 0, 0));
    TRY(prctl(PR_MCE_KILL_GET, 0, 0, 0, 0));
    TRY(prctl(PR_MCE_KILL, PR_MCE_KILL_CLEAR, 1, 0, 0));
    TRY(prctl(PR_GET_IO_FLUSHER, 0, 0, 0, 0));
    TRY(prctl(PR_SET_IO_FLUSHER, 2, 0, 0, 0));
    TRY(prctl(PR_GET_TAGGED_ADDR_CTRL, 0, 0, 0, 0));
    TRY(prctl(PR_SET_TAGGED_ADDR_CTRL, 2, 0, 0, 0));
    TRY(prctl(PR_SET_TAGGED_ADDR_CTRL, 1, 1, 0, 0));
    TRY(prctl(PR_SET_TAGGED_ADDR_CTRL, 1, 0, 0, 0));
    TRY(prctl(PR_GET_TAGGED_ADDR_CTRL, 0, 0, 0, 0));
    TRY(prctl(PR_SET_MM, PR_SET_MM_BRK, 0, 0, 0));
    TRY(prctl(9999, 0, 0, 0, 0));
}

static void show_limit(int resource) {
    struct rlimit limit = {1, 2};
    getrlimit(resource, &limit);
    printf("  %d: %lx %lx\n", resource, limit.rlim_cur, limit.rlim_max);
}

static long limit_of(long pid, int resource, const struct rlimit* next, struct rlimit* old) {
    return syscall(SYS_prlimit64, pid, resource, next, old);
}

static void limits(void) {
    struct rlimit limit = {.rlim_cur = 20, .rlim_max = 10};
    for (int resource = 0; resource < 16; resource++) {
        // Those of numbers of tasks and signals are the machine's.
        if (resource != RLIMIT_NPROC && resource != RLIMIT_SIGPENDING && resource != RLIMIT_MEMLOCK) {
            show_limit(resource);
        }
    }
    TRY(limit_of(0, 16, NULL, &limit));
    TRY(limit_of(0, -1, NULL, &limit));
    TRY(limit_of(-1, RLIMIT_DATA, NULL, &limit));
    TRY(limit_of(32000, RLIMIT_DATA, NULL, &limit));
    limit.rlim_cur = 20;
    limit.rlim_max = 10;
    TRY(limit_of(0, RLIMIT_DATA, &limit, NULL));
    TRY(limit_of(0, RLIMIT_DATA, kBadAddress, NULL));
    TRY(limit_of(0, RLIMIT_DATA, NULL, kBadAddress));
    TRY(limit_of(0, RLIMIT_DATA, NULL, NULL));
    limit.rlim_cur = 1 << 20;
    limit.rlim_max = 1 << 30;
    TRY(limit_of(0, RLIMIT_DATA, &limit, &limit));
    printf("  was %lx %lx\n", limit.rlim_cur, limit.rlim_max);
    show_limit(RLIMIT_DATA);
    limit.rlim_cur = limit.rlim_max = 1024UL * 1024 + 1;
    TRY(setrlimit(RLIMIT_NOFILE, &limit));
    limit.rlim_max = 1024UL * 1024;
    TRY(setrlimit(RLIMIT_NOFILE, &limit));
    limit.rlim_cur = 100;
    TRY(setrlimit(RLIMIT_NOFILE, &limit));
    TRY(dup2(0, 100));
    TRY(dup2(0, 99));
    fflush(stdout);
    const pid_t self = getpid();
    if (fork() == 0) {
        show_limit(RLIMIT_NOFILE);
        setuid(1000);
        TRY(limit_of(self, RLIMIT_DATA, NULL, &limit));
        limit.rlim_cur = 1 << 10;
        limit.rlim_max = (1 << 30) + 1;
        TRY(setrlimit(RLIMIT_DATA, &limit));
        limit.rlim_max = 1 << 20;
        TRY(setrlimit(RLIMIT_DATA, &limit));
        limit.rlim_max = 1 << 21;
        TRY(setrlimit(RLIMIT_DATA, &limit));
        limit.rlim_cur = limit.rlim_max = 0;
        TRY(setrlimit(RLIMIT_NPROC, &limit));
        TRY(fork());
        _exit(0);
    }
    wait(NULL);
    limit.rlim_cur = limit.rlim_max = 100;
    TRY(setrlimit(RLIMIT_FSIZE, &limit));
    signal(SIGXFSZ, SIG_IGN);
    FILE* file = fopen("/tmp/limited", "w");
    TRY(ftruncate(fileno(file), 101));
    TRY(pwrite(fileno(file), "0123456789", 10, 95));
    TRY(pwrite(fileno(file), "0123456789", 10, 100));
    fclose(file);
}

static void priorities(void) {
    TRY(syscall(SYS_getpriority, PRIO_PROCESS, 0));
    TRY(syscall(SYS_getpriority, 3, 0));
    TRY(syscall(SYS_getpriority, PRIO_PROCESS, 32000));
    TRY(syscall(SYS_getpriority, PRIO_PGRP, 32000));
    TRY(syscall(SYS_getpriority, PRIO_USER, 4242));
    TRY(setpriority(3, 0, 0));
    TRY(setpriority(PRIO_PROCESS, 0, 5));
    TRY(syscall(SYS_getpriority, PRIO_PROCESS, 0));
    TRY(setpriority(PRIO_PROCESS, 0, 100));
    TRY(syscall(SYS_getpriority, PRIO_PROCESS, 0));
    TRY(setpriority(PRIO_PROCESS, 0, -100));
    TRY(syscall(SYS_getpriority, PRIO_PROCESS, 0));
    setpriority(PRIO_PROCESS, 0, 3);
    fflush(stdout);
    if (fork() == 0) {
        TRY(syscall(SYS_getpriority, PRIO_PROCESS, 0));
        setuid(1000);
        struct rlimit limit = {.rlim_cur = 18, .rlim_max = 18};
        TRY(setpriority(PRIO_PROCESS, getppid(), 4));
        TRY(setpriority(PRIO_PROCESS, 0, 2));
        TRY(setpriority(PRIO_PROCESS, 0, 4));
        TRY(setrlimit(RLIMIT_NICE, &limit));
        TRY(setpriority(PRIO_USER, 0, 6));
        TRY(syscall(SYS_getpriority, PRIO_USER, 0));
        TRY(syscall(SYS_getpriority, PRIO_PGRP, 0));
        _exit(0);
    }
    wait(NULL);
}

static void kinds(void) {
    TRY(umask(0777777));
    TRY(umask(022));
    TRY(personality(0xffffffff) & 0xff);
    TRY(personality(0xffffffff) & 0xff);
    TRY(personality(ADDR_NO_RANDOMIZE) & 0xff);
    struct rusage usage;
    TRY(getrusage(RUSAGE_SELF, kBadAddress));
    TRY(getrusage(2, &usage));
    TRY(getrusage(RUSAGE_THREAD, &usage));
    TRY(getrusage(RUSAGE_CHILDREN, &usage));
    printf("  %ld %ld %ld\n", usage.ru_minflt, usage.ru_nvcsw, usage.ru_maxrss);
    TRY(syscall(SYS_times, kBadAddress));
    TRY(syscall(SYS_sched_yield));
    cpu_set_t set;
    TRY(syscall(SYS_sched_getaffinity, 0, 4, &set));
    TRY(syscall(SYS_sched_getaffinity, 32000, 128, &set));
    TRY(syscall(SYS_sched_getaffinity, 0, 128, kBadAddress));
    CPU_ZERO(&set);
    TRY(syscall(SYS_sched_setaffinity, 0, sizeof(set), &set));
    CPU_SET(0, &set);
    CPU_SET(1000, &set);
    TRY(syscall(SYS_sched_setaffinity, 0, sizeof(set), &set));
    TRY(syscall(SYS_sched_setaffinity, 0, 1, &set));
    TRY(syscall(SYS_sched_setaffinity, 32000, sizeof(set), &set));
}

int main(int count, char** arguments) {
    static const struct Behaviour kBehaviours[] = {
        {"switches", switches}, {"limits", limits}, {"priorities", priorities}, {"kinds", kinds}};
    setvbuf(stdout, NULL, _IOLBF, 0);
    return run_behaviour(kBehaviours, sizeof(kBehaviours) / sizeof(kBehaviours[0]),
                         count > 1 ? arguments[1] : NULL);
}
