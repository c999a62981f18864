// signalfd: errors, order and contents of what is read, changed masks, polling, whose signals a reader gets.
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>

#include "../behaviours.h"
#include "../report.h"

static int raw_signalfd(int fd, const sigset_t* mask, size_t size, int flags) {
    return (int)syscall(SYS_signalfd4, fd, mask, size, flags);
}

static sigset_t set_of(int first, int second, int third) {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, first);
    sigaddset(&set, second);
    sigaddset(&set, third);
    return set;
}

static void read_signals(int fd, size_t size) {
    struct signalfd_siginfo signals[4];
    errno = 0;
    const ssize_t bytes = read(fd, signals, size);
    printf("read %zd %s\n", bytes, bytes < 0 ? strerrorname_np(errno) : "");
    for (ssize_t index = 0; index < bytes / (ssize_t)sizeof(signals[0]); ++index) {
        const struct signalfd_siginfo* one = &signals[index];
        printf(
            "  signal %u code %d own %d user %u status %d value %d %lu timer %u overrun %u band %x fd %d\n",
            one->ssi_signo, one->ssi_code, one->ssi_pid == (uint32_t)getpid(), one->ssi_uid, one->ssi_status,
            one->ssi_int, one->ssi_ptr, one->ssi_tid, one->ssi_overrun, one->ssi_band, one->ssi_fd);
    }
}

static void errors(void) {
    const sigset_t set = set_of(SIGUSR1, SIGKILL, SIGRTMIN + 1);
    char bytes[128] = {0};
    TRY(raw_signalfd(-1, &set, 4, 0));
    TRY(raw_signalfd(-1, &set, sizeof(set), 0));
    TRY(raw_signalfd(-1, kBadAddress, 8, 1));
    TRY(raw_signalfd(-1, &set, 8, 1));
    TRY(raw_signalfd(99, &set, 8, 0));
    TRY(raw_signalfd(-2, &set, 8, 0));
    TRY(raw_signalfd(0, &set, 8, 0));
    const int fd = raw_signalfd(-1, &set, 8, SFD_NONBLOCK | SFD_CLOEXEC);
    TRY(fcntl(fd, F_GETFL));
    TRY(fcntl(fd, F_GETFD));
    TRY(read(fd, bytes, 127));
    TRY(read(fd, bytes, 128));
    TRY(write(fd, bytes, 128));
    TRY(pread(fd, bytes, 128, 0));
    print_fdinfo(fd);
    close(fd);
}

static int ready(int fd) {
    struct pollfd entry = {.fd = fd, .events = POLLIN | POLLOUT};
    return poll(&entry, 1, 0) == 0 ? 0 : entry.revents;
}

static void reading(void) {
    sigset_t set = set_of(SIGUSR1, SIGUSR2, SIGRTMIN + 1);
    sigprocmask(SIG_BLOCK, &set, NULL);
    const int fd = raw_signalfd(-1, &set, 8, SFD_NONBLOCK);
    const int poller = epoll_create1(0);
    struct epoll_event event = {.events = EPOLLIN | EPOLLET};
    epoll_ctl(poller, EPOLL_CTL_ADD, fd, &event);
    printf("ready %d\n", ready(fd));
    sigqueue(getpid(), SIGRTMIN + 1, (union sigval){.sival_int = 1});
    sigqueue(getpid(), SIGRTMIN + 1, (union sigval){.sival_int = 2});
    kill(getpid(), SIGUSR2);
    raise(SIGUSR1);
    kill(getpid(), SIGUSR1);
    printf("ready %d\n", ready(fd));
    TRY(epoll_wait(poller, &event, 1, 0));
    TRY(epoll_wait(poller, &event, 1, 0));
    read_signals(fd, 2 * sizeof(struct signalfd_siginfo) + 5);
    read_signals(fd, 4 * sizeof(struct signalfd_siginfo));
    read_signals(fd, sizeof(struct signalfd_siginfo));
    TRY(epoll_wait(poller, &event, 1, 0));
    kill(getpid(), SIGUSR1);
    TRY(epoll_wait(poller, &event, 1, 0));
    TRY(read(fd, kBadAddress, 128));
    read_signals(fd, sizeof(struct signalfd_siginfo));
    // A new mask: what is asked for now is seen, also what was pending before.
    kill(getpid(), SIGUSR2);
    set = set_of(SIGUSR1, SIGUSR1, SIGUSR1);
    TRY(raw_signalfd(fd, &set, 8, SFD_CLOEXEC) == fd);
    printf("ready %d\n", ready(fd));
    set = set_of(SIGUSR2, SIGUSR2, SIGSTOP);
    TRY(raw_signalfd(fd, &set, 8, 0) == fd);
    print_fdinfo(fd);
    TRY(epoll_wait(poller, &event, 1, 0));
    read_signals(fd, sizeof(struct signalfd_siginfo));
    // What is not blocked is delivered, not read; what is ignored and blocked is read.
    signal(SIGUSR2, SIG_IGN);
    kill(getpid(), SIGUSR2);
    read_signals(fd, sizeof(struct signalfd_siginfo));
    sigprocmask(SIG_UNBLOCK, &set, NULL);
    kill(getpid(), SIGUSR2);
    read_signals(fd, sizeof(struct signalfd_siginfo));
    sigprocmask(SIG_BLOCK, &set, NULL);
    signal(SIGUSR2, SIG_DFL);
    close(poller);
    close(fd);
}

static void children(void) {
    const sigset_t set = set_of(SIGUSR1, SIGCHLD, SIGCHLD);
    sigprocmask(SIG_BLOCK, &set, NULL);
    const int fd = raw_signalfd(-1, &set, 8, 0);
    fflush(stdout);
    const pid_t child = fork();
    if (child == 0) {
        // The file is the parent's too; the signals are this process's.
        kill(getppid(), SIGUSR1);
        printf("child: ready %d\n", ready(fd));
        kill(getpid(), SIGUSR1);
        read_signals(fd, sizeof(struct signalfd_siginfo));
        fflush(stdout);
        _exit(3);
    }
    waitpid(child, NULL, 0);
    read_signals(fd, 4 * sizeof(struct signalfd_siginfo));
    close(fd);
}

static void* read_own(void* argument) {
    const int fd = *(int*)argument;
    pthread_kill(pthread_self(), SIGUSR2);
    read_signals(fd, sizeof(struct signalfd_siginfo));
    return NULL;
}

static void threads(void) {
    const sigset_t set = set_of(SIGUSR2, SIGRTMIN + 1, SIGRTMIN + 1);
    int fd = raw_signalfd(-1, &set, 8, 0);
    pthread_t thread;
    pthread_create(&thread, NULL, read_own, &fd);
    pthread_join(thread, NULL);
    // Those of a thread come before those of its process.
    kill(getpid(), SIGUSR2);
    sigqueue(getpid(), SIGRTMIN + 1, (union sigval){.sival_int = 9});
    pthread_kill(pthread_self(), SIGUSR2);
    read_signals(fd, 4 * sizeof(struct signalfd_siginfo));
    close(fd);
}

static void on_alarm(int number) {
    (void)number;
}

static void timers(void) {
    const sigset_t set = set_of(SIGUSR1, SIGUSR1, SIGUSR1);
    const int fd = raw_signalfd(-1, &set, 8, 0);
    const struct sigaction action = {.sa_handler = on_alarm};
    sigaction(SIGALRM, &action, NULL);
    ualarm(20000, 0);
    read_signals(fd, sizeof(struct signalfd_siginfo));
    // Expired three times when it is read (until 2033); the next time is far off.
    timer_t timer;
    struct sigevent event = {
        .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1, .sigev_value.sival_int = 11};
    TRY(timer_create(CLOCK_REALTIME, &event, &timer));
    const struct itimerspec time = {.it_interval = {.tv_sec = 600000000}, .it_value = {.tv_sec = 1}};
    TRY(timer_settime(timer, TIMER_ABSTIME, &time, NULL));
    usleep(2000);
    read_signals(fd, sizeof(struct signalfd_siginfo));
    TRY(timer_getoverrun(timer));
    printf("ready %d\n", ready(fd));
    close(fd);
}

int main(int count, char** arguments) {
    const sigset_t set = set_of(SIGUSR1, SIGUSR2, SIGRTMIN + 1);
    sigprocmask(SIG_BLOCK, &set, NULL);
    static const struct Behaviour kBehaviours[] = {{"errors", errors},
                                                   {"reading", reading},
                                                   {"children", children},
                                                   {"threads", threads},
                                                   {"timers", timers}};
    setvbuf(stdout, NULL, _IOLBF, 0);
    return run_behaviour(kBehaviours, sizeof(kBehaviours) / sizeof(kBehaviours[0]),
                         count > 1 ? arguments[1] : NULL);
}
