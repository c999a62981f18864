// How TCP connections come about: what each state answers, refusals, non-blocking connects, listeners that
// are full, and a socket that connects to itself.
#include <signal.h>

#include "inet.h"

static void unconnected(void) {
    struct sockaddr_in name;
    socklen_t length = sizeof(name);
    const int fd = tcp();
    look("new", fd);
    TRY(recv(fd, buffer, 1, 0));
    TRY(recv(fd, buffer, 0, 0));
    TRY(recv(fd, buffer, 1, MSG_OOB));
    TRY(recv(fd, buffer, 1, MSG_ERRQUEUE));
    TRY(send(fd, "x", 1, MSG_NOSIGNAL));
    TRY(send(fd, "", 0, MSG_NOSIGNAL));
    TRY(shutdown(fd, SHUT_RD));
    TRY(shutdown(fd, SHUT_WR));
    TRY(shutdown(fd, SHUT_RDWR));
    TRY(shutdown(fd, 3));
    TRY(shutdown(fd, -1));
    look("shut down", fd);
    TRY(accept(fd, NULL, NULL));
    TRY(accept4(fd, NULL, NULL, 1));
    TRY(getpeername(fd, (struct sockaddr*)&name, &length));
    length = (socklen_t)-1;
    TRY(getsockname(fd, (struct sockaddr*)&name, &length));
    length = 3;
    TRY(getsockname(fd, (struct sockaddr*)&name, &length));
    printf("length %d\n", (int)length);
    TRY(getsockname(fd, kBadAddress, &length));
    TRY(getsockname(fd, (struct sockaddr*)&name, kBadAddress));
    TRY(asked(fd, FIONREAD));
    TRY(asked(fd, TIOCOUTQ));
    TRY(asked(fd, SIOCATMARK));
    TRY(lseek(fd, 0, SEEK_CUR));
    TRY(ftruncate(fd, 0));
    TRY(pread(fd, buffer, 1, 0));
    TRY(pwrite(fd, buffer, 1, 0));
    close(fd);
}

static void refused(void) {
    const int fd = tcp();
    TRY(connect4(fd, "127.0.0.1", 1));
    look("refused", fd);
    show_names(fd);
    TRY(connect4(fd, "127.0.0.1", 1));
    TRY(connect4(fd, "127.0.0.1", 0));
    TRY(connect4(fd, "224.0.0.1", 1));
    TRY(connect4(fd, "255.255.255.255", 1));
    TRY(connect4(fd, "192.0.2.1", 1));
    TRY(connect4(fd, "0.0.0.0", 1));
    struct sockaddr_in name = v4("127.0.0.1", 1);
    TRY(connect(fd, (struct sockaddr*)&name, 1));
    TRY(connect(fd, (struct sockaddr*)&name, 2));
    TRY(connect(fd, (struct sockaddr*)&name, 15));
    TRY(connect(fd, (struct sockaddr*)&name, 16));
    TRY(connect(fd, (struct sockaddr*)&name, 128));
    TRY(connect(fd, (struct sockaddr*)&name, 129));
    TRY(connect(fd, kBadAddress, 16));
    TRY(connect(99, (struct sockaddr*)&name, 16));
    TRY(connect(1, (struct sockaddr*)&name, 16));
    name.sin_family = AF_INET6;
    TRY(connect(fd, (struct sockaddr*)&name, 16));
    TRY(connect6(fd, "::1", 1));
    TRY(unconnect(fd));
    TRY(unconnect(fd));
    close(fd);
    int six = socket(AF_INET6, SOCK_STREAM, 0);
    TRY(connect6(six, "::1", 1));
    TRY(connect6(six, "::", 1));
    TRY(connect6(six, "ff02::1", 1));
    TRY(connect6(six, "2001:db8::1", 1));
    TRY(connect6(six, "::ffff:127.0.0.1", 1));
    TRY(connect4(six, "127.0.0.1", 1));
    close(six);
    six = socket(AF_INET6, SOCK_STREAM, 0);
    const struct sockaddr_in6 short_name = v6("::1", 1);
    TRY(connect(six, (const struct sockaddr*)&short_name, 23));
    TRY(connect(six, (const struct sockaddr*)&short_name, 24));
    close(six);
}

static void nonblocking(void) {
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    TRY(connect4(fd, "127.0.0.1", 1));
    look("refused", fd);
    TRY(send(fd, "x", 1, MSG_NOSIGNAL));
    printf("pending %s\n", pending(fd));
    TRY(connect4(fd, "127.0.0.1", 1));
    printf("pending %s, then %s\n", pending(fd), pending(fd));
    look("taken", fd);
    TRY(connect4(fd, "127.0.0.1", 1));
    TRY(recv(fd, buffer, 1, 0));
    TRY(recv(fd, buffer, 1, 0));
    close(fd);
    const int from = listener(3);
    fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    TRY(connect4(fd, "127.0.0.1", port_of(from)));
    look("connected", fd);
    look("listener", from);
    printf("pending %s\n", pending(fd));
    TRY(send(fd, "early", 5, 0));
    TRY(connect4(fd, "127.0.0.1", port_of(from)));
    TRY(connect4(fd, "127.0.0.1", port_of(from)));
    TRY(connect4(fd, "127.0.0.1", 1));
    TRY(bind4(fd, "127.0.0.1", 0));
    TRY(listen(fd, 1));
    show_names(fd);
    fcntl(from, F_SETFL, O_NONBLOCK);
    const int taken = accept4(from, NULL, NULL, SOCK_CLOEXEC);
    TRY(fcntl(taken, F_GETFD));
    TRY(fcntl(taken, F_GETFL) & O_NONBLOCK);
    TRY(recv(taken, buffer, 9, 0));
    TRY(recv(taken, buffer, 9, MSG_DONTWAIT));
    TRY(accept(from, NULL, NULL));
    TRY(accept4(from, NULL, NULL, 3));
    TRY(accept(from, kBadAddress, kBadAddress));
    close(fd);
    close(taken);
    close(from);
}

static void full(void) {
    const int from = listener(0);
    int first[3];
    for (int i = 0; i < 3; i++) {
        first[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
        TRY(connect4(first[i], "127.0.0.1", port_of(from)));
        look("connecting", first[i]);
    }
    TRY(connect4(first[2], "127.0.0.1", port_of(from)));
    TRY(send(first[2], "x", 1, MSG_NOSIGNAL));
    TRY(recv(first[2], buffer, 1, 0));
    TRY(getpeername(first[2], (struct sockaddr*)buffer, &(socklen_t){16}));
    TRY(asked(first[2], FIONREAD));
    TRY(shutdown(first[2], SHUT_WR));
    look("given up", first[2]);
    printf("pending %s\n", pending(first[2]));
    const struct timeval short_time = {.tv_usec = 20000};
    const int late = tcp();
    setsockopt(late, SOL_SOCKET, SO_SNDTIMEO, &short_time, sizeof(short_time));
    TRY(connect4(late, "127.0.0.1", port_of(from)));
    TRY(connect4(late, "127.0.0.1", port_of(from)));
    TRY(unconnect(late));
    look("unconnected", late);
    TRY(listen(from, 5));
    TRY(get(from, SOL_SOCKET, SO_ACCEPTCONN));
    const int taken = accept(from, NULL, NULL);
    show_names(taken);
    setsockopt(from, SOL_SOCKET, SO_RCVTIMEO, &short_time, sizeof(short_time));
    TRY(close(accept(from, NULL, NULL)));
    TRY(send(from, "x", 1, MSG_NOSIGNAL));
    TRY(recv(from, buffer, 1, 0));
    TRY(asked(from, FIONREAD));
    TRY(asked(from, TIOCOUTQ));
    TRY(connect4(from, "127.0.0.1", 1));
    TRY(shutdown(from, SHUT_WR));
    look("still listens", from);
    TRY(shutdown(from, SHUT_RD));
    look("listens no more", from);
    TRY(accept(from, NULL, NULL));
    TRY(listen(from, -1));
    look("listens again", from);
    TRY(close(from));
    look("dropped", first[1]);
    for (int i = 0; i < 3; i++) {
        printf("pending %s\n", pending(first[i]));
        close(first[i]);
    }
    close(taken);
    close(late);
}

static void itself(void) {
    const int fd = tcp();
    bind4(fd, "127.0.0.1", 0);
    TRY(connect4(fd, "127.0.0.1", port_of(fd)));
    look("connected to itself", fd);
    TRY(send(fd, "echo", 4, 0));
    TRY(asked(fd, FIONREAD));
    TRY(recv(fd, buffer, 9, 0));
    TRY(shutdown(fd, SHUT_WR));
    TRY(recv(fd, buffer, 9, 0));
    look("its own end", fd);
    close(fd);
}

static void unconnecting(void) {
    int ends[2];
    connected(ends);
    TRY(send(ends[0], "lost", 4, 0));
    TRY(unconnect(ends[0]));
    look("unconnected", ends[0]);
    look("its peer", ends[1]);
    show_names(ends[0]);
    show_names(ends[1]);
    TRY(recv(ends[1], buffer, 9, 0));
    TRY(recv(ends[1], buffer, 9, 0));
    TRY(recv(ends[0], buffer, 9, 0));
    TRY(send(ends[1], "x", 1, MSG_NOSIGNAL));
    const int from = listener(1);
    TRY(connect4(ends[0], "127.0.0.1", port_of(from)));
    show_names(ends[0]);
    TRY(bind4(ends[0], "127.0.0.1", 0));
    close(from);
    close_both(ends);
    // What bind has set stays.
    const int again = listener(1), bound = tcp();
    bind4(bound, "127.0.0.1", 0);
    const int port = port_of(bound);
    connect4(bound, "127.0.0.1", port_of(again));
    TRY(unconnect(bound));
    TRY(port_of(bound) == port);
    show_names(bound);
    close(bound);
    close(again);
}

static void kinds(void) {
    TRY(socket(AF_INET, SOCK_STREAM, IPPROTO_UDP));
    TRY(socket(AF_INET, SOCK_DGRAM, IPPROTO_TCP));
    TRY(socket(AF_INET, SOCK_STREAM, 256));
    TRY(socket(AF_INET, SOCK_STREAM, -1));
    TRY(socket(AF_INET, SOCK_SEQPACKET, 0));
    TRY(socket(AF_INET, SOCK_RDM, 0));
    TRY(socket(AF_INET, 0, 0));
    TRY(socket(AF_INET, 11, 0));
    TRY(socket(AF_INET, SOCK_STREAM | 0x100, 0));
    TRY(socket(99, SOCK_STREAM, 0));
    TRY(socket(-1, SOCK_STREAM, 0));
    TRY(socket(AF_INET, SOCK_DGRAM, 999));
    int pair[2];
    TRY(socketpair(AF_INET, SOCK_STREAM, 0, pair));
    TRY(socketpair(AF_INET, SOCK_STREAM, 0, kBadAddress));
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, IPPROTO_TCP);
    TRY(fcntl(fd, F_GETFD));
    TRY(fcntl(fd, F_GETFL));
    TRY(get(fd, SOL_SOCKET, SO_TYPE));
    TRY(get(fd, SOL_SOCKET, SO_PROTOCOL));
    TRY(get(fd, SOL_SOCKET, SO_DOMAIN));
    close(fd);
    const int datagram = udp();
    TRY(listen(datagram, 1));
    TRY(accept(datagram, NULL, NULL));
    close(datagram);
    TRY(listen(99, 1));
    TRY(listen(0, 1));
    TRY(accept(0, NULL, NULL));
    TRY(shutdown(0, 0));
}

static const struct Behaviour kBehaviours[] = {
    {"unconnected", unconnected},
    {"refused", refused},
    {"nonblocking", nonblocking},
    {"full", full},
    {"itself", itself},
    {"unconnecting", unconnecting},
    {"kinds", kinds},
};

int main(int count, char** arguments) {
    signal(SIGPIPE, SIG_IGN);
    return RUN_BEHAVIOURS(kBehaviours, count, arguments);
}
