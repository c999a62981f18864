// Interval timers on real and on CPU time, RLIMIT_CPU, sleeping on CPU time, and what adjtimex tells.
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/timex.h>
#include <sys/wait.h>
#include <time.h>

#include "../behaviours.h"
#include "../report.h"

static const struct itimerval kNone;
static volatile sig_atomic_t delivered;
static volatile sig_atomic_t last_wanted;  // of the signals of `running`, which then stops; 0: none is
static volatile int running;
static volatile int last_signal;
static volatile int last_code;

static void on_signal(int number, siginfo_t* info, void* context) {
    (void)context;
    last_signal = number;
    last_code = info->si_code;
    ++delivered;
    if (delivered == last_wanted) {
        setitimer(running, &kNone, NULL);
    }
}

static void handle(int number) {
    struct sigaction action = {.sa_sigaction = on_signal, .sa_flags = SA_SIGINFO};
    sigaction(number, &action, NULL);
}

static struct itimerval in_microseconds(long value, long interval) {
    const struct itimerval time = {.it_interval = {.tv_usec = interval}, .it_value = {.tv_usec = value}};
    return time;
}

// How often a timer fires before it is stopped is a matter of ticks: its handler stops it.
static void spin_under(int which, struct itimerval time, int count) {
    running = which;
    last_wanted = count;
    delivered = 0;
    setitimer(which, &time, NULL);
    while (delivered < count) {
    }
    last_wanted = 0;
    printf("  signal %d code %d\n", last_signal, last_code);
}

static void cpu_timers(void) {
    handle(SIGVTALRM);
    handle(SIGPROF);
    struct itimerval time = in_microseconds(1000, 1000);
    struct itimerval old = {{9, 9}, {9, 9}};
    TRY(getitimer(3, &old));
    TRY(setitimer(3, &time, &old));
    TRY(setitimer(ITIMER_PROF, kBadAddress, NULL));
    time.it_value.tv_usec = 1000000;
    TRY(setitimer(ITIMER_VIRTUAL, &time, NULL));
    TRY(getitimer(ITIMER_VIRTUAL, &old));
    printf("  idle: %ld %ld %ld\n", old.it_value.tv_sec, old.it_value.tv_usec, old.it_interval.tv_usec);
    spin_under(ITIMER_VIRTUAL, in_microseconds(1000, 1000), 2);
    TRY(setitimer(ITIMER_VIRTUAL, &kNone, NULL));
    spin_under(ITIMER_PROF, in_microseconds(1, 0), 1);
    getitimer(ITIMER_PROF, &old);
    printf("  over: %ld\n", old.it_value.tv_usec);
    // One tick more than asked for may be shown.
    time = in_microseconds(0, 0);
    time.it_value.tv_sec = 100;
    TRY(setitimer(ITIMER_PROF, &time, NULL));
    getitimer(ITIMER_PROF, &old);
    printf("  just set: %d\n", old.it_value.tv_sec >= 99);
    fflush(stdout);
    if (fork() == 0) {
        getitimer(ITIMER_PROF, &old);
        printf("  the child has %ld\n", old.it_value.tv_sec);
        fflush(stdout);
        _exit(0);
    }
    wait(NULL);
    setitimer(ITIMER_PROF, NULL, &old);
    printf("  stopped by a null pointer: %d\n", old.it_value.tv_sec > 0);
}

// A periodic real timer waits until its signal is taken.
static void blocked_alarm(void) {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGALRM);
    sigprocmask(SIG_BLOCK, &set, NULL);
    struct itimerval time = in_microseconds(5000, 900000);
    setitimer(ITIMER_REAL, &time, NULL);
    usleep(50000);
    getitimer(ITIMER_REAL, &time);
    printf("pending: value %ld, interval %ld\n", time.it_value.tv_usec, time.it_interval.tv_usec);
    siginfo_t info;
    TRY(sigwaitinfo(&set, &info));
    getitimer(ITIMER_REAL, &time);
    printf("  code %d, runs again %d\n", info.si_code, time.it_value.tv_usec > 0);
    time = in_microseconds(0, 0);
    setitimer(ITIMER_REAL, &time, NULL);
    sigprocmask(SIG_UNBLOCK, &set, NULL);
}

static void cpu_limit(void) {
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        handle(SIGXCPU);
        struct rlimit limit = {.rlim_cur = 0, .rlim_max = 100};
        const int set = setrlimit(RLIMIT_CPU, &limit);
        while (delivered == 0) {
        }
        printf("set: %d, signal %d code %d\n", set, last_signal, last_code);
        getrlimit(RLIMIT_CPU, &limit);
        printf("  limit now %lu of %lu\n", limit.rlim_cur, limit.rlim_max);
        limit.rlim_cur = limit.rlim_max = 0;
        TRY(setrlimit(RLIMIT_CPU, &limit));
        fflush(stdout);
        for (;;) {
        }
    }
    int status = 0;
    waitpid(child, &status, 0);
    printf("limit: signalled %d by %d\n", WIFSIGNALED(status), WTERMSIG(status));
    fflush(stdout);
    child = fork();
    if (child == 0) {
        struct rlimit limit = {.rlim_cur = 0, .rlim_max = RLIM_INFINITY};
        setrlimit(RLIMIT_CPU, &limit);
        for (;;) {
        }
    }
    waitpid(child, &status, 0);
    printf("limit: signalled %d by %d\n", WIFSIGNALED(status), WTERMSIG(status));
}

static volatile int stop;

static void* spin(void* unused) {
    while (!stop) {
    }
    return unused;
}

static void cpu_sleep(void) {
    struct timespec time = {.tv_nsec = 2000000};
    struct timespec rest;
    TRY(syscall(SYS_clock_nanosleep, CLOCK_THREAD_CPUTIME_ID, 0, &time, &rest));
    TRY(syscall(SYS_clock_nanosleep, -2, 0, &time, &rest));
    TRY(syscall(SYS_clock_nanosleep, CLOCK_MONOTONIC_COARSE, 0, &time, &rest));
    TRY(syscall(SYS_clock_nanosleep, 77, 0, &time, &rest));
    TRY(syscall(SYS_clock_nanosleep, CLOCK_BOOTTIME_ALARM, 4, &time, &rest));
    pthread_t thread;
    pthread_create(&thread, NULL, spin, NULL);
    TRY(syscall(SYS_clock_nanosleep, CLOCK_PROCESS_CPUTIME_ID, 0, &time, &rest));
    stop = 1;
    pthread_join(thread, NULL);
}

static void clocks(void) {
    static const int kClocks[] = {
        CLOCK_REALTIME_ALARM, CLOCK_BOOTTIME_ALARM, CLOCK_TAI, 10, 12, -1, -2, -3, -5, -6};
    struct timespec time;
    for (size_t index = 0; index < sizeof(kClocks) / sizeof(kClocks[0]); ++index) {
        const int clock = kClocks[index];
        const long read = syscall(SYS_clock_gettime, clock, &time);
        time.tv_nsec = -1;
        const long resolution = syscall(SYS_clock_getres, clock, &time);
        printf("clock %d: %ld, resolution %ld %ld\n", clock, read, resolution, time.tv_nsec);
    }
    time.tv_sec = 0;
    time.tv_nsec = 1;
    TRY(clock_settime(CLOCK_REALTIME, &time));
    TRY(clock_settime(CLOCK_MONOTONIC, &time));
    TRY(syscall(SYS_clock_settime, -6, &time));
    time.tv_nsec = 1000000000;
    TRY(clock_settime(CLOCK_REALTIME, &time));
}

// Begins with what Linux boots with: an earlier run may have left something else.
static void adjustments(void) {
    struct timex state = {.modes = ADJ_MAXERROR | ADJ_ESTERROR | ADJ_STATUS | ADJ_TAI,
                          .maxerror = 16000000,
                          .esterror = 16000000,
                          .status = STA_UNSYNC};
    TRY(adjtimex(&state));
    state.modes = 0;
    TRY(adjtimex(&state));
    printf("  offset %ld freq %ld errors %ld %ld status %x constant %ld\n", state.offset, state.freq,
           state.maxerror, state.esterror, state.status, state.constant);
    printf("  precision %ld tolerance %ld tick %ld tai %d\n", state.precision, state.tolerance, state.tick,
           state.tai);
    TRY(clock_adjtime(CLOCK_MONOTONIC, &state));
    TRY(clock_adjtime(77, &state));
    TRY(syscall(SYS_adjtimex, kBadAddress));
    state.modes = ADJ_TICK;
    state.tick = 8999;
    TRY(adjtimex(&state));
    state.modes = ADJ_MAXERROR | ADJ_ESTERROR | ADJ_STATUS | ADJ_TAI;
    state.maxerror = 1000;
    state.esterror = 900;
    state.status = STA_PLL;
    state.constant = 37;
    TRY(adjtimex(&state));
    printf("  esterror %ld status %x tai %d\n", state.esterror, state.status, state.tai);
    TRY(setuid(1000));
    state.modes = ADJ_MAXERROR;
    TRY(adjtimex(&state));
    state.modes = 0;
    TRY(adjtimex(&state));
    state.modes = ADJ_OFFSET_SS_READ;
    TRY(adjtimex(&state));
    state.modes = ADJ_OFFSET_SINGLESHOT;
    TRY(adjtimex(&state));
}

int main(int count, char** arguments) {
    static const struct Behaviour kBehaviours[] = {{"timers", cpu_timers}, {"alarm", blocked_alarm},
                                                   {"limit", cpu_limit},   {"sleep", cpu_sleep},
                                                   {"clocks", clocks},     {"adjustments", adjustments}};
    setvbuf(stdout, NULL, _IOLBF, 0);
    return run_behaviour(kBehaviours, sizeof(kBehaviours) / sizeof(kBehaviours[0]),
                         count > 1 ? arguments[1] : NULL);
}
