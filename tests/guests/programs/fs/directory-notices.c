// fcntl's F_NOTIFY: which events tell of a directory, how often, whom, and when a watch ends.
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "../behaviours.h"
#include "../report.h"

enum { kAll = DN_ACCESS | DN_MODIFY | DN_CREATE | DN_DELETE | DN_RENAME | DN_ATTRIB, kMost = 16 };

static volatile int told;
static volatile int told_fd[kMost];
static volatile int told_code;

static void note(int signal, siginfo_t* info, void* context) {
    (void)signal;
    (void)context;
    told_fd[told++ % kMost] = info->si_fd;
    told_code = info->si_code;
}

static void show(const char* what) {
    printf("%s:", what);
    for (int i = 0; i < told; i++) {
        printf(" %d", told_fd[i]);
    }
    printf(" code %d\n", told_code);
    told = told_code = 0;
}

static void make(const char* name) {
    close(open(name, O_CREAT | O_RDWR, 0600));
}

static int open_watched(void) {
    const int fd = open(".", O_RDONLY | O_DIRECTORY);
    TRY(fcntl(fd, F_SETSIG, SIGRTMIN));
    return fd;
}

static void start(void) {
    const struct sigaction action = {.sa_sigaction = note, .sa_flags = SA_SIGINFO};
    sigaction(SIGRTMIN, &action, NULL);
    sigaction(SIGIO, &action, NULL);
}

static void events(void) {
    start();
    mkdir("sub", 0700);
    mkdir("/tmp/elsewhere", 0700);
    const int watched = open_watched();
    TRY(fcntl(watched, F_NOTIFY, kAll | DN_MULTISHOT));
    TRY(fcntl(watched, F_GETOWN) == getpid());
    TRY(fcntl(watched, F_GETFL));
    char bytes[512];
    const int file = open("a", O_CREAT | O_RDWR, 0600);
    show("create");
    (void)!write(file, "abc", 3);
    show("write");
    (void)!pread(file, bytes, 1, 0);
    show("read");
    (void)!pread(file, bytes, 1, 9);
    show("read at the end");
    fchmod(file, 0644);
    show("chmod");
    (void)!ftruncate(file, 1);
    show("truncate");
    close(file);
    show("close");
    rename("a", "b");
    show("rename");
    rename("b", "/tmp/elsewhere/b");
    show("move away");
    rename("/tmp/elsewhere/b", "c");
    show("move here");
    rename("c", "sub/c");
    show("move below");
    make("sub/d");
    show("create below");
    (void)!link("sub/c", "e");
    show("link");
    unlink("e");
    show("unlink");
    mkdir("f", 0700);
    show("mkdir");
    rmdir("f");
    show("rmdir");
    (void)!symlink("x", "g");
    show("symlink");
    chmod(".", 0755);
    show("chmod of itself");
    chmod("sub", 0711);
    show("chmod of a directory");
    (void)!syscall(SYS_getdents64, watched, bytes, sizeof(bytes));
    show("listing");
    TRY(fcntl(watched, F_NOTIFY, 0));
    make("h");
    show("ended");
}

static void watches(void) {
    start();
    const int first = open_watched();
    TRY(fcntl(first, F_NOTIFY, DN_CREATE));
    make("a");
    show("once");
    make("b");
    show("not twice");
    const int second = open_watched();
    TRY(fcntl(first, F_NOTIFY, DN_CREATE));
    TRY(fcntl(first, F_NOTIFY, DN_DELETE));
    TRY(fcntl(second, F_NOTIFY, DN_CREATE | DN_MULTISHOT));
    sigset_t blocked;
    sigemptyset(&blocked);
    sigaddset(&blocked, SIGRTMIN);
    sigprocmask(SIG_BLOCK, &blocked, NULL);
    make("c");
    unlink("c");
    sigprocmask(SIG_UNBLOCK, &blocked, NULL);
    show("two watches");
    const int twin = dup(second);
    TRY(fcntl(twin, F_NOTIFY, DN_CREATE));
    make("d");
    show("by a duplicate");
    close(twin);
    make("e");
    show("after its close");
    TRY(fcntl(second, F_SETOWN, 0));
    TRY(fcntl(second, F_NOTIFY, DN_CREATE | DN_MULTISHOT));
    TRY(fcntl(second, F_SETOWN, 0));
    make("f");
    show("nobody");
    TRY(fcntl(second, F_SETOWN, getpid()));
    TRY(fcntl(second, F_SETSIG, 0));
    make("g");
    show("without a signal of its own");
    const pid_t child = fork();
    if (child == 0) {
        close(second);
        _exit(0);
    }
    waitpid(child, NULL, 0);
    make("h");
    show("after a child's close");
    TRY(fcntl(second, F_NOTIFY, DN_MULTISHOT));
    make("i");
    show("ended");
}

static void errors(void) {
    start();
    const int watched = open_watched();
    make("file");
    const int file = open("file", O_RDONLY);
    const int path = open(".", O_PATH);
    int ends[2];
    (void)!pipe(ends);
    TRY(fcntl(file, F_NOTIFY, DN_CREATE));
    TRY(fcntl(file, F_NOTIFY, 0));
    TRY(fcntl(file, F_NOTIFY, DN_MULTISHOT));
    TRY(fcntl(ends[0], F_NOTIFY, DN_ACCESS));
    TRY(fcntl(ends[0], F_NOTIFY, 0));
    TRY(fcntl(path, F_NOTIFY, DN_CREATE));
    TRY(fcntl(99, F_NOTIFY, DN_CREATE));
    TRY(fcntl(watched, F_NOTIFY, 0x100));
    const int setting = open("/proc/sys/fs/dir-notify-enable", O_WRONLY);
    TRY(write(setting, "0\n", 2));
    TRY(fcntl(watched, F_NOTIFY, DN_CREATE));
    TRY(fcntl(file, F_NOTIFY, DN_CREATE));
    TRY(fcntl(watched, F_NOTIFY, 0));
    TRY(pwrite(setting, "1\n", 2, 0));
}

int main(int count, char** arguments) {
    static const struct Behaviour kBehaviours[] = {
        {"events", events}, {"watches", watches}, {"errors", errors}};
    return run_behaviour(kBehaviours, sizeof(kBehaviours) / sizeof(*kBehaviours),
                         count > 1 ? arguments[1] : NULL);
}
