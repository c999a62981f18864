// timerfd: errors, counts, absolute times, polling, cancelling by a change of the clock, and sharing.
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <time.h>

#include "../report.h"

// Linux include/uapi/linux/timerfd.h, whose header does not go with the C library's.
#define TFD_IOC_SET_TICKS _IOW('T', 0, uint64_t)

enum { kMillisecond = 1000000 };

static struct itimerspec in_seconds(long value, long interval) {
    const struct itimerspec time = {.it_interval = {.tv_sec = interval}, .it_value = {.tv_sec = value}};
    return time;
}

static struct itimerspec in_milliseconds(long value) {
    const struct itimerspec time = {.it_value = {.tv_nsec = value * kMillisecond}};
    return time;
}

static void read_count(int fd) {
    uint64_t count = 0;
    TRY(read(fd, &count, sizeof(count)));
    printf("  count %lu\n", count);
}

static void wait_for(int fd) {
    struct pollfd entry = {.fd = fd, .events = POLLIN | POLLRDNORM | POLLOUT};
    const int ready = poll(&entry, 1, 10000);
    printf("ready %d, events %x\n", ready, entry.revents);
}

static void errors(void) {
    struct itimerspec time = in_seconds(1000, 0);
    char bytes[16];
    TRY(timerfd_create(CLOCK_MONOTONIC, 1));
    TRY(timerfd_create(CLOCK_PROCESS_CPUTIME_ID, 0));
    TRY(timerfd_create(CLOCK_TAI, 0));
    TRY(timerfd_create(CLOCK_MONOTONIC_RAW, 0));
    TRY(timerfd_create(-1, 0));
    const int fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
    TRY(fcntl(fd, F_GETFD));
    TRY(fcntl(fd, F_GETFL));
    TRY(timerfd_settime(fd, 4, &time, NULL));
    TRY(timerfd_settime(fd, 0, kBadAddress, NULL));
    TRY(timerfd_settime(99, 4, &time, NULL));
    TRY(timerfd_settime(99, 0, &time, NULL));
    TRY(timerfd_settime(0, 0, &time, NULL));
    time.it_value.tv_nsec = 1000000000;
    TRY(timerfd_settime(99, 0, &time, NULL));
    time = in_seconds(1, 0);
    time.it_interval.tv_nsec = -1;
    TRY(timerfd_settime(fd, 0, &time, NULL));
    TRY(timerfd_gettime(0, &time));
    TRY(timerfd_gettime(99, &time));
    TRY(timerfd_gettime(fd, kBadAddress));
    TRY(read(fd, bytes, 7));
    TRY(read(fd, bytes, 8));
    TRY(write(fd, bytes, 8));
    TRY(pread(fd, bytes, 8, 0));
    TRY(lseek(fd, 5, SEEK_SET));
    TRY(ioctl(fd, FIONREAD, bytes));
    print_fdinfo(fd);
    close(fd);
}

// Times that have been absolutely reached: how often is known (until 2033).
static void counts(void) {
    const int fd = timerfd_create(CLOCK_REALTIME, TFD_NONBLOCK);
    struct itimerspec time = in_seconds(1, 500000000);
    struct itimerspec old;
    TRY(timerfd_settime(fd, TFD_TIMER_ABSTIME, &time, NULL));
    wait_for(fd);
    print_fdinfo(fd);
    read_count(fd);
    read_count(fd);
    TRY(timerfd_gettime(fd, &old));
    printf("  running %d, interval %ld\n", old.it_value.tv_sec > 0, old.it_interval.tv_sec);
    // Asking for the rest counts what has passed as well.
    TRY(timerfd_settime(fd, TFD_TIMER_ABSTIME, &time, &old));
    printf("  was running %d, interval %ld\n", old.it_value.tv_sec > 0, old.it_interval.tv_sec);
    wait_for(fd);
    timerfd_gettime(fd, &old);
    read_count(fd);
    // Setting forgets what had expired.
    timerfd_settime(fd, TFD_TIMER_ABSTIME, &time, NULL);
    wait_for(fd);
    time = in_seconds(0, 7);
    TRY(timerfd_settime(fd, 0, &time, NULL));
    read_count(fd);
    timerfd_gettime(fd, &old);
    printf("  stopped %ld, interval %ld\n", old.it_value.tv_sec, old.it_interval.tv_sec);
    TRY(timerfd_settime(fd, TFD_TIMER_ABSTIME, &(struct itimerspec){.it_value = {1, 0}}, kBadAddress));
    wait_for(fd);
    TRY(read(fd, kBadAddress, 8));
    read_count(fd);
    uint64_t ticks = 0;
    TRY(ioctl(fd, TFD_IOC_SET_TICKS, &ticks));
    ticks = 77;
    TRY(ioctl(fd, TFD_IOC_SET_TICKS, &ticks));
    read_count(fd);
    close(fd);
}

static void polling(void) {
    const int fd = timerfd_create(CLOCK_BOOTTIME, 0);
    const int set = epoll_create1(0);
    struct epoll_event event = {.events = EPOLLIN | EPOLLET, .data.u32 = 5};
    TRY(epoll_ctl(set, EPOLL_CTL_ADD, fd, &event));
    struct itimerspec time = in_milliseconds(20);
    TRY(epoll_wait(set, &event, 1, 0));
    timerfd_settime(fd, 0, &time, NULL);
    TRY(epoll_wait(set, &event, 1, 10000));
    printf("  events %x, data %u\n", event.events, event.data.u32);
    TRY(epoll_wait(set, &event, 1, 0));
    read_count(fd);
    timerfd_settime(fd, 0, &time, NULL);
    read_count(fd);
    TRY(epoll_wait(set, &event, 1, 0));
    TRY(epoll_wait(set, &event, 1, 0));
    close(set);
    close(fd);
}

static void on_alarm(int number) {
    (void)number;
}

static void interrupted(int flags) {
    const int fd = timerfd_create(CLOCK_MONOTONIC, 0);
    const struct sigaction action = {.sa_handler = on_alarm, .sa_flags = flags};
    sigaction(SIGALRM, &action, NULL);
    struct itimerspec time = in_milliseconds(flags != 0 ? 300 : 900);
    timerfd_settime(fd, 0, &time, NULL);
    ualarm(50000, 0);
    read_count(fd);
    close(fd);
}

static void clock_changes(void) {
    const int fd = timerfd_create(CLOCK_REALTIME, TFD_NONBLOCK);
    const int relative = timerfd_create(CLOCK_REALTIME, TFD_NONBLOCK);
    const struct timespec epoch = {.tv_sec = 1800000000};
    struct timespec now = epoch;
    TRY(clock_settime(CLOCK_REALTIME, &now));
    struct itimerspec time = in_seconds(epoch.tv_sec + 1000, 0);
    struct itimerspec left;
    timerfd_settime(fd, TFD_TIMER_ABSTIME, &time, NULL);
    time = in_seconds(5000, 0);
    timerfd_settime(relative, 0, &time, NULL);
    now.tv_sec += 2000;
    TRY(clock_settime(CLOCK_REALTIME, &now));
    wait_for(fd);
    read_count(fd);
    timerfd_gettime(relative, &left);
    printf("  not moved %d\n", left.it_value.tv_sec > 4000);
    time = in_seconds(epoch.tv_sec + 90000, 0);
    TRY(timerfd_settime(fd, TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET, &time, NULL));
    TRY(clock_settime(CLOCK_REALTIME, &epoch));
    wait_for(fd);
    read_count(fd);
    read_count(fd);
    TRY(clock_settime(CLOCK_REALTIME, &now));
    TRY(timerfd_settime(fd, TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET, &time, NULL));
    TRY(timerfd_settime(fd, TFD_TIMER_ABSTIME, &time, NULL));
    TRY(clock_settime(CLOCK_REALTIME, &epoch));
    read_count(fd);
    close(fd);
    close(relative);
}

static void sharing(void) {
    const int fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK);
    const struct itimerspec time = in_milliseconds(1);
    timerfd_settime(fd, 0, &time, NULL);
    fflush(stdout);
    const pid_t child = fork();
    if (child == 0) {
        wait_for(fd);
        read_count(fd);
        fflush(stdout);
        _exit(0);
    }
    waitpid(child, NULL, 0);
    read_count(fd);
    const int copy = dup(fd);
    timerfd_settime(copy, 0, &time, NULL);
    close(copy);
    wait_for(fd);
    close(fd);
}

static void alarms(void) {
    const int fd = timerfd_create(CLOCK_BOOTTIME_ALARM, 0);
    const struct itimerspec time = in_milliseconds(1);
    TRY(timerfd_settime(fd, 0, &time, NULL));
    read_count(fd);
    TRY(setuid(1000));
    TRY(timerfd_settime(fd, 0, &time, NULL));
    TRY(timerfd_create(CLOCK_REALTIME_ALARM, 0));
    TRY(timerfd_create(CLOCK_REALTIME, 0) > 0);
}

int main(void) {
    errors();
    counts();
    polling();
    interrupted(0);
    interrupted(SA_RESTART);
    clock_changes();
    sharing();
    alarms();
    return 0;
}
