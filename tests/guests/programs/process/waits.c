// Waiting for children: what each option asks for, what is taken and what stays, errors and their order.
#include <limits.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "../behaviours.h"
#include "../report.h"

static int gate[2];

static pid_t child_that_exits(int status) {
    const pid_t child = fork();
    if (child == 0) {
        _exit(status);
    }
    return child;
}

// Until a byte comes, which is its exit status.
static pid_t child_at_gate(void) {
    const pid_t child = fork();
    if (child == 0) {
        unsigned char status = 0;
        while (read(gate[0], &status, 1) < 0) {
        }
        _exit(status);
    }
    return child;
}

// Makes no calls once it is there, so that no signal can come between two of them.
static pid_t spinning_child(void) {
    volatile int* const is_there =
        mmap(NULL, sizeof(int), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    const pid_t child = fork();
    if (child == 0) {
        for (*is_there = 1;;) {
        }
    }
    while (!*is_there) {
    }
    return child;
}

static void open_gate(int status) {
    const unsigned char byte = (unsigned char)status;
    (void)!write(gate[1], &byte, 1);
}

static long raw_wait4(long pid, int* status, int options, struct rusage* usage) {
    return syscall(SYS_wait4, pid, status, options, usage);
}

static long raw_waitid(int type, int id, siginfo_t* info, int options) {
    return syscall(SYS_waitid, type, id, info, options, NULL);
}

static void show(const siginfo_t* info, pid_t child) {
    printf("  signo %d, code %d, of the child %d, status %d, user %d\n", info->si_signo, info->si_code,
           info->si_pid == child, info->si_status, (int)info->si_uid);
}

static void errors(void) {
    int status = 77;
    siginfo_t info = {.si_signo = 99};
    TRY(raw_wait4(-1, &status, 0, NULL));
    TRY(raw_wait4(-1, &status, WNOHANG, NULL));
    TRY(raw_wait4(-1, &status, 0x100, NULL));
    TRY(raw_wait4(-1, &status, WEXITED, NULL));
    TRY(raw_wait4(INT_MIN, &status, 0, NULL));
    TRY(raw_wait4(1, &status, WNOHANG, NULL));
    TRY(raw_waitid(P_ALL, 0, &info, 0));
    TRY(raw_waitid(P_ALL, 0, &info, WNOHANG));
    TRY(raw_waitid(P_ALL, 0, &info, WEXITED | 0x10));
    TRY(raw_waitid(7, 0, &info, WEXITED));
    TRY(raw_waitid(P_PID, 0, &info, WEXITED));
    TRY(raw_waitid(P_PID, -1, &info, WEXITED));
    TRY(raw_waitid(P_PGID, -1, &info, WEXITED));
    TRY(raw_waitid(P_PIDFD, -1, &info, WEXITED));
    TRY(raw_waitid(P_PIDFD, 0, &info, WEXITED));
    TRY(raw_waitid(P_PIDFD, 99, &info, WEXITED));
    TRY(raw_waitid(P_ALL, 0, &info, WEXITED | WNOHANG));
    printf("  %d %d\n", info.si_signo, status);
    pid_t child = child_that_exits(3);
    // The report is lost with the answer that cannot be written.
    TRY(raw_wait4(child, kBadAddress, 0, NULL) == child);
    TRY(raw_wait4(child, &status, 0, NULL));
    child = child_that_exits(4);
    TRY(raw_waitid(P_PID, child, kBadAddress, WEXITED));
    TRY(raw_waitid(P_PID, child, &info, WEXITED));
    child = child_that_exits(5);
    TRY(raw_waitid(P_PID, child, NULL, WEXITED));
    child = child_that_exits(6);
    TRY(raw_wait4(child, NULL, 0, kBadAddress));
    TRY(raw_wait4(child, NULL, 0, NULL));
}

static void options(void) {
    int status = 77;
    siginfo_t info = {0};
    pid_t child = child_at_gate();
    TRY(raw_wait4(child, &status, WNOHANG, NULL));
    TRY(raw_waitid(P_PID, child, &info, WEXITED | WNOHANG));
    show(&info, child);
    TRY(raw_wait4(child, &status, __WCLONE, NULL));
    TRY(raw_wait4(child, &status, __WCLONE | WNOHANG, NULL));
    TRY(raw_waitid(P_PID, child, &info, WSTOPPED | WNOHANG));
    open_gate(9);
    TRY(raw_waitid(P_PID, child, &info, WEXITED | WNOWAIT));
    show(&info, child);
    TRY(raw_waitid(P_PID, child, &info, WSTOPPED));
    TRY(raw_waitid(P_PID, child, &info, WSTOPPED | WCONTINUED));
    TRY(raw_waitid(P_ALL, 0, &info, WEXITED | WNOWAIT));
    show(&info, child);
    TRY(raw_wait4(-getpgrp(), &status, 0, NULL) == child);
    printf("  status %x\n", status);
    child = child_that_exits(256 + 7);
    TRY(raw_wait4(0, &status, 0, NULL) == child);
    printf("  status %x\n", status);
    child = fork();
    if (child == 0) {
        raise(SIGUSR1);
    }
    TRY(raw_waitid(P_PGID, 0, &info, WEXITED));
    show(&info, child);
    child = fork();
    if (child == 0) {
        setpgid(0, 0);
        _exit(1);
    }
    setpgid(child, child);
    TRY(raw_wait4(0, &status, 0, NULL));
    TRY(raw_wait4(-child, &status, 0, NULL) == child);
    TRY(raw_waitid(P_PGID, child, &info, WEXITED));
}

static void stops(void) {
    int status = 77;
    siginfo_t info = {0};
    const pid_t child = spinning_child();
    kill(child, SIGSTOP);
    TRY(raw_waitid(P_PID, child, &info, WSTOPPED | WNOWAIT));
    show(&info, child);
    TRY(raw_wait4(child, &status, WUNTRACED, NULL) == child);
    printf("  status %x\n", status);
    TRY(raw_wait4(child, &status, WUNTRACED | WNOHANG, NULL));
    TRY(raw_waitid(P_PID, child, &info, WCONTINUED | WNOHANG));
    show(&info, child);
    kill(child, SIGCONT);
    TRY(raw_waitid(P_PID, child, &info, WCONTINUED | WNOWAIT));
    show(&info, child);
    TRY(raw_wait4(child, &status, WCONTINUED | WUNTRACED, NULL) == child);
    printf("  status %x\n", status);
    TRY(raw_wait4(child, &status, WCONTINUED | WNOHANG, NULL));
    kill(child, SIGSTOP);
    TRY(raw_waitid(P_PID, child, &info, WSTOPPED));
    show(&info, child);
    kill(child, SIGTERM);
    TRY(raw_wait4(child, &status, WNOHANG, NULL));
    kill(child, SIGCONT);
    TRY(raw_waitid(P_PID, child, &info, WEXITED | WSTOPPED));
    show(&info, child);
}

static volatile sig_atomic_t taken;

static void on_child(int number, siginfo_t* info, void* context) {
    (void)context;
    taken = taken * 10 + info->si_code;
    (void)number;
}

static void ignoring(void) {
    int status;
    signal(SIGCHLD, SIG_IGN);
    child_that_exits(1);
    TRY(raw_wait4(-1, &status, 0, NULL));
    struct sigaction action = {.sa_sigaction = on_child, .sa_flags = SA_SIGINFO | SA_NOCLDWAIT};
    sigaction(SIGCHLD, &action, NULL);
    child_that_exits(1);
    TRY(raw_wait4(-1, &status, 0, NULL));
    printf("  codes %d\n", (int)taken);
    taken = 0;
    action.sa_flags = SA_SIGINFO | SA_NOCLDSTOP | SA_RESTART;
    sigaction(SIGCHLD, &action, NULL);
    const pid_t child = spinning_child();
    kill(child, SIGSTOP);
    TRY(raw_wait4(child, &status, WUNTRACED, NULL) == child);
    kill(child, SIGCONT);
    TRY(raw_wait4(child, &status, WCONTINUED, NULL) == child);
    printf("  codes %d\n", (int)taken);
    kill(child, SIGKILL);
    TRY(raw_wait4(child, &status, 0, NULL) == child);
    printf("  codes %d, status %x\n", (int)taken, status);
}

static int end_at_once(void* argument) {
    _exit((int)(long)argument);
}

static void cloned(void) {
    static char stack[65536];
    int status;
    const pid_t child = clone(end_at_once, stack + sizeof(stack), 0, (void*)11L);
    TRY(raw_wait4(child, &status, 0, NULL));
    TRY(raw_wait4(child, &status, __WCLONE, NULL) == child);
    printf("  status %x\n", status);
    signal(SIGUSR2, SIG_IGN);
    const pid_t other = clone(end_at_once, stack + sizeof(stack), SIGUSR2, (void*)12L);
    TRY(raw_wait4(-1, &status, __WALL, NULL) == other);
    printf("  status %x\n", status);
}

int main(int count, char** arguments) {
    (void)!pipe(gate);
    static const struct Behaviour kBehaviours[] = {{"errors", errors},
                                                   {"options", options},
                                                   {"stops", stops},
                                                   {"ignoring", ignoring},
                                                   {"cloned", cloned}};
    setvbuf(stdout, NULL, _IOLBF, 0);
    return run_behaviour(kBehaviours, sizeof(kBehaviours) / sizeof(kBehaviours[0]),
                         count > 1 ? arguments[1] : NULL);
}
