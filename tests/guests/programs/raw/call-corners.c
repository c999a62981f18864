// Corners of calls: what tasks share, bytes that could not be passed on, signals that are no news, who writes
// to a task's files, frames that go out of use, memory that may not be locked.
#include <fcntl.h>
#include <linux/futex.h>
#include <linux/kcmp.h>
#include <linux/mman.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/sem.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>

#include "../behaviours.h"
#include "../report.h"

static long compare(pid_t first, pid_t second, int type, unsigned long left, unsigned long right) {
    return syscall(SYS_kcmp, first, second, type, left, right);
}

// A child that shares what the flags say, and waits until it is killed.
static pid_t sharing(unsigned long flags) {
    const pid_t child = (pid_t)syscall(SYS_clone, flags | SIGCHLD, 0, 0, 0, 0);
    if (child == 0) {
        for (;;) {
            syscall(SYS_ppoll, 0, 0, 0, 0, 0);
        }
    }
    return child;
}

static void compares(void) {
    const pid_t me = getpid();
    const int copy = dup(1);
    for (int type = KCMP_FILE; type < KCMP_EPOLL_TFD; type++) {
        if (type != KCMP_IO) {
            TRY(compare(me, me, type, 1, (unsigned long)copy));
        }
    }
    TRY(compare(me, me, KCMP_FILE, 1, 99));
    TRY(compare(me, me, KCMP_FILE, 99, 1));
    TRY(compare(me, me, KCMP_FILE, (1UL << 32) + 1, 1));
    TRY(compare(me, me, KCMP_FILE, UINT32_MAX, 1));
    TRY(compare(me, me, -1, 1, 1));
    TRY(compare(me, me, KCMP_TYPES, 1, 1));
    TRY(compare(me, 99999, -1, 1, 1));
    TRY(compare(0, me, -1, 1, 1));
    int pipe_ends[2];
    (void)!pipe(pipe_ends);
    const int set = epoll_create1(0);
    struct epoll_event event = {.events = EPOLLIN};
    epoll_ctl(set, EPOLL_CTL_ADD, pipe_ends[0], &event);
    static struct kcmp_epoll_slot slot;
    slot = (struct kcmp_epoll_slot){.efd = (unsigned)set, .tfd = (unsigned)pipe_ends[0], .toff = 0};
    TRY(compare(me, me, KCMP_EPOLL_TFD, (unsigned long)pipe_ends[0], (unsigned long)&slot));
    slot.toff = 1;
    TRY(compare(me, me, KCMP_EPOLL_TFD, (unsigned long)pipe_ends[0], (unsigned long)&slot));
    slot = (struct kcmp_epoll_slot){.efd = (unsigned)set, .tfd = (unsigned)pipe_ends[1], .toff = 0};
    TRY(compare(me, me, KCMP_EPOLL_TFD, (unsigned long)pipe_ends[1], (unsigned long)&slot));
    slot.efd = (unsigned)pipe_ends[0];
    TRY(compare(me, me, KCMP_EPOLL_TFD, (unsigned long)pipe_ends[0], (unsigned long)&slot));
    slot.efd = 99;
    TRY(compare(me, me, KCMP_EPOLL_TFD, (unsigned long)pipe_ends[0], (unsigned long)&slot));
    TRY(compare(me, me, KCMP_EPOLL_TFD, 99, (unsigned long)&slot));
    TRY(compare(me, me, KCMP_EPOLL_TFD, 99, 8));
    const pid_t child = sharing(CLONE_FILES | CLONE_FS);
    printf("files %ld, place %ld, file %ld\n", compare(me, child, KCMP_FILES, 0, 0),
           compare(me, child, KCMP_FS, 0, 0), compare(child, me, KCMP_FILE, (unsigned long)copy, 1));
    setresuid(0, 1000, 0);
    TRY(compare(me, child, KCMP_FILES, 0, 0));
    setresuid(1000, 1000, 0);
    TRY(compare(me, child, KCMP_FILES, 0, 0));
    TRY(compare(me, 1, -1, 0, 0));
    setresuid(0, 0, 0);
    kill(child, SIGKILL);
    siginfo_t ended;
    waitid(P_PID, (id_t)child, &ended, WEXITED | WNOWAIT);
    TRY(compare(me, child, KCMP_FILE, 1, 1));
    TRY(compare(child, child, KCMP_VM, 1, 1));
    TRY(compare(child, child, KCMP_FILES, 1, 1));
    waitpid(child, NULL, 0);
}

static void show_left(int from) {
    char bytes[64];
    const ssize_t size = read(from, bytes, sizeof(bytes));
    printf("left: %.*s\n", size > 0 ? (int)size : 0, bytes);
}

// What splice takes out of a pipe and cannot pass on stays in the pipe.
static void give_back(void) {
    int ends[2];
    (void)!pipe2(ends, O_NONBLOCK);
    (void)!write(ends[1], "abcdef", 6);
    const int file = open("file", O_RDWR | O_CREAT, 0644);
    static loff_t at;
    at = INT64_MAX;
    TRY(splice(ends[0], NULL, file, &at, 2, 0));
    at = INT64_MAX - 1;
    TRY(splice(ends[0], NULL, file, &at, 2, 0));
    at = -1;
    TRY(splice(ends[0], NULL, file, &at, 0, 0));
    TRY(splice(ends[0], NULL, file, &at, 2, 0));
    signal(SIGXFSZ, SIG_IGN);
    signal(SIGPIPE, SIG_IGN);
    const struct rlimit small = {4, RLIM_INFINITY};
    setrlimit(RLIMIT_FSIZE, &small);
    at = 4;
    TRY(splice(ends[0], NULL, file, &at, 2, 0));
    at = 2;
    TRY(splice(ends[0], NULL, file, &at, 6, 0));
    printf("at %lld\n", (long long)at);
    int pair[2];
    socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair);
    close(pair[1]);
    TRY(splice(ends[0], NULL, pair[0], NULL, 4, 0));
    // The pipe is full when its bytes come back, and then has the room that it had.
    fcntl(ends[1], F_SETPIPE_SZ, 4096);
    show_left(ends[0]);
    static char page[4096];
    memset(page, 'p', sizeof(page));
    TRY(write(ends[1], page, sizeof(page)));
    TRY(splice(ends[0], NULL, pair[0], NULL, 10, 0));
    TRY(write(ends[1], "q", 1));
    TRY(read(ends[0], page, sizeof(page)));
    TRY(write(ends[1], page, sizeof(page)));
    TRY(fcntl(ends[1], F_GETPIPE_SZ));
    show_left(ends[0]);
    at = INT64_MAX;
    TRY(splice(file, &at, ends[1], NULL, 2, SPLICE_F_NONBLOCK));
}

// A signal that is pending already is not news; a real-time signal always is.
static void repeats(void) {
    sigset_t all;
    sigfillset(&all);
    sigprocmask(SIG_BLOCK, &all, NULL);
    const int from = signalfd(-1, &all, SFD_NONBLOCK);
    const int set = epoll_create1(0);
    struct epoll_event event = {.events = EPOLLIN | EPOLLET};
    epoll_ctl(set, EPOLL_CTL_ADD, from, &event);
    static const int kSignals[] = {SIGUSR1, SIGUSR1, SIGUSR2, 40, 40, SIGUSR1};
    for (size_t i = 0; i < sizeof(kSignals) / sizeof(kSignals[0]); i++) {
        kill(getpid(), kSignals[i]);
        TRY(epoll_wait(set, &event, 1, 0));
    }
    raise(SIGUSR1);  // of the thread, which has none yet
    TRY(epoll_wait(set, &event, 1, 0));
    raise(SIGUSR1);
    TRY(epoll_wait(set, &event, 1, 0));
    struct signalfd_siginfo info;
    for (int i = 0; i < 7; i++) {
        TRY(read(from, &info, sizeof(info)));
    }
    raise(SIGUSR1);
    TRY(epoll_wait(set, &event, 1, 0));
}

static void put(const char* name, const char* text) {
    const int file = open(name, O_WRONLY);
    const ssize_t size = write(file, text, strlen(text));
    printf("%s < %s: %zd %s\n", name, text, size, size < 0 ? strerror(errno) : "");
    close(file);
}

static void get(const char* name) {
    char text[64];
    const int file = open(name, O_RDONLY);
    const ssize_t size = read(file, text, sizeof(text));
    printf("%s: %.*s\n", name, size > 0 ? (int)size : 0, text);
    close(file);
}

static void refuse_writer(pid_t child, const char* name, const char* text) {
    char path[64];
    snprintf(path, sizeof(path), "/proc/%d/%s", child, name);
    const int file = open(path, O_WRONLY);
    TRY(write(file, text, strlen(text)));
    close(file);
}

// Who writes to a task's files, and what an ended task has left.
static void logins(void) {
    get("/proc/self/loginuid");
    get("/proc/self/sessionid");
    static const char* const kTexts[] = {"x", "", "-1", "4294967296", "5 5", "7\n"};
    for (size_t i = 0; i < sizeof(kTexts) / sizeof(kTexts[0]); i++) {
        put("/proc/self/loginuid", kTexts[i]);
    }
    get("/proc/self/loginuid");
    get("/proc/self/sessionid");
    put("/proc/self/sched", "0");
    put("/proc/self/sched", "x");
    struct stat what;
    stat("/proc/self/sched", &what);
    printf("%o\n", what.st_mode);
    const pid_t child = sharing(0);
    refuse_writer(child, "loginuid", "8");
    refuse_writer(child, "attr/current", "x");
    refuse_writer(getpid(), "attr/current", "x");
    refuse_writer(child, "sched", "x");
    char path[64];
    snprintf(path, sizeof(path), "/proc/%d/loginuid", child);
    const int file = open(path, O_RDONLY);
    char text[16];
    TRY(read(file, text, sizeof(text)));
    kill(child, SIGKILL);
    siginfo_t ended;
    waitid(P_PID, (id_t)child, &ended, WEXITED | WNOWAIT);
    snprintf(path, sizeof(path), "/proc/%d/net", child);
    const int net = open(path, O_RDONLY | O_DIRECTORY);
    TRY(openat(net, "tcp", O_RDONLY));
    TRY(faccessat(net, "unix", F_OK, 0));
    static char entries[512];
    TRY(syscall(SYS_getdents64, net, entries, sizeof(entries)));
    waitpid(child, NULL, 0);
    if (fork() == 0) {
        (void)!setuid(1000);
        put("/proc/thread-self/loginuid", "9");
        put("/proc/thread-self/loginuid", "4294967295");
        get("/proc/thread-self/loginuid");
        _exit(0);
    }
    wait(NULL);
}

static void offline(void) {
    char* page = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    page[0] = 5;
    munmap(page + 4096, 4096);
    TRY(madvise(page, 4096, MADV_SOFT_OFFLINE));
    TRY(madvise(page, 0, MADV_HWPOISON));
    TRY(madvise(page + 1, 4096, MADV_SOFT_OFFLINE));
    TRY(madvise(page + 4096, 4096, MADV_SOFT_OFFLINE));
    printf("%d\n", page[0]);
    TRY(prctl(PR_GET_SECCOMP, 0, 0, 0, 0));
    static int word;
    static const struct timespec kBad = {0, 1000000000};
    static const struct timespec kGood = {0, 1};
    TRY(syscall(SYS_futex, &word, FUTEX_WAIT | FUTEX_CLOCK_REALTIME, 0, &kBad, 0, 0));
    TRY(syscall(SYS_futex, &word, FUTEX_LOCK_PI | FUTEX_CLOCK_REALTIME, 0, &kBad, 0, 0));
    TRY(syscall(SYS_futex, &word, FUTEX_LOCK_PI | FUTEX_CLOCK_REALTIME, 0, &kGood, 0, 0));
    TRY(syscall(SYS_futex, &word, FUTEX_WAIT | FUTEX_CLOCK_REALTIME, 0, 0, 0, 0));
    TRY(syscall(SYS_futex, &word, FUTEX_WAKE | FUTEX_CLOCK_REALTIME, 1, &kBad, 0, 0));
    if (fork() == 0) {
        const struct rlimit two_pages = {8192, 8192};
        setrlimit(RLIMIT_MEMLOCK, &two_pages);
        (void)!setuid(1000);
        TRY(madvise(page, 4096, MADV_SOFT_OFFLINE));
        TRY(madvise(page, 4096, MADV_HWPOISON));
        TRY(madvise(page, 0, MADV_HWPOISON));
        mlockall(MCL_FUTURE);
        const long now = syscall(SYS_brk, 0);
        printf("grown by %ld\n", syscall(SYS_brk, now + 3 * 4096) - now);
        printf("grown by %ld\n", syscall(SYS_brk, now + 4096) - now);
        printf("grown by %ld\n", syscall(SYS_brk, now) - now);
        fflush(stdout);
        _exit(0);
    }
    wait(NULL);
}

int main(int count, char** arguments) {
    setbuf(stdout, NULL);
    static const struct Behaviour kBehaviours[] = {{"compares", compares},
                                                   {"give-back", give_back},
                                                   {"repeats", repeats},
                                                   {"logins", logins},
                                                   {"offline", offline}};
    const char* name = count > 1 ? arguments[1] : NULL;
    return run_behaviour(kBehaviours, sizeof(kBehaviours) / sizeof(*kBehaviours), name);
}
