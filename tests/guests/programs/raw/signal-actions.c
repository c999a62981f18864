// Signal handlers: flags, masks, nesting, alternate stacks, waiting for signals, calls that are restarted.
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <ucontext.h>

#include "../behaviours.h"
#include "../report.h"

// What the kernel takes, without libc's own flags.
struct raw_action {
    void (*handler)(int, siginfo_t*, void*);
    unsigned long flags;
    void (*restorer)(void);
    uint64_t mask;
};

static long action(int signal, const struct raw_action* next, struct raw_action* old, size_t size) {
    return syscall(SYS_rt_sigaction, signal, next, old, size);
}

static long mask(int how, const uint64_t* set, uint64_t* old, size_t size) {
    return syscall(SYS_rt_sigprocmask, how, set, old, size);
}

static uint64_t bit(int signal) {
    return UINT64_C(1) << (signal - 1);
}

static int depth;
static int nested;  // how many more are raised within a handler

static void show(int signal, siginfo_t* info, void* context) {
    uint64_t blocked = 0;
    const ucontext_t* const frame = context;
    mask(SIG_BLOCK, NULL, &blocked, 8);
    ++depth;
    printf("  %d, code %d, depth %d, blocked %lx, before %lx\n", signal, info->si_code, depth, blocked,
           *(const unsigned long*)&frame->uc_sigmask);
    if (signal == SIGUSR1 && nested > 0) {
        --nested;
        raise(SIGUSR1);
        raise(SIGUSR2);
    }
    --depth;
}

static void flags(void) {
    struct raw_action old = {0};
    struct raw_action next = {.handler = show, .flags = SA_SIGINFO};
    TRY(action(0, &next, NULL, 8));
    TRY(action(65, &next, NULL, 8));
    TRY(action(SIGKILL, &next, NULL, 8));
    TRY(action(SIGSTOP, NULL, &old, 8));
    TRY(action(SIGUSR1, &next, NULL, 7));
    TRY(action(SIGUSR1, kBadAddress, NULL, 8));
    next.flags = ~0UL;
    next.mask = ~UINT64_C(0);
    TRY(action(SIGHUP, &next, NULL, 8));
    TRY(action(SIGHUP, NULL, &old, 8));
    printf("  flags %lx, mask %lx\n", old.flags, old.mask);
    TRY(action(SIGHUP, NULL, kBadAddress, 8));
    next.flags = SA_SIGINFO;
    next.mask = 0;
    action(SIGUSR2, &next, NULL, 8);
    action(SIGUSR1, &next, NULL, 8);
    nested = 2;
    raise(SIGUSR1);
    next.flags = SA_SIGINFO | SA_NODEFER;
    action(SIGUSR1, &next, NULL, 8);
    nested = 2;
    raise(SIGUSR1);
    next.mask = bit(SIGUSR2) | bit(SIGTERM) | bit(SIGKILL);
    action(SIGUSR1, &next, NULL, 8);
    nested = 2;
    raise(SIGUSR1);
    next.flags = SA_SIGINFO | SA_RESETHAND;
    action(SIGUSR2, &next, &old, 8);
    raise(SIGUSR2);
    action(SIGUSR2, NULL, &old, 8);
    printf("  handler now %lx, flags %lx, mask %lx\n", (unsigned long)old.handler, old.flags, old.mask);
}

static void masks(void) {
    uint64_t set = ~UINT64_C(0);
    uint64_t old = 0;
    TRY(mask(SIG_SETMASK, &set, NULL, 8));
    TRY(mask(SIG_UNBLOCK, NULL, &old, 8));
    printf("  %lx\n", old);
    set = bit(SIGUSR1) | bit(SIGRTMIN);
    TRY(mask(SIG_UNBLOCK, &set, &old, 8));
    TRY(mask(3, &set, NULL, 8));
    TRY(mask(3, NULL, &old, 8));
    printf("  %lx\n", old);
    TRY(mask(SIG_BLOCK, &set, kBadAddress, 8));
    TRY(mask(SIG_BLOCK, kBadAddress, NULL, 8));
    TRY(mask(SIG_BLOCK, &set, NULL, 4));
    mask(SIG_BLOCK, NULL, &old, 8);
    printf("  %lx\n", old);
    raise(SIGTERM);
    raise(SIGRTMIN + 1);
    uint64_t pending = 0;
    TRY(syscall(SYS_rt_sigpending, &pending, 8));
    printf("  pending %lx\n", pending);
    TRY(syscall(SYS_rt_sigpending, &pending, 9));
    TRY(syscall(SYS_rt_sigpending, &pending, 4));
    TRY(syscall(SYS_rt_sigpending, kBadAddress, 8));
    fflush(stdout);
    if (fork() == 0) {
        syscall(SYS_rt_sigpending, &pending, 8);
        mask(SIG_BLOCK, NULL, &old, 8);
        printf("  child: pending %lx, blocked %lx\n", pending, old);
        _exit(0);
    }
    wait(NULL);
    signal(SIGTERM, SIG_IGN);
    syscall(SYS_rt_sigpending, &pending, 8);
    printf("  pending %lx\n", pending);
}

static char other_stack[65536];

static void on_other_stack(int signal, siginfo_t* info, void* context) {
    (void)info;
    stack_t now;
    stack_t next = {.ss_sp = other_stack, .ss_size = sizeof(other_stack)};
    const ucontext_t* const frame = context;
    char here = 0;
    const int is_there = &here >= other_stack && &here < other_stack + sizeof(other_stack);
    sigaltstack(NULL, &now);
    printf("  %d on the other stack %d, flags %x, in the frame %x\n", signal, is_there,
           (unsigned)now.ss_flags, (unsigned)frame->uc_stack.ss_flags);
    TRY(sigaltstack(&next, NULL));
    if (signal == SIGUSR1) {
        raise(SIGUSR2);
    }
}

static void stacks(void) {
    stack_t next = {.ss_sp = other_stack, .ss_size = sizeof(other_stack), .ss_flags = 8};
    stack_t old;
    TRY(sigaltstack(NULL, &old));
    printf("  flags %d\n", old.ss_flags);
    TRY(sigaltstack(&next, NULL));
    next.ss_flags = 0;
    next.ss_size = 5119;
    TRY(sigaltstack(&next, NULL));
    TRY(sigaltstack(kBadAddress, NULL));
    TRY(sigaltstack(NULL, kBadAddress));
    next.ss_size = sizeof(other_stack);
    TRY(sigaltstack(&next, NULL));
    struct raw_action with = {.handler = on_other_stack, .flags = SA_SIGINFO | SA_ONSTACK};
    action(SIGUSR1, &with, NULL, 8);
    action(SIGUSR2, &with, NULL, 8);
    raise(SIGUSR1);
    with.flags = SA_SIGINFO;
    action(SIGUSR2, &with, NULL, 8);
    raise(SIGUSR2);
    next.ss_flags = 1 << 31;  // SS_AUTODISARM
    TRY(sigaltstack(&next, &old));
    with.flags = SA_SIGINFO | SA_ONSTACK;
    action(SIGUSR2, &with, NULL, 8);
    raise(SIGUSR2);
    TRY(sigaltstack(NULL, &old));
    printf("  flags %x, size %zu\n", (unsigned)old.ss_flags, old.ss_size);
    next.ss_flags = SS_DISABLE;
    next.ss_size = 0;
    TRY(sigaltstack(&next, NULL));
    raise(SIGUSR1);
    next.ss_flags = SS_ONSTACK;
    next.ss_size = sizeof(other_stack);
    TRY(sigaltstack(&next, NULL));
}

static long timed_wait(const uint64_t* set, siginfo_t* info, const struct timespec* time, size_t size) {
    return syscall(SYS_rt_sigtimedwait, set, info, time, size);
}

static void later(int milliseconds) {
    const struct itimerval time = {.it_value = {.tv_usec = milliseconds * 1000}};
    setitimer(ITIMER_REAL, &time, NULL);
}

static void waiting(void) {
    uint64_t set = bit(SIGUSR1) | bit(SIGUSR2) | bit(SIGRTMIN) | bit(SIGRTMIN + 1) | bit(SIGKILL);
    struct timespec time = {0};
    siginfo_t info;
    TRY(timed_wait(&set, &info, &time, 4));
    TRY(timed_wait(kBadAddress, &info, &time, 8));
    TRY(timed_wait(&set, &info, kBadAddress, 8));
    TRY(timed_wait(&set, &info, &time, 8));
    time.tv_nsec = 1000000000;
    TRY(timed_wait(&set, &info, &time, 8));
    time.tv_nsec = 0;
    time.tv_sec = -1;
    TRY(timed_wait(&set, &info, &time, 8));
    time.tv_sec = 0;
    mask(SIG_BLOCK, &set, NULL, 8);
    sigqueue(getpid(), SIGRTMIN + 1, (union sigval){.sival_int = 1});
    sigqueue(getpid(), SIGRTMIN, (union sigval){.sival_int = 2});
    sigqueue(getpid(), SIGRTMIN, (union sigval){.sival_int = 3});
    kill(getpid(), SIGUSR2);
    raise(SIGUSR1);
    raise(SIGUSR1);
    for (int i = 0; i < 6; i++) {
        info.si_value.sival_int = 0;
        TRY(timed_wait(&set, &info, &time, 8));
        printf("  code %d, value %d\n", info.si_code,
               i < 5 && info.si_code == SI_QUEUE ? info.si_value.sival_int : 0);
    }
    raise(SIGUSR1);
    TRY(timed_wait(&set, NULL, NULL, 8));
    raise(SIGUSR1);
    TRY(timed_wait(&set, kBadAddress, NULL, 8));
    TRY(timed_wait(&set, NULL, &time, 8));
    struct raw_action handler = {.handler = show, .flags = SA_SIGINFO};
    action(SIGALRM, &handler, NULL, 8);
    later(10);
    TRY(timed_wait(&set, NULL, NULL, 8));
    TRY(syscall(SYS_rt_sigsuspend, &set, 7));
    TRY(syscall(SYS_rt_sigsuspend, kBadAddress, 8));
    later(10);
    TRY(syscall(SYS_rt_sigsuspend, &set, 8));
    action(SIGUSR2, &handler, NULL, 8);
    raise(SIGUSR2);
    set = bit(SIGTERM);
    TRY(syscall(SYS_rt_sigsuspend, &set, 8));
    mask(SIG_BLOCK, NULL, &set, 8);
    printf("  blocked %lx\n", set);
    set = 0;
    mask(SIG_SETMASK, &set, NULL, 8);
    later(10);
    TRY(pause());
}

static void restarts(void) {
    int ends[2];
    char byte;
    (void)!pipe(ends);
    struct raw_action handler = {.handler = show, .flags = SA_SIGINFO | SA_RESTART};
    const struct timespec time = {.tv_nsec = 50000000};
    struct timespec rest = {0};
    struct pollfd entry = {.fd = ends[0], .events = POLLIN};
    action(SIGALRM, &handler, NULL, 8);
    later(10);
    TRY(nanosleep(&time, &rest));
    later(10);
    TRY(syscall(SYS_clock_nanosleep, CLOCK_MONOTONIC, 0, &time, NULL));
    later(10);
    TRY(poll(&entry, 1, 100));
    fflush(stdout);
    if (fork() == 0) {
        usleep(100000);
        (void)!write(ends[1], "x", 1);
        _exit(0);
    }
    later(10);
    TRY(read(ends[0], &byte, 1));
    wait(NULL);
    handler.flags = SA_SIGINFO;
    action(SIGALRM, &handler, NULL, 8);
    later(10);
    TRY(read(ends[0], &byte, 1));
    fflush(stdout);
    if (fork() == 0) {
        usleep(100000);
        _exit(3);
    }
    int status = 0;
    later(10);
    TRY(wait(&status));
    TRY(wait(&status) > 0);
    handler.handler = (void (*)(int, siginfo_t*, void*))(uintptr_t)SIG_IGN;
    action(SIGALRM, &handler, NULL, 8);
    later(10);
    TRY(nanosleep(&time, &rest));
}

static void queues(void) {
    struct rlimit limit = {.rlim_cur = 3, .rlim_max = 3};
    uint64_t set = ~UINT64_C(0);
    siginfo_t info = {.si_code = SI_QUEUE, .si_signo = SIGRTMIN};
    mask(SIG_SETMASK, &set, NULL, 8);
    TRY(setrlimit(RLIMIT_SIGPENDING, &limit));
    setuid(1000);
    for (int i = 0; i < 5; i++) {
        TRY(sigqueue(getpid(), SIGRTMIN, (union sigval){.sival_int = i}));
    }
    TRY(kill(getpid(), SIGRTMIN + 1));
    TRY(kill(getpid(), SIGRTMIN + 1));
    TRY(kill(getpid(), SIGUSR1));
    TRY(sigqueue(getpid(), SIGUSR2, (union sigval){.sival_int = 9}));
    const struct timespec none = {0};
    long taken;
    while ((taken = timed_wait(&set, &info, &none, 8)) > 0) {
        printf("  %ld code %d\n", taken, info.si_code);
    }
}

int main(int count, char** arguments) {
    static const struct Behaviour kBehaviours[] = {{"flags", flags},       {"masks", masks},
                                                   {"stacks", stacks},     {"waiting", waiting},
                                                   {"restarts", restarts}, {"queues", queues}};
    setvbuf(stdout, NULL, _IOLBF, 0);
    return run_behaviour(kBehaviours, sizeof(kBehaviours) / sizeof(kBehaviours[0]),
                         count > 1 ? arguments[1] : NULL);
}
