// POSIX timers: errors, signals and their contents, overruns, deletion, clocks of CPU time, fork and exec.
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>

#include "../behaviours.h"
#include "../report.h"

enum { kMillisecond = 1000000 };

static volatile sig_atomic_t delivered;
static volatile siginfo_t last;

static int create(clockid_t clock, const struct sigevent* event, int* timer) {
    return (int)syscall(SYS_timer_create, clock, event, timer);
}

static int set(int timer, int flags, const struct itimerspec* next, struct itimerspec* old) {
    return (int)syscall(SYS_timer_settime, timer, flags, next, old);
}

static int get(int timer, struct itimerspec* now) {
    return (int)syscall(SYS_timer_gettime, timer, now);
}

static int overrun(int timer) {
    return (int)syscall(SYS_timer_getoverrun, timer);
}

static int delete(int timer) {
    return (int)syscall(SYS_timer_delete, timer);
}

static struct itimerspec in_milliseconds(long value, long interval) {
    const struct itimerspec time = {.it_interval = {.tv_nsec = interval * kMillisecond},
                                    .it_value = {.tv_nsec = value * kMillisecond}};
    return time;
}

// On CLOCK_REALTIME: has expired so often that two expiries were missed (until 2036).
static const struct itimerspec kLongPast = {.it_interval = {.tv_sec = 700000000}, .it_value = {.tv_sec = 1}};
static const struct itimerspec kOnce = {.it_value = {.tv_sec = 1}};
static const struct itimerspec kStop;

static void show(const siginfo_t* info) {
    printf("  signal %d code %d timer %d overrun %d value %d\n", info->si_signo, info->si_code,
           info->si_timerid, info->si_overrun, info->si_value.sival_int);
}

static void on_signal(int number, siginfo_t* info, void* context) {
    (void)number;
    (void)context;
    *(siginfo_t*)&last = *info;
    ++delivered;
}

static void handle(int number) {
    struct sigaction action = {.sa_sigaction = on_signal, .sa_flags = SA_SIGINFO};
    sigaction(number, &action, NULL);
}

static void take(const sigset_t* wanted) {
    const struct timespec now = {0};
    siginfo_t info;
    const int number = sigtimedwait(wanted, &info, &now);
    if (number > 0) {
        show(&info);
    } else {
        printf("  nothing pending\n");
    }
}

static void errors(void) {
    int timer = -1;
    struct itimerspec time;
    struct sigevent event = {.sigev_notify = 7};
    TRY(create(CLOCK_REALTIME, NULL, kBadAddress));
    TRY(create(CLOCK_REALTIME, kBadAddress, &timer));
    TRY(create(99, NULL, &timer));
    TRY(create(99, kBadAddress, &timer));
    TRY(create(CLOCK_MONOTONIC_RAW, NULL, &timer));
    TRY(create(CLOCK_REALTIME_COARSE, NULL, &timer));
    TRY(create(CLOCK_REALTIME, &event, &timer));
    event.sigev_notify = SIGEV_SIGNAL;
    TRY(create(CLOCK_REALTIME, &event, &timer));
    event.sigev_signo = 65;
    TRY(create(CLOCK_REALTIME, &event, &timer));
    event.sigev_signo = SIGUSR1;
    event.sigev_notify = SIGEV_THREAD_ID;
    event._sigev_un._tid = 1;
    TRY(create(CLOCK_REALTIME, &event, &timer));
    event.sigev_notify = SIGEV_THREAD_ID | SIGEV_NONE;
    TRY(create(CLOCK_REALTIME, &event, &timer));
    // Every attempt that got so far has used up a number.
    TRY(create(CLOCK_REALTIME, NULL, &timer));
    printf("  timer %d\n", timer);
    TRY(get(77, &time));
    TRY(set(77, 0, &kStop, NULL));
    TRY(overrun(77));
    TRY(delete (77));
    TRY(set(77, 0, NULL, NULL));
    TRY(set(timer, 0, kBadAddress, NULL));
    time = in_milliseconds(1, 0);
    time.it_value.tv_nsec = 1000000000;
    TRY(set(timer, 0, &time, NULL));
    time = in_milliseconds(0, -1);
    TRY(set(timer, 0, &time, NULL));
    TRY(get(timer, kBadAddress));
    TRY(get(timer, &time));
    printf("  value %ld %ld\n", time.it_value.tv_sec, time.it_value.tv_nsec);
    TRY(delete (timer));
    TRY(get(timer, &time));
}

// Sets a time that has passed, and gives the timer's interrupt the time to come.
static int expire(int timer, const struct itimerspec* time) {
    const int result = set(timer, TIMER_ABSTIME, time, NULL);
    usleep(2000);
    return result;
}

static void overruns(void) {
    sigset_t wanted;
    sigemptyset(&wanted);
    sigaddset(&wanted, SIGRTMIN);
    sigaddset(&wanted, SIGALRM);
    sigprocmask(SIG_BLOCK, &wanted, NULL);
    struct sigevent event = {
        .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGRTMIN, .sigev_value.sival_int = 42};
    struct itimerspec time;
    int timer;
    TRY(create(CLOCK_REALTIME, &event, &timer));
    TRY(expire(timer, &kLongPast));
    TRY(overrun(timer));
    take(&wanted);
    take(&wanted);
    TRY(overrun(timer));
    get(timer, &time);
    printf("  runs %d, interval %ld\n", time.it_value.tv_sec > 0, time.it_interval.tv_sec);
    TRY(set(timer, 0, &kStop, &time));
    printf("  ran %d, interval %ld\n", time.it_value.tv_sec > 0, time.it_interval.tv_sec);
    TRY(overrun(timer));
    // Once, and once more before the signal is taken: an overrun. Stopping does not take the signal back.
    expire(timer, &kOnce);
    expire(timer, &kOnce);
    set(timer, 0, &kStop, NULL);
    take(&wanted);
    take(&wanted);
    expire(timer, &kOnce);
    TRY(delete (timer));
    take(&wanted);
    // The timer's signal is queued beside another that is pending, but not the other way round.
    TRY(create(CLOCK_REALTIME, NULL, &timer));
    kill(getpid(), SIGALRM);
    expire(timer, &kOnce);
    siginfo_t info;
    TRY(sigwaitinfo(&wanted, &info));
    printf("  code %d\n", info.si_code);
    TRY(sigwaitinfo(&wanted, &info));
    printf("  code %d\n", info.si_code);
    expire(timer, &kOnce);
    kill(getpid(), SIGALRM);
    TRY(sigwaitinfo(&wanted, &info));
    printf("  code %d\n", info.si_code);
    take(&wanted);
    TRY(delete (timer));
    sigprocmask(SIG_UNBLOCK, &wanted, NULL);
}

// Sleeps until the signal comes, which is blocked otherwise: it may be there already.
static void await(int number) {
    sigset_t others;
    sigfillset(&others);
    sigdelset(&others, number);
    sigsuspend(&others);
}

static void mask(int how, int number) {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, number);
    sigprocmask(how, &set, NULL);
}

static void handlers(void) {
    handle(SIGALRM);
    handle(SIGUSR1);
    mask(SIG_BLOCK, SIGALRM);
    int timer;
    TRY(create(CLOCK_MONOTONIC, NULL, &timer));
    struct itimerspec time = in_milliseconds(20, 0);
    set(timer, 0, &time, NULL);
    await(SIGALRM);
    show((const siginfo_t*)&last);
    mask(SIG_UNBLOCK, SIGALRM);
    get(timer, &time);
    printf("  over: %ld %ld\n", time.it_value.tv_sec, time.it_value.tv_nsec);
    // Ignored signals do not stop a periodic timer.
    struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1};
    int ignored;
    create(CLOCK_BOOTTIME, &event, &ignored);
    signal(SIGUSR1, SIG_IGN);
    time = in_milliseconds(10, 10);
    set(ignored, 0, &time, NULL);
    usleep(50000);
    struct itimerspec left;
    get(ignored, &left);
    printf("  runs on %d\n", left.it_value.tv_nsec > 0);
    mask(SIG_BLOCK, SIGUSR1);
    handle(SIGUSR1);
    set(ignored, 0, &time, NULL);
    await(SIGUSR1);
    set(ignored, 0, &kStop, NULL);
    printf("  signal %d, timer %d\n", last.si_signo, last.si_timerid);
    // Without a notice it only tells the time.
    event.sigev_notify = SIGEV_NONE;
    int silent;
    create(CLOCK_REALTIME, &event, &silent);
    set(silent, TIMER_ABSTIME, &kOnce, NULL);
    get(silent, &time);
    printf("  silent: %ld %ld\n", time.it_value.tv_sec, time.it_value.tv_nsec);
    set(silent, TIMER_ABSTIME, &kLongPast, NULL);
    get(silent, &time);
    printf("  silent: runs %d, overrun %d\n", time.it_value.tv_sec > 0, overrun(silent));
}

static volatile int thread_id;
static int thread_pipe[2];

static void* wait_in_thread(void* unused) {
    (void)unused;
    sigset_t set;
    siginfo_t info;
    sigemptyset(&set);
    sigaddset(&set, SIGUSR2);
    thread_id = (int)syscall(SYS_gettid);
    (void)!write(thread_pipe[1], "r", 1);
    sigwaitinfo(&set, &info);
    show(&info);
    return NULL;
}

static void thread_targets(void) {
    mask(SIG_BLOCK, SIGUSR2);
    (void)!pipe(thread_pipe);
    pthread_t thread;
    pthread_create(&thread, NULL, wait_in_thread, NULL);
    char byte;
    (void)!read(thread_pipe[0], &byte, 1);
    struct sigevent event = {.sigev_notify = SIGEV_SIGNAL | SIGEV_THREAD_ID, .sigev_signo = SIGUSR2};
    event._sigev_un._tid = thread_id;
    int timer;
    TRY(create(CLOCK_MONOTONIC, &event, &timer));
    const struct itimerspec time = in_milliseconds(20, 0);
    set(timer, 0, &time, NULL);
    pthread_join(thread, NULL);
    // The thread is gone, and with it the timer's target.
    TRY(expire(timer, &kOnce));
}

static void cpu_time(void) {
    int timer;
    struct itimerspec time = in_milliseconds(1, 0);
    handle(SIGALRM);
    TRY(create(CLOCK_PROCESS_CPUTIME_ID, NULL, &timer));
    delivered = 0;
    TRY(set(timer, 0, &time, NULL));
    while (delivered == 0) {
    }
    get(timer, &time);
    printf("  signal %d code %d, rest %ld\n", last.si_signo, last.si_code, time.it_value.tv_nsec);
    TRY(delete (timer));
    TRY(create(CLOCK_THREAD_CPUTIME_ID, NULL, &timer));
    time = in_milliseconds(1, 1);
    delivered = 0;
    TRY(set(timer, 0, &time, NULL));
    while (delivered < 2) {
    }
    TRY(set(timer, 0, &kStop, &time));
    printf("  interval %ld\n", time.it_interval.tv_nsec);
    TRY(create(-2 - (1 << 20), NULL, &timer));
}

static void lives(const char* program) {
    int timer;
    create(CLOCK_MONOTONIC, NULL, &timer);
    struct itimerspec time = {.it_value = {.tv_sec = 1000}};
    set(timer, 0, &time, NULL);
    fflush(stdout);
    const pid_t child = fork();
    if (child == 0) {
        TRY(get(timer, &time));
        TRY(create(CLOCK_MONOTONIC, NULL, &timer));
        printf("  timer %d\n", timer);
        fflush(stdout);
        execl(program, program, "executed", NULL);
        _exit(1);
    }
    waitpid(child, NULL, 0);
}

static void live(void) {
    lives("/proc/self/exe");
}

int main(int count, char** arguments) {
    if (count > 1 && strcmp(arguments[1], "executed") == 0) {
        struct itimerspec time;
        TRY(get(0, &time));
        return 0;
    }
    static const struct Behaviour kBehaviours[] = {{"errors", errors},     {"overruns", overruns},
                                                   {"handlers", handlers}, {"threads", thread_targets},
                                                   {"cpu-time", cpu_time}, {"lives", live}};
    setvbuf(stdout, NULL, _IOLBF, 0);
    return run_behaviour(kBehaviours, sizeof(kBehaviours) / sizeof(kBehaviours[0]),
                         count > 1 ? arguments[1] : NULL);
}
