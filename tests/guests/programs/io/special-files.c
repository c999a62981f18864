// Reads, writes and questions to what is no regular file: devices, FIFOs, pipes, counters.
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>

#include "../behaviours.h"
#include "../report.h"

static char buffer[70000];

static void devices(void) {
    static const char* const kNames[] = {"/dev/null", "/dev/zero", "/dev/full"};
    for (size_t i = 0; i < sizeof(kNames) / sizeof(kNames[0]); ++i) {
        const int fd = open(kNames[i], O_RDWR);
        printf("%s\n", kNames[i]);
        memset(buffer, 'x', 10);
        TRY(read(fd, buffer, 10));
        printf("%d\n", buffer[9]);
        TRY(write(fd, buffer, 10));
        TRY(write(fd, kBadAddress, 10));
        TRY(read(fd, kBadAddress, 10));
        TRY(read(fd, buffer, 0));
        TRY(pread(fd, buffer, 10, 100));
        TRY(pwrite(fd, buffer, 10, 100));
        TRY(lseek(fd, 100, SEEK_SET));
        TRY(lseek(fd, 100, SEEK_END));
        TRY(lseek(fd, -5, SEEK_CUR));
        TRY(ftruncate(fd, 0));
        TRY(fsync(fd));
        TRY(fallocate(fd, 0, 0, 10));
        TRY(mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0) == MAP_FAILED);
        TRY(mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0) == MAP_FAILED);
        TRY(ioctl(fd, FIONREAD, buffer));
        TRY(ioctl(fd, TCGETS, buffer));
        TRY(fcntl(fd, F_SETFL, O_NONBLOCK | O_APPEND));
        TRY(fcntl(fd, F_SETFL, O_ASYNC));
        struct pollfd polled = {.fd = fd, .events = POLLIN | POLLOUT | POLLPRI};
        TRY(poll(&polled, 1, 0));
        printf("%x\n", polled.revents);
        struct iovec piece = {buffer, 8};
        TRY(preadv2(fd, &piece, 1, -1, RWF_NOWAIT));
        TRY(pwritev2(fd, &piece, 1, -1, RWF_NOWAIT));
        close(fd);
    }
    const int random = open("/dev/urandom", O_RDONLY);
    TRY(read(random, buffer, 70000));
    TRY(pread(random, buffer, 5, 100));
    TRY(lseek(random, 5, SEEK_SET));
    TRY(write(open("/dev/random", O_WRONLY), "seed", 4));
    TRY(syscall(SYS_getrandom, buffer, 300, 0));
    TRY(syscall(SYS_getrandom, buffer, 300, 8));
    TRY(syscall(SYS_getrandom, buffer, 300, 2 | 4));
    TRY(syscall(SYS_getrandom, kBadAddress, 300, 0));
    TRY(syscall(SYS_getrandom, kBadAddress, 0, 0));
}

static void fifos(void) {
    mkfifo("fifo", 0600);
    TRY(open("fifo", O_WRONLY | O_NONBLOCK));
    const int reader = open("fifo", O_RDONLY | O_NONBLOCK);
    TRY(read(reader, buffer, 10));
    struct pollfd polled = {.fd = reader, .events = POLLIN | POLLOUT};
    TRY(poll(&polled, 1, 0));
    printf("%x\n", polled.revents);
    const int writer = open("fifo", O_WRONLY | O_NONBLOCK);
    TRY(read(reader, buffer, 10));
    TRY(write(writer, "abc", 3));
    TRY(poll(&polled, 1, 0));
    printf("%x\n", polled.revents);
    TRY(ioctl(reader, FIONREAD, buffer));
    printf("%d\n", *(int*)buffer);
    TRY(lseek(reader, 0, SEEK_SET));
    TRY(pread(reader, buffer, 1, 0));
    TRY(write(reader, "x", 1));
    TRY(read(writer, buffer, 1));
    close(writer);
    TRY(read(reader, buffer, 10));
    TRY(read(reader, buffer, 10));
    TRY(poll(&polled, 1, 0));
    printf("%x\n", polled.revents);
    const int both = open("fifo", O_RDWR);
    TRY(write(both, "own", 3));
    TRY(read(both, buffer, 10));
    close(reader);
    close(both);
    if (fork() == 0) {
        const int late = open("fifo", O_WRONLY);
        (void)!write(late, "late", 4);
        _exit(0);
    }
    const int patient = open("fifo", O_RDONLY);
    TRY(read(patient, buffer, 10));
    TRY(read(patient, buffer, 10));
    wait(NULL);
    TRY(open("fifo", O_RDONLY | O_DIRECTORY));
    TRY(truncate("fifo", 0));
    TRY(open("fifo", O_RDONLY | O_NONBLOCK | O_TRUNC) > 0);
}

static void pipes(void) {
    signal(SIGPIPE, SIG_IGN);
    int ends[2];
    TRY(pipe2(ends, 8));
    TRY(pipe2(kBadAddress, 0));
    TRY(pipe2(ends, O_CLOEXEC | O_NONBLOCK));
    TRY(fcntl(ends[0], F_GETFD));
    TRY(fcntl(ends[1], F_GETFL));
    TRY(fcntl(ends[0], F_GETPIPE_SZ));
    TRY(write(ends[1], buffer, 70000));
    TRY(write(ends[1], buffer, 1));
    TRY(ioctl(ends[0], FIONREAD, buffer));
    printf("%d\n", *(int*)buffer);
    TRY(fcntl(ends[0], F_SETPIPE_SZ, 4096));
    TRY(read(ends[0], buffer, 4095));
    TRY(write(ends[1], buffer, 1));
    TRY(read(ends[0], buffer, 1));
    TRY(write(ends[1], buffer, PIPE_BUF + 1));
    TRY(write(ends[1], buffer, PIPE_BUF));
    TRY(read(ends[0], buffer, 70000));
    TRY(fcntl(ends[0], F_SETPIPE_SZ, 4096));
    TRY(fcntl(ends[0], F_SETPIPE_SZ, 16384));
    TRY(write(ends[1], buffer, 8192));
    TRY(fcntl(ends[0], F_SETPIPE_SZ, 4096));
    TRY(fcntl(ends[0], F_SETPIPE_SZ, 8192));
    TRY(write(ends[1], buffer, 1));
    TRY(read(ends[0], buffer, 8192));
    TRY(fcntl(ends[0], F_SETPIPE_SZ, 0));
    TRY(fcntl(ends[0], F_SETPIPE_SZ, 4097));
    TRY(fcntl(ends[0], F_SETPIPE_SZ, 1U << 31));
    TRY(fcntl(ends[0], F_SETPIPE_SZ, -1));
    TRY(fcntl(0, F_SETPIPE_SZ, 4096) > 0);
    TRY(fcntl(open("/dev/null", O_RDONLY), F_GETPIPE_SZ));
    TRY(write(ends[1], kBadAddress, 5));
    TRY(write(ends[1], "abc", 3));
    TRY(read(ends[0], kBadAddress, 5));
    TRY(read(ends[0], buffer, 5));
    int on = 0;
    TRY(ioctl(ends[0], FIONBIO, &on));
    TRY(fcntl(ends[0], F_GETFL));
    on = 1;
    TRY(ioctl(ends[0], FIONBIO, &on));
    TRY(ioctl(ends[0], FIOCLEX));
    TRY(ioctl(ends[0], FIONCLEX));
    TRY(fcntl(ends[0], F_GETFD));
    TRY(ioctl(ends[0], FIOASYNC, &on));
    TRY(ioctl(ends[0], TIOCGWINSZ, buffer));
    TRY(ioctl(99, FIONREAD, buffer));
    TRY(ioctl(ends[0], FIONREAD, kBadAddress));
    TRY(fstat(ends[0], (struct stat*)buffer));
    TRY(fchmod(ends[0], 0640));
    close(ends[0]);
    TRY(write(ends[1], "x", 1));
    TRY(write(ends[1], "x", 0));
    struct pollfd polled = {.fd = ends[1], .events = POLLOUT};
    TRY(poll(&polled, 1, 0));
    printf("%x\n", polled.revents);
    TRY(pipe2(ends, O_DIRECT | O_NONBLOCK));
    TRY(write(ends[1], "first", 5));
    TRY(write(ends[1], "second", 6));
    TRY(read(ends[0], buffer, 3));
    TRY(read(ends[0], buffer, 30));
}

static void counters(void) {
    uint64_t value = 5;
    const int fd = eventfd(3, EFD_NONBLOCK | EFD_CLOEXEC);
    TRY(eventfd(0, 8));
    TRY(read(fd, &value, 7));
    TRY(read(fd, kBadAddress, 8));
    TRY(syscall(SYS_read, fd, &value, 9L));
    printf("%lu\n", (unsigned long)value);
    TRY(read(fd, &value, 8));
    TRY(write(fd, &value, 7));
    value = UINT64_MAX;
    TRY(write(fd, &value, 8));
    value = UINT64_MAX - 1;
    TRY(write(fd, &value, 8));
    value = 1;
    TRY(write(fd, &value, 8));
    struct pollfd polled = {.fd = fd, .events = POLLIN | POLLOUT};
    TRY(poll(&polled, 1, 0));
    printf("%x\n", polled.revents);
    TRY(read(fd, &value, 8));
    TRY(poll(&polled, 1, 0));
    printf("%x\n", polled.revents);
    value = 0;
    TRY(write(fd, &value, 8));
    TRY(read(fd, &value, 8));
    TRY(write(fd, kBadAddress, 8));
    TRY(lseek(fd, 5, SEEK_SET));
    TRY(pread(fd, &value, 8, 0));
    TRY(ftruncate(fd, 0));
    const int semaphore = eventfd(2, EFD_SEMAPHORE | EFD_NONBLOCK);
    TRY(read(semaphore, &value, 8));
    printf("%lu\n", (unsigned long)value);
    TRY(read(semaphore, &value, 8));
    TRY(read(semaphore, &value, 8));
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    sigaddset(&set, SIGUSR2);
    sigprocmask(SIG_BLOCK, &set, NULL);
    const int signals = signalfd(-1, &set, SFD_NONBLOCK);
    struct signalfd_siginfo taken[3];
    TRY(read(signals, taken, sizeof(taken[0])));
    raise(SIGUSR2);
    raise(SIGUSR1);
    TRY(read(signals, taken, sizeof(taken[0]) - 1));
    polled = (struct pollfd){.fd = signals, .events = POLLIN};
    TRY(poll(&polled, 1, 0));
    TRY(read(signals, taken, sizeof(taken)));
    printf("%u %u\n", taken[0].ssi_signo, taken[1].ssi_signo);
    TRY(read(signals, taken, sizeof(taken)));
    raise(SIGUSR1);
    TRY(read(signals, kBadAddress, sizeof(taken)));
    TRY(poll(&polled, 1, 0));
    sigdelset(&set, SIGUSR1);
    TRY(signalfd(signals, &set, 0));
    TRY(poll(&polled, 1, 0));
    raise(SIGUSR1);
    TRY(read(signals, taken, sizeof(taken)));
    TRY(signalfd(fd, &set, 0));
    TRY(signalfd(99, &set, 0));
    TRY(signalfd(-1, &set, 1));
    TRY(syscall(SYS_signalfd4, -1, &set, 4, 0));
    TRY(syscall(SYS_signalfd4, -1, kBadAddress, 8, 0));
    TRY(write(signals, "x", 1));
}

int main(int count, char** arguments) {
    static const struct Behaviour kBehaviours[] = {
        {"devices", devices}, {"fifos", fifos}, {"pipes", pipes}, {"counters", counters}};
    return run_behaviour(kBehaviours, sizeof(kBehaviours) / sizeof(kBehaviours[0]),
                         count > 1 ? arguments[1] : NULL);
}
