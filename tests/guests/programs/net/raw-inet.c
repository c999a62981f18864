// Calls on TCP and UDP sockets that std does not make: urgent data, resets, halves of a connection, options
// and their errors, who may share a port, control messages, several messages in a call.
#include <signal.h>
#include <sys/epoll.h>

#include "inet.h"

static volatile int pipe_signals;

static void count_signal(int signal) {
    (void)signal;
    pipe_signals++;
}

static int ready(int fd) {
    struct pollfd entry = {fd, POLLIN | POLLOUT | POLLPRI | POLLRDHUP, 0};
    poll(&entry, 1, 0);
    return entry.revents;
}

static void unconnected(void) {
    int fd = tcp();
    char name[64];
    socklen_t length = sizeof(name);
    TRY(ready(fd));
    TRY(getpeername(fd, (struct sockaddr*)name, &length));
    TRY(recv(fd, buffer, 1, 0));
    TRY(send(fd, "x", 1, 0));
    TRY(shutdown(fd, SHUT_WR));
    TRY(shutdown(fd, 3));
    TRY(accept(fd, NULL, NULL));
    TRY(connect4(fd, "127.0.0.1", 1));
    TRY(connect4(fd, "224.0.0.1", 1));
    TRY(connect(fd, (struct sockaddr*)name, 1));
    close(fd);
    fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    TRY(connect4(fd, "127.0.0.1", 1));
    TRY(ready(fd));
    TRY(get(fd, SOL_SOCKET, SO_ERROR));
    TRY(get(fd, SOL_SOCKET, SO_ERROR));
    int from = listener(0);
    TRY(get(from, SOL_SOCKET, SO_ACCEPTCONN));
    TRY(ready(from));
    close(fd);
    fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    TRY(connect4(fd, "127.0.0.1", port_of(from)));
    TRY(ready(fd));
    TRY(connect4(fd, "127.0.0.1", port_of(from)));
    TRY(connect4(fd, "127.0.0.1", port_of(from)));
    TRY(listen(fd, 1));
    // A second one has no room and waits for its turn.
    int late = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    TRY(connect4(late, "127.0.0.1", port_of(from)));
    TRY(ready(late));
    TRY(connect4(late, "127.0.0.1", port_of(from)));
    TRY(send(late, "x", 1, 0));
    // What is not accepted is reset with its listener.
    close(from);
    TRY(recv(fd, buffer, 1, 0));
    TRY(ready(fd));
    close(fd);
    close(late);
}

static void halves(void) {
    int ends[2];
    connected(ends);
    TRY(shutdown(ends[0], SHUT_WR));
    TRY(ready(ends[1]));
    TRY(recv(ends[1], buffer, 1, 0));
    TRY(send(ends[0], "x", 1, 0));
    TRY(send(ends[0], "x", 1, MSG_NOSIGNAL));
    TRY(send(ends[1], "back", 4, 0));
    TRY(recv(ends[0], buffer, 10, 0));
    close(ends[1]);
    TRY(ready(ends[0]));
    close(ends[0]);
    connected(ends);
    TRY(shutdown(ends[0], SHUT_RD));
    TRY(ready(ends[0]));
    TRY(send(ends[1], "still", 5, 0));
    TRY(recv(ends[0], buffer, 10, 0));
    TRY(recv(ends[0], buffer, 10, 0));
    close_both(ends);
    TRY(pipe_signals);
}

static void resets(void) {
    int ends[2];
    connected(ends);
    struct linger at_once = {1, 0};
    TRY(setsockopt(ends[1], SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once)));
    TRY(send(ends[1], "data", 4, 0));
    close(ends[1]);
    TRY(ready(ends[0]));
    TRY(recv(ends[0], buffer, 10, 0));
    TRY(recv(ends[0], buffer, 10, 0));
    TRY(recv(ends[0], buffer, 10, 0));
    close(ends[0]);
    connected(ends);
    close(ends[1]);
    TRY(send(ends[0], "x", 1, 0));
    TRY(get(ends[0], SOL_SOCKET, SO_ERROR));
    TRY(send(ends[0], "x", 1, MSG_NOSIGNAL));
    close(ends[0]);
    connected(ends);
    struct sockaddr none = {.sa_family = AF_UNSPEC};
    TRY(connect(ends[0], &none, sizeof(none)));
    TRY(recv(ends[1], buffer, 1, 0));
    close_both(ends);
}

static void urgent(void) {
    int ends[2];
    connected(ends);
    TRY(recv(ends[1], buffer, 1, MSG_OOB));
    TRY(send(ends[0], "ab!", 3, MSG_OOB));
    TRY(ready(ends[1]));
    TRY(asked(ends[1], FIONREAD));
    TRY(asked(ends[1], SIOCATMARK));
    TRY(recv(ends[1], buffer, 2, MSG_OOB | MSG_PEEK));
    TRY(recv(ends[1], buffer, 2, MSG_OOB));
    TRY(buffer[0]);
    TRY(recv(ends[1], buffer, 2, MSG_OOB));
    TRY(send(ends[0], "cd", 2, 0));
    TRY(recv(ends[1], buffer, 10, 0));
    TRY(asked(ends[1], SIOCATMARK));
    TRY(recv(ends[1], buffer, 10, 0));
    TRY(asked(ends[1], SIOCATMARK));
    TRY(set(ends[1], SOL_SOCKET, SO_OOBINLINE, 1));
    TRY(send(ends[0], "e!", 2, MSG_OOB));
    TRY(recv(ends[1], buffer, 10, 0));
    TRY(recv(ends[1], buffer, 10, MSG_OOB));
    TRY(recv(ends[1], buffer, 10, 0));
    close_both(ends);
}

static void flags(void) {
    int ends[2];
    connected(ends);
    TRY(send(ends[0], "abcdef", 6, 0));
    TRY(recv(ends[1], buffer, 10, MSG_PEEK | MSG_DONTWAIT));
    TRY(recv(ends[1], buffer, 2, MSG_TRUNC));
    TRY(recv(ends[1], buffer, 4, MSG_WAITALL));
    TRY(buffer[0]);
    TRY(send(ends[0], "m", 1, MSG_MORE));
    TRY(recv(ends[1], buffer, 2, MSG_DONTWAIT));
    TRY(send(ends[0], "n", 1, 0));
    TRY(recv(ends[1], buffer, 2, MSG_WAITALL));
    TRY(set(ends[0], IPPROTO_TCP, TCP_CORK, 1));
    TRY(send(ends[0], "c", 1, 0));
    TRY(recv(ends[1], buffer, 2, MSG_DONTWAIT));
    TRY(set(ends[0], IPPROTO_TCP, TCP_CORK, 0));
    TRY(recv(ends[1], buffer, 2, MSG_DONTWAIT));
    TRY(set(ends[1], SOL_SOCKET, SO_RCVLOWAT, 3));
    TRY(send(ends[0], "ab", 2, 0));
    TRY(ready(ends[1]));
    TRY(send(ends[0], "c", 1, 0));
    TRY(ready(ends[1]));
    TRY(recv(ends[1], buffer, 2, MSG_ERRQUEUE));
    TRY(recv(ends[1], NULL, 1, 0));
    close_both(ends);
}

static void edges(void) {
    int ends[2];
    struct epoll_event event = {.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, .data.u64 = 5};
    int set_of_one = epoll_create1(0);
    connected(ends);
    TRY(epoll_ctl(set_of_one, EPOLL_CTL_ADD, ends[1], &event));
    TRY(epoll_wait(set_of_one, &event, 1, 0));
    TRY(event.events);
    TRY(epoll_wait(set_of_one, &event, 1, 0));
    TRY(send(ends[0], "a", 1, 0));
    TRY(epoll_wait(set_of_one, &event, 1, 0));
    TRY(event.events);
    TRY(epoll_wait(set_of_one, &event, 1, 0));
    TRY(send(ends[0], "b", 1, 0));
    TRY(epoll_wait(set_of_one, &event, 1, 0));
    TRY(recv(ends[1], buffer, 10, 0));
    TRY(epoll_wait(set_of_one, &event, 1, 0));
    TRY(shutdown(ends[0], SHUT_WR));
    TRY(epoll_wait(set_of_one, &event, 1, 0));
    TRY(event.events);
    close_both(ends);
    close(set_of_one);
}

static void ports(void) {
    int first = tcp();
    TRY(bind4(first, "127.0.0.1", 0));
    int port = port_of(first);
    TRY(bind4(first, "127.0.0.1", 0));
    int second = tcp();
    TRY(bind4(second, "127.0.0.1", port));
    TRY(bind4(second, "0.0.0.0", port));
    TRY(set(first, SOL_SOCKET, SO_REUSEADDR, 1));
    TRY(bind4(second, "127.0.0.1", port));
    TRY(set(second, SOL_SOCKET, SO_REUSEADDR, 1));
    TRY(bind4(second, "127.0.0.1", port));
    TRY(listen(first, 1));
    TRY(listen(second, 1));
    int third = tcp();
    TRY(bind4(third, "127.0.0.2", port));
    int wide = socket(AF_INET6, SOCK_STREAM, 0);
    struct sockaddr_in6 any = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
    TRY(bind(wide, (struct sockaddr*)&any, sizeof(any)));
    TRY(set(wide, IPPROTO_IPV6, IPV6_V6ONLY, 1));
    TRY(bind(wide, (struct sockaddr*)&any, sizeof(any)));
    TRY(set(wide, IPPROTO_IPV6, IPV6_V6ONLY, 0));
    close(first);
    TRY(listen(second, 1));
    close(second);
    close(third);
    close(wide);
    // The end that closes first keeps the port for a while.
    first = listener(1);
    port = port_of(first);
    second = tcp();
    connect4(second, "127.0.0.1", port);
    third = accept(first, NULL, NULL);
    close(third);
    close(second);
    close(first);
    first = tcp();
    TRY(bind4(first, "127.0.0.1", port));
    TRY(set(first, SOL_SOCKET, SO_REUSEADDR, 1));
    TRY(bind4(first, "127.0.0.1", port));
    close(first);
    first = tcp();
    second = tcp();
    TRY(set(first, SOL_SOCKET, SO_REUSEPORT, 1));
    TRY(bind4(first, "127.0.0.1", 0));
    TRY(bind4(second, "127.0.0.1", port_of(first)));
    TRY(set(second, SOL_SOCKET, SO_REUSEPORT, 1));
    TRY(bind4(second, "127.0.0.1", port_of(first)));
    TRY(listen(first, 1));
    TRY(listen(second, 1));
    close(first);
    close(second);
    first = tcp();
    struct sockaddr_in name = v4("127.0.0.1", 0);
    TRY(bind(first, (struct sockaddr*)&name, sizeof(name) - 1));
    name.sin_family = AF_INET6;
    TRY(bind(first, (struct sockaddr*)&name, sizeof(name)));
    TRY(bind4(first, "192.0.2.1", 0));
    close(first);
}

static void options(void) {
    int fd = tcp();
    TRY(set(fd, IPPROTO_TCP, TCP_KEEPIDLE, 0));
    TRY(set(fd, IPPROTO_TCP, TCP_KEEPIDLE, 30));
    TRY(get(fd, IPPROTO_TCP, TCP_KEEPIDLE));
    TRY(set(fd, IPPROTO_TCP, TCP_KEEPCNT, 128));
    TRY(get(fd, IPPROTO_TCP, TCP_KEEPINTVL));
    TRY(get(fd, IPPROTO_TCP, TCP_MAXSEG));
    TRY(set(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, -1));
    TRY(set(fd, IPPROTO_TCP, TCP_DEFER_ACCEPT, 5));
    TRY(get(fd, IPPROTO_TCP, TCP_DEFER_ACCEPT));
    TRY(set(fd, IPPROTO_TCP, 99, 1));
    TRY(set(fd, IPPROTO_IP, IP_TTL, 256));
    TRY(set(fd, IPPROTO_IP, IP_TOS, 0x13));
    TRY(get(fd, IPPROTO_IP, IP_TOS));
    TRY(set(fd, IPPROTO_IP, IP_MULTICAST_TTL, 1));
    TRY(set(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1));
    TRY(get(fd, IPPROTO_IPV6, IPV6_V6ONLY));
    TRY(get(fd, IPPROTO_IP, IP_MTU));
    TRY(set(fd, SOL_SOCKET, SO_SNDBUF, 100));
    TRY(get(fd, SOL_SOCKET, SO_SNDBUF));
    TRY(get(fd, SOL_SOCKET, SO_RCVBUF));
    TRY(get(fd, SOL_SOCKET, SO_PROTOCOL));
    TRY(get(fd, SOL_SOCKET, SO_DOMAIN));
    char short_value = 1;
    TRY(setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &short_value, 1));
    TRY(setsockopt(fd, IPPROTO_IP, IP_TTL, &short_value, 1));
    TRY(get(fd, IPPROTO_IP, IP_TTL));
    TRY(setsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, "none", 4));
    close(fd);
    TRY(socket(AF_INET, SOCK_STREAM, IPPROTO_UDP));
    TRY(socket(AF_INET, SOCK_SEQPACKET, 0));
    TRY(socket(AF_INET, SOCK_DGRAM, 999));
}

static void show_control(struct msghdr* message) {
    for (struct cmsghdr* one = CMSG_FIRSTHDR(message); one != NULL; one = CMSG_NXTHDR(message, one)) {
        printf("control %d %d %zu\n", one->cmsg_level, one->cmsg_type, one->cmsg_len);
    }
}

static void datagrams(void) {
    int one = socket(AF_INET, SOCK_DGRAM, 0);
    int other = socket(AF_INET, SOCK_DGRAM, 0);
    TRY(bind4(one, "127.0.0.1", 0));
    TRY(connect4(other, "127.0.0.1", port_of(one)));
    TRY(ready(one));
    TRY(set(one, IPPROTO_IP, IP_PKTINFO, 1));
    TRY(set(one, IPPROTO_IP, IP_RECVTTL, 1));
    TRY(set(other, IPPROTO_IP, IP_TTL, 7));
    TRY(send(other, "hello", 5, 0));
    TRY(send(other, "hello", 5, MSG_OOB));
    TRY(ready(one));
    TRY(asked(one, FIONREAD));
    char control[128];
    struct iovec part = {buffer, 3};
    struct msghdr message = {
        .msg_iov = &part, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof(control)};
    TRY(recvmsg(one, &message, MSG_PEEK));
    TRY(message.msg_flags);
    show_control(&message);
    message.msg_controllen = 8;
    TRY(recvmsg(one, &message, MSG_TRUNC));
    TRY(message.msg_flags);
    TRY(message.msg_controllen);
    struct mmsghdr several[3] = {0};
    struct iovec parts[3];
    for (int i = 0; i < 3; i++) {
        parts[i] = (struct iovec){"abc", (size_t)i + 1};
        several[i].msg_hdr = (struct msghdr){.msg_iov = &parts[i], .msg_iovlen = 1};
    }
    TRY(sendmmsg(other, several, 3, 0));
    TRY(several[2].msg_len);
    for (int i = 0; i < 3; i++) {
        parts[i] = (struct iovec){buffer + 16 * i, 16};
    }
    TRY(recvmmsg(one, several, 2, MSG_DONTWAIT, NULL));
    TRY(several[1].msg_len);
    TRY(recvmmsg(one, several, 3, MSG_WAITFORONE, NULL));
    TRY(recvmmsg(one, several, 3, MSG_DONTWAIT, NULL));
    // What the receiver's buffer has no room for is lost.
    TRY(set(one, SOL_SOCKET, SO_RCVBUF, 4096));
    int arrived = 0;
    for (int i = 0; i < 40; i++) {
        send(other, buffer, 100, 0);
    }
    while (recv(one, buffer, 200, MSG_DONTWAIT) == 100) {
        arrived++;
    }
    TRY(arrived);
    TRY(shutdown(other, SHUT_WR));
    TRY(send(other, "x", 1, 0));
    TRY(shutdown(one, SHUT_RD));
    TRY(recv(one, buffer, 1, 0));
    TRY(ready(one));
    close(one);
    close(other);
}

int main(void) {
    signal(SIGPIPE, count_signal);
    unconnected();
    halves();
    resets();
    urgent();
    flags();
    edges();
    ports();
    options();
    datagrams();
    return 0;
}
