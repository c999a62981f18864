// Calls on TCP and UDP sockets that std does not make: urgent data, resets, halves of a connection, options
// and their errors, who may share a port, control messages, several messages in a call.
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

static char buffer[70000];
static volatile int pipe_signals;

static void count_signal(int signal) {
    (void)signal;
    pipe_signals++;
}

#define SHOW(expression)                                                                     \
    do {                                                                                     \
        errno = 0;                                                                           \
        long value = (long)(expression);                                                     \
        printf("%s: %ld %s\n", #expression, value, value < 0 ? strerrorname_np(errno) : ""); \
    } while (0)

static int set(int fd, int level, int name, int value) {
    return setsockopt(fd, level, name, &value, sizeof(value));
}

static int get(int fd, int level, int name) {
    int value = -1;
    socklen_t length = sizeof(value);
    return getsockopt(fd, level, name, &value, &length) < 0 ? -1 : value;
}

static int ready(int fd) {
    struct pollfd entry = {fd, POLLIN | POLLOUT | POLLPRI | POLLRDHUP, 0};
    poll(&entry, 1, 0);
    return entry.revents;
}

static int queried(int fd, unsigned long request) {
    int value = -1;
    return ioctl(fd, request, &value) < 0 ? -1 : value;
}

static struct sockaddr_in at(const char* address, int port) {
    struct sockaddr_in name = {.sin_family = AF_INET, .sin_port = htons(port)};
    inet_pton(AF_INET, address, &name.sin_addr);
    return name;
}

static int port_of(int fd) {
    struct sockaddr_in name = {0};
    socklen_t length = sizeof(name);
    getsockname(fd, (struct sockaddr*)&name, &length);
    return ntohs(name.sin_port);
}

static int bind_to(int fd, const char* address, int port) {
    struct sockaddr_in name = at(address, port);
    return bind(fd, (struct sockaddr*)&name, sizeof(name));
}

static int connect_to(int fd, const char* address, int port) {
    struct sockaddr_in name = at(address, port);
    return connect(fd, (struct sockaddr*)&name, sizeof(name));
}

static int stream(void) {
    return socket(AF_INET, SOCK_STREAM, 0);
}

static int listener(int backlog) {
    int fd = stream();
    bind_to(fd, "127.0.0.1", 0);
    listen(fd, backlog);
    return fd;
}

static void connected(int ends[2]) {
    int from = listener(1);
    ends[0] = stream();
    connect_to(ends[0], "127.0.0.1", port_of(from));
    ends[1] = accept(from, NULL, NULL);
    close(from);
}

static void close_both(int ends[2]) {
    close(ends[0]);
    close(ends[1]);
}

static void unconnected(void) {
    int fd = stream();
    char name[64];
    socklen_t length = sizeof(name);
    SHOW(ready(fd));
    SHOW(getpeername(fd, (struct sockaddr*)name, &length));
    SHOW(recv(fd, buffer, 1, 0));
    SHOW(send(fd, "x", 1, 0));
    SHOW(shutdown(fd, SHUT_WR));
    SHOW(shutdown(fd, 3));
    SHOW(accept(fd, NULL, NULL));
    SHOW(connect_to(fd, "127.0.0.1", 1));
    SHOW(connect_to(fd, "224.0.0.1", 1));
    SHOW(connect(fd, (struct sockaddr*)name, 1));
    close(fd);
    fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    SHOW(connect_to(fd, "127.0.0.1", 1));
    SHOW(ready(fd));
    SHOW(get(fd, SOL_SOCKET, SO_ERROR));
    SHOW(get(fd, SOL_SOCKET, SO_ERROR));
    int from = listener(0);
    SHOW(get(from, SOL_SOCKET, SO_ACCEPTCONN));
    SHOW(ready(from));
    close(fd);
    fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    SHOW(connect_to(fd, "127.0.0.1", port_of(from)));
    SHOW(ready(fd));
    SHOW(connect_to(fd, "127.0.0.1", port_of(from)));
    SHOW(connect_to(fd, "127.0.0.1", port_of(from)));
    SHOW(listen(fd, 1));
    // A second one has no room and waits for its turn.
    int late = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    SHOW(connect_to(late, "127.0.0.1", port_of(from)));
    SHOW(ready(late));
    SHOW(connect_to(late, "127.0.0.1", port_of(from)));
    SHOW(send(late, "x", 1, 0));
    // What is not accepted is reset with its listener.
    close(from);
    SHOW(recv(fd, buffer, 1, 0));
    SHOW(ready(fd));
    close(fd);
    close(late);
}

static void halves(void) {
    int ends[2];
    connected(ends);
    SHOW(shutdown(ends[0], SHUT_WR));
    SHOW(ready(ends[1]));
    SHOW(recv(ends[1], buffer, 1, 0));
    SHOW(send(ends[0], "x", 1, 0));
    SHOW(send(ends[0], "x", 1, MSG_NOSIGNAL));
    SHOW(send(ends[1], "back", 4, 0));
    SHOW(recv(ends[0], buffer, 10, 0));
    close(ends[1]);
    SHOW(ready(ends[0]));
    close(ends[0]);
    connected(ends);
    SHOW(shutdown(ends[0], SHUT_RD));
    SHOW(ready(ends[0]));
    SHOW(send(ends[1], "still", 5, 0));
    SHOW(recv(ends[0], buffer, 10, 0));
    SHOW(recv(ends[0], buffer, 10, 0));
    close_both(ends);
    SHOW(pipe_signals);
}

static void resets(void) {
    int ends[2];
    connected(ends);
    struct linger at_once = {1, 0};
    SHOW(setsockopt(ends[1], SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once)));
    SHOW(send(ends[1], "data", 4, 0));
    close(ends[1]);
    SHOW(ready(ends[0]));
    SHOW(recv(ends[0], buffer, 10, 0));
    SHOW(recv(ends[0], buffer, 10, 0));
    SHOW(recv(ends[0], buffer, 10, 0));
    close(ends[0]);
    connected(ends);
    close(ends[1]);
    SHOW(send(ends[0], "x", 1, 0));
    SHOW(get(ends[0], SOL_SOCKET, SO_ERROR));
    SHOW(send(ends[0], "x", 1, MSG_NOSIGNAL));
    close(ends[0]);
    connected(ends);
    struct sockaddr none = {.sa_family = AF_UNSPEC};
    SHOW(connect(ends[0], &none, sizeof(none)));
    SHOW(recv(ends[1], buffer, 1, 0));
    close_both(ends);
}

static void urgent(void) {
    int ends[2];
    connected(ends);
    SHOW(recv(ends[1], buffer, 1, MSG_OOB));
    SHOW(send(ends[0], "ab!", 3, MSG_OOB));
    SHOW(ready(ends[1]));
    SHOW(queried(ends[1], FIONREAD));
    SHOW(queried(ends[1], SIOCATMARK));
    SHOW(recv(ends[1], buffer, 2, MSG_OOB | MSG_PEEK));
    SHOW(recv(ends[1], buffer, 2, MSG_OOB));
    SHOW(buffer[0]);
    SHOW(recv(ends[1], buffer, 2, MSG_OOB));
    SHOW(send(ends[0], "cd", 2, 0));
    SHOW(recv(ends[1], buffer, 10, 0));
    SHOW(queried(ends[1], SIOCATMARK));
    SHOW(recv(ends[1], buffer, 10, 0));
    SHOW(queried(ends[1], SIOCATMARK));
    SHOW(set(ends[1], SOL_SOCKET, SO_OOBINLINE, 1));
    SHOW(send(ends[0], "e!", 2, MSG_OOB));
    SHOW(recv(ends[1], buffer, 10, 0));
    SHOW(recv(ends[1], buffer, 10, MSG_OOB));
    SHOW(recv(ends[1], buffer, 10, 0));
    close_both(ends);
}

static void flags(void) {
    int ends[2];
    connected(ends);
    SHOW(send(ends[0], "abcdef", 6, 0));
    SHOW(recv(ends[1], buffer, 10, MSG_PEEK | MSG_DONTWAIT));
    SHOW(recv(ends[1], buffer, 2, MSG_TRUNC));
    SHOW(recv(ends[1], buffer, 4, MSG_WAITALL));
    SHOW(buffer[0]);
    SHOW(send(ends[0], "m", 1, MSG_MORE));
    SHOW(recv(ends[1], buffer, 2, MSG_DONTWAIT));
    SHOW(send(ends[0], "n", 1, 0));
    SHOW(recv(ends[1], buffer, 2, MSG_WAITALL));
    SHOW(set(ends[0], IPPROTO_TCP, TCP_CORK, 1));
    SHOW(send(ends[0], "c", 1, 0));
    SHOW(recv(ends[1], buffer, 2, MSG_DONTWAIT));
    SHOW(set(ends[0], IPPROTO_TCP, TCP_CORK, 0));
    SHOW(recv(ends[1], buffer, 2, MSG_DONTWAIT));
    SHOW(set(ends[1], SOL_SOCKET, SO_RCVLOWAT, 3));
    SHOW(send(ends[0], "ab", 2, 0));
    SHOW(ready(ends[1]));
    SHOW(send(ends[0], "c", 1, 0));
    SHOW(ready(ends[1]));
    SHOW(recv(ends[1], buffer, 2, MSG_ERRQUEUE));
    SHOW(recv(ends[1], NULL, 1, 0));
    close_both(ends);
}

static void edges(void) {
    int ends[2];
    struct epoll_event event = {.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, .data.u64 = 5};
    int set_of_one = epoll_create1(0);
    connected(ends);
    SHOW(epoll_ctl(set_of_one, EPOLL_CTL_ADD, ends[1], &event));
    SHOW(epoll_wait(set_of_one, &event, 1, 0));
    SHOW(event.events);
    SHOW(epoll_wait(set_of_one, &event, 1, 0));
    SHOW(send(ends[0], "a", 1, 0));
    SHOW(epoll_wait(set_of_one, &event, 1, 0));
    SHOW(event.events);
    SHOW(epoll_wait(set_of_one, &event, 1, 0));
    SHOW(send(ends[0], "b", 1, 0));
    SHOW(epoll_wait(set_of_one, &event, 1, 0));
    SHOW(recv(ends[1], buffer, 10, 0));
    SHOW(epoll_wait(set_of_one, &event, 1, 0));
    SHOW(shutdown(ends[0], SHUT_WR));
    SHOW(epoll_wait(set_of_one, &event, 1, 0));
    SHOW(event.events);
    close_both(ends);
    close(set_of_one);
}

static void ports(void) {
    int first = stream();
    SHOW(bind_to(first, "127.0.0.1", 0));
    int port = port_of(first);
    SHOW(bind_to(first, "127.0.0.1", 0));
    int second = stream();
    SHOW(bind_to(second, "127.0.0.1", port));
    SHOW(bind_to(second, "0.0.0.0", port));
    SHOW(set(first, SOL_SOCKET, SO_REUSEADDR, 1));
    SHOW(bind_to(second, "127.0.0.1", port));
    SHOW(set(second, SOL_SOCKET, SO_REUSEADDR, 1));
    SHOW(bind_to(second, "127.0.0.1", port));
    SHOW(listen(first, 1));
    SHOW(listen(second, 1));
    int third = stream();
    SHOW(bind_to(third, "127.0.0.2", port));
    int wide = socket(AF_INET6, SOCK_STREAM, 0);
    struct sockaddr_in6 any = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
    SHOW(bind(wide, (struct sockaddr*)&any, sizeof(any)));
    SHOW(set(wide, IPPROTO_IPV6, IPV6_V6ONLY, 1));
    SHOW(bind(wide, (struct sockaddr*)&any, sizeof(any)));
    SHOW(set(wide, IPPROTO_IPV6, IPV6_V6ONLY, 0));
    close(first);
    SHOW(listen(second, 1));
    close(second);
    close(third);
    close(wide);
    // The end that closes first keeps the port for a while.
    first = listener(1);
    port = port_of(first);
    second = stream();
    connect_to(second, "127.0.0.1", port);
    third = accept(first, NULL, NULL);
    close(third);
    close(second);
    close(first);
    first = stream();
    SHOW(bind_to(first, "127.0.0.1", port));
    SHOW(set(first, SOL_SOCKET, SO_REUSEADDR, 1));
    SHOW(bind_to(first, "127.0.0.1", port));
    close(first);
    first = stream();
    second = stream();
    SHOW(set(first, SOL_SOCKET, SO_REUSEPORT, 1));
    SHOW(bind_to(first, "127.0.0.1", 0));
    SHOW(bind_to(second, "127.0.0.1", port_of(first)));
    SHOW(set(second, SOL_SOCKET, SO_REUSEPORT, 1));
    SHOW(bind_to(second, "127.0.0.1", port_of(first)));
    SHOW(listen(first, 1));
    SHOW(listen(second, 1));
    close(first);
    close(second);
    first = stream();
    struct sockaddr_in name = at("127.0.0.1", 0);
    SHOW(bind(first, (struct sockaddr*)&name, sizeof(name) - 1));
    name.sin_family = AF_INET6;
    SHOW(bind(first, (struct sockaddr*)&name, sizeof(name)));
    SHOW(bind_to(first, "192.0.2.1", 0));
    close(first);
}

static void options(void) {
    int fd = stream();
    SHOW(set(fd, IPPROTO_TCP, TCP_KEEPIDLE, 0));
    SHOW(set(fd, IPPROTO_TCP, TCP_KEEPIDLE, 30));
    SHOW(get(fd, IPPROTO_TCP, TCP_KEEPIDLE));
    SHOW(set(fd, IPPROTO_TCP, TCP_KEEPCNT, 128));
    SHOW(get(fd, IPPROTO_TCP, TCP_KEEPINTVL));
    SHOW(get(fd, IPPROTO_TCP, TCP_MAXSEG));
    SHOW(set(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, -1));
    SHOW(set(fd, IPPROTO_TCP, TCP_DEFER_ACCEPT, 5));
    SHOW(get(fd, IPPROTO_TCP, TCP_DEFER_ACCEPT));
    SHOW(set(fd, IPPROTO_TCP, 99, 1));
    SHOW(set(fd, IPPROTO_IP, IP_TTL, 256));
    SHOW(set(fd, IPPROTO_IP, IP_TOS, 0x13));
    SHOW(get(fd, IPPROTO_IP, IP_TOS));
    SHOW(set(fd, IPPROTO_IP, IP_MULTICAST_TTL, 1));
    SHOW(set(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1));
    SHOW(get(fd, IPPROTO_IPV6, IPV6_V6ONLY));
    SHOW(get(fd, IPPROTO_IP, IP_MTU));
    SHOW(set(fd, SOL_SOCKET, SO_SNDBUF, 100));
    SHOW(get(fd, SOL_SOCKET, SO_SNDBUF));
    SHOW(get(fd, SOL_SOCKET, SO_RCVBUF));
    SHOW(get(fd, SOL_SOCKET, SO_PROTOCOL));
    SHOW(get(fd, SOL_SOCKET, SO_DOMAIN));
    char short_value = 1;
    SHOW(setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &short_value, 1));
    SHOW(setsockopt(fd, IPPROTO_IP, IP_TTL, &short_value, 1));
    SHOW(get(fd, IPPROTO_IP, IP_TTL));
    SHOW(setsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, "none", 4));
    close(fd);
    SHOW(socket(AF_INET, SOCK_STREAM, IPPROTO_UDP));
    SHOW(socket(AF_INET, SOCK_SEQPACKET, 0));
    SHOW(socket(AF_INET, SOCK_DGRAM, 999));
}

static void show_control(struct msghdr* message) {
    for (struct cmsghdr* one = CMSG_FIRSTHDR(message); one != NULL; one = CMSG_NXTHDR(message, one)) {
        printf("control %d %d %zu\n", one->cmsg_level, one->cmsg_type, one->cmsg_len);
    }
}

static void datagrams(void) {
    int one = socket(AF_INET, SOCK_DGRAM, 0);
    int other = socket(AF_INET, SOCK_DGRAM, 0);
    SHOW(bind_to(one, "127.0.0.1", 0));
    SHOW(connect_to(other, "127.0.0.1", port_of(one)));
    SHOW(ready(one));
    SHOW(set(one, IPPROTO_IP, IP_PKTINFO, 1));
    SHOW(set(one, IPPROTO_IP, IP_RECVTTL, 1));
    SHOW(set(other, IPPROTO_IP, IP_TTL, 7));
    SHOW(send(other, "hello", 5, 0));
    SHOW(send(other, "hello", 5, MSG_OOB));
    SHOW(ready(one));
    SHOW(queried(one, FIONREAD));
    char control[128];
    struct iovec part = {buffer, 3};
    struct msghdr message = {
        .msg_iov = &part, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof(control)};
    SHOW(recvmsg(one, &message, MSG_PEEK));
    SHOW(message.msg_flags);
    show_control(&message);
    message.msg_controllen = 8;
    SHOW(recvmsg(one, &message, MSG_TRUNC));
    SHOW(message.msg_flags);
    SHOW(message.msg_controllen);
    struct mmsghdr several[3] = {0};
    struct iovec parts[3];
    for (int i = 0; i < 3; i++) {
        parts[i] = (struct iovec){"abc", (size_t)i + 1};
        several[i].msg_hdr = (struct msghdr){.msg_iov = &parts[i], .msg_iovlen = 1};
    }
    SHOW(sendmmsg(other, several, 3, 0));
    SHOW(several[2].msg_len);
    for (int i = 0; i < 3; i++) {
        parts[i] = (struct iovec){buffer + 16 * i, 16};
    }
    SHOW(recvmmsg(one, several, 2, MSG_DONTWAIT, NULL));
    SHOW(several[1].msg_len);
    SHOW(recvmmsg(one, several, 3, MSG_WAITFORONE, NULL));
    SHOW(recvmmsg(one, several, 3, MSG_DONTWAIT, NULL));
    // What the receiver's buffer has no room for is lost.
    SHOW(set(one, SOL_SOCKET, SO_RCVBUF, 4096));
    int arrived = 0;
    for (int i = 0; i < 40; i++) {
        send(other, buffer, 100, 0);
    }
    while (recv(one, buffer, 200, MSG_DONTWAIT) == 100) {
        arrived++;
    }
    SHOW(arrived);
    SHOW(shutdown(other, SHUT_WR));
    SHOW(send(other, "x", 1, 0));
    SHOW(shutdown(one, SHUT_RD));
    SHOW(recv(one, buffer, 1, 0));
    SHOW(ready(one));
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
