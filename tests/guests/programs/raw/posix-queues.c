// POSIX message queues: names and how they are opened, priorities, sleepers, notices, limits.
#include <fcntl.h>
#include <mqueue.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>

#include "../behaviours.h"
#include "../report.h"

static char buffer[64];
static unsigned priority;

// The raw call, whose names have no slash.
static int open_queue(const char* name, int flags, unsigned mode, const struct mq_attr* attributes) {
    return (int)syscall(SYS_mq_open, name, flags, mode, attributes);
}

static int small_queue(const char* name, int flags) {
    const struct mq_attr attributes = {.mq_maxmsg = 3, .mq_msgsize = 16};
    return open_queue(name, O_CREAT | O_RDWR | flags, 0640, &attributes);
}

static void receive(int queue) {
    memset(buffer, 0, sizeof(buffer));
    errno = 0;
    const ssize_t size = mq_receive(queue, buffer, 16, &priority);
    printf("received %zd %s: %s %u\n", size, size < 0 ? strerrorname_np(errno) : "", buffer, priority);
}

static void names(void) {
    char longest[257];
    struct mq_attr attributes = {.mq_maxmsg = 1, .mq_msgsize = 1};
    memset(longest, 'n', 256);
    longest[256] = 0;
    TRY(open_queue("", O_CREAT, 0600, NULL));
    TRY(open_queue("a/b", O_CREAT, 0600, NULL));
    TRY(open_queue(".", O_CREAT, 0600, NULL));
    TRY(open_queue("..", O_CREAT, 0600, NULL));
    TRY(open_queue(longest, O_CREAT, 0600, NULL));
    longest[255] = 0;
    TRY(open_queue(longest, O_CREAT | O_RDWR, 0600, &attributes));
    TRY(open_queue("none", O_RDWR, 0, NULL));
    TRY(open_queue(kBadAddress, 0, 0, NULL));
    TRY(open_queue("q", O_CREAT, 0600, kBadAddress));
    TRY(open_queue("neither", O_CREAT | O_ACCMODE, 0600, &attributes));
    const int queue = small_queue("q", O_NONBLOCK);
    TRY(small_queue("q", O_EXCL));
    TRY(open_queue("q", O_ACCMODE, 0, NULL));
    TRY(fcntl(queue, F_GETFL));
    TRY(fcntl(queue, F_GETFD));
    TRY(mq_send(open_queue("q", O_RDONLY, 0, NULL), "x", 1, 1));
    TRY(mq_receive(open_queue("q", O_WRONLY, 0, NULL), buffer, 16, NULL));
    TRY(syscall(SYS_mq_unlink, "none"));
    TRY(syscall(SYS_mq_unlink, ""));
    TRY(syscall(SYS_mq_unlink, "a/b"));
    setgid(1000);
    setuid(1000);
    TRY(syscall(SYS_mq_unlink, "q"));
    TRY(open_queue("q", O_RDONLY, 0, NULL));
    setuid(0);
}

static void order(void) {
    const int queue = small_queue("q", O_NONBLOCK);
    struct pollfd entry = {.fd = queue, .events = POLLIN | POLLOUT};
    struct mq_attr now = {.mq_flags = 1};
    TRY(poll(&entry, 1, 0));
    printf("  ready %x\n", entry.revents);
    TRY(mq_send(queue, "hello", 5, 1));
    TRY(mq_send(queue, "high", 4, 9));
    TRY(mq_send(queue, "low", 3, 1));
    TRY(mq_send(queue, "x", 1, 0));
    TRY(mq_send(queue, buffer, 17, 0));
    TRY(mq_send(queue, "x", 1, 32768));
    TRY(mq_send(0, "x", 1, 1));
    TRY(mq_send(99, "x", 1, 1));
    TRY(mq_send(queue, kBadAddress, 1, 1));
    TRY(poll(&entry, 1, 0));
    printf("  ready %x\n", entry.revents);
    TRY(read(queue, buffer, sizeof(buffer)));
    TRY(read(queue, buffer, 9));
    TRY(write(queue, "a", 1));
    TRY(lseek(queue, 50, SEEK_SET));
    TRY(read(queue, buffer, 9));
    TRY(mq_receive(queue, buffer, 15, &priority));
    receive(queue);
    receive(queue);
    TRY(mq_receive(queue, kBadAddress, 16, NULL));
    receive(queue);
    TRY(syscall(SYS_mq_getsetattr, queue, &now, &now));
    now.mq_flags = 0;
    TRY(syscall(SYS_mq_getsetattr, queue, &now, &now));
    printf("  %lx %ld %ld %ld\n", now.mq_flags, now.mq_maxmsg, now.mq_msgsize, now.mq_curmsgs);
    TRY(fcntl(queue, F_GETFL));
    TRY(syscall(SYS_mq_getsetattr, 0, NULL, &now));
    TRY(syscall(SYS_mq_unlink, "q"));
    TRY(mq_send(queue, "", 0, 32767));
    receive(queue);
    TRY(mmap(NULL, 4096, PROT_READ, MAP_SHARED, queue, 0) == MAP_FAILED);
    TRY(ftruncate(queue, 5));
}

static void note(int number) {
    (void)number;
}

// A child sleeps in the queue until this process lets it go on.
static pid_t sleeper(int queue, const char* message) {
    fflush(stdout);
    const pid_t child = fork();
    if (child == 0) {
        if (message != NULL) {
            TRY(mq_send(queue, message, strlen(message), 7));
        } else {
            receive(queue);
        }
        _exit(0);
    }
    usleep(200000);  // until it sleeps
    return child;
}

static void waiting(void) {
    const int queue = small_queue("q", 0);
    const int other = open_queue("q", O_RDWR | O_NONBLOCK, 0, NULL);
    sleeper(queue, NULL);
    // The message is the sleeper's already, whoever asks next.
    TRY(mq_send(queue, "first", 5, 1));
    receive(other);
    wait(NULL);
    mq_send(queue, "1", 1, 1);
    mq_send(queue, "2", 1, 2);
    mq_send(queue, "3", 1, 3);
    sleeper(queue, "late");
    receive(queue);
    TRY(mq_send(other, "4", 1, 1));
    wait(NULL);
    receive(queue);
    receive(queue);
    receive(queue);
    struct timespec time = {.tv_sec = 1};
    TRY(mq_timedreceive(queue, buffer, 16, NULL, &time));
    time.tv_nsec = -1;
    TRY(mq_timedreceive(queue, buffer, 16, NULL, &time));
    time.tv_nsec = 1000000000;
    TRY(mq_timedsend(queue, "x", 1, 1, &time));
    TRY(syscall(SYS_mq_timedreceive, queue, buffer, 16, NULL, kBadAddress));
    struct sigaction action = {.sa_handler = note};
    sigaction(SIGALRM, &action, NULL);
    struct itimerval soon = {.it_value = {.tv_usec = 20000}};
    setitimer(ITIMER_REAL, &soon, NULL);
    TRY(mq_receive(queue, buffer, 16, NULL));
    TRY(syscall(SYS_mq_unlink, "q"));
}

static volatile sig_atomic_t noticed;
static siginfo_t last;

static void on_notice(int number, siginfo_t* info, void* context) {
    (void)number;
    (void)context;
    last = *info;
    ++noticed;
}

static void notices(void) {
    const int queue = small_queue("q", 0);
    const struct sigaction action = {.sa_sigaction = on_notice, .sa_flags = SA_SIGINFO};
    sigaction(SIGUSR1, &action, NULL);
    struct sigevent event = {
        .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1, .sigev_value.sival_int = 5};
    TRY(mq_notify(queue, &event));
    TRY(mq_notify(queue, &event));
    TRY(mq_send(queue, "n", 1, 3));
    printf("  %d code %d of %d with %d\n", noticed, last.si_code, last.si_pid == getpid(),
           last.si_value.sival_int);
    TRY(mq_send(queue, "n", 1, 3));
    printf("  %d\n", noticed);
    TRY(mq_notify(queue, &event));
    fflush(stdout);
    if (fork() == 0) {
        TRY(mq_notify(queue, NULL));
        TRY(mq_notify(queue, &event));
        close(queue);
        _exit(0);
    }
    wait(NULL);
    TRY(mq_notify(queue, NULL));
    TRY(mq_notify(queue, &event));
    close(dup(queue));
    TRY(mq_notify(queue, &event));
    event.sigev_notify = 9;
    TRY(mq_notify(queue, &event));
    event.sigev_notify = SIGEV_SIGNAL;
    event.sigev_signo = 65;
    TRY(mq_notify(queue, &event));
    TRY(syscall(SYS_mq_notify, 0, NULL));
    TRY(syscall(SYS_mq_notify, queue, kBadAddress));
    receive(queue);
    receive(queue);
    noticed = 0;
    sleeper(queue, NULL);
    TRY(mq_send(queue, "s", 1, 2));
    wait(NULL);
    printf("  %d\n", noticed);
    TRY(mq_send(queue, "t", 1, 1));
    printf("  %d\n", noticed);
    TRY(syscall(SYS_mq_unlink, "q"));
}

static void limits(void) {
    static const struct mq_attr kWrong[] = {{.mq_maxmsg = 0, .mq_msgsize = 1},
                                            {.mq_maxmsg = 1, .mq_msgsize = 0},
                                            {.mq_maxmsg = -1, .mq_msgsize = 1},
                                            {.mq_maxmsg = 65537, .mq_msgsize = 1},
                                            {.mq_maxmsg = 1, .mq_msgsize = (16 << 20) + 1}};
    for (size_t i = 0; i < sizeof(kWrong) / sizeof(kWrong[0]); i++) {
        TRY(open_queue("wrong", O_CREAT | O_RDWR, 0600, &kWrong[i]));
    }
    struct mq_attr now;
    const int queue = open_queue("default", O_CREAT | O_RDWR, 0666, NULL);
    mq_getattr(queue, &now);
    printf("  %ld %ld\n", now.mq_maxmsg, now.mq_msgsize);
    TRY(syscall(SYS_mq_unlink, "default"));
    setgid(1000);
    setuid(1000);
    now.mq_maxmsg = 11;
    TRY(open_queue("u", O_CREAT | O_RDWR, 0600, &now));
    now.mq_maxmsg = 10;
    now.mq_msgsize = 8193;
    TRY(open_queue("u", O_CREAT | O_RDWR, 0600, &now));
    now.mq_msgsize = 8192;
    for (int i = 0; i < 10; i++) {
        char name[2] = {(char)('0' + i), 0};
        TRY(open_queue(name, O_CREAT | O_RDWR, 0600, &now));
    }
    struct rlimit limit = {.rlim_cur = 9 * 82880 + 97, .rlim_max = 9 * 82880 + 97};
    TRY(setrlimit(RLIMIT_MSGQUEUE, &limit));
    now.mq_maxmsg = 1;
    now.mq_msgsize = 2;
    TRY(open_queue("u", O_CREAT | O_RDWR, 0600, &now));
    now.mq_msgsize = 1;
    TRY(open_queue("u", O_CREAT | O_RDWR, 0600, &now));
    TRY(syscall(SYS_mq_unlink, "u"));
    for (int i = 0; i < 10; i++) {
        char name[2] = {(char)('0' + i), 0};
        TRY(syscall(SYS_mq_unlink, name));
    }
}

int main(int count, char** arguments) {
    static const struct Behaviour kBehaviours[] = {
        {"names", names}, {"order", order}, {"waiting", waiting}, {"notices", notices}, {"limits", limits}};
    setvbuf(stdout, NULL, _IOLBF, 0);
    return run_behaviour(kBehaviours, sizeof(kBehaviours) / sizeof(kBehaviours[0]),
                         count > 1 ? arguments[1] : NULL);
}
