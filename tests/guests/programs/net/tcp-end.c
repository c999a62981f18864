// How TCP connections end: halves, resets, lingering, data that nobody has read, and what the port is for
// then.
#include <signal.h>
#include <sys/wait.h>
#include <time.h>

#include "inet.h"

static int pipe_signals;

static void count_signal(int signal) {
    (void)signal;
    pipe_signals++;
}

static int state_of(int fd) {
    struct tcp_info info;
    socklen_t length = 1;  // what follows varies
    return getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &length) < 0 ? -1 : info.tcpi_state;
}

static void look_at(const char* label, int fd) {
    look(label, fd);
    printf("state %d\n", state_of(fd));
}

static void halves(void) {
    int ends[2];
    connected(ends);
    look_at("both open", ends[0]);
    TRY(send(ends[0], "last", 4, 0));
    TRY(shutdown(ends[0], SHUT_WR));
    look("shut", ends[0]);
    look_at("its peer", ends[1]);
    TRY(recv(ends[1], buffer, 2, 0));
    look("some left", ends[1]);
    TRY(recv(ends[1], buffer, 9, 0));
    TRY(recv(ends[1], buffer, 9, 0));
    TRY(recv(ends[1], buffer, 9, MSG_PEEK | MSG_WAITALL));
    look("all read", ends[1]);
    TRY(send(ends[0], "x", 1, 0));
    TRY(send(ends[0], "x", 1, MSG_NOSIGNAL));
    TRY(write(ends[0], "x", 1));
    TRY(send(ends[0], "", 0, 0));
    printf("%d signals\n", pipe_signals);
    TRY(shutdown(ends[0], SHUT_WR));
    TRY(send(ends[1], "back", 4, 0));
    TRY(recv(ends[0], buffer, 9, 0));
    TRY(recv(ends[0], buffer, 9, MSG_DONTWAIT));
    TRY(shutdown(ends[1], SHUT_WR));
    look_at("closed by both", ends[1]);
    look_at("waits", ends[0]);
    TRY(recv(ends[0], buffer, 9, 0));
    TRY(shutdown(ends[0], SHUT_RDWR));
    TRY(getpeername(ends[0], (struct sockaddr*)buffer, &(socklen_t){16}));
    TRY(shutdown(ends[1], SHUT_RD));
    TRY(send(ends[1], "x", 1, MSG_NOSIGNAL));
    TRY(listen(ends[0], 1));
    close_both(ends);
}

static void reading_shut(void) {
    int ends[2];
    connected(ends);
    TRY(shutdown(ends[0], SHUT_RD));
    look_at("reading shut", ends[0]);
    look_at("its peer", ends[1]);
    TRY(recv(ends[0], buffer, 9, 0));
    TRY(send(ends[1], "still", 5, 0));
    look("arrives", ends[0]);
    TRY(recv(ends[0], buffer, 3, 0));
    TRY(recv(ends[0], buffer, 9, 0));
    TRY(recv(ends[0], buffer, 9, 0));
    TRY(send(ends[0], "out", 3, 0));
    TRY(recv(ends[1], buffer, 9, 0));
    TRY(shutdown(ends[0], SHUT_RDWR));
    look("both shut", ends[0]);
    TRY(send(ends[1], "late", 4, 0));
    look_at("after late data", ends[0]);
    look_at("the sender", ends[1]);
    printf("pending %s, %s\n", pending(ends[0]), pending(ends[1]));
    close_both(ends);
}

static void resets(void) {
    int ends[2];
    const struct linger at_once = {1, 0};
    connected(ends);
    setsockopt(ends[0], SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
    TRY(send(ends[0], "data", 4, 0));
    close(ends[0]);
    look_at("reset with data", ends[1]);
    TRY(recv(ends[1], buffer, 2, MSG_PEEK));
    TRY(send(ends[1], "x", 1, MSG_NOSIGNAL));
    TRY(recv(ends[1], buffer, 2, 0));
    TRY(recv(ends[1], buffer, 9, 0));
    TRY(recv(ends[1], buffer, 9, 0));
    TRY(shutdown(ends[1], SHUT_WR));
    close(ends[1]);
    connected(ends);
    setsockopt(ends[0], SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
    close(ends[0]);
    look_at("reset", ends[1]);
    printf("pending %s, then %s\n", pending(ends[1]), pending(ends[1]));
    look("taken", ends[1]);
    TRY(recv(ends[1], buffer, 9, 0));
    TRY(send(ends[1], "x", 1, MSG_NOSIGNAL));
    TRY(getpeername(ends[1], (struct sockaddr*)buffer, &(socklen_t){16}));
    close(ends[1]);
    connected(ends);
    TRY(send(ends[0], "never read", 10, 0));
    close(ends[1]);
    look_at("closed with unread data", ends[0]);
    TRY(recv(ends[0], buffer, 9, 0));
    close(ends[0]);
    connected(ends);
    close(ends[1]);
    look_at("closed", ends[0]);
    TRY(send(ends[0], "one", 3, 0));
    look_at("answered by a reset", ends[0]);
    TRY(recv(ends[0], buffer, 9, 0));
    TRY(send(ends[0], "two", 3, MSG_NOSIGNAL));
    printf("pending %s\n", pending(ends[0]));
    close(ends[0]);
    connected(ends);
    TRY(send(ends[1], "answer", 6, 0));
    close(ends[1]);
    TRY(send(ends[0], "into the void", 13, 0));
    TRY(recv(ends[0], buffer, 9, 0));
    TRY(recv(ends[0], buffer, 9, 0));
    close(ends[0]);
}

static void listener_goes(void) {
    const int from = listener(4);
    const int one = tcp(), two = tcp();
    connect4(one, "127.0.0.1", port_of(from));
    connect4(two, "127.0.0.1", port_of(from));
    TRY(send(one, "x", 1, 0));
    close(from);
    look_at("had data under way", one);
    look_at("had none", two);
    TRY(recv(one, buffer, 1, 0));
    TRY(send(two, "x", 1, MSG_NOSIGNAL));
    TRY(send(two, "x", 1, MSG_NOSIGNAL));
    close(one);
    close(two);
}

static void lingering(void) {
    int ends[2];
    const struct linger a_second = {1, 1}, none = {0, 5};
    struct linger shown;
    socklen_t length = sizeof(shown);
    connected(ends);
    TRY(setsockopt(ends[0], SOL_SOCKET, SO_LINGER, &a_second, 4));
    TRY(setsockopt(ends[0], SOL_SOCKET, SO_LINGER, &none, sizeof(none)));
    TRY(getsockopt(ends[0], SOL_SOCKET, SO_LINGER, &shown, &length));
    printf("%d %d\n", shown.l_onoff, shown.l_linger);
    TRY(setsockopt(ends[0], SOL_SOCKET, SO_LINGER, &a_second, sizeof(a_second)));
    TRY(getsockopt(ends[0], SOL_SOCKET, SO_LINGER, &shown, &length));
    printf("%d %d\n", shown.l_onoff, shown.l_linger);
    struct timespec before, after;
    clock_gettime(CLOCK_MONOTONIC, &before);
    close(ends[0]);
    clock_gettime(CLOCK_MONOTONIC, &after);
    printf("waited for nothing: %d\n", (int)(after.tv_sec - before.tv_sec));
    look("closed", ends[1]);
    close(ends[1]);
}

static void ports_after(void) {
    const int from = listener(1);
    const int port = port_of(from);
    const int client = tcp();
    connect4(client, "127.0.0.1", port);
    const int taken = accept(from, NULL, NULL);
    close(taken);
    close(client);
    close(from);
    int again = tcp();
    TRY(bind4(again, "127.0.0.1", port));
    TRY(bind4(again, "127.0.0.2", port));
    close(again);
    again = tcp();
    set(again, SOL_SOCKET, SO_REUSEADDR, 1);
    TRY(bind4(again, "127.0.0.1", port));
    TRY(listen(again, 1));
    close(again);
    // A connection that the client ends leaves the listener's port free.
    const int second = listener(1);
    const int second_port = port_of(second);
    const int first_to_go = tcp();
    connect4(first_to_go, "127.0.0.1", second_port);
    const int left = accept(second, NULL, NULL);
    close(first_to_go);
    TRY(recv(left, buffer, 1, 0));
    close(left);
    close(second);
    again = tcp();
    TRY(bind4(again, "127.0.0.1", second_port));
    close(again);
}

static void in_a_child(void) {
    int ends[2];
    connected(ends);
    fflush(stdout);
    const pid_t child = fork();
    if (child == 0) {
        close(ends[0]);
        _exit(send(ends[1], "from a child", 12, 0) == 12 ? 0 : 1);
    }
    close(ends[1]);
    TRY(recv(ends[0], buffer, 30, MSG_WAITALL));
    TRY(recv(ends[0], buffer, 30, 0));
    int status = 0;
    waitpid(child, &status, 0);
    printf("status %d\n", status);
    close(ends[0]);
}

static const struct Behaviour kBehaviours[] = {
    {"halves", halves},       {"reading-shut", reading_shut},
    {"resets", resets},       {"listener-goes", listener_goes},
    {"lingering", lingering}, {"ports-after", ports_after},
    {"child", in_a_child},
};

int main(int count, char** arguments) {
    signal(SIGPIPE, count_signal);
    return RUN_BEHAVIOURS(kBehaviours, count, arguments);
}
