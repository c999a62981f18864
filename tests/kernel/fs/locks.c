#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/kernel/case.h"

static struct flock range(short type, off_t start, off_t length) {
    struct flock lock = {.l_type = type, .l_whence = SEEK_SET, .l_start = start, .l_len = length};
    return lock;
}

CASE(flock_excludes_other_files) {
    int a = open("f", O_RDWR | O_CREAT, 0600);
    int b = open("f", O_RDWR);
    int duplicate = dup(a);
    CHECK_EQUAL(flock(a, LOCK_EX), 0);
    CHECK_ERRNO(flock(b, LOCK_EX | LOCK_NB), EWOULDBLOCK);
    CHECK_ERRNO(flock(b, LOCK_SH | LOCK_NB), EWOULDBLOCK);
    CHECK_EQUAL(flock(duplicate, LOCK_SH), 0);
    CHECK_EQUAL(flock(b, LOCK_SH | LOCK_NB), 0);
    CHECK_ERRNO(flock(b, LOCK_EX | LOCK_NB), EWOULDBLOCK);
    CHECK_EQUAL(flock(a, LOCK_UN), 0);
    CHECK_EQUAL(flock(b, LOCK_EX | LOCK_NB), 0);
    close(b);
    CHECK_EQUAL(flock(a, LOCK_EX | LOCK_NB), 0);
    CHECK_ERRNO(flock(a, 77), EINVAL);
    close(a);
    close(duplicate);
}

CASE(record_locks_belong_to_processes) {
    int fd = open("f", O_RDWR | O_CREAT, 0600);
    struct flock lock = range(F_WRLCK, 10, 10);
    CHECK_EQUAL(fcntl(fd, F_SETLK, &lock), 0);
    lock = range(F_UNLCK, 13, 2);
    CHECK_EQUAL(fcntl(fd, F_SETLK, &lock), 0);
    int second = open("f", O_RDWR);
    lock = range(F_WRLCK, 0, 0);
    CHECK_EQUAL(fcntl(second, F_GETLK, &lock), 0);
    CHECK_EQUAL(lock.l_type, F_UNLCK);
    pid_t parent = getpid();
    pid_t child = fork();
    if (child == 0) {
        int failures = 0;
        struct flock other = range(F_WRLCK, 0, 0);
        failures += fcntl(fd, F_GETLK, &other) != 0 || other.l_type != F_WRLCK || other.l_start != 10;
        failures += other.l_len != 3 || other.l_pid != parent;
        other = range(F_RDLCK, 13, 2);
        failures += fcntl(fd, F_SETLK, &other) != 0;
        other = range(F_RDLCK, 12, 2);
        failures += fcntl(fd, F_SETLK, &other) != -1 || errno != EAGAIN;
        other = range(F_WRLCK, 19, 0);
        failures += fcntl(fd, F_SETLK, &other) != -1;
        other = range(F_WRLCK, 20, 0);
        failures += fcntl(fd, F_SETLK, &other) != 0;
        _exit(failures);
    }
    int status = -1;
    CHECK_EQUAL(waitpid(child, &status, 0), child);
    CHECK_EQUAL(status, 0);
    close(second);  // drops every lock of the process on the file
    child = fork();
    if (child == 0) {
        struct flock other = range(F_WRLCK, 0, 0);
        _exit(fcntl(fd, F_SETLK, &other) == 0 ? 0 : 1);
    }
    CHECK_EQUAL(waitpid(child, &status, 0), child);
    CHECK_EQUAL(status, 0);
    close(fd);
}

CASE(waiting_for_a_record_lock) {
    int fd = open("f", O_RDWR | O_CREAT, 0600);
    struct flock lock = range(F_WRLCK, 0, 1);
    CHECK_EQUAL(fcntl(fd, F_SETLK, &lock), 0);
    pid_t child = fork();
    if (child == 0) {
        struct flock other = range(F_WRLCK, 0, 1);
        _exit(fcntl(fd, F_SETLKW, &other) == 0 ? 0 : 1);
    }
    usleep(20000);
    CHECK_EQUAL(waitpid(child, NULL, WNOHANG), 0);
    lock = range(F_UNLCK, 0, 1);
    CHECK_EQUAL(fcntl(fd, F_SETLK, &lock), 0);
    int status = -1;
    CHECK_EQUAL(waitpid(child, &status, 0), child);
    CHECK_EQUAL(status, 0);
    close(fd);
}

CASE(open_file_locks_belong_to_files) {
    int a = open("f", O_RDWR | O_CREAT, 0600);
    int b = open("f", O_RDWR);
    struct flock lock = range(F_WRLCK, 0, 0);
    CHECK_EQUAL(fcntl(a, F_OFD_SETLK, &lock), 0);
    CHECK_ERRNO(fcntl(b, F_OFD_SETLK, &lock), EAGAIN);
    lock = range(F_WRLCK, 5, 5);
    CHECK_EQUAL(fcntl(b, F_OFD_GETLK, &lock), 0);
    CHECK_EQUAL(lock.l_type, F_WRLCK);
    CHECK_EQUAL(lock.l_pid, -1);
    CHECK_EQUAL(lock.l_start, 0);
    CHECK_EQUAL(lock.l_len, 0);
    close(a);
    lock = range(F_WRLCK, 0, 0);
    CHECK_EQUAL(fcntl(b, F_OFD_SETLK, &lock), 0);
    close(b);
}

CASE(locks_need_the_right_access) {
    close(open("f", O_RDWR | O_CREAT, 0600));
    int reader = open("f", O_RDONLY);
    struct flock lock = range(F_WRLCK, 0, 0);
    CHECK_ERRNO(fcntl(reader, F_SETLK, &lock), EBADF);
    lock = range(F_RDLCK, -1, 0);
    CHECK_ERRNO(fcntl(reader, F_SETLK, &lock), EINVAL);
    lock = range(7, 0, 0);
    CHECK_ERRNO(fcntl(reader, F_SETLK, &lock), EINVAL);
    lock = range(F_RDLCK, 10, -5);
    CHECK_EQUAL(fcntl(reader, F_SETLK, &lock), 0);
    close(reader);
}
