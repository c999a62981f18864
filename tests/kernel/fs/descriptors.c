#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/close_range.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/kernel/case.h"

static int make(const char* name) {
    return open(name, O_RDWR | O_CREAT | O_TRUNC, 0644);
}

CASE(lowest_free_descriptor) {
    int a = make("a");
    int b = make("b");
    int c = make("c");
    CHECK_EQUAL(b, a + 1);
    CHECK_EQUAL(c, b + 1);
    CHECK_EQUAL(close(b), 0);
    CHECK_ERRNO(close(b), EBADF);
    CHECK_EQUAL(dup(a), b);
    CHECK_EQUAL(fcntl(a, F_DUPFD, 100), 100);
    CHECK_EQUAL(fcntl(a, F_DUPFD, 100), 101);
    close(100);
    close(101);
    close(a);
    close(b);
    close(c);
}

CASE(duplicates_share_their_position) {
    int a = make("f");
    int b = dup(a);
    CHECK_EQUAL(write(a, "hello", 5), 5);
    CHECK_EQUAL(lseek(b, 0, SEEK_CUR), 5);
    CHECK_EQUAL(fcntl(b, F_SETFL, O_APPEND | O_NONBLOCK), 0);
    CHECK_EQUAL(fcntl(a, F_GETFL), O_RDWR | O_APPEND | O_NONBLOCK | 0400000);
    int other = open("f", O_RDONLY);
    CHECK_EQUAL(lseek(other, 0, SEEK_CUR), 0);
    close(a);
    close(b);
    close(other);
}

CASE(dup3_same_fd_is_einval) {
    int a = make("f");
    CHECK_ERRNO(dup3(a, a, 0), EINVAL);
    CHECK_ERRNO(dup3(999, 999, 0), EINVAL);
    CHECK_ERRNO(dup3(999, 50, 0), EBADF);
    CHECK_ERRNO(dup3(a, -1, 0), EBADF);
    CHECK_ERRNO(dup3(a, 50, O_APPEND), EINVAL);
    CHECK_EQUAL(dup3(a, 50, O_CLOEXEC), 50);
    CHECK_EQUAL(fcntl(50, F_GETFD), FD_CLOEXEC);
    CHECK_EQUAL(fcntl(a, F_GETFD), 0);
    CHECK_EQUAL(dup2(a, 50), 50);
    CHECK_EQUAL(fcntl(50, F_GETFD), 0);
    close(50);
    close(a);
}

CASE(descriptor_limit_is_emfile) {
    struct rlimit old;
    CHECK_EQUAL(getrlimit(RLIMIT_NOFILE, &old), 0);
    struct rlimit limit = {10, old.rlim_max};
    CHECK_EQUAL(syscall(SYS_close_range, 3, ~0U, 0), 0);
    CHECK_EQUAL(setrlimit(RLIMIT_NOFILE, &limit), 0);
    int fds[16];
    int count = 0;
    while (count < 16 && (fds[count] = dup(0)) >= 0) {
        count++;
    }
    CHECK_EQUAL(errno, EMFILE);
    CHECK_EQUAL(fds[count - 1], 9);
    int ends[2];
    CHECK_ERRNO(pipe(ends), EMFILE);
    CHECK_ERRNO(open("new", O_CREAT | O_RDWR, 0600), EMFILE);
    CHECK_ERRNO(access("new", F_OK), ENOENT);
    CHECK_ERRNO(fcntl(0, F_DUPFD, 10), EINVAL);
    CHECK_ERRNO(dup2(0, 10), EBADF);
    for (int i = 0; i < count; i++) {
        close(fds[i]);
    }
    CHECK_EQUAL(setrlimit(RLIMIT_NOFILE, &old), 0);
}

CASE(close_range_closes_and_marks) {
    int a = make("f");
    for (int fd = 60; fd < 70; fd++) {
        CHECK_EQUAL(dup2(a, fd), fd);
    }
    CHECK_EQUAL(syscall(SYS_close_range, 62, 64, 0), 0);
    CHECK_ERRNO(fcntl(63, F_GETFD), EBADF);
    CHECK_EQUAL(fcntl(65, F_GETFD), 0);
    CHECK_EQUAL(syscall(SYS_close_range, 65, ~0U, CLOSE_RANGE_CLOEXEC), 0);
    CHECK_EQUAL(fcntl(66, F_GETFD), FD_CLOEXEC);
    CHECK_ERRNO(syscall(SYS_close_range, 5, 4, 0), EINVAL);
    CHECK_ERRNO(syscall(SYS_close_range, 5, 6, 1), EINVAL);
    CHECK_EQUAL(syscall(SYS_close_range, 60, ~0U, 0), 0);
    CHECK_ERRNO(fcntl(66, F_GETFD), EBADF);
    close(a);
}

CASE(close_on_exec_ioctls) {
    int a = make("f");
    CHECK_EQUAL(ioctl(a, FIOCLEX), 0);
    CHECK_EQUAL(fcntl(a, F_GETFD), FD_CLOEXEC);
    CHECK_EQUAL(ioctl(a, FIONCLEX), 0);
    CHECK_EQUAL(fcntl(a, F_GETFD), 0);
    int on = 1;
    CHECK_EQUAL(ioctl(a, FIONBIO, &on), 0);
    CHECK(fcntl(a, F_GETFL) & O_NONBLOCK);
    CHECK_EQUAL(write(a, "12345", 5), 5);
    CHECK_EQUAL(lseek(a, 2, SEEK_SET), 2);
    int left = 0;
    CHECK_EQUAL(ioctl(a, FIONREAD, &left), 0);
    CHECK_EQUAL(left, 3);
    CHECK_ERRNO(ioctl(a, 0x5401, &left), ENOTTY);
    CHECK_ERRNO(ioctl(999, FIONREAD, &left), EBADF);
    close(a);
}

CASE(open_flags_as_getfl_shows_them) {
    int fd =
        open("f", O_WRONLY | O_CREAT | O_TRUNC | O_EXCL | O_APPEND | O_NOFOLLOW | O_CLOEXEC | O_SYNC, 0600);
    CHECK_EQUAL(fcntl(fd, F_GETFL), O_WRONLY | O_APPEND | O_NOFOLLOW | O_SYNC | 0400000);
    CHECK_EQUAL(fcntl(fd, F_SETFL, O_RDWR), 0);
    CHECK_EQUAL(fcntl(fd, F_GETFL), O_WRONLY | O_NOFOLLOW | O_SYNC | 0400000);
    close(fd);
    int directory = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    CHECK_EQUAL(fcntl(directory, F_GETFL), O_DIRECTORY | 0400000);
    close(directory);
    CHECK_ERRNO(fcntl(0, 9999), EINVAL);
}

CASE(forked_descriptors_share_files_not_tables) {
    int fd = make("f");
    pid_t child = fork();
    if (child == 0) {
        int ok = write(fd, "child", 5) == 5;
        close(fd);
        _exit(ok ? 0 : 1);
    }
    int status = 0;
    CHECK_EQUAL(waitpid(child, &status, 0), child);
    CHECK_EQUAL(status, 0);
    CHECK_EQUAL(lseek(fd, 0, SEEK_CUR), 5);
    CHECK_EQUAL(close(fd), 0);
}
