// TCP sockets at their edges: options in each state and what a connection inherits of them, the fields of
// TCP_INFO, urgent bytes, and what the calls of files say of a socket in each state.
#include <errno.h>
#include <signal.h>

#include "inet.h"

enum { Port = 4530 };

static void show_numbers(const char* label, int fd) {
    static const int kNames[] = {TCP_MAXSEG,
                                 TCP_LINGER2,
                                 TCP_DEFER_ACCEPT,
                                 TCP_WINDOW_CLAMP,
                                 TCP_FASTOPEN,
                                 TCP_NODELAY,
                                 TCP_CORK,
                                 TCP_KEEPIDLE,
                                 TCP_KEEPINTVL,
                                 TCP_KEEPCNT,
                                 TCP_SYNCNT,
                                 TCP_USER_TIMEOUT,
                                 TCP_NOTSENT_LOWAT,
                                 TCP_SAVE_SYN,
                                 TCP_INQ,
                                 TCP_REPAIR_QUEUE,
                                 TCP_QUEUE_SEQ,
                                 TCP_FASTOPEN_CONNECT,
                                 TCP_FASTOPEN_NO_COOKIE,
                                 TCP_TX_DELAY,
                                 TCP_THIN_DUPACK,
                                 TCP_THIN_LINEAR_TIMEOUTS};
    printf("%s:", label);
    for (size_t i = 0; i < sizeof(kNames) / sizeof(*kNames); i++) {
        errno = 0;
        const int value = get(fd, IPPROTO_TCP, kNames[i]);
        if (errno != 0) {
            printf(" %s", strerrorname_np(errno));
        } else {
            printf(" %d", value);
        }
    }
    char name[16] = "";
    socklen_t length = sizeof(name);
    getsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, name, &length);
    printf(" %s\n", name);
}

static void try_sets(const char* label, int fd) {
    printf("%s\n", label);
    static const int kValues[] = {-2, -1, 0,   1,   2,    3,    4,    7,     8,    15,
                                  87, 88, 120, 121, 1151, 1152, 1153, 32767, 32768};
    static const int kNames[] = {TCP_MAXSEG,       TCP_LINGER2,   TCP_DEFER_ACCEPT,   TCP_WINDOW_CLAMP,
                                 TCP_REPAIR_QUEUE, TCP_QUEUE_SEQ, TCP_REPAIR_OPTIONS, TCP_THIN_DUPACK};
    for (size_t k = 0; k < sizeof(kNames) / sizeof(*kNames); k++) {
        printf("  %d:", kNames[k]);
        for (size_t i = 0; i < sizeof(kValues) / sizeof(*kValues); i++) {
            errno = 0;
            if (set(fd, IPPROTO_TCP, kNames[k], kValues[i]) < 0) {
                printf(" %s", strerrorname_np(errno));
            } else {
                printf(" %d", get(fd, IPPROTO_TCP, kNames[k]));
            }
        }
        puts("");
    }
}

static void options(void) {
    const int fd = tcp();
    show_numbers("new", fd);
    try_sets("new", fd);
    close(fd);
    const int from = listener(2);
    try_sets("listening", from);
    static const struct {
        int name;
        int value;
    } kInherited[] = {{TCP_NODELAY, 1},         {TCP_KEEPIDLE, 11},     {TCP_KEEPINTVL, 12},
                      {TCP_KEEPCNT, 13},        {TCP_SYNCNT, 3},        {TCP_LINGER2, 14},
                      {TCP_USER_TIMEOUT, 15},   {TCP_MAXSEG, 900},      {TCP_DEFER_ACCEPT, 0},
                      {TCP_WINDOW_CLAMP, 5000}, {TCP_NOTSENT_LOWAT, 16}};
    for (size_t i = 0; i < sizeof(kInherited) / sizeof(*kInherited); i++) {
        TRY(set(from, IPPROTO_TCP, kInherited[i].name, kInherited[i].value));
    }
    TRY(setsockopt(from, IPPROTO_TCP, TCP_CONGESTION, "reno", 5));
    TRY(setsockopt(from, IPPROTO_TCP, TCP_CONGESTION, "cubic and much more than that", 30));
    TRY(setsockopt(from, IPPROTO_TCP, TCP_CONGESTION, kBadAddress, 4));
    TRY(set(from, SOL_SOCKET, SO_KEEPALIVE, 1));
    TRY(set(from, SOL_SOCKET, SO_PRIORITY, 3));
    TRY(set(from, SOL_SOCKET, SO_RCVLOWAT, 2));
    TRY(set(from, SOL_SOCKET, SO_OOBINLINE, 1));
    TRY(set(from, SOL_IP, IP_TTL, 33));
    TRY(set(from, SOL_IP, IP_TOS, 0x10));
    show_numbers("listener", from);
    const int client = tcp();
    TRY(connect4(client, "127.0.0.1", port_of(from)));
    const int server = accept(from, NULL, NULL);
    show_numbers("accepted", server);
    show_numbers("client", client);
    static const int kOfAll[] = {SO_KEEPALIVE, SO_PRIORITY,  SO_RCVLOWAT,
                                 SO_OOBINLINE, SO_REUSEADDR, SO_ACCEPTCONN};
    for (size_t i = 0; i < sizeof(kOfAll) / sizeof(*kOfAll); i++) {
        printf("%d: %d\n", kOfAll[i], get(server, SOL_SOCKET, kOfAll[i]));
    }
    TRY(get(server, SOL_IP, IP_TTL));
    TRY(get(server, SOL_IP, IP_TOS));
    TRY(set(server, IPPROTO_TCP, TCP_NODELAY, 0));
    try_sets("connected", server);
    TRY(shutdown(client, SHUT_WR));
    show_numbers("half closed", server);
    close(server);
    close(client);
    close(from);
}

// What of TCP_INFO is the same each time.
static void show_info(const char* label, int fd) {
    struct tcp_info info = {0};
    for (socklen_t size = 0; size < 9; size += 4) {
        socklen_t length = size;
        TRY(getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &length) == 0 ? (int)length : -1);
    }
    printf("%s: state %d ca %d retransmits %d probes %d backoff %d options %x\n", label, info.tcpi_state,
           info.tcpi_ca_state, info.tcpi_retransmits, info.tcpi_probes, info.tcpi_backoff, info.tcpi_options);
}

static void information(void) {
    const int fd = tcp();
    show_info("new", fd);
    TRY(bind4(fd, "127.0.0.1", 0));
    show_info("bound", fd);
    TRY(listen(fd, 3));
    show_info("listening", fd);
    const int client = tcp();
    TRY(connect4(client, "127.0.0.1", port_of(fd)));
    show_info("client", client);
    const int server = accept(fd, NULL, NULL);
    show_info("server", server);
    TRY(shutdown(client, SHUT_WR));
    show_info("its peer", server);
    socklen_t length = (socklen_t)-1;
    TRY(getsockopt(fd, IPPROTO_TCP, TCP_INFO, buffer, &length));
    length = 8;
    TRY(getsockopt(fd, IPPROTO_TCP, TCP_INFO, kBadAddress, &length));
    TRY(getsockopt(fd, IPPROTO_TCP, TCP_INFO, buffer, kBadAddress));
    close_range(3, 20, 0);
}

static void receive(const char* label, int fd, size_t size, int flags) {
    struct iovec part = {buffer, size};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
    memset(buffer, 0, 16);
    const long result = recvmsg(fd, &message, flags | MSG_DONTWAIT);
    const int error = errno;
    printf("%s: %ld %s %.10s flags %x, mark %d, %d to read\n", label, result,
           result < 0 ? strerrorname_np(error) : "", buffer, message.msg_flags, asked(fd, SIOCATMARK),
           asked(fd, FIONREAD));
}

static void urgent(void) {
    for (int is_inline = 0; is_inline < 2; is_inline++) {
        int ends[2];
        connected(ends);
        TRY(set(ends[1], SOL_SOCKET, SO_OOBINLINE, is_inline));
        receive("nothing urgent", ends[1], 1, MSG_OOB);
        TRY(send(ends[0], "abcX", 4, MSG_OOB));
        TRY(send(ends[0], "def", 3, 0));
        look("urgent", ends[1]);
        receive("its peek", ends[1], 5, MSG_OOB | MSG_PEEK);
        receive("cut", ends[1], 0, MSG_OOB | MSG_PEEK);
        receive("up to it", ends[1], 2, 0);
        receive("peek up to it", ends[1], 9, MSG_PEEK);
        receive("up to it", ends[1], 9, 0);
        TRY(recv(ends[1], kBadAddress, 1, MSG_OOB | MSG_PEEK));
        receive("the byte", ends[1], 5, MSG_OOB | MSG_TRUNC);
        receive("once more", ends[1], 5, MSG_OOB);
        look("taken", ends[1]);
        receive("peek behind it", ends[1], 9, MSG_PEEK);
        receive("behind it", ends[1], 9, 0);
        TRY(send(ends[0], "12Y", 3, MSG_OOB));
        TRY(send(ends[0], "34Z", 3, MSG_OOB));
        look("two of them", ends[1]);
        receive("the last", ends[1], 9, MSG_OOB);
        receive("passes over", ends[1], 3, 0);
        receive("thrown away", ends[1], 2, MSG_TRUNC);
        receive("passes over", ends[1], 9, 0);
        receive("passes over", ends[1], 9, 0);
        TRY(send(ends[0], "56W", 3, MSG_OOB));
        TRY(shutdown(ends[0], SHUT_WR));
        look("and the end", ends[1]);
        receive("before", ends[1], 9, 0);
        receive("of the half closed", ends[1], 9, MSG_OOB);
        receive("the end", ends[1], 9, 0);
        TRY(send(ends[1], "V", 1, MSG_OOB));
        TRY(shutdown(ends[0], SHUT_RD));
        receive("its own", ends[0], 9, MSG_OOB);
        close(ends[1]);
        receive("of the closed", ends[0], 9, MSG_OOB);
        close(ends[0]);
    }
    const int fd = tcp();
    receive("of a new socket", fd, 1, MSG_OOB);
    TRY(send(fd, "x", 1, MSG_OOB | MSG_NOSIGNAL));
    TRY(bind4(fd, "127.0.0.1", 0));
    TRY(listen(fd, 1));
    receive("of a listener", fd, 1, MSG_OOB);
    receive("of a listener", fd, 1, 0);
    receive("of its errors", fd, 1, MSG_ERRQUEUE);
    close(fd);
}

static void ask_all(const char* label, int fd) {
    printf("%s: %d %d\n", label, asked(fd, FIONREAD), asked(fd, SIOCATMARK));
    look(label, fd);
    TRY(lseek(fd, 0, SEEK_CUR));
    TRY(pread(fd, buffer, 1, 0));
    TRY(ftruncate(fd, 0));
    TRY(fsync(fd));
    TRY(recv(fd, buffer, 1, MSG_DONTWAIT));
    TRY(recv(fd, buffer, 0, MSG_DONTWAIT));
    TRY(send(fd, "", 0, MSG_NOSIGNAL | MSG_DONTWAIT));
    TRY(getpeername(fd, (struct sockaddr*)buffer, &(socklen_t){16}));
    TRY(accept4(fd, NULL, NULL, SOCK_NONBLOCK | 1));
    printf("pending %s\n", pending(fd));
}

static void states(void) {
    const int fd = tcp();
    ask_all("new", fd);
    TRY(set(fd, SOL_SOCKET, SO_REUSEADDR, 1));
    TRY(bind4(fd, "127.0.0.1", Port));
    ask_all("bound", fd);
    TRY(shutdown(fd, SHUT_RD));
    TRY(listen(fd, 1));
    ask_all("listening", fd);
    TRY(shutdown(fd, SHUT_WR));
    TRY(fcntl(fd, F_SETFL, O_NONBLOCK));
    TRY(accept(fd, NULL, NULL));
    const int port = Port;
    TRY(shutdown(fd, SHUT_RD));
    ask_all("listens no more", fd);
    TRY(accept(fd, NULL, NULL));
    TRY(port_of(fd));
    TRY(listen(fd, 1));
    TRY(port_of(fd));
    const int client = tcp();
    TRY(connect4(client, "127.0.0.1", port));
    TRY(connect4(client, "127.0.0.1", port));
    TRY(listen(client, 1));
    TRY(bind4(client, "127.0.0.1", 0));
    TRY(shutdown(client, 7));
    TRY(unconnect(client));
    ask_all("unconnected", client);
    const int server = accept(fd, NULL, NULL);
    ask_all("reset", server);
    TRY(connect4(server, "127.0.0.1", port));
    TRY(connect4(client, "127.0.0.1", port));
    const int again = accept(fd, NULL, NULL);
    TRY(send(client, "12345", 5, 0));
    TRY(asked(again, TIOCOUTQ));
    TRY(asked(again, 0x894b));
    ask_all("has data", again);
    TRY(shutdown(client, SHUT_RDWR));
    ask_all("has the end", again);
    close_range(3, 20, 0);
}

static const struct Behaviour kBehaviours[] = {
    {"options", options},
    {"information", information},
    {"urgent", urgent},
    {"states", states},
};

int main(int count, char** arguments) {
    signal(SIGPIPE, SIG_IGN);
    memset(buffer, 0, sizeof(buffer));
    return RUN_BEHAVIOURS(kBehaviours, count, arguments);
}
