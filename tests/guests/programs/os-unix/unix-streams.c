// AF_UNIX streams: faults in the middle, peeks, how much a receive waits for, urgent bytes, buffers that are
// full, and what ends a wait.
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/wait.h>

#include "ends.h"

enum { kPage = 4096 };
static char buffer[400000];

static void look(const char* label, int fd) {
    struct pollfd polled = {.fd = fd, .events = POLLIN | POLLOUT | POLLPRI | POLLRDHUP};
    int waiting = 0, mark = 0;
    poll(&polled, 1, 0);
    ioctl(fd, FIONREAD, &waiting);
    ioctl(fd, SIOCATMARK, &mark);
    printf("%s: poll %x, %d to read, mark %d\n", label, polled.revents, waiting, mark);
}

static void receive(const char* label, size_t size, int flags) {
    memset(buffer, 0, 32);
    const long result = recv(ends[1], buffer, size, flags);
    const int error = errno;
    printf("%s: %ld %s %.20s\n", label, result, result < 0 ? strerrorname_np(error) : "", buffer);
}

static void set(int fd, int option, int value) {
    setsockopt(fd, SOL_SOCKET, option, &value, sizeof(value));
}

static void faults(void) {
    char* memory = mmap(NULL, 16 * kPage, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    munmap(memory + 15 * kPage, kPage);
    memset(memory, 'm', 15 * kPage);
    renew(SOCK_STREAM);
    told("a send that cannot be read", send(ends[0], memory + 15 * kPage - 3, 10, 0));
    told("a piece, and a bad one", send(ends[0], memory, 16 * kPage, 0));
    look("the piece", ends[1]);
    told("drained", recv(ends[1], buffer, sizeof(buffer), MSG_DONTWAIT));
    struct iovec parts[2] = {{buffer, 4}, {kBadAddress, 10}};
    send(ends[0], "one", 3, 0);
    send(ends[0], "two", 3, 0);
    told("the second message to kBadAddress", readv(ends[1], parts, 2));
    receive("it is still there", 9, MSG_DONTWAIT);
    send(ends[0], "abc", 3, 0);
    told("to kBadAddress", read(ends[1], kBadAddress, 3));
    told("partly to kBadAddress", read(ends[1], memory + 15 * kPage - 1, 3));
    receive("still there", 9, MSG_DONTWAIT);
    told("a read of nothing", read(ends[1], kBadAddress, 0));
    told("a receive of nothing", recv(ends[1], buffer, 0, MSG_DONTWAIT));
}

static void peeks(void) {
    renew(SOCK_STREAM);
    send(ends[0], "abcdef", 6, 0);
    send(ends[0], "ghi", 3, 0);
    receive("peek", 20, MSG_PEEK);
    set(ends[1], SO_PEEK_OFF, 0);
    receive("peek of two", 2, MSG_PEEK);
    receive("and on", 20, MSG_PEEK);
    receive("at the end", 20, MSG_PEEK | MSG_DONTWAIT);
    receive("read of four", 4, 0);
    int offset = 0;
    socklen_t length = sizeof(offset);
    getsockopt(ends[1], SOL_SOCKET, SO_PEEK_OFF, &offset, &length);
    printf("offset %d\n", offset);
    set(ends[1], SO_PEEK_OFF, 1);
    receive("peek from one", 20, MSG_PEEK);
    set(ends[1], SO_PEEK_OFF, -1);
    receive("peek from the front", 20, MSG_PEEK);
}

// Sends in a child, with pauses, so that the receive has to wait.
static void send_later(const char* first, const char* second) {
    fflush(stdout);
    if (fork() == 0) {
        usleep(20000);
        send(ends[0], first, strlen(first), 0);
        usleep(20000);
        send(ends[0], second, strlen(second), 0);
        shutdown(ends[0], SHUT_WR);
        _exit(0);
    }
}

static void amounts(void) {
    renew(SOCK_STREAM);
    set(ends[1], SO_RCVLOWAT, 5);
    send(ends[0], "abc", 3, 0);
    look("below the low mark", ends[1]);
    receive("without waiting", 9, MSG_DONTWAIT);
    send_later("12", "3456");
    receive("waits for five", 20, 0);
    wait(NULL);
    receive("the end", 9, 0);
    renew(SOCK_STREAM);
    send_later("12", "345");
    receive("waits for all", 20, MSG_WAITALL);
    wait(NULL);
    renew(SOCK_STREAM);
    const struct timeval time = {.tv_usec = 30000}, past = {.tv_sec = -1};
    setsockopt(ends[1], SOL_SOCKET, SO_RCVTIMEO, &time, sizeof(time));
    setsockopt(ends[0], SOL_SOCKET, SO_SNDTIMEO, &time, sizeof(time));
    send(ends[0], "12", 2, 0);
    receive("peek for all", 20, MSG_WAITALL | MSG_PEEK);
    receive("some in time", 20, MSG_WAITALL);
    receive("nothing in time", 20, 0);
    told("send in time", send(ends[0], buffer, sizeof(buffer), 0));
    told("no more", send(ends[0], buffer, 1, 0));
    setsockopt(ends[0], SOL_SOCKET, SO_SNDTIMEO, &past, sizeof(past));
    told("at once", send(ends[0], buffer, 1, 0));
}

static void urgent(void) {
    renew(SOCK_STREAM);
    told("out of band", send(ends[0], "abcX", 4, MSG_OOB));
    send(ends[0], "def", 3, 0);
    look("before", ends[1]);
    receive("up to the mark", 20, 0);
    look("at the mark", ends[1]);
    receive("beyond", 20, MSG_DONTWAIT);
    receive("it is lost", 1, MSG_OOB);
    send(ends[0], "abcX", 4, MSG_OOB);
    send(ends[0], "def", 3, 0);
    receive("peek at it", 1, MSG_OOB | MSG_PEEK);
    receive("out of band", 1, MSG_OOB);
    look("received", ends[1]);
    receive("the rest", 20, MSG_DONTWAIT);
    receive("the rest of it", 20, MSG_DONTWAIT);
    send(ends[0], "aX", 2, MSG_OOB);
    send(ends[0], "bY", 2, MSG_OOB);
    look("two", ends[1]);
    receive("the last", 1, MSG_OOB);
    receive("and others", 20, MSG_DONTWAIT);
    receive("none left", 20, MSG_DONTWAIT);
    set(ends[1], SO_OOBINLINE, 1);
    send(ends[0], "abX", 3, MSG_OOB);
    receive("in line it is not", 1, MSG_OOB);
    receive("up to it", 20, MSG_DONTWAIT);
    receive("with it", 20, MSG_DONTWAIT);
    told("no byte", send(ends[0], "", 0, MSG_OOB));
}

static void room(void) {
    for (size_t size = 1; size < 300000; size = size * 7 + 90) {
        socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends);
        int sent = 0, writable = 0;
        long total = 0, last = 0;
        while ((last = send(ends[0], buffer, size, 0)) > 0) {
            struct pollfd polled = {.fd = ends[0], .events = POLLOUT};
            total += last;
            sent++;
            writable += poll(&polled, 1, 0);
        }
        int reads = 0;
        struct pollfd polled = {.fd = ends[0], .events = POLLOUT};
        while (poll(&polled, 1, 0) == 0 && read(ends[1], buffer, size) > 0) {
            reads++;
        }
        printf("%zu bytes: %d sends of %ld, writable after %d, again after %d\n", size, sent, total, writable,
               reads);
        close(ends[0]);
        close(ends[1]);
    }
    renew(SOCK_STREAM);
    set(ends[0], SO_SNDBUF, 1);
    told("the smallest buffer", send(ends[0], buffer, 100000, MSG_DONTWAIT));
}

// What a send that waits for room is told when there will be none.
static void ends_of_waits(void) {
    for (int end = 0; end < 2; end++) {
        renew(SOCK_STREAM);
        while (send(ends[0], buffer, 10000, MSG_DONTWAIT) > 0) {
        }
        fflush(stdout);
        if (fork() == 0) {
            close(ends[1]);
            told("while it waited", send(ends[0], "z", 1, 0));
            told("then", send(ends[0], "z", 1, 0));
            fflush(stdout);
            _exit(0);
        }
        usleep(30000);
        if (end == 0) {
            shutdown(ends[1], SHUT_RD);
            wait(NULL);
        }
        close(ends[1]);
        ends[1] = -1;
        while (wait(NULL) > 0) {
        }
    }
}

int main(void) {
    signal(SIGPIPE, SIG_IGN);
    memset(buffer, 'b', sizeof(buffer));
    socketpair(AF_UNIX, SOCK_STREAM, 0, ends);
    faults();
    peeks();
    amounts();
    urgent();
    room();
    ends_of_waits();
    return 0;
}
