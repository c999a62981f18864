// ioprio_get and ioprio_set: classes, whom they name, who may, what is inherited and what an end leaves.
#include <linux/ioprio.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "../behaviours.h"
#include "../report.h"

static long get(int which, int who) {
    return syscall(SYS_ioprio_get, which, who);
}

static long set(int which, int who, int class, int level) {
    return syscall(SYS_ioprio_set, which, who, IOPRIO_PRIO_VALUE(class, level));
}

static void values(void) {
    TRY(get(IOPRIO_WHO_PROCESS, 0));
    TRY(get(IOPRIO_WHO_PGRP, 0));
    static const int kClasses[] = {
        IOPRIO_CLASS_NONE, IOPRIO_CLASS_RT, IOPRIO_CLASS_BE, IOPRIO_CLASS_IDLE, 4, 7};
    static const int kLevels[] = {0, 1, 7, 8, 100};
    for (size_t i = 0; i < sizeof(kClasses) / sizeof(*kClasses); i++) {
        for (size_t j = 0; j < sizeof(kLevels) / sizeof(*kLevels); j++) {
            const long result = set(IOPRIO_WHO_PROCESS, 0, kClasses[i], kLevels[j]);
            printf("class %d level %d: %s, %ld\n", kClasses[i], kLevels[j],
                   result == 0 ? "set" : strerrorname_np(errno), get(IOPRIO_WHO_PROCESS, 0));
        }
    }
    TRY(set(IOPRIO_WHO_PROCESS, 0, IOPRIO_CLASS_NONE, 0));
    static const int kNice[] = {10, -20, 19, 0};
    for (size_t i = 0; i < sizeof(kNice) / sizeof(*kNice); i++) {
        setpriority(PRIO_PROCESS, 0, kNice[i]);
        TRY(get(IOPRIO_WHO_PGRP, 0));
    }
    static const int kPolicies[] = {SCHED_BATCH, SCHED_IDLE, SCHED_FIFO, SCHED_OTHER};
    for (size_t i = 0; i < sizeof(kPolicies) / sizeof(*kPolicies); i++) {
        const struct sched_param parameters = {.sched_priority = kPolicies[i] == SCHED_FIFO ? 5 : 0};
        sched_setscheduler(0, kPolicies[i], &parameters);
        TRY(get(IOPRIO_WHO_PGRP, 0));
    }
    TRY(get(0, 0));
    TRY(get(4, 0));
    TRY(get(IOPRIO_WHO_PROCESS, 999999));
    TRY(get(IOPRIO_WHO_PROCESS, -1));
    TRY(get(IOPRIO_WHO_PGRP, 999999));
    TRY(get(IOPRIO_WHO_USER, 999999));
    TRY(set(IOPRIO_WHO_PROCESS, 999999, IOPRIO_CLASS_BE, 1));
    TRY(set(9, 0, IOPRIO_CLASS_BE, 1));
    TRY(set(9, 0, 5, 1));
}

static void others(void) {
    setvbuf(stdout, NULL, _IOLBF, 0);
    TRY(set(IOPRIO_WHO_PROCESS, 0, IOPRIO_CLASS_BE, 6));
    int ready[2];
    int go[2];
    (void)!pipe(ready);
    (void)!pipe(go);
    pid_t child = fork();
    if (child == 0) {
        TRY(get(IOPRIO_WHO_PROCESS, 0));
        TRY(set(IOPRIO_WHO_PROCESS, 0, IOPRIO_CLASS_BE, 5));
        TRY(set(IOPRIO_WHO_PROCESS, getppid(), IOPRIO_CLASS_BE, 7));
        (void)!write(ready[1], "", 1);
        (void)!read(go[0], ready, 1);
        _exit(0);
    }
    char byte = 0;
    (void)!read(ready[0], &byte, 1);
    TRY(get(IOPRIO_WHO_PROCESS, 0));
    TRY(get(IOPRIO_WHO_PGRP, 0));
    (void)!write(go[1], "", 1);
    siginfo_t info;
    waitid(P_PID, (id_t)child, &info, WEXITED | WNOWAIT);
    TRY(get(IOPRIO_WHO_PROCESS, child));
    TRY(set(IOPRIO_WHO_PROCESS, child, IOPRIO_CLASS_BE, 1));
    TRY(get(IOPRIO_WHO_PROCESS, child));
    waitpid(child, NULL, 0);
    TRY(get(IOPRIO_WHO_PROCESS, child));
    child = fork();
    if (child == 0) {
        (void)!setuid(1000);
        TRY(set(IOPRIO_WHO_PROCESS, 0, IOPRIO_CLASS_BE, 7));
        TRY(set(IOPRIO_WHO_PROCESS, 0, IOPRIO_CLASS_RT, 7));
        TRY(set(IOPRIO_WHO_PROCESS, getppid(), IOPRIO_CLASS_BE, 1));
        TRY(set(IOPRIO_WHO_PGRP, 0, IOPRIO_CLASS_BE, 1));
        TRY(get(IOPRIO_WHO_PROCESS, getppid()));
        TRY(get(IOPRIO_WHO_USER, 1000));
        TRY(get(IOPRIO_WHO_USER, 0));
        TRY(set(IOPRIO_WHO_USER, 1000, IOPRIO_CLASS_IDLE, 0));
        TRY(get(IOPRIO_WHO_PROCESS, 0));
        TRY(set(IOPRIO_WHO_USER, 0, IOPRIO_CLASS_IDLE, 0));
        _exit(0);
    }
    waitpid(child, NULL, 0);
    TRY(get(IOPRIO_WHO_PROCESS, 0));
}

int main(int count, char** arguments) {
    static const struct Behaviour kBehaviours[] = {{"values", values}, {"others", others}};
    // In a group of its own, whoever starts the program.
    const pid_t child = fork();
    if (child != 0) {
        int status = 0;
        waitpid(child, &status, 0);
        return WEXITSTATUS(status);
    }
    setpgid(0, 0);
    return run_behaviour(kBehaviours, sizeof(kBehaviours) / sizeof(*kBehaviours),
                         count > 1 ? arguments[1] : NULL);
}
