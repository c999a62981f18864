// Signals of TCP and UDP sockets: O_ASYNC with and without a chosen signal, SIGURG, connections that are held
// back until they bring data.
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "inet.h"

static sigset_t all;

// Which signals have come, with what they say.
static void came(const char* label) {
    const struct timespec none = {0};
    siginfo_t info;
    printf("%s:", label);
    for (int signal; (signal = sigtimedwait(&all, &info, &none)) > 0;) {
        printf(" [%d code %d", signal, info.si_code);
        if (signal == SIGRTMIN) {
            printf(" band %lx fd %d", (long)info.si_band, info.si_fd);
        }
        printf("]");
    }
    puts("");
}

static void follow(int fd, int signal) {
    fcntl(fd, F_SETOWN, getpid());
    if (signal != 0) {
        fcntl(fd, F_SETSIG, signal);
    }
    fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_ASYNC);
}

static void streams(void) {
    int ends[2];
    const int from = listener(2);
    follow(from, SIGRTMIN);
    ends[0] = tcp();
    follow(ends[0], SIGRTMIN);
    TRY(fcntl(from, F_GETOWN) == getpid());
    TRY(fcntl(from, F_GETSIG) == SIGRTMIN);
    TRY(connect4(ends[0], "127.0.0.1", port_of(from)));
    came("a connection");
    ends[1] = accept(from, NULL, NULL);
    TRY(fcntl(ends[1], F_GETOWN));
    TRY(fcntl(ends[1], F_GETFL) & O_ASYNC);
    follow(ends[1], SIGRTMIN);
    came("nothing yet");
    TRY(send(ends[0], "a", 1, 0));
    came("a byte");
    TRY(send(ends[0], "bc", 2, 0));
    came("two more");
    TRY(recv(ends[1], buffer, 9, 0));
    came("read");
    TRY(send(ends[0], "d", 1, MSG_OOB));
    came("urgent");
    TRY(shutdown(ends[0], SHUT_WR));
    came("half closed");
    TRY(recv(ends[1], buffer, 9, 0));
    TRY(shutdown(ends[1], SHUT_WR));
    came("closed");
    close_both(ends);
    came("gone");
    connected(ends);
    follow(ends[0], 0);
    TRY(send(ends[1], "e", 1, 0));
    came("without a choice");
    TRY(send(ends[1], "f", 1, MSG_OOB));
    came("urgent, without a choice");
    const struct linger at_once = {1, 0};
    setsockopt(ends[1], SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
    close(ends[1]);
    came("reset");
    close(ends[0]);
    const int refused = tcp();
    follow(refused, SIGRTMIN);
    TRY(connect4(refused, "127.0.0.1", 1));
    came("refused");
    close(refused);
    close(from);
    came("a listener that goes");
}

static void urgency(void) {
    int ends[2];
    connected(ends);
    TRY(send(ends[0], "!", 1, MSG_OOB));
    came("nobody's");
    TRY(recv(ends[1], buffer, 1, MSG_OOB));
    TRY(fcntl(ends[1], F_SETOWN, getpid()));
    TRY(send(ends[0], "!", 1, MSG_OOB));
    came("the owner's");
    TRY(send(ends[0], "!!", 2, MSG_OOB));
    came("again");
    TRY(fcntl(ends[1], F_SETOWN, -getpgrp()));
    TRY(fcntl(ends[1], F_GETOWN) == -getpgrp());
    TRY(send(ends[0], "!", 1, MSG_OOB));
    came("the group's");
    int owner = 0;
    TRY(ioctl(ends[1], SIOCSPGRP, &owner));
    TRY(send(ends[0], "!", 1, MSG_OOB));
    came("nobody's again");
    owner = getpid();
    TRY(ioctl(ends[1], FIOSETOWN, &owner));
    owner = 0;
    TRY(ioctl(ends[1], SIOCGPGRP, &owner));
    TRY(owner == getpid());
    TRY(ioctl(ends[1], FIOGETOWN, kBadAddress));
    TRY(ioctl(ends[1], SIOCSPGRP, kBadAddress));
    owner = 99999;
    TRY(ioctl(ends[1], SIOCSPGRP, &owner));
    TRY(fcntl(ends[1], F_SETOWN, 99999));
    TRY(fcntl(ends[1], F_SETSIG, 65));
    TRY(fcntl(ends[1], F_SETSIG, -1));
    close_both(ends);
}

static void datagrams(void) {
    int ends[2];
    connected_udp(ends);
    follow(ends[1], SIGRTMIN);
    TRY(send(ends[0], "a", 1, 0));
    TRY(send(ends[0], "", 0, 0));
    came("two datagrams");
    TRY(recv(ends[1], buffer, 9, 0));
    came("read");
    close(ends[0]);
    TRY(send(ends[1], "x", 1, 0));
    came("refused");
    int on = 0;
    TRY(ioctl(ends[1], FIOASYNC, &on));
    TRY(fcntl(ends[1], F_GETFL) & O_ASYNC);
    close(ends[1]);
    connected_udp(ends);
    on = 1;
    TRY(fcntl(ends[1], F_SETOWN, getpid()));
    TRY(ioctl(ends[1], FIOASYNC, &on));
    TRY(send(ends[0], "a", 1, 0));
    came("by ioctl");
    const struct f_owner_ex thread = {F_OWNER_TID, gettid()};
    TRY(fcntl(ends[1], F_SETOWN_EX, &thread));
    TRY(send(ends[0], "b", 1, 0));
    came("a thread's");
    close_both(ends);
}

static void deferred(void) {
    const int from = listener(3);
    TRY(set(from, IPPROTO_TCP, TCP_DEFER_ACCEPT, 1));
    TRY(get(from, IPPROTO_TCP, TCP_DEFER_ACCEPT));
    fcntl(from, F_SETFL, O_NONBLOCK);
    const int first = tcp();
    TRY(connect4(first, "127.0.0.1", port_of(from)));
    look("connected", first);
    look("not shown", from);
    TRY(accept(from, NULL, NULL));
    TRY(send(first, "data", 4, 0));
    look("shown", from);
    int taken = accept(from, NULL, NULL);
    TRY(recv(taken, buffer, 9, 0));
    close(taken);
    close(first);
    const int second = tcp();
    TRY(connect4(second, "127.0.0.1", port_of(from)));
    TRY(shutdown(second, SHUT_WR));
    taken = accept(from, NULL, NULL);
    TRY(recv(taken, buffer, 9, 0));
    close(taken);
    close(second);
    const int third = tcp();
    TRY(connect4(third, "127.0.0.1", port_of(from)));
    struct pollfd shown = {from, POLLIN, 0};
    TRY(poll(&shown, 1, 300));
    TRY(poll(&shown, 1, 3000));
    taken = accept(from, NULL, NULL);
    TRY(recv(taken, buffer, 9, MSG_DONTWAIT));
    close(taken);
    close(third);
    close(from);
}

static const struct Behaviour kBehaviours[] = {
    {"streams", streams},
    {"urgency", urgency},
    {"datagrams", datagrams},
    {"deferred", deferred},
};

int main(int count_of_arguments, char** arguments) {
    sigemptyset(&all);
    sigaddset(&all, SIGIO);
    sigaddset(&all, SIGURG);
    sigaddset(&all, SIGRTMIN);
    sigprocmask(SIG_BLOCK, &all, NULL);
    signal(SIGPIPE, SIG_IGN);
    return RUN_BEHAVIOURS(kBehaviours, count_of_arguments, arguments);
}
