// poll and epoll on TCP and UDP sockets: what is an edge, which events come when an end closes, connects or
// fails, what one-shot items and low marks change, and calls that wait for readiness.
#include <signal.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "../net/inet.h"

enum { kAll = EPOLLIN | EPOLLOUT | EPOLLPRI | EPOLLRDHUP | EPOLLRDNORM | EPOLLWRNORM };

static int add(int set, int fd, uint32_t events, int data) {
    struct epoll_event event = {.events = events, .data.u64 = (uint64_t)data};
    return epoll_ctl(set, EPOLL_CTL_ADD, fd, &event);
}

static int change(int set, int fd, uint32_t events, int data) {
    struct epoll_event event = {.events = events, .data.u64 = (uint64_t)data};
    return epoll_ctl(set, EPOLL_CTL_MOD, fd, &event);
}

static void wait_in(const char* label, int set) {
    struct epoll_event events[8];
    const int count = epoll_wait(set, events, 8, 0);
    printf("%s: %d", label, count);
    for (int i = 0; i < count; i++) {
        printf(" %d:%x", (int)events[i].data.u64, events[i].events);
    }
    puts("");
}

static void stream_edges(void) {
    int ends[2];
    const int set_of_one = epoll_create1(0);
    connected(ends);
    TRY(add(set_of_one, ends[1], kAll | EPOLLET, 1));
    wait_in("new", set_of_one);
    wait_in("nothing new", set_of_one);
    send(ends[0], "a", 1, 0);
    wait_in("a byte", set_of_one);
    send(ends[0], "b", 1, 0);
    wait_in("another without a read", set_of_one);
    recv(ends[1], buffer, 1, 0);
    wait_in("a read of one", set_of_one);
    recv(ends[1], buffer, 9, 0);
    wait_in("drained", set_of_one);
    set(ends[1], SOL_SOCKET, SO_RCVLOWAT, 3);
    send(ends[0], "cd", 2, 0);
    wait_in("below the low mark", set_of_one);
    send(ends[0], "e", 1, 0);
    wait_in("at the low mark", set_of_one);
    recv(ends[1], buffer, 9, 0);
    send(ends[0], "!", 1, MSG_OOB);
    wait_in("urgent", set_of_one);
    recv(ends[1], buffer, 1, MSG_OOB);
    wait_in("taken", set_of_one);
    shutdown(ends[0], SHUT_WR);
    wait_in("half closed", set_of_one);
    wait_in("no more", set_of_one);
    shutdown(ends[1], SHUT_RD);
    wait_in("reading shut", set_of_one);
    shutdown(ends[1], SHUT_WR);
    wait_in("closed by both", set_of_one);
    close(ends[0]);
    wait_in("gone", set_of_one);
    close(ends[1]);
    wait_in("removed", set_of_one);
    close(set_of_one);
}

static void resets(void) {
    int ends[2];
    const int set_of_one = epoll_create1(0);
    const struct linger at_once = {1, 0};
    connected(ends);
    TRY(add(set_of_one, ends[1], EPOLLET, 7));
    setsockopt(ends[0], SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
    close(ends[0]);
    wait_in("reset", set_of_one);
    wait_in("once", set_of_one);
    TRY(change(set_of_one, ends[1], kAll | EPOLLET, 8));
    wait_in("asked anew", set_of_one);
    printf("pending %s\n", pending(ends[1]));
    TRY(change(set_of_one, ends[1], kAll, 9));
    wait_in("error taken", set_of_one);
    wait_in("and again", set_of_one);
    close(ends[1]);
    close(set_of_one);
}

static void connecting(void) {
    const int set_of_all = epoll_create1(0);
    const int from = listener(0);
    int fds[4];
    for (int i = 0; i < 4; i++) {
        fds[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
        TRY(add(set_of_all, fds[i], kAll | EPOLLET, i));
    }
    wait_in("unconnected", set_of_all);
    TRY(add(set_of_all, from, EPOLLIN | EPOLLET, 9));
    wait_in("a listener", set_of_all);
    TRY(connect4(fds[0], "127.0.0.1", port_of(from)));
    wait_in("connected", set_of_all);
    TRY(connect4(fds[1], "127.0.0.1", 1));
    wait_in("refused", set_of_all);
    TRY(connect4(fds[2], "127.0.0.1", port_of(from)));
    wait_in("no room", set_of_all);
    const int taken = accept(from, NULL, NULL);
    wait_in("accepted", set_of_all);
    struct pollfd polled = {fds[2], POLLOUT, 0};
    TRY(poll(&polled, 1, 5000));
    wait_in("room after a while", set_of_all);
    TRY(listen(fds[3], 1));
    wait_in("listens", set_of_all);
    TRY(connect4(fds[1], "127.0.0.1", port_of(fds[3])));
    TRY(connect4(fds[1], "127.0.0.1", port_of(fds[3])));
    wait_in("a connection", set_of_all);
    close(from);
    wait_in("the listener is gone", set_of_all);
    shutdown(fds[3], SHUT_RD);
    wait_in("shut", set_of_all);
    for (int i = 0; i < 4; i++) {
        close(fds[i]);
    }
    close(taken);
    close(set_of_all);
}

static void datagrams(void) {
    int ends[2];
    const int set_of_one = epoll_create1(0);
    connected_udp(ends);
    TRY(add(set_of_one, ends[1], kAll | EPOLLET, 1));
    wait_in("new", set_of_one);
    send(ends[0], "a", 1, 0);
    wait_in("one", set_of_one);
    send(ends[0], "b", 1, 0);
    wait_in("two", set_of_one);
    recv(ends[1], buffer, 9, 0);
    wait_in("read one", set_of_one);
    recv(ends[1], buffer, 9, 0);
    send(ends[0], "", 0, 0);
    wait_in("an empty one", set_of_one);
    TRY(change(set_of_one, ends[1], EPOLLIN | EPOLLONESHOT, 2));
    wait_in("one-shot", set_of_one);
    send(ends[0], "c", 1, 0);
    wait_in("spent", set_of_one);
    TRY(change(set_of_one, ends[1], EPOLLIN | EPOLLONESHOT, 3));
    wait_in("armed", set_of_one);
    TRY(change(set_of_one, ends[1], EPOLLET, 4));
    close(ends[0]);
    send(ends[1], "x", 1, 0);
    wait_in("refused", set_of_one);
    printf("pending %s\n", pending(ends[1]));
    wait_in("taken", set_of_one);
    shutdown(ends[1], SHUT_RDWR);
    wait_in("shut", set_of_one);
    close(ends[1]);
    close(set_of_one);
}

static void selecting(void) {
    int ends[2];
    fd_set in, out, other;
    struct timeval none = {0};
    connected(ends);
    send(ends[0], "ab!", 3, MSG_OOB);
    for (int i = 0; i < 2; i++) {
        FD_ZERO(&in);
        FD_ZERO(&out);
        FD_ZERO(&other);
        for (int k = 0; k < 2; k++) {
            FD_SET(ends[k], &in);
            FD_SET(ends[k], &out);
            FD_SET(ends[k], &other);
        }
        TRY(select(ends[1] + 1, &in, &out, &other, &none));
        for (int k = 0; k < 2; k++) {
            printf("%d %d %d\n", FD_ISSET(ends[k], &in) != 0, FD_ISSET(ends[k], &out) != 0,
                   FD_ISSET(ends[k], &other) != 0);
        }
        shutdown(ends[1], SHUT_WR);
        recv(ends[1], buffer, 1, MSG_OOB);
    }
    TRY(select(-1, NULL, NULL, NULL, &none));
    TRY(select(1, kBadAddress, NULL, NULL, &none));
    none.tv_usec = -1;
    TRY(select(0, NULL, NULL, NULL, &none));
    FD_ZERO(&in);
    FD_SET(99, &in);
    none.tv_usec = 0;
    TRY(select(100, &in, NULL, NULL, &none));
    close_both(ends);
}

static void waiting(void) {
    int ends[2], datagrams[2];
    connected(ends);
    connected_udp(datagrams);
    const int set_of_two = epoll_create1(0);
    TRY(add(set_of_two, ends[1], EPOLLIN | EPOLLRDHUP, 1));
    TRY(add(set_of_two, datagrams[1], EPOLLIN, 2));
    fflush(stdout);
    const pid_t child = fork();
    if (child == 0) {
        // Each step when the last has been seen.
        usleep(20000);
        send(datagrams[0], "a", 1, 0);
        recv(ends[0], buffer, 1, 0);
        send(ends[0], "b", 1, 0);
        recv(ends[0], buffer, 1, 0);
        shutdown(ends[0], SHUT_WR);
        _exit(0);
    }
    for (int i = 0; i < 3; i++) {
        struct epoll_event event = {0};
        TRY(epoll_wait(set_of_two, &event, 1, -1));
        printf("%d:%x\n", (int)event.data.u64, event.events);
        recv(event.data.u64 == 1 ? ends[1] : datagrams[1], buffer, 9, MSG_DONTWAIT);
        send(ends[1], "k", 1, 0);
    }
    waitpid(child, NULL, 0);
    struct epoll_event event;
    TRY(epoll_ctl(set_of_two, EPOLL_CTL_DEL, ends[1], NULL));
    TRY(epoll_wait(set_of_two, &event, 1, 20));
    const struct timespec short_time = {0, 20000000};
    TRY(epoll_pwait2(set_of_two, &event, 1, &short_time, NULL));
    const struct timespec bad_time = {0, 1000000000};
    TRY(epoll_pwait2(set_of_two, &event, 1, &bad_time, NULL));
    struct pollfd polled[2] = {{ends[1], 0, 0}, {-1, POLLIN, 77}};
    TRY(poll(polled, 2, 20));
    printf("%x %x\n", polled[0].revents, polled[1].revents);
    TRY(poll(kBadAddress, 1, 0));
    TRY(poll(kBadAddress, 2000000, 0));
    TRY(ppoll(polled, 2, &bad_time, NULL));
    polled[0].fd = 99;
    TRY(poll(polled, 1, 0));
    printf("%x\n", polled[0].revents);
    close_both(ends);
    close_both(datagrams);
    close(set_of_two);
}

static const struct Behaviour kBehaviours[] = {
    {"stream-edges", stream_edges}, {"resets", resets},       {"connecting", connecting},
    {"datagrams", datagrams},       {"selecting", selecting}, {"waiting", waiting},
};

int main(int count, char** arguments) {
    signal(SIGPIPE, SIG_IGN);
    return RUN_BEHAVIOURS(kBehaviours, count, arguments);
}
