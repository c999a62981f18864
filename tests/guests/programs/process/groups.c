// Process groups and sessions: who may be moved where, and until when.
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "../behaviours.h"
#include "../report.h"

static int to_child[2];
static int to_parent[2];

static void tell(const int* channel) {
    (void)!write(channel[1], "x", 1);
}

static void await(const int* channel) {
    char byte;
    (void)!read(channel[0], &byte, 1);
}

static void moving(void) {
    TRY(getpgid(0) == getpgrp());
    TRY(getpgid(-1));
    TRY(getsid(-1));
    TRY(getpgid(32000));
    TRY(setpgid(0, -1));
    TRY(setpgid(-1, 0));
    TRY(setpgid(32000, 0));
    TRY(setpgid(1, 0));
    TRY(setpgid(0, 32000));
    fflush(stdout);
    const pid_t child = fork();
    if (child == 0) {
        tell(to_parent);
        await(to_child);
        TRY(getpgrp() == getpid());
        TRY(setpgid(0, 0));
        TRY(setsid());
        tell(to_parent);
        await(to_child);
        TRY(getpgrp() == getppid());
        TRY(setsid() == getpid());
        TRY(setsid());
        TRY(setpgid(0, 0));
        TRY(getsid(0) == getpid());
        tell(to_parent);
        await(to_child);
        _exit(0);
    }
    await(to_parent);
    TRY(setpgid(child, child));
    TRY(getpgid(child) == child);
    tell(to_child);
    await(to_parent);
    TRY(setpgid(0, 0));
    TRY(setpgid(0, child));
    TRY(getpgrp() == child);
    TRY(setpgid(0, getpid()));
    TRY(setpgid(child, getpid()));
    tell(to_child);
    await(to_parent);
    TRY(setpgid(child, child));
    TRY(setpgid(child, getpid()));
    TRY(setpgid(0, child));
    TRY(getsid(child) == child);
    tell(to_child);
    waitpid(child, NULL, 0);
    TRY(getpgid(child));
}

static void executing(void) {
    fflush(stdout);
    const pid_t child = fork();
    if (child == 0) {
        dup2(to_child[0], 20);
        dup2(to_parent[1], 21);
        execl("/proc/self/exe", "groups", "executed", NULL);
        _exit(1);
    }
    await(to_parent);
    TRY(setpgid(child, child));
    TRY(setpgid(child, 0));
    tell(to_child);
    waitpid(child, NULL, 0);
    TRY(setpgid(child, child));
}

static void executed(void) {
    (void)!write(21, "x", 1);
    char byte;
    (void)!read(20, &byte, 1);
}

// Signals to groups reach every member, and the error is the best that any gave.
static void signals(void) {
    int status;
    prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
    TRY(kill(-32000, 0));
    fflush(stdout);
    const pid_t leader = fork();
    if (leader == 0) {
        setpgid(0, 0);
        if (fork() == 0) {
            tell(to_parent);
            pause();
        }
        tell(to_parent);
        await(to_child);
        wait(&status);
        printf("grandchild ended by %d\n", WTERMSIG(status));
        _exit(0);
    }
    await(to_parent);
    await(to_parent);
    TRY(kill(-leader, 0));
    TRY(kill(-leader, 65));
    TRY(killpg(leader, SIGWINCH));
    fflush(stdout);
    if (fork() == 0) {
        setuid(1000);
        TRY(kill(-leader, SIGTERM));
        TRY(kill(leader, 0));
        TRY(kill(leader, SIGCONT));
        TRY(kill(1, 0));
        _exit(0);
    }
    wait(NULL);
    TRY(kill(-leader, SIGTERM));
    waitpid(leader, &status, 0);
    printf("ended by %d\n", WTERMSIG(status));
    wait(&status);
    printf("and the leader's child by %d\n", WTERMSIG(status));
}

// Who gets the children of those that end.
static void orphans(void) {
    TRY(prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0));
    int is_one = 7;
    TRY(prctl(PR_GET_CHILD_SUBREAPER, &is_one, 0, 0, 0));
    printf("  %d\n", is_one);
    const pid_t self = getpid();
    fflush(stdout);
    const pid_t child = fork();
    if (child == 0) {
        is_one = 7;
        prctl(PR_GET_CHILD_SUBREAPER, &is_one, 0, 0, 0);
        printf("  inherited %d\n", is_one);
        fflush(stdout);
        if (fork() == 0) {
            prctl(PR_SET_PDEATHSIG, SIGUSR1);
            sigset_t set;
            sigemptyset(&set);
            sigaddset(&set, SIGUSR1);
            sigprocmask(SIG_BLOCK, &set, NULL);
            tell(to_parent);
            siginfo_t info;
            TRY(sigwaitinfo(&set, &info));
            printf("  code %d\n", info.si_code);
            TRY(getppid() == self);
            _exit(5);
        }
        await(to_parent);
        _exit(4);
    }
    int status = 0;
    int grandchilds = 0;
    waitpid(child, &status, 0);
    wait(&grandchilds);
    printf("child %x, grandchild %x\n", status, grandchilds);
    TRY(wait(&status));
}

int main(int count, char** arguments) {
    (void)!pipe(to_child);
    (void)!pipe(to_parent);
    static const struct Behaviour kBehaviours[] = {{"moving", moving},
                                                   {"executing", executing},
                                                   {"executed", executed},
                                                   {"signals", signals},
                                                   {"orphans", orphans}};
    setvbuf(stdout, NULL, _IOLBF, 0);
    return run_behaviour(kBehaviours, sizeof(kBehaviours) / sizeof(kBehaviours[0]),
                         count > 1 ? arguments[1] : NULL);
}
