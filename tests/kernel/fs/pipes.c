#define _GNU_SOURCE
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/kernel/case.h"

static short events_of(int fd) {
    struct pollfd entry = {fd, POLLIN | POLLOUT | POLLRDNORM | POLLWRNORM, 0};
    poll(&entry, 1, 0);
    return entry.revents;
}

static volatile int signals;
static void count_signal(int signal) {
    (void)signal;
    signals++;
}

CASE(pipes_carry_bytes) {
    int ends[2];
    char text[8] = "";
    int available = 0;
    CHECK_EQUAL(pipe2(ends, O_CLOEXEC | O_NONBLOCK), 0);
    CHECK_EQUAL(fcntl(ends[0], F_GETFD), FD_CLOEXEC);
    CHECK_EQUAL(fcntl(ends[0], F_GETFL), O_RDONLY | O_NONBLOCK);
    CHECK_EQUAL(fcntl(ends[1], F_GETFL), O_WRONLY | O_NONBLOCK);
    CHECK_ERRNO(read(ends[0], text, 8), EAGAIN);
    CHECK_EQUAL(write(ends[1], "hello", 5), 5);
    CHECK_EQUAL(ioctl(ends[0], FIONREAD, &available), 0);
    CHECK_EQUAL(available, 5);
    CHECK_EQUAL(read(ends[0], text, 2), 2);
    CHECK_EQUAL(read(ends[0], text, 8), 3);
    CHECK_EQUAL(read(ends[0], text, 0), 0);
    CHECK_ERRNO(read(ends[1], text, 1), EBADF);
    CHECK_ERRNO(write(ends[0], text, 1), EBADF);
    CHECK_ERRNO(lseek(ends[0], 0, SEEK_SET), ESPIPE);
    CHECK_ERRNO(pread(ends[0], text, 1, 0), ESPIPE);
    CHECK_ERRNO(ftruncate(ends[1], 0), EINVAL);
    CHECK_ERRNO(pipe2(ends, 0x1000000), EINVAL);
    CHECK_ERRNO(pipe2((int*)8, 0), EFAULT);
    struct stat status;
    CHECK_EQUAL(fstat(ends[0], &status), 0);
    CHECK_EQUAL(status.st_mode, S_IFIFO | 0600);
    CHECK_EQUAL(status.st_size, 0);
    CHECK_EQUAL(status.st_nlink, 1);
    close(ends[0]);
    close(ends[1]);
}

CASE(pipe_capacity_counts_slots) {
    int ends[2];
    static char bytes[70000];
    CHECK_EQUAL(pipe2(ends, O_NONBLOCK), 0);
    CHECK_EQUAL(fcntl(ends[0], F_GETPIPE_SZ), 65536);
    CHECK_EQUAL(write(ends[1], bytes, 70000), 65536);
    CHECK_ERRNO(write(ends[1], bytes, 1), EAGAIN);
    CHECK_EQUAL(events_of(ends[1]), 0);
    CHECK_EQUAL(read(ends[0], bytes, 4095), 4095);
    CHECK_EQUAL(events_of(ends[1]), 0);
    CHECK_ERRNO(write(ends[1], bytes, 1), EAGAIN);
    CHECK_EQUAL(read(ends[0], bytes, 1), 1);
    CHECK_EQUAL(events_of(ends[1]), POLLOUT | POLLWRNORM);
    CHECK_EQUAL(write(ends[1], bytes, 1), 1);
    CHECK_EQUAL(events_of(ends[1]), 0);
    CHECK_EQUAL(write(ends[1], bytes, 4095), 4095);
    CHECK_ERRNO(write(ends[1], bytes, 1), EAGAIN);
    CHECK_EQUAL(read(ends[0], bytes, 70000), 65536);
    // Pieces of more than half a page do not share one: 16 of them fill the pipe.
    for (int i = 0; i < 16; i++) {
        CHECK_EQUAL(write(ends[1], bytes, 3000), 3000);
    }
    CHECK_ERRNO(write(ends[1], bytes, 3000), EAGAIN);
    CHECK_EQUAL(write(ends[1], bytes, 1000), 1000);
    close(ends[0]);
    close(ends[1]);
}

CASE(pipe_size_can_be_set) {
    int ends[2];
    static char bytes[9000];
    CHECK_EQUAL(pipe2(ends, O_NONBLOCK), 0);
    CHECK_EQUAL(fcntl(ends[0], F_SETPIPE_SZ, 5000), 8192);
    CHECK_EQUAL(fcntl(ends[1], F_GETPIPE_SZ), 8192);
    CHECK_EQUAL(write(ends[1], bytes, 9000), 8192);
    CHECK_ERRNO(fcntl(ends[0], F_SETPIPE_SZ, 4096), EBUSY);
    CHECK_EQUAL(fcntl(ends[0], F_SETPIPE_SZ, 1 << 20), 1 << 20);
    CHECK_EQUAL(write(ends[1], bytes, 9000), 9000);
    CHECK_EQUAL(fcntl(ends[0], F_SETPIPE_SZ, 0), -1);
    CHECK_ERRNO(fcntl(0, F_GETPIPE_SZ), EBADF);
    close(ends[0]);
    close(ends[1]);
}

CASE(pipe_without_reader_is_epipe) {
    int ends[2];
    CHECK_EQUAL(pipe(ends), 0);
    close(ends[0]);
    signals = 0;
    signal(SIGPIPE, count_signal);
    CHECK_ERRNO(write(ends[1], "x", 1), EPIPE);
    CHECK_EQUAL(signals, 1);
    CHECK_EQUAL(write(ends[1], "x", 0), 0);
    CHECK_EQUAL(signals, 1);
    CHECK_EQUAL(events_of(ends[1]), POLLOUT | POLLWRNORM | POLLERR);
    signal(SIGPIPE, SIG_IGN);
    CHECK_ERRNO(write(ends[1], "x", 1), EPIPE);
    signal(SIGPIPE, SIG_DFL);
    close(ends[1]);
}

CASE(pipe_without_writer_ends) {
    int ends[2];
    char text[4];
    CHECK_EQUAL(pipe(ends), 0);
    CHECK_EQUAL(events_of(ends[0]), 0);
    CHECK_EQUAL(write(ends[1], "ab", 2), 2);
    CHECK_EQUAL(events_of(ends[0]), POLLIN | POLLRDNORM);
    close(ends[1]);
    CHECK_EQUAL(events_of(ends[0]), POLLIN | POLLRDNORM | POLLHUP);
    CHECK_EQUAL(read(ends[0], text, 4), 2);
    CHECK_EQUAL(events_of(ends[0]), POLLHUP);
    CHECK_EQUAL(read(ends[0], text, 4), 0);
    CHECK_EQUAL(read(ends[0], text, 4), 0);
    close(ends[0]);
}

CASE(blocked_ends_are_woken) {
    int ends[2];
    static char bytes[200000];
    CHECK_EQUAL(pipe(ends), 0);
    pid_t child = fork();
    if (child == 0) {
        close(ends[0]);
        memset(bytes, 'c', sizeof(bytes));
        long written = write(ends[1], bytes, sizeof(bytes));
        _exit(written == sizeof(bytes) ? 0 : 1);
    }
    close(ends[1]);
    long total = 0;
    for (;;) {
        long size = read(ends[0], bytes, 10000);
        if (size <= 0) {
            CHECK_EQUAL(size, 0);
            break;
        }
        CHECK_EQUAL(bytes[size - 1], 'c');
        total += size;
    }
    CHECK_EQUAL(total, sizeof(bytes));
    int status = -1;
    CHECK_EQUAL(waitpid(child, &status, 0), child);
    CHECK_EQUAL(status, 0);
    close(ends[0]);
}

CASE(writes_up_to_pipe_buf_are_atomic) {
    int ends[2];
    static char bytes[66000];
    CHECK_EQUAL(pipe2(ends, O_NONBLOCK), 0);
    CHECK_EQUAL(write(ends[1], bytes, 61440 + 100), 61440 + 100);
    CHECK_ERRNO(write(ends[1], bytes, 4096), EAGAIN);
    CHECK_EQUAL(write(ends[1], bytes, 3996), 3996);
    CHECK_EQUAL(read(ends[0], bytes, 4096), 4096);
    CHECK_EQUAL(write(ends[1], bytes, 5000), 4096);
    close(ends[0]);
    close(ends[1]);
}

CASE(fifos_wait_for_the_other_end) {
    CHECK_EQUAL(mkfifo("fifo", 0600), 0);
    CHECK_ERRNO(open("fifo", O_WRONLY | O_NONBLOCK), ENXIO);
    int reader = open("fifo", O_RDONLY | O_NONBLOCK);
    CHECK(reader >= 0);
    char text[8] = "";
    CHECK_EQUAL(read(reader, text, 8), 0);
    CHECK_EQUAL(events_of(reader), 0);
    int writer = open("fifo", O_WRONLY | O_NONBLOCK);
    CHECK(writer >= 0);
    CHECK_ERRNO(read(reader, text, 8), EAGAIN);
    CHECK_EQUAL(write(writer, "hi", 2), 2);
    CHECK_EQUAL(read(reader, text, 8), 2);
    close(writer);
    CHECK_EQUAL(events_of(reader), POLLHUP);
    close(reader);
    pid_t child = fork();
    if (child == 0) {
        int fd = open("fifo", O_WRONLY);
        _exit(fd >= 0 && write(fd, "child", 5) == 5 ? 0 : 1);
    }
    reader = open("fifo", O_RDONLY);
    CHECK(reader >= 0);
    CHECK_EQUAL(read(reader, text, 8), 5);
    CHECK_EQUAL(read(reader, text, 8), 0);
    int status = -1;
    CHECK_EQUAL(waitpid(child, &status, 0), child);
    CHECK_EQUAL(status, 0);
    close(reader);
    int both = open("fifo", O_RDWR);
    CHECK_EQUAL(write(both, "x", 1), 1);
    CHECK_EQUAL(read(both, text, 8), 1);
    struct stat s;
    CHECK_EQUAL(fstat(both, &s), 0);
    CHECK(S_ISFIFO(s.st_mode));
    close(both);
}

CASE(tee_copies_and_leaves) {
    int a[2];
    int b[2];
    char text[16] = "";
    CHECK_EQUAL(pipe2(a, O_NONBLOCK), 0);
    CHECK_EQUAL(pipe2(b, O_NONBLOCK), 0);
    CHECK_ERRNO(tee(a[0], b[1], 10, SPLICE_F_NONBLOCK), EAGAIN);
    CHECK_EQUAL(write(a[1], "abc", 3), 3);
    CHECK_EQUAL(tee(a[0], b[1], 10, 0), 3);
    CHECK_EQUAL(write(b[1], "B", 1), 1);
    CHECK_EQUAL(write(a[1], "A", 1), 1);
    CHECK_EQUAL(read(a[0], text, 16), 4);
    CHECK(memcmp(text, "abcA", 4) == 0);
    CHECK_EQUAL(write(a[1], "overwritten", 11), 11);
    CHECK_EQUAL(read(b[0], text, 16), 4);
    CHECK(memcmp(text, "abcB", 4) == 0);
    CHECK_ERRNO(tee(a[0], a[1], 10, 0), EINVAL);
    CHECK_ERRNO(tee(a[0], 0, 10, 0), EINVAL);
    CHECK_EQUAL(posix_fadvise(a[0], 0, 0, POSIX_FADV_NORMAL), ESPIPE);
    int file = open("f", O_RDWR | O_CREAT, 0600);
    CHECK_EQUAL(posix_fadvise(file, 0, 0, POSIX_FADV_SEQUENTIAL), 0);
    CHECK_EQUAL(posix_fadvise(file, 0, 0, 99), EINVAL);
    CHECK_EQUAL(readahead(file, 0, 4096), 0);
    CHECK_ERRNO(readahead(a[0], 0, 4096), EINVAL);
    CHECK_EQUAL(sync_file_range(file, 0, 0, 0), 0);
    CHECK_ERRNO(sync_file_range(a[0], 0, 0, 0), ESPIPE);
}

static volatile int alarms;
static void count_alarm(int signal) {
    (void)signal;
    alarms++;
}

CASE(interrupted_reads_are_eintr_or_go_on) {
    int ends[2];
    char byte = 0;
    CHECK_EQUAL(pipe(ends), 0);
    struct sigaction action = {.sa_handler = count_alarm};
    CHECK_EQUAL(sigaction(SIGALRM, &action, NULL), 0);
    alarms = 0;
    ualarm(20000, 0);
    CHECK_ERRNO(read(ends[0], &byte, 1), EINTR);
    CHECK_EQUAL(alarms, 1);
    action.sa_flags = SA_RESTART;
    CHECK_EQUAL(sigaction(SIGALRM, &action, NULL), 0);
    pid_t child = fork();
    if (child == 0) {
        usleep(60000);
        _exit(write(ends[1], "x", 1) == 1 ? 0 : 1);
    }
    ualarm(20000, 0);
    CHECK_EQUAL(read(ends[0], &byte, 1), 1);
    CHECK_EQUAL(alarms, 2);
    CHECK_EQUAL(waitpid(child, NULL, 0), child);
    signal(SIGALRM, SIG_DFL);
    close(ends[0]);
    close(ends[1]);
}
