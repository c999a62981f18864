#define _GNU_SOURCE
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/select.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tests/kernel/case.h"

static long milliseconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

CASE(poll_reports_what_is_ready) {
    int ends[2];
    CHECK_EQUAL(pipe(ends), 0);
    int file = open("f", O_RDWR | O_CREAT, 0600);
    struct pollfd entries[5] = {{ends[0], POLLIN, 7},
                                {ends[1], POLLOUT, 7},
                                {-1, POLLIN, 7},
                                {999, POLLIN, 7},
                                {file, POLLIN | POLLOUT | POLLPRI, 7}};
    CHECK_EQUAL(poll(entries, 5, 1000), 3);
    CHECK_EQUAL(entries[0].revents, 0);
    CHECK_EQUAL(entries[1].revents, POLLOUT);
    CHECK_EQUAL(entries[2].revents, 0);
    CHECK_EQUAL(entries[3].revents, POLLNVAL);
    CHECK_EQUAL(entries[4].revents, POLLIN | POLLOUT);
    close(ends[0]);
    close(ends[1]);
    close(file);
}

CASE(poll_times_out) {
    int ends[2];
    CHECK_EQUAL(pipe(ends), 0);
    struct pollfd entry = {ends[0], POLLIN, 0};
    long start = milliseconds();
    CHECK_EQUAL(poll(&entry, 1, 30), 0);
    CHECK(milliseconds() - start >= 29);
    CHECK_EQUAL(poll(NULL, 0, 1), 0);
    struct timespec bad = {0, 1000000000};
    CHECK_ERRNO(ppoll(&entry, 1, &bad, NULL), EINVAL);
    struct timespec rest = {0, 5000000};
    CHECK_EQUAL(syscall(SYS_ppoll, &entry, 1, &rest, NULL, 0), 0);
    CHECK_EQUAL(rest.tv_nsec, 0);
    rest.tv_sec = 100;
    CHECK_EQUAL(write(ends[1], "x", 1), 1);
    CHECK_EQUAL(syscall(SYS_ppoll, &entry, 1, &rest, NULL, 0), 1);
    CHECK(rest.tv_sec == 99);
    sigset_t mask;
    sigemptyset(&mask);
    CHECK_ERRNO(syscall(SYS_ppoll, &entry, 1, NULL, &mask, 4), EINVAL);
    CHECK_ERRNO(syscall(SYS_ppoll, (void*)8, 1, NULL, NULL, 8), EFAULT);
    close(ends[0]);
    close(ends[1]);
}

CASE(poll_is_woken) {
    int ends[2];
    CHECK_EQUAL(pipe(ends), 0);
    pid_t child = fork();
    if (child == 0) {
        usleep(20000);
        _exit(write(ends[1], "x", 1) == 1 ? 0 : 1);
    }
    struct pollfd entry = {ends[0], POLLIN, 0};
    CHECK_EQUAL(poll(&entry, 1, 10000), 1);
    CHECK_EQUAL(entry.revents, POLLIN);
    CHECK_EQUAL(waitpid(child, NULL, 0), child);
    close(ends[0]);
    close(ends[1]);
}

static volatile int caught;
static void catch_signal(int signal) {
    (void)signal;
    caught++;
}

CASE(ppoll_unblocks_signals_for_its_time) {
    sigset_t blocked;
    sigset_t none;
    sigemptyset(&none);
    sigemptyset(&blocked);
    sigaddset(&blocked, SIGUSR1);
    CHECK_EQUAL(sigprocmask(SIG_BLOCK, &blocked, NULL), 0);
    signal(SIGUSR1, catch_signal);
    caught = 0;
    CHECK_EQUAL(raise(SIGUSR1), 0);
    CHECK_EQUAL(caught, 0);
    CHECK_ERRNO(ppoll(NULL, 0, NULL, &none), EINTR);
    CHECK_EQUAL(caught, 1);
    sigset_t now;
    CHECK_EQUAL(sigprocmask(SIG_BLOCK, NULL, &now), 0);
    CHECK(sigismember(&now, SIGUSR1));
    int set = epoll_create1(0);
    struct epoll_event event;
    CHECK_EQUAL(raise(SIGUSR1), 0);
    CHECK_ERRNO(epoll_pwait(set, &event, 1, -1, &none), EINTR);
    CHECK_EQUAL(caught, 2);
    CHECK_EQUAL(sigprocmask(SIG_UNBLOCK, &blocked, NULL), 0);
    signal(SIGUSR1, SIG_DFL);
    close(set);
}

CASE(select_reports_sets) {
    int ends[2];
    CHECK_EQUAL(pipe(ends), 0);
    fd_set in;
    fd_set out;
    FD_ZERO(&in);
    FD_ZERO(&out);
    FD_SET(ends[0], &in);
    FD_SET(ends[1], &out);
    struct timeval timeout = {1, 0};
    CHECK_EQUAL(select(ends[1] + 1, &in, &out, NULL, &timeout), 1);
    CHECK(!FD_ISSET(ends[0], &in));
    CHECK(FD_ISSET(ends[1], &out));
    CHECK_EQUAL(write(ends[1], "x", 1), 1);
    FD_SET(ends[0], &in);
    CHECK_EQUAL(select(ends[1] + 1, &in, NULL, NULL, NULL), 1);
    FD_ZERO(&in);
    FD_SET(50, &in);
    CHECK_ERRNO(select(51, &in, NULL, NULL, &timeout), EBADF);
    // What the descriptor table has no room for is not looked at.
    timeout.tv_sec = 0;
    FD_ZERO(&in);
    FD_SET(1000, &in);
    CHECK_EQUAL(select(1001, &in, NULL, NULL, &timeout), 0);
    CHECK_ERRNO(syscall(SYS_pselect6, -1, NULL, NULL, NULL, NULL, NULL), EINVAL);
    timeout.tv_sec = 0;
    timeout.tv_usec = 1000;
    CHECK_EQUAL(select(0, NULL, NULL, NULL, &timeout), 0);
    close(ends[0]);
    close(ends[1]);
}

CASE(eventfds_count) {
    int fd = eventfd(3, EFD_NONBLOCK | EFD_CLOEXEC);
    uint64_t value = 0;
    CHECK_EQUAL(read(fd, &value, 8), 8);
    CHECK_EQUAL(value, 3);
    CHECK_ERRNO(read(fd, &value, 8), EAGAIN);
    CHECK_ERRNO(read(fd, &value, 7), EINVAL);
    value = 5;
    CHECK_EQUAL(write(fd, &value, 8), 8);
    CHECK_EQUAL(write(fd, &value, 8), 8);
    CHECK_EQUAL(read(fd, &value, 8), 8);
    CHECK_EQUAL(value, 10);
    value = ~0ULL;
    CHECK_ERRNO(write(fd, &value, 8), EINVAL);
    value = ~0ULL - 1;
    CHECK_EQUAL(write(fd, &value, 8), 8);
    value = 1;
    CHECK_ERRNO(write(fd, &value, 8), EAGAIN);
    struct pollfd entry = {fd, POLLIN | POLLOUT, 0};
    CHECK_EQUAL(poll(&entry, 1, 0), 1);
    CHECK_EQUAL(entry.revents, POLLIN);
    int semaphore = eventfd(2, EFD_SEMAPHORE | EFD_NONBLOCK);
    CHECK_EQUAL(read(semaphore, &value, 8), 8);
    CHECK_EQUAL(value, 1);
    CHECK_EQUAL(read(semaphore, &value, 8), 8);
    CHECK_ERRNO(read(semaphore, &value, 8), EAGAIN);
    CHECK_ERRNO(syscall(SYS_eventfd2, 0, 0x10), EINVAL);
    close(fd);
    close(semaphore);
}

CASE(epoll_level_and_edge) {
    int ends[2];
    char bytes[4];
    CHECK_EQUAL(pipe(ends), 0);
    int set = epoll_create1(EPOLL_CLOEXEC);
    struct epoll_event event = {.events = EPOLLIN, .data.u64 = 42};
    CHECK_EQUAL(epoll_ctl(set, EPOLL_CTL_ADD, ends[0], &event), 0);
    CHECK_ERRNO(epoll_ctl(set, EPOLL_CTL_ADD, ends[0], &event), EEXIST);
    struct epoll_event got[4];
    CHECK_EQUAL(epoll_wait(set, got, 4, 0), 0);
    CHECK_EQUAL(write(ends[1], "xy", 2), 2);
    CHECK_EQUAL(epoll_wait(set, got, 4, 0), 1);
    CHECK_EQUAL(got[0].events, EPOLLIN);
    CHECK_EQUAL(got[0].data.u64, 42);
    CHECK_EQUAL(epoll_wait(set, got, 4, 0), 1);
    event.events = EPOLLIN | EPOLLET;
    CHECK_EQUAL(epoll_ctl(set, EPOLL_CTL_MOD, ends[0], &event), 0);
    CHECK_EQUAL(epoll_wait(set, got, 4, 0), 1);
    CHECK_EQUAL(epoll_wait(set, got, 4, 0), 0);
    CHECK_EQUAL(read(ends[0], bytes, 4), 2);
    CHECK_EQUAL(write(ends[1], "z", 1), 1);
    CHECK_EQUAL(epoll_wait(set, got, 4, 0), 1);
    event.events = EPOLLIN | EPOLLONESHOT;
    CHECK_EQUAL(epoll_ctl(set, EPOLL_CTL_MOD, ends[0], &event), 0);
    CHECK_EQUAL(epoll_wait(set, got, 4, 0), 1);
    CHECK_EQUAL(epoll_wait(set, got, 4, 0), 0);
    CHECK_EQUAL(epoll_ctl(set, EPOLL_CTL_MOD, ends[0], &event), 0);
    CHECK_EQUAL(epoll_wait(set, got, 4, 0), 1);
    CHECK_EQUAL(epoll_ctl(set, EPOLL_CTL_DEL, ends[0], NULL), 0);
    CHECK_ERRNO(epoll_ctl(set, EPOLL_CTL_DEL, ends[0], NULL), ENOENT);
    CHECK_ERRNO(epoll_ctl(set, EPOLL_CTL_MOD, ends[0], &event), ENOENT);
    close(ends[0]);
    close(ends[1]);
    close(set);
}

CASE(epoll_refuses) {
    int set = epoll_create1(0);
    int other = epoll_create1(0);
    struct epoll_event event = {.events = EPOLLIN};
    int file = open("f", O_RDWR | O_CREAT, 0600);
    CHECK_ERRNO(epoll_ctl(set, EPOLL_CTL_ADD, file, &event), EPERM);
    CHECK_ERRNO(epoll_ctl(set, EPOLL_CTL_ADD, set, &event), EINVAL);
    CHECK_ERRNO(epoll_ctl(set, EPOLL_CTL_ADD, 999, &event), EBADF);
    CHECK_ERRNO(epoll_ctl(file, EPOLL_CTL_ADD, set, &event), EINVAL);
    CHECK_EQUAL(epoll_ctl(set, EPOLL_CTL_ADD, other, &event), 0);
    CHECK_ERRNO(epoll_ctl(other, EPOLL_CTL_ADD, set, &event), ELOOP);
    CHECK_ERRNO(epoll_wait(set, &event, 0, 0), EINVAL);
    CHECK_ERRNO(epoll_wait(file, &event, 1, 0), EINVAL);
    CHECK_ERRNO(epoll_create1(1), EINVAL);
    int counter = eventfd(1, 0);
    CHECK_EQUAL(epoll_ctl(other, EPOLL_CTL_ADD, counter, &event), 0);
    CHECK_EQUAL(epoll_wait(set, &event, 1, 0), 1);
    close(counter);
    CHECK_EQUAL(epoll_wait(other, &event, 1, 0), 0);
    close(set);
    close(other);
    close(file);
}

CASE(epoll_is_woken_and_hears_hangups) {
    int ends[2];
    CHECK_EQUAL(pipe(ends), 0);
    int set = epoll_create1(0);
    struct epoll_event event = {.events = EPOLLIN, .data.u32 = 1};
    CHECK_EQUAL(epoll_ctl(set, EPOLL_CTL_ADD, ends[0], &event), 0);
    pid_t child = fork();
    if (child == 0) {
        usleep(20000);
        _exit(write(ends[1], "x", 1) == 1 ? 0 : 1);
    }
    CHECK_EQUAL(epoll_wait(set, &event, 1, 10000), 1);
    CHECK_EQUAL(waitpid(child, NULL, 0), child);
    char byte = 0;
    CHECK_EQUAL(read(ends[0], &byte, 1), 1);
    close(ends[1]);
    CHECK_EQUAL(epoll_wait(set, &event, 1, 0), 1);
    CHECK_EQUAL(event.events, EPOLLHUP);
    close(ends[0]);
    CHECK_EQUAL(epoll_wait(set, &event, 1, 0), 0);
    close(set);
}
