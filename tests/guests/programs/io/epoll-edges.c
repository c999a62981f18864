// epoll: what is an edge on pipes, counters and sockets, one-shot and exclusive items, items that ask for
// nothing, sets in sets, and what cannot be watched.
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

enum { kSets = 8 };
static void* volatile nowhere = (void*)8;

static void report(const char* label, long result) {
    printf("%s: %s\n", label, result < 0 ? strerrorname_np(errno) : "done");
}

static int control(int set, int operation, int fd, uint32_t events, uint64_t data) {
    struct epoll_event event = {.events = events, .data = {.u64 = data}};
    return epoll_ctl(set, operation, fd, &event);
}

static int add(int set, int fd, uint32_t events, uint64_t data) {
    return control(set, EPOLL_CTL_ADD, fd, events, data);
}

static void look(const char* label, int set) {
    struct epoll_event events[kSets];
    const int count = epoll_wait(set, events, kSets, 0);
    printf("%s: %d", label, count);
    for (int i = 0; i < count; i++) {
        printf(" %d:%x", (int)events[i].data.u64, events[i].events);
    }
    puts("");
}

static void pipe_edges(void) {
    static char bytes[70000];
    int ends[2];
    const int set = epoll_create1(0);
    pipe2(ends, O_NONBLOCK);
    add(set, ends[0], EPOLLIN | EPOLLET, 1);
    add(set, ends[1], EPOLLOUT | EPOLLET, 2);
    look("new", set);
    look("nothing new", set);
    write(ends[1], "a", 1);
    look("a byte", set);
    write(ends[1], "b", 1);
    look("another without a read", set);
    read(ends[0], bytes, 1);
    look("a read of one", set);
    write(ends[1], nowhere, 1);
    look("a write that fails", set);
    read(ends[0], bytes, sizeof(bytes));
    while (write(ends[1], bytes, 5000) > 0) {
    }
    look("full", set);
    write(ends[1], "x", 1);
    look("no room", set);
    read(ends[0], bytes, 100);
    look("not a page read", set);
    read(ends[0], bytes, sizeof(bytes));
    look("drained", set);
    close(ends[1]);
    look("closed", set);
    look("still closed", set);
    close(ends[0]);
    close(set);
}

static void counter_edges(void) {
    const int set = epoll_create1(0);
    const int counter = eventfd(0, EFD_NONBLOCK);
    const uint64_t one = 1, zero = 0, most = UINT64_MAX - 1;
    uint64_t value = 0;
    add(set, counter, EPOLLIN | EPOLLOUT | EPOLLET, 1);
    look("new counter", set);
    write(counter, &one, 8);
    look("one", set);
    write(counter, &zero, 8);
    look("zero is an edge too", set);
    read(counter, &value, 8);
    look("read", set);
    write(counter, &most, 8);
    look("full", set);
    report("beyond", write(counter, &one, 8));
    look("no edge", set);
    control(set, EPOLL_CTL_MOD, counter, EPOLLRDNORM | EPOLLET, 1);
    read(counter, &value, 8);
    write(counter, &one, 8);
    look("the other bit", set);
    close(counter);
    close(set);
}

static void one_shot(void) {
    int ends[2];
    const int set = epoll_create1(0);
    pipe2(ends, O_NONBLOCK);
    add(set, ends[0], EPOLLIN | EPOLLONESHOT, 1);
    write(ends[1], "a", 1);
    look("once", set);
    write(ends[1], "a", 1);
    look("not twice", set);
    control(set, EPOLL_CTL_MOD, ends[0], EPOLLIN | EPOLLONESHOT, 2);
    look("armed again", set);
    control(set, EPOLL_CTL_MOD, ends[0], 0, 3);
    look("asks for nothing", set);
    close(ends[1]);
    look("is told of the end", set);
    look("again", set);
    close(ends[0]);
    close(set);
}

static void order(void) {
    int ends[2], copies[4];
    const int set = epoll_create1(0);
    pipe2(ends, O_NONBLOCK);
    for (int i = 0; i < 4; i++) {
        copies[i] = dup(ends[0]);
        add(set, copies[i], EPOLLIN | (i % 2 == 1 ? EPOLLET : 0), (uint64_t)i);
    }
    write(ends[1], "a", 1);
    look("newest first", set);
    look("the level-triggered ones", set);
    close(copies[0]);
    look("an item outlives its number", set);
    report("and cannot be removed", epoll_ctl(set, EPOLL_CTL_DEL, copies[0], NULL));
    struct epoll_event event;
    for (int i = 0; i < 3; i++) {
        epoll_wait(set, &event, 1, 0);
        printf("in turn %d\n", (int)event.data.u64);
    }
    close(set);
}

static void socket_edges(void) {
    int ends[2];
    const int set = epoll_create1(0);
    socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends);
    add(set, ends[0], EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, 1);
    look("new socket", set);
    write(ends[1], "a", 1);
    look("a byte arrives", set);
    write(ends[1], "b", 1);
    look("another byte", set);
    shutdown(ends[1], SHUT_WR);
    look("half closed", set);
    shutdown(ends[0], SHUT_WR);
    look("closed", set);
    close(ends[1]);
    look("gone", set);
    close(ends[0]);
    close(set);
}

static void nesting(void) {
    int sets[kSets], ends[2];
    pipe(ends);
    for (int i = 0; i < kSets; i++) {
        sets[i] = epoll_create1(0);
    }
    add(sets[0], ends[0], EPOLLIN, 0);
    for (int i = 1; i < kSets - 1; i++) {
        report("nested", add(sets[i], sets[i - 1], EPOLLIN | (i == 2 ? EPOLLET : 0), (uint64_t)i));
    }
    report("in a circle", add(sets[0], sets[2], EPOLLIN, 0));
    report("in itself", add(sets[0], sets[0], EPOLLIN, 0));
    write(ends[1], "a", 1);
    look("third", sets[2]);
    look("third again", sets[2]);
    look("second", sets[1]);
    write(ends[1], "b", 1);
    look("third once more", sets[2]);
    struct pollfd polled = {.fd = sets[1], .events = POLLIN | POLLOUT};
    printf("poll %d %x\n", poll(&polled, 1, 0), polled.revents);
    char bytes[2];
    read(ends[0], bytes, sizeof(bytes));
    look("drained", sets[3]);
    printf("poll %d\n", poll(&polled, 1, 0));
}

static void refused(void) {
    const char* const names[] = {"/tmp",           "/dev/null",    "/dev/zero",       "/dev/urandom",
                                 "/dev/random",    "/proc/uptime", "/proc/self/maps", "/proc/mounts",
                                 "/proc/self/stat"};
    const int set = epoll_create1(0);
    const int counter = eventfd(1, 0);
    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
        const int fd = open(names[i], O_RDONLY);
        struct pollfd polled = {.fd = fd, .events = POLLIN | POLLOUT};
        poll(&polled, 1, 0);
        report(names[i], add(set, fd, EPOLLIN, i));
        printf("  polled %x\n", polled.revents);
        close(fd);
    }
    report("a set that is none", add(counter, set, EPOLLIN, 0));
    report("no descriptor", add(set, 99, EPOLLIN, 0));
    report("an item that is not there", control(set, EPOLL_CTL_MOD, counter, EPOLLIN, 0));
    report("no operation", control(set, 4, counter, EPOLLIN, 0));
    report("no event", epoll_ctl(set, EPOLL_CTL_ADD, counter, NULL));
    report("exclusive and one-shot", add(set, counter, EPOLLIN | EPOLLEXCLUSIVE | EPOLLONESHOT, 0));
    report("exclusive", add(set, counter, EPOLLIN | EPOLLEXCLUSIVE, 5));
    report("cannot be changed", control(set, EPOLL_CTL_MOD, counter, EPOLLIN, 0));
    report("twice", add(set, counter, EPOLLIN, 0));
    struct epoll_event event;
    report("no room", epoll_wait(set, &event, 0, 0));
    report("nowhere", epoll_wait(set, nowhere, 1, 0));
    look("still there", set);
    report("not a set", epoll_wait(counter, &event, 1, 0));
}

struct Waiter {
    pthread_t thread;
    int set;
    int found;
};

static void* wait_in(void* argument) {
    struct Waiter* waiter = argument;
    struct epoll_event event;
    waiter->found = epoll_wait(waiter->set, &event, 1, 400);
    return NULL;
}

// How many are woken by one byte, of tasks that wait one after another? Which of them depends on who has come
// to wait.
static void waiters(const char* label, int sets, uint32_t events) {
    struct Waiter waiting[4];
    int ends[2], made[4];
    pipe(ends);
    for (int i = 0; i < sets; i++) {
        made[i] = epoll_create1(0);
        add(made[i], ends[0], events, 0);
    }
    for (int i = 0; i < 4; i++) {
        waiting[i].set = made[i % sets];
        pthread_create(&waiting[i].thread, NULL, wait_in, &waiting[i]);
        usleep(20000);
    }
    write(ends[1], "a", 1);
    int woken = 0;
    for (int i = 0; i < 4; i++) {
        pthread_join(waiting[i].thread, NULL);
        woken += waiting[i].found;
    }
    printf("%s: %d\n", label, woken);
}

int main(int count, char** arguments) {
    if (count > 1 && strcmp(arguments[1], "waiters") == 0) {
        waiters("level", 1, EPOLLIN);
        waiters("edge", 1, EPOLLIN | EPOLLET);
        waiters("sets of their own", 4, EPOLLIN);
        waiters("exclusive", 4, EPOLLIN | EPOLLEXCLUSIVE);
        waiters("exclusive by two", 2, EPOLLIN | EPOLLEXCLUSIVE | EPOLLET);
        return 0;
    }
    pipe_edges();
    counter_edges();
    one_shot();
    order();
    socket_edges();
    nesting();
    refused();
    return 0;
}
