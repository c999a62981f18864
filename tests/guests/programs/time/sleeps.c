// Sleeping and clocks: edges of times, errors in their order, what rests, and what is refused.
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>

#include "../behaviours.h"
#include "../report.h"

static long sleep_on(int clock, int flags, const struct timespec* time, struct timespec* rest) {
    return syscall(SYS_clock_nanosleep, clock, flags, time, rest);
}

static void note(int number) {
    (void)number;
}

static void sleeping(void) {
    struct timespec time = {0, 1000000000};
    struct timespec rest = {7, 7};
    TRY(syscall(SYS_nanosleep, &time, &rest));
    time.tv_nsec = -1;
    TRY(syscall(SYS_nanosleep, &time, &rest));
    time = (struct timespec){-1, 0};
    TRY(syscall(SYS_nanosleep, &time, &rest));
    TRY(syscall(SYS_nanosleep, kBadAddress, &rest));
    time = (struct timespec){0, 0};
    TRY(syscall(SYS_nanosleep, &time, kBadAddress));
    TRY(sleep_on(CLOCK_REALTIME, TIMER_ABSTIME, &time, &rest));
    TRY(sleep_on(CLOCK_MONOTONIC, TIMER_ABSTIME, &time, &rest));
    TRY(sleep_on(CLOCK_MONOTONIC, 8, &time, &rest));
    TRY(sleep_on(CLOCK_BOOTTIME, 0, &time, &rest));
    TRY(sleep_on(CLOCK_TAI, 0, &time, &rest));
    TRY(sleep_on(CLOCK_MONOTONIC_RAW, 0, &time, &rest));
    TRY(sleep_on(CLOCK_REALTIME_COARSE, 0, &time, &rest));
    TRY(sleep_on(CLOCK_THREAD_CPUTIME_ID, 0, &time, &rest));
    TRY(sleep_on(16, 0, kBadAddress, &rest));
    TRY(sleep_on(CLOCK_MONOTONIC, 0, kBadAddress, &rest));
    printf("  rest %ld %ld\n", rest.tv_sec, rest.tv_nsec);
    const struct sigaction action = {.sa_handler = note, .sa_flags = SA_RESTART};
    sigaction(SIGALRM, &action, NULL);
    time.tv_sec = 100;
    ualarm(10000, 0);
    TRY(syscall(SYS_nanosleep, &time, &rest));
    printf("  rest %ld\n", rest.tv_sec);
    ualarm(10000, 0);
    TRY(syscall(SYS_nanosleep, &time, kBadAddress));
    clock_gettime(CLOCK_MONOTONIC, &time);
    time.tv_sec += 100;
    rest.tv_sec = 5;
    ualarm(10000, 0);
    TRY(sleep_on(CLOCK_MONOTONIC, TIMER_ABSTIME, &time, &rest));
    printf("  rest %ld\n", rest.tv_sec);
    time.tv_sec = 1L << 60;
    ualarm(10000, 0);
    TRY(sleep_on(CLOCK_MONOTONIC, 0, &time, &rest));
}

static void timers(void) {
    struct itimerval time = {{0, 0}, {100, 0}};
    struct itimerval old = {{9, 9}, {9, 9}};
    TRY(syscall(SYS_setitimer, 3, &time, &old));
    TRY(syscall(SYS_getitimer, 3, &old));
    TRY(syscall(SYS_setitimer, ITIMER_REAL, kBadAddress, &old));
    time.it_value.tv_usec = 1000000;
    TRY(syscall(SYS_setitimer, ITIMER_REAL, &time, &old));
    time.it_value.tv_usec = -1;
    TRY(syscall(SYS_setitimer, ITIMER_REAL, &time, &old));
    time.it_value.tv_usec = 0;
    time.it_interval.tv_sec = -1;
    TRY(syscall(SYS_setitimer, ITIMER_REAL, &time, &old));
    time.it_interval.tv_sec = 50;
    TRY(syscall(SYS_setitimer, ITIMER_REAL, &time, &old));
    printf("  was %ld, every %ld\n", old.it_value.tv_sec, old.it_interval.tv_sec);
    TRY(syscall(SYS_setitimer, ITIMER_REAL, &time, kBadAddress));
    TRY(syscall(SYS_getitimer, ITIMER_REAL, kBadAddress));
    TRY(syscall(SYS_getitimer, ITIMER_REAL, &old));
    printf("  is %d, every %ld\n", old.it_value.tv_sec >= 99, old.it_interval.tv_sec);
    TRY(alarm(30));
    TRY(syscall(SYS_getitimer, ITIMER_REAL, &old));
    printf("  every %ld\n", old.it_interval.tv_sec);
    TRY(alarm(0));
    TRY(alarm(0));
    signal(SIGALRM, SIG_IGN);
    ualarm(1, 0);
    usleep(1000);
    TRY(alarm(0));
}

static void clocks(void) {
    struct timespec time = {1, 1};
    static const int kClocks[] = {
        CLOCK_REALTIME,        CLOCK_MONOTONIC,        CLOCK_MONOTONIC_RAW,      CLOCK_BOOTTIME,
        CLOCK_REALTIME_COARSE, CLOCK_MONOTONIC_COARSE, CLOCK_PROCESS_CPUTIME_ID, CLOCK_TAI};
    for (size_t i = 0; i < sizeof(kClocks) / sizeof(kClocks[0]); i++) {
        TRY(syscall(SYS_clock_getres, kClocks[i], &time));
        printf("  %ld %ld\n", time.tv_sec, time.tv_nsec);
    }
    TRY(syscall(SYS_clock_getres, 0, NULL));
    TRY(syscall(SYS_clock_getres, 0, kBadAddress));
    TRY(syscall(SYS_clock_getres, 16, NULL));
    TRY(syscall(SYS_clock_gettime, 16, &time));
    TRY(syscall(SYS_clock_gettime, 0, kBadAddress));
    TRY(syscall(SYS_clock_gettime, -1000000, &time));
    TRY(syscall(SYS_gettimeofday, NULL, NULL));
    TRY(syscall(SYS_gettimeofday, kBadAddress, NULL));
    TRY(syscall(SYS_gettimeofday, NULL, kBadAddress));
    struct timeval now = {0, 1000000};
    TRY(syscall(SYS_settimeofday, &now, NULL));
    TRY(syscall(SYS_settimeofday, kBadAddress, NULL));
    now.tv_usec = -1;
    TRY(syscall(SYS_settimeofday, &now, NULL));
    struct timezone zone = {16 * 60, 0};
    TRY(syscall(SYS_settimeofday, NULL, &zone));
    time = (struct timespec){-1, 0};
    TRY(syscall(SYS_clock_settime, CLOCK_REALTIME, &time));
    time.tv_sec = 1L << 40;
    TRY(syscall(SYS_clock_settime, CLOCK_REALTIME, &time));
    TRY(syscall(SYS_clock_settime, CLOCK_REALTIME, kBadAddress));
    TRY(syscall(SYS_clock_settime, CLOCK_BOOTTIME, &time));
    TRY(syscall(SYS_clock_settime, CLOCK_TAI, &time));
    TRY(syscall(SYS_clock_settime, 16, kBadAddress));
    setuid(1000);
    time = (struct timespec){1000000000, 0};
    TRY(syscall(SYS_clock_settime, CLOCK_REALTIME, &time));
    now = (struct timeval){1000000000, 0};
    TRY(syscall(SYS_settimeofday, &now, NULL));
    zone.tz_minuteswest = 0;
    TRY(syscall(SYS_settimeofday, NULL, &zone));
}

int main(int count, char** arguments) {
    static const struct Behaviour kBehaviours[] = {
        {"sleeping", sleeping}, {"timers", timers}, {"clocks", clocks}};
    setvbuf(stdout, NULL, _IOLBF, 0);
    return run_behaviour(kBehaviours, sizeof(kBehaviours) / sizeof(kBehaviours[0]),
                         count > 1 ? arguments[1] : NULL);
}
