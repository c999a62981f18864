// Edges of calls that few programs come to: siginfo that the kernel does not know, signals for many, frames
// that are none, the file system's user.
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/fsuid.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <ucontext.h>

#include "../behaviours.h"
#include "../report.h"

static void show_status(const char* what, pid_t child) {
    int status = 0;
    waitpid(child, &status, 0);
    printf("%s: %x\n", what, status);
}

// Which codes a siginfo of 128 bytes may have for each signal, of which Linux knows no more than 48.
static void layouts(void) {
    static const int kSignals[] = {SIGILL, SIGFPE, SIGSEGV, SIGBUS, SIGTRAP, SIGCHLD, SIGSYS, SIGUSR1, 34};
    union {
        siginfo_t info;
        char bytes[sizeof(siginfo_t)];
    } with = {0};
    sigset_t all;
    const struct timespec none = {0};
    sigfillset(&all);
    sigprocmask(SIG_BLOCK, &all, NULL);
    for (size_t i = 0; i < sizeof(kSignals) / sizeof(kSignals[0]); i++) {
        printf("%d:", kSignals[i]);
        for (int code = -9; code <= 17; code++) {
            with.bytes[sizeof(siginfo_t) - 1] = 1;
            with.info.si_code = code;
            const long sent = syscall(SYS_rt_sigqueueinfo, getpid(), kSignals[i], &with.info);
            printf(" %d", sent == 0 ? 0 : errno);
            sigtimedwait(&all, NULL, &none);
        }
        printf("\n");
    }
    static const int kCodes[] = {SI_KERNEL, SI_KERNEL - 1, SI_ASYNCNL, SI_ASYNCNL - 1, SI_ASYNCNL + 1};
    for (size_t i = 0; i < sizeof(kCodes) / sizeof(kCodes[0]); i++) {
        with.info.si_code = kCodes[i];
        TRY(syscall(SYS_rt_sigqueueinfo, getpid(), SIGUSR1, &with.info));
        TRY(syscall(SYS_rt_tgsigqueueinfo, getpid(), getpid(), SIGUSR1, &with.info));
        sigtimedwait(&all, NULL, &none);
    }
    with.bytes[sizeof(siginfo_t) - 1] = 0;
    with.bytes[48] = 1;
    TRY(syscall(SYS_rt_sigqueueinfo, getpid(), SIGUSR1, &with.info));
    with.bytes[48] = 0;
    with.bytes[47] = 1;
    TRY(syscall(SYS_rt_sigqueueinfo, getpid(), SIGUSR1, &with.info));
}

static pid_t sleeper(uid_t user, pid_t group) {
    int ends[2];
    char byte = 0;
    (void)!pipe(ends);
    fflush(stdout);
    const pid_t child = fork();
    if (child == 0) {
        setpgid(0, group);
        setresuid(user, user, user);
        (void)!write(ends[1], "r", 1);
        for (;;) {
            pause();
        }
    }
    (void)!read(ends[0], &byte, 1);
    usleep(30000);  // until it pauses
    close(ends[0]);
    close(ends[1]);
    return child;
}

static void send_as(uid_t user, pid_t group) {
    fflush(stdout);
    if (fork() == 0) {
        printf("user %d\n", user);
        setresuid(user, user, user);
        TRY(kill(-group, 0));
        TRY(kill(-group, SIGWINCH));
        TRY(kill(-group, 65));
        TRY(kill(-1, SIGWINCH));
        TRY(kill(-1, 65));
        TRY(kill(-30000, SIGWINCH));
        _exit(0);
    }
    wait(NULL);
}

static void groups(void) {
    const pid_t first = sleeper(4242, 0);
    const pid_t second = sleeper(4343, first);
    send_as(4242, first);
    send_as(4343, first);
    send_as(4444, first);
    fflush(stdout);
    const pid_t killer = fork();
    if (killer == 0) {
        setresuid(4343, 4343, 4343);
        TRY(kill(-1, SIGTERM));
        _exit(0);
    }
    waitpid(killer, NULL, 0);
    show_status("the second", second);
    TRY(kill(-first, SIGKILL));
    show_status("the first", first);
    TRY(kill(-first, 0));
}

static void return_from(const char* what, void* stack) {
    fflush(stdout);
    const pid_t child = fork();
    if (child == 0) {
        __asm__ volatile(
            "mov sp, %0\n"
            "mov x8, #139\n"
            "svc #0\n"
            "brk #0\n"
            :
            : "r"(stack)
            : "memory");
    }
    show_status(what, child);
}

static void frames(void) {
    static _Alignas(4096) struct {
        char info[128];
        ucontext_t context;
    } frame;
    return_from("nothing is there", (void*)4096);
    return_from("not aligned", (void*)((char*)&frame + 8));
    return_from("no floating point", &frame);
    struct {
        uint32_t magic, size;
        char rest[520];
    }* const record = (void*)frame.context.uc_mcontext.__reserved;
    record->magic = 0x46508001;  // FPSIMD_MAGIC
    record->size = 527;
    return_from("a wrong size", &frame);
    record->size = 528;
    frame.context.uc_mcontext.pstate = 0x3c5;
    return_from("with the kernel's state", &frame);
    frame.context.uc_mcontext.pstate = 0;
    return_from("to nowhere", &frame);
    record->magic = 0x12345678;
    return_from("something unknown", &frame);
}

static unsigned long effective(void) {
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct data[2] = {{0}};
    syscall(SYS_capget, &header, data);
    return data[0].effective | (unsigned long)data[1].effective << 32;
}

static void show_users(const char* what) {
    uid_t ids[3];
    gid_t groups_of[3];
    getresuid(&ids[0], &ids[1], &ids[2]);
    getresgid(&groups_of[0], &groups_of[1], &groups_of[2]);
    printf("  %s: %d %d %d %d, %d %d %d %d, %lx\n", what, ids[0], ids[1], ids[2], setfsuid(-1), groups_of[0],
           groups_of[1], groups_of[2], setfsgid(-1), effective());
}

static void file_users(void) {
    const int file = open("closed", O_CREAT | O_RDWR, 0600);
    close(file);
    TRY(setfsgid(7));
    TRY(setfsgid(8));
    TRY(setfsuid(7));
    show_users("as 7");
    TRY(open("closed", O_RDONLY));
    TRY(mknod("device", S_IFCHR | 0600, 0x103));
    TRY(mknod("block", S_IFBLK | 0600, 0));
    TRY(mknod("whiteout", S_IFCHR | 0600, 0));
    TRY(mknod("folder", S_IFDIR | 0600, 0));
    TRY(mknod("other", 0170000, 0));
    TRY(setfsuid(9));
    show_users("as 9");
    TRY(setfsuid(0));
    show_users("as 0");
    TRY(open("closed", O_RDONLY) > 0);
    prctl(PR_SET_SECUREBITS, 4);  // SECBIT_NO_SETUID_FIXUP
    TRY(setfsuid(9));
    show_users("without fixing");
    TRY(setfsuid(0));
    prctl(PR_SET_SECUREBITS, 0);
    TRY(setresgid(20, 21, 22));
    TRY(setresuid(10, 11, 12));
    show_users("three of each");
    static const int kOthers[] = {10, 11, 12, 13, 0, -1};
    for (size_t i = 0; i < sizeof(kOthers) / sizeof(kOthers[0]); i++) {
        setfsuid(kOthers[i]);
        setfsgid(kOthers[i] + 10);
        show_users("after an attempt");
    }
}

static void try_users(int real, int saved, const char* what) {
    fflush(stdout);
    if (fork() == 0) {
        errno = 0;
        const int users = setreuid((uid_t)real, (uid_t)saved);
        const int error = errno;
        errno = 0;
        const int groups_set =
            setregid((gid_t)(real < 0 ? -1 : real + 10), (gid_t)(saved < 0 ? -1 : saved + 10));
        printf("%s: %d %d %d %d\n", what, users, error, groups_set, errno);
        show_users("now");
        fflush(stdout);
        _exit(0);
    }
    wait(NULL);
}

static void real_users(void) {
    try_users(5, -1, "the real one");
    try_users(-1, 5, "the effective one");
    try_users(0, 0, "what it was");
    try_users(-1, 0, "what it was, effective");
    setresgid(20, 21, 22);
    setresuid(10, 11, 12);
    for (int id = 9; id <= 13; id++) {
        try_users(id, -1, "real");
        try_users(-1, id, "effective");
    }
    try_users(11, 10, "changed over");
    try_users(12, 10, "saved as real");
    TRY(setuid(11));
    show_users("after setuid");
    TRY(setuid(12));
    show_users("after setuid");
    TRY(setgid(22));
    show_users("after setgid");
    TRY(setgid(23));
    gid_t list[3] = {3, 1, 2};
    TRY(setgroups(3, list));
    TRY(getgroups(0, NULL));
    TRY(syscall(SYS_getgroups, -1, list));
    TRY(personality(0x0003));
    TRY(personality(0xffffffff));
}

int main(int count, char** arguments) {
    static const struct Behaviour kBehaviours[] = {{"layouts", layouts},
                                                   {"groups", groups},
                                                   {"frames", frames},
                                                   {"file-users", file_users},
                                                   {"real-users", real_users}};
    setvbuf(stdout, NULL, _IOLBF, 0);
    return run_behaviour(kBehaviours, sizeof(kBehaviours) / sizeof(kBehaviours[0]),
                         count > 1 ? arguments[1] : NULL);
}
