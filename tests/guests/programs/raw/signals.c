// Signals as a program sees them: handlers and their masks, nesting, restarts, alternate stacks, waiting.
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static volatile sig_atomic_t order[8];
static volatile sig_atomic_t count;
static volatile sig_atomic_t on_alternate_stack;
static volatile sig_atomic_t fault_code;
static char alternate[64 << 10];
static sigjmp_buf back;

static int blocked(int number) {
    sigset_t now;
    sigprocmask(SIG_BLOCK, NULL, &now);
    return sigismember(&now, number);
}

static void note(int number) {
    order[count++] = number;
    if (number == SIGUSR1 && count == 1) {
        raise(SIGUSR1);  // blocked while its handler runs: it comes afterwards
        raise(SIGUSR2);  // in sa_mask, likewise
        order[count++] = -number;
    }
}

static void on_fault(int number, siginfo_t* info, void* context) {
    (void)number;
    (void)context;
    const char here = 0;
    on_alternate_stack = &here >= alternate && &here < alternate + sizeof(alternate);
    fault_code = info->si_code;
    siglongjmp(back, 1);
}

static void handle(int number, void (*handler)(int), int flags) {
    struct sigaction action = {.sa_handler = handler, .sa_flags = flags};
    sigaddset(&action.sa_mask, SIGUSR2);
    sigaction(number, &action, NULL);
}

static void masks(void) {
    handle(SIGUSR1, note, 0);
    handle(SIGUSR2, note, 0);
    count = 0;
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGUSR2);
    sigprocmask(SIG_BLOCK, &set, NULL);
    raise(SIGUSR2);
    printf("pending while blocked: %d delivered\n", count);
    sigprocmask(SIG_UNBLOCK, &set, NULL);
    printf("after unblocking: %d delivered, blocked %d\n", count, blocked(SIGUSR2));
    count = 0;
    raise(SIGUSR1);
    printf("nested: %d deliveries, in order", count);
    for (int index = 0; index < count; ++index) {
        printf(" %d", order[index]);
    }
    printf(", blocked afterwards %d %d\n", blocked(SIGUSR1), blocked(SIGUSR2));
}

static void nesting(void) {
    struct sigaction once = {.sa_handler = note, .sa_flags = SA_NODEFER | SA_RESETHAND};
    sigaction(SIGUSR2, &once, NULL);
    count = 0;
    raise(SIGUSR2);
    struct sigaction now;
    sigaction(SIGUSR2, NULL, &now);
    printf("reset after one: %d, delivered %d\n", now.sa_handler == SIG_DFL, count);
}

static void interrupted(int flags) {
    int ends[2];
    if (pipe(ends) != 0) {
        return;
    }
    struct sigaction action = {.sa_handler = note, .sa_flags = flags};
    sigaction(SIGALRM, &action, NULL);
    count = 0;
    const pid_t child = fork();
    if (child == 0) {
        // The parent is in read(2) by then.
        usleep(50000);
        kill(getppid(), SIGALRM);
        usleep(50000);
        _exit(write(ends[1], "!", 1) == 1 ? 0 : 1);
    }
    char byte = 0;
    errno = 0;
    const long result = read(ends[0], &byte, 1);
    printf("read: %ld %s, delivered %d\n", result, strerror(errno), count);
    waitpid(child, NULL, 0);
    close(ends[0]);
    close(ends[1]);
}

static void fault(void) {
    const stack_t stack = {.ss_sp = alternate, .ss_size = sizeof(alternate)};
    sigaltstack(&stack, NULL);
    struct sigaction action = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO | SA_ONSTACK};
    sigaction(SIGSEGV, &action, NULL);
    if (sigsetjmp(back, 1) == 0) {
        *(volatile int*)8 = 1;
    }
    printf("fault: unmapped %d, alternate stack %d\n", fault_code == SEGV_MAPERR, on_alternate_stack);
    void* page = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (sigsetjmp(back, 1) == 0) {
        *(volatile int*)page = 1;
    }
    printf("fault: no right %d, blocked %d\n", fault_code == SEGV_ACCERR, blocked(SIGSEGV));
}

static void waiting(void) {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGCHLD);
    sigprocmask(SIG_BLOCK, &set, NULL);
    const pid_t child = fork();
    if (child == 0) {
        _exit(5);
    }
    siginfo_t info;
    const struct timespec limit = {.tv_sec = 5};
    const int number = sigtimedwait(&set, &info, &limit);
    printf("waited for %d: own child %d, status %d\n", number, info.si_pid == child, info.si_status);
    waitpid(child, NULL, 0);
    const struct timespec soon = {.tv_nsec = 1000000};
    printf("nothing comes: %d\n", sigtimedwait(&set, NULL, &soon) == -1 && errno == EAGAIN);
}

int main(void) {
    setvbuf(stdout, NULL, _IOLBF, 0);
    masks();
    nesting();
    interrupted(0);
    interrupted(SA_RESTART);
    fault();
    waiting();
    return 0;
}
