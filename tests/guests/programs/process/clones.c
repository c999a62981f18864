// clone and clone3: what flags ask for, which go together, what is written where, and calls about namespaces.
#include <linux/sched.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "../behaviours.h"
#include "../report.h"

static char stack[65536];

static long raw_clone(unsigned long flags, void* at, int* parent, void* tls, int* child) {
    return syscall(SYS_clone, flags, at, parent, tls, child);
}

static long clone3(const struct clone_args* arguments, size_t size) {
    return syscall(SYS_clone3, arguments, size);
}

static void combinations(void) {
    struct clone_args with = {.flags = CLONE_SIGHAND, .exit_signal = SIGCHLD};
    TRY(raw_clone(CLONE_THREAD, NULL, NULL, NULL, NULL));
    TRY(raw_clone(CLONE_THREAD | CLONE_SIGHAND, NULL, NULL, NULL, NULL));
    TRY(raw_clone(CLONE_SIGHAND, NULL, NULL, NULL, NULL));
    TRY(raw_clone(CLONE_FS | CLONE_NEWNS, NULL, NULL, NULL, NULL));
    TRY(raw_clone(CLONE_PIDFD | CLONE_THREAD | CLONE_VM | CLONE_SIGHAND, NULL, NULL, NULL, NULL));
    TRY(raw_clone(CLONE_PIDFD | CLONE_DETACHED, NULL, NULL, NULL, NULL));
    TRY(raw_clone(CLONE_PIDFD | CLONE_PARENT_SETTID, NULL, kBadAddress, NULL, NULL));
    TRY(raw_clone(CLONE_PIDFD | SIGCHLD, NULL, kBadAddress, NULL, NULL));
    TRY(clone3(&with, 63));
    TRY(clone3(&with, 4097));
    TRY(clone3(kBadAddress, 64));
    TRY(clone3(&with, sizeof(with)));
    with.flags = CLONE_DETACHED;
    TRY(clone3(&with, sizeof(with)));
    with.flags = SIGCHLD;
    TRY(clone3(&with, sizeof(with)));
    with.flags = 0;
    with.exit_signal = 65;
    TRY(clone3(&with, sizeof(with)));
    with.exit_signal = 256 + SIGCHLD;
    TRY(clone3(&with, sizeof(with)));
    with.exit_signal = SIGCHLD;
    with.stack = (uintptr_t)stack;
    TRY(clone3(&with, sizeof(with)));
    with.stack = 0;
    with.stack_size = 100;
    TRY(clone3(&with, sizeof(with)));
    with.stack_size = 0;
    with.set_tid_size = 33;
    TRY(clone3(&with, sizeof(with)));
    with.set_tid_size = 1;
    TRY(clone3(&with, sizeof(with)));
    with.set_tid_size = 0;
    with.flags = CLONE_CLEAR_SIGHAND | CLONE_SIGHAND | CLONE_VM;
    TRY(clone3(&with, sizeof(with)));
    with.flags = UINT64_C(1) << 40;
    TRY(clone3(&with, sizeof(with)));
    struct {
        struct clone_args with;
        uint64_t more;
    } longer = {.with = {.exit_signal = SIGCHLD}, .more = 1};
    TRY(clone3(&longer.with, sizeof(longer)));
    with.flags = CLONE_THREAD | CLONE_SIGHAND | CLONE_VM;
    TRY(clone3(&with, sizeof(with)));
}

static void numbers(void) {
    int told[2] = {0, 0};
    int fd = -1;
    struct clone_args with = {.exit_signal = SIGCHLD};
    fflush(stdout);
    long child =
        raw_clone(CLONE_PARENT_SETTID | CLONE_CHILD_SETTID | SIGCHLD, NULL, &told[0], NULL, &told[1]);
    if (child == 0) {
        printf("  child: told both %d\n", told[0] == getpid() && told[1] == getpid());
        _exit(0);
    }
    wait(NULL);
    printf("  parent: told %d, the other %d\n", told[0] == child, told[1]);
    with.flags = CLONE_PIDFD | CLONE_PARENT_SETTID;
    with.pidfd = (uintptr_t)&fd;
    with.parent_tid = (uintptr_t)&told[1];
    child = clone3(&with, sizeof(with));
    if (child == 0) {
        _exit(5);
    }
    printf("  descriptor %d, told %d\n", fd, told[1] == child);
    struct pollfd entry = {.fd = fd, .events = POLLIN};
    TRY(poll(&entry, 1, -1));
    siginfo_t info;
    TRY(waitid((idtype_t)3, (id_t)fd, &info, WEXITED));
    printf("  status %d\n", info.si_status);
    with.flags = 0;
    with.exit_signal = 0;
    child = clone3(&with, sizeof(with));
    if (child == 0) {
        _exit(6);
    }
    TRY(waitpid((pid_t)child, NULL, 0));
    TRY(waitpid((pid_t)child, NULL, __WALL) == child);
    TRY(syscall(SYS_set_tid_address, kBadAddress) == getpid());
    TRY(syscall(SYS_set_robust_list, NULL, 23));
    void* head = NULL;
    size_t size = 0;
    TRY(syscall(SYS_get_robust_list, 32000, &head, &size));
    TRY(syscall(SYS_get_robust_list, 0, &head, kBadAddress));
    TRY(syscall(SYS_get_robust_list, 0, &head, &size));
    printf("  size %zu\n", size);
}

static volatile int shared;

static void on_signal(int number) {
    shared += number;
}

static int in_shared_memory(void* argument) {
    shared += (int)(long)argument;
    if (argument == (void*)2L) {
        chdir("/proc");
        signal(SIGUSR1, SIG_IGN);
        close(30);
        umask(077);
    }
    return 7;
}

static void show_kept(const char* what) {
    char directory[64];
    const int is_open = lseek(30, 0, SEEK_CUR) == 0 || errno != EBADF;
    const mode_t mask = umask(022);
    umask(mask);
    printf("%s: in %s, mask %o, ignored %d, open %d, shared %d\n", what, getcwd(directory, sizeof(directory)),
           mask, signal(SIGUSR1, on_signal) == SIG_IGN, is_open, shared);
}

static void sharing(void) {
    static const unsigned long kFlags[] = {0,
                                           CLONE_VM,
                                           CLONE_VM | CLONE_FS,
                                           CLONE_VM | CLONE_SIGHAND,
                                           CLONE_FILES,
                                           CLONE_VM | CLONE_VFORK | CLONE_FS | CLONE_FILES};
    for (size_t i = 0; i < sizeof(kFlags) / sizeof(kFlags[0]); i++) {
        chdir("/");
        umask(022);
        signal(SIGUSR1, on_signal);
        dup2(1, 30);
        int status = 0;
        const pid_t child =
            clone(in_shared_memory, stack + sizeof(stack), (int)kFlags[i] | SIGCHLD, (void*)2L);
        waitpid(child, &status, 0);
        printf("%lx ended %x, ", kFlags[i], status);
        show_kept("then");
    }
    fflush(stdout);
    struct clone_args with = {.flags = CLONE_CLEAR_SIGHAND, .exit_signal = SIGCHLD};
    signal(SIGUSR1, on_signal);
    signal(SIGUSR2, SIG_IGN);
    if (clone3(&with, sizeof(with)) == 0) {
        printf("handler gone %d, ", signal(SIGUSR1, SIG_DFL) == SIG_DFL);
        printf("ignored %d\n", signal(SIGUSR2, SIG_DFL) == SIG_IGN);
        _exit(0);
    }
    wait(NULL);
}

static void parents(void) {
    const pid_t self = getpid();
    int status = 0;
    fflush(stdout);
    const pid_t child = fork();
    if (child == 0) {
        const long sibling = raw_clone(CLONE_PARENT | SIGUSR1, NULL, NULL, NULL, NULL);
        if (sibling == 0) {
            _exit(getppid() == self ? 9 : 1);
        }
        TRY(wait(NULL));
        _exit(8);
    }
    TRY(waitpid(child, &status, 0) == child);
    TRY(wait(&status) > 0);
    printf("  sibling %x\n", status);
    if (vfork() == 0) {
        shared = 11;
        _exit(4);
    }
    printf("vfork: shared %d\n", shared);
    TRY(wait(&status) > 0);
    printf("  status %x\n", status);
}

static void namespaces(void) {
    TRY(unshare(0));
    TRY(unshare(CLONE_FS | CLONE_FILES | CLONE_SYSVSEM));
    TRY(unshare(CLONE_VM));
    TRY(unshare(CLONE_THREAD | CLONE_SIGHAND | CLONE_VM));
    TRY(unshare(CLONE_PARENT));
    TRY(unshare(1));
    TRY(syscall(SYS_setns, -1, 0));
    TRY(syscall(SYS_setns, 0, 0));
    TRY(syscall(SYS_setns, 0, CLONE_NEWNET));
    fflush(stdout);
    if (fork() == 0) {
        setuid(1000);
        TRY(unshare(CLONE_NEWNS));
        TRY(unshare(CLONE_NEWUTS | CLONE_NEWIPC));
        _exit(0);
    }
    wait(NULL);
}

int main(int count, char** arguments) {
    static const struct Behaviour kBehaviours[] = {{"combinations", combinations},
                                                   {"numbers", numbers},
                                                   {"sharing", sharing},
                                                   {"parents", parents},
                                                   {"namespaces", namespaces}};
    setvbuf(stdout, NULL, _IOLBF, 0);
    return run_behaviour(kBehaviours, sizeof(kBehaviours) / sizeof(kBehaviours[0]),
                         count > 1 ? arguments[1] : NULL);
}
