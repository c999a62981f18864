// Leases: who gets one, what breaks one, whom a break tells and how long it waits, and how they end.
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>

#include "../behaviours.h"
#include "../report.h"

static volatile int told;
static volatile int told_fd;
static volatile int told_code;

static void note(int signal, siginfo_t* info, void* context) {
    (void)signal;
    (void)context;
    told++;
    told_fd = info->si_fd;
    told_code = info->si_code;
}

static void show_told(const char* what) {
    printf("%s: told %d, descriptor %d, code %d\n", what, told, told_fd, told_code);
    told = told_fd = told_code = 0;
}

static void show(int fd) {
    const int owner = fcntl(fd, F_GETOWN);
    printf("lease %d flags %x owner %s signal %d\n", fcntl(fd, F_GETLEASE), fcntl(fd, F_GETFL),
           owner == 0          ? "none"
           : owner == getpid() ? "self"
                               : "other",
           fcntl(fd, F_GETSIG));
}

static void set_number(const char* path, const char* value) {
    const int fd = open(path, O_WRONLY);
    TRY(write(fd, value, strlen(value)));
    close(fd);
}

static void handle(int signal, int flags) {
    const struct sigaction action = {.sa_sigaction = note, .sa_flags = SA_SIGINFO | flags};
    sigaction(signal, &action, NULL);
}

static void rules(void) {
    signal(SIGIO, SIG_IGN);
    int file = open("file", O_CREAT | O_RDWR, 0600);
    show(file);
    TRY(fcntl(file, F_SETLEASE, F_UNLCK));
    TRY(fcntl(file, F_SETLEASE, F_RDLCK));
    TRY(fcntl(file, F_SETLEASE, F_WRLCK));
    show(file);
    const int twin = dup(file);
    show(twin);
    TRY(fcntl(twin, F_SETLEASE, F_WRLCK));
    TRY(fcntl(file, F_SETLEASE, F_UNLCK));
    show(twin);
    const int reader = open("file", O_RDONLY);
    TRY(fcntl(reader, F_SETLEASE, F_RDLCK));
    TRY(fcntl(file, F_SETLEASE, F_WRLCK));
    close(file);
    close(twin);
    TRY(fcntl(reader, F_SETLEASE, F_RDLCK));
    TRY(fcntl(reader, F_SETLEASE, F_WRLCK));
    const int second = open("file", O_RDONLY | O_NONBLOCK);
    TRY(fcntl(reader, F_SETLEASE, F_RDLCK));
    TRY(second);
    const int third = open("file", O_RDONLY);
    TRY(fcntl(third, F_SETLEASE, F_RDLCK));
    TRY(fcntl(third, F_SETLEASE, F_WRLCK));
    close(reader);
    TRY(fcntl(third, F_SETLEASE, F_WRLCK));
    show(third);
    set_number("/proc/sys/fs/leases-enable", "0\n");
    TRY(fcntl(third, F_SETLEASE, F_RDLCK));
    TRY(fcntl(third, F_SETLEASE, F_UNLCK));
    TRY(fcntl(third, F_SETLEASE, F_RDLCK));
    set_number("/proc/sys/fs/leases-enable", "1\n");
    TRY(fcntl(third, F_SETLEASE, 3));
    TRY(fcntl(third, F_SETLEASE, -1));
    TRY(fcntl(99, F_GETLEASE));
    const int path = open("file", O_PATH);
    TRY(fcntl(path, F_GETLEASE));
    TRY(fcntl(path, F_SETLEASE, F_RDLCK));
}

static void objects(void) {
    int ends[2];
    (void)!pipe(ends);
    TRY(fcntl(ends[0], F_GETLEASE));
    TRY(fcntl(ends[0], F_SETLEASE, F_RDLCK));
    const int directory = open(".", O_RDONLY);
    TRY(fcntl(directory, F_GETLEASE));
    TRY(fcntl(directory, F_SETLEASE, F_RDLCK));
    const int device = open("/dev/null", O_RDWR);
    TRY(fcntl(device, F_SETLEASE, F_WRLCK));
    TRY(fcntl(device, F_SETLEASE, F_UNLCK));
    const int memory = memfd_create("memory", 0);
    TRY(fcntl(memory, F_SETLEASE, F_RDLCK));
    TRY(fcntl(memory, F_SETLEASE, F_WRLCK));
    show(memory);
    const int mine = open("mine", O_CREAT | O_RDONLY, 0644);
    const int other = open("other", O_CREAT | O_RDONLY, 0644);
    TRY(fcntl(mine, F_SETLEASE, F_RDLCK));
    (void)!fchown(other, 1000, 1000);
    TRY(setuid(1000));
    TRY(fcntl(mine, F_SETLEASE, F_UNLCK));
    TRY(fcntl(mine, F_SETLEASE, 9));
    TRY(fcntl(mine, F_GETLEASE));
    TRY(fcntl(directory, F_SETLEASE, F_RDLCK));
    TRY(fcntl(other, F_SETLEASE, F_RDLCK));
}

// What a conflicting open does where it must not wait, where a signal ends it, and to shared leases.
static void breaks(void) {
    handle(SIGIO, 0);
    handle(SIGUSR1, 0);
    const int file = open("file", O_CREAT | O_RDONLY, 0600);
    TRY(fcntl(file, F_SETLEASE, F_WRLCK));
    TRY(open("file", O_RDONLY));
    show_told("by a reader");
    show(file);
    TRY(open("file", O_RDONLY | O_NONBLOCK));
    show_told("by a second reader");
    TRY(fcntl(file, F_SETSIG, SIGUSR1));
    TRY(open("file", O_WRONLY | O_NONBLOCK));
    show_told("by a writer");
    show(file);
    TRY(fcntl(file, F_SETLEASE, F_RDLCK));
    show(file);
    TRY(open("file", O_RDONLY | O_NONBLOCK));
    TRY(open("file", O_RDWR | O_NONBLOCK));
    show_told("by a second writer");
    TRY(fcntl(5, F_SETLEASE, F_RDLCK));
    TRY(fcntl(file, F_SETLEASE, F_UNLCK));
    show(file);
    TRY(fcntl(file, F_SETLEASE, F_RDLCK));
    TRY(open("file", O_RDONLY | O_NONBLOCK));
    TRY(truncate("file", 4));
    show_told("by truncate");
    show(file);
    TRY(unlink("file"));
    TRY(fcntl(file, F_SETLEASE, F_UNLCK));
}

static void open_in_child(int flags) {
    const pid_t child = fork();
    if (child == 0) {
        struct timespec start;
        struct timespec end;
        clock_gettime(CLOCK_MONOTONIC, &start);
        const int fd = open("file", flags);
        clock_gettime(CLOCK_MONOTONIC, &end);
        const long waited = (end.tv_sec - start.tv_sec) * 1000 + (end.tv_nsec - start.tv_nsec) / 1000000;
        printf("child opened %d, after the time %d\n", fd >= 0, waited >= 990);
        fflush(stdout);
        _exit(0);
    }
    while (waitpid(child, NULL, 0) != child) {
    }
}

// The holder does nothing: the lease goes when its time is over. It answers: the other goes on at once.
static void waits(void) {
    handle(SIGIO, SA_RESTART);
    setvbuf(stdout, NULL, _IOLBF, 0);
    set_number("/proc/sys/fs/lease-break-time", "1\n");
    const int file = open("file", O_CREAT | O_RDONLY, 0600);
    TRY(fcntl(file, F_SETLEASE, F_WRLCK));
    open_in_child(O_RDONLY);
    show_told("by a reader");
    show(file);
    open_in_child(O_WRONLY);
    show_told("by a writer");
    show(file);
    set_number("/proc/sys/fs/lease-break-time", "45\n");
    TRY(fcntl(file, F_SETLEASE, F_RDLCK));
    sigset_t blocked;
    sigset_t before;
    sigemptyset(&blocked);
    sigaddset(&blocked, SIGIO);
    sigprocmask(SIG_BLOCK, &blocked, &before);
    const pid_t child = fork();
    if (child == 0) {
        _exit(truncate("file", 10) == 0 ? 7 : 8);
    }
    sigsuspend(&before);
    show_told("by truncate");
    TRY(fcntl(file, F_SETLEASE, F_UNLCK));
    int status = 0;
    waitpid(child, &status, 0);
    printf("truncated %d\n", WEXITSTATUS(status));
    TRY(fcntl(file, F_SETLEASE, F_RDLCK));
    close(file);
    TRY(open("file", O_WRONLY | O_NONBLOCK));
}

int main(int count, char** arguments) {
    static const struct Behaviour kBehaviours[] = {
        {"rules", rules}, {"objects", objects}, {"breaks", breaks}, {"waits", waits}};
    return run_behaviour(kBehaviours, sizeof(kBehaviours) / sizeof(*kBehaviours),
                         count > 1 ? arguments[1] : NULL);
}
