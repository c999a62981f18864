// ppoll, pselect and the epoll waits with signals: temporary masks, what is written when a signal comes, what
// continues after a stop, and the rest of a timeout.
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/personality.h>
#include <sys/select.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

static volatile sig_atomic_t hits;
static int ends[2];
static int set;
static sigset_t none, user;

static void count(int signal) {
    (void)signal;
    hits++;
}

static void report(const char* label, long result) {
    printf("%s: %ld %s, handler %d\n", label, result, result < 0 ? strerrorname_np(errno) : "", hits);
    hits = 0;
}

static void opened_by_a_mask(void) {
    struct timespec long_time = {.tv_nsec = 200000000}, no_time = {0};
    struct pollfd polled = {.fd = ends[0], .events = POLLIN, .revents = 77};
    struct epoll_event event;
    fd_set read_set;
    FD_ZERO(&read_set);
    FD_SET(ends[0], &read_set);
    sigprocmask(SIG_BLOCK, &user, NULL);
    raise(SIGUSR1);
    report("blocked", 0);
    report("ppoll", ppoll(&polled, 1, &long_time, &none));
    printf("events %d\n", polled.revents);
    raise(SIGUSR1);
    report("ppoll for no time", ppoll(&polled, 1, &no_time, &none));
    raise(SIGUSR1);
    report("pselect", pselect(ends[0] + 1, &read_set, NULL, NULL, &long_time, &none));
    printf("set %d\n", FD_ISSET(ends[0], &read_set));
    raise(SIGUSR1);
    report("epoll_pwait", epoll_pwait(set, &event, 1, 100, &none));
    raise(SIGUSR1);
    report("epoll_pwait2", syscall(SYS_epoll_pwait2, set, &event, 1, &long_time, &none, 8));
    raise(SIGUSR1);
    report("epoll_pwait for no time", epoll_pwait(set, &event, 1, 0, &none));
    write(ends[1], "a", 1);
    report("epoll_pwait with an event", epoll_pwait(set, &event, 1, 100, &none));
    report("ppoll with an event", ppoll(&polled, 1, &long_time, &none));
    read(ends[0], &(char){0}, 1);
    report("sigsuspend", sigsuspend(&none));
    sigset_t now;
    sigprocmask(SIG_SETMASK, NULL, &now);
    printf("mask is back %d\n", sigismember(&now, SIGUSR1));
    sigprocmask(SIG_UNBLOCK, &user, NULL);
}

static void errors(void) {
    struct timespec bad_time = {.tv_nsec = 1000000000}, no_time = {0};
    struct pollfd polled = {.fd = ends[0], .events = POLLIN};
    struct epoll_event event;
    report("a mask of another size", syscall(SYS_ppoll, &polled, 1, &no_time, &none, 4));
    report("a bad mask", syscall(SYS_ppoll, &polled, 1, &no_time, (void*)8, 8));
    report("a bad time", ppoll(&polled, 1, &bad_time, NULL));
    report("a bad array", syscall(SYS_ppoll, (void*)8, 1, &no_time, NULL, 8));
    report("a bad time for epoll", syscall(SYS_epoll_pwait2, set, &event, 1, &bad_time, NULL, 8));
    report("a bad address for it", syscall(SYS_epoll_pwait2, set, &event, 1, (void*)8, NULL, 8));
    polled.fd = -1;
    report("no descriptor", poll(&polled, 1, 0));
    polled.fd = 99;
    report("a closed one", poll(&polled, 1, 0));
    printf("events %x\n", polled.revents);
    fd_set closed;
    FD_ZERO(&closed);
    FD_SET(60, &closed);
    report("select on a closed one", select(61, &closed, NULL, NULL, &(struct timeval){0}));
    report("select on too few", select(-1, NULL, NULL, NULL, &(struct timeval){0}));
}

// A signal in the middle of a wait, with and without SA_RESTART.
static void interrupted(int flags) {
    const struct sigaction action = {.sa_handler = count, .sa_flags = flags};
    const struct itimerval soon = {.it_value = {.tv_usec = 30000}};
    struct timespec time = {.tv_nsec = 400000000};
    struct pollfd polled = {.fd = ends[0], .events = POLLIN, .revents = 77};
    struct epoll_event event;
    sigaction(SIGALRM, &action, NULL);
    setitimer(ITIMER_REAL, &soon, NULL);
    report("ppoll", syscall(SYS_ppoll, &polled, 1, &time, NULL, 8));
    printf("events %d, there is a rest %d\n", polled.revents,
           time.tv_nsec > 200000000 && time.tv_nsec < 400000000);
    setitimer(ITIMER_REAL, &soon, NULL);
    report("epoll_wait", epoll_wait(set, &event, 1, 400));
    setitimer(ITIMER_REAL, &soon, NULL);
    report("poll for ever", poll(&polled, 1, -1));
    struct timespec* fixed = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    *fixed = (struct timespec){.tv_nsec = 400000000};
    mprotect(fixed, 4096, PROT_READ);
    setitimer(ITIMER_REAL, &soon, NULL);
    report("a time that cannot be written", syscall(SYS_ppoll, &polled, 1, fixed, NULL, 8));
    munmap(fixed, 4096);
}

static void wait_through_stops(void) {
    struct timespec time = {.tv_nsec = 150000000};
    struct pollfd polled = {.fd = ends[0], .events = POLLIN};
    struct epoll_event event;
    report("ppoll goes on", syscall(SYS_ppoll, &polled, 1, &time, NULL, 8));
    personality(STICKY_TIMEOUTS);
    time.tv_nsec = 150000000;
    report("but not with a sticky timeout", syscall(SYS_ppoll, &polled, 1, &time, NULL, 8));
    printf("which stays %ld\n", time.tv_nsec);
    personality(0);
    report("nor does epoll_wait", epoll_wait(set, &event, 1, 150));
    report("nor with a mask", epoll_pwait(set, &event, 1, 150, &none));
    fflush(stdout);
    _exit(0);
}

static void stopped(void) {
    fflush(stdout);
    const pid_t child = fork();
    if (child == 0) {
        wait_through_stops();
    }
    int status = 0;
    for (int i = 0; i < 4; i++) {
        usleep(40000);
        kill(child, SIGSTOP);
        waitpid(child, &status, WUNTRACED);
        usleep(10000);
        kill(child, SIGCONT);
        // The last stop ends the child's last wait, and so the child.
        if (i < 3) {
            usleep(i == 0 ? 140000 : 20000);
        }
    }
    waitpid(child, &status, 0);
}

int main(void) {
    const struct sigaction action = {.sa_handler = count, .sa_flags = SA_RESTART};
    struct epoll_event event = {.events = EPOLLIN};
    setvbuf(stdout, NULL, _IOFBF, 8192);
    sigaction(SIGUSR1, &action, NULL);
    sigemptyset(&none);
    sigemptyset(&user);
    sigaddset(&user, SIGUSR1);
    pipe(ends);
    set = epoll_create1(0);
    epoll_ctl(set, EPOLL_CTL_ADD, ends[0], &event);
    opened_by_a_mask();
    errors();
    interrupted(0);
    interrupted(SA_RESTART);
    stopped();
    return 0;
}
