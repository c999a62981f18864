// What /proc/net says of sockets: the lines of those that the program makes, and how many there are.
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "../behaviours.h"
#include "../report.h"

static const struct sockaddr* name_of(struct sockaddr_storage* name, int family, int port) {
    memset(name, 0, sizeof(*name));
    if (family == AF_INET) {
        struct sockaddr_in* const four = (struct sockaddr_in*)name;
        four->sin_family = AF_INET;
        four->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        four->sin_port = htons((unsigned short)port);
    } else {
        struct sockaddr_in6* const six = (struct sockaddr_in6*)name;
        six->sin6_family = AF_INET6;
        six->sin6_addr = in6addr_loopback;
        six->sin6_port = htons((unsigned short)port);
    }
    return (const struct sockaddr*)name;
}

static socklen_t size_of(int family) {
    return family == AF_INET ? sizeof(struct sockaddr_in) : sizeof(struct sockaddr_in6);
}

static int bound(int family, int type, int port) {
    struct sockaddr_storage name;
    const int fd = socket(family, type, 0);
    const int on = 1;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    if (bind(fd, name_of(&name, family, port), size_of(family)) != 0) {
        perror("bind");
    }
    return fd;
}

// What the first line of a table says, up to the inode's number. Where the lines are as long as their head,
// they begin at a multiple of that; the other tables' heads have lengths of their own.
static void show_line(const char* table, off_t line, off_t column, size_t size) {
    char text[160] = "";
    char path[64];
    snprintf(path, sizeof(path), "/proc/net/%s", table);
    const int fd = open(path, O_RDONLY);
    const ssize_t count = pread(fd, text, size, line + column);
    printf("%s: %zd %s\n", table, count, text);
    close(fd);
}

enum { LineOfTcp = 150, LineOfUdp = 128, HeadOfTcp6 = 145, HeadOfUdp6 = 163, Columns4 = 85, Columns6 = 120 };

static void show_tcp(const char* what) {
    printf("%s\n", what);
    show_line("tcp", LineOfTcp, 0, Columns4);
}

static void show_tcp6(const char* what) {
    printf("%s\n", what);
    show_line("tcp6", HeadOfTcp6, 0, Columns6);
}

// One socket alone: the order of several is Linux's secret. It connects to itself.
static void tcp_lines(void) {
    char text[3000];
    memset(text, 'x', sizeof(text));
    static const struct {
        int family;
        void (*show)(const char*);
    } kKinds[] = {{AF_INET, show_tcp}, {AF_INET6, show_tcp6}};
    for (int i = 0; i < 2; i++) {
        struct sockaddr_storage name;
        const int port = 4100 + i;
        const int listener = bound(kKinds[i].family, SOCK_STREAM, port);
        kKinds[i].show("bound");
        listen(listener, 3);
        kKinds[i].show("listening");
        close(listener);
        kKinds[i].show("closed");
        const int own = bound(kKinds[i].family, SOCK_STREAM, port);
        TRY(connect(own, name_of(&name, kKinds[i].family, port), size_of(kKinds[i].family)));
        usleep(50000);
        kKinds[i].show("connected");
        TRY(write(own, text, 1234));
        usleep(100000);
        kKinds[i].show("written");
        TRY(read(own, text, 1000));
        kKinds[i].show("read");
        TRY(read(own, text, 1000));
        kKinds[i].show("all read");
        struct linger none = {1, 0};
        setsockopt(own, SOL_SOCKET, SO_LINGER, &none, sizeof(none));
        close(own);
        kKinds[i].show("reset");
    }
    fflush(stdout);
    (void)!setuid(1000);
    const int users = bound(AF_INET, SOCK_STREAM, 4110);
    listen(users, 1);
    show_tcp("a user's");
}

static int mapped(int port, struct sockaddr_in6* name) {
    *name = (struct sockaddr_in6){.sin6_family = AF_INET6, .sin6_port = htons((unsigned short)port)};
    inet_pton(AF_INET6, "::ffff:127.0.0.1", &name->sin6_addr);
    return socket(AF_INET6, SOCK_STREAM, 0);
}

static void show_ends(const char* what) {
    usleep(100000);
    show_tcp(what);
    show_tcp6(what);
}

// Both ends of one connection, in the tables of both families.
static void tcp_ends(void) {
    char text[100] = "";
    struct sockaddr_in6 name;
    const int listener = bound(AF_INET, SOCK_STREAM, 4120);
    listen(listener, 1);
    const int client = mapped(4121, &name);
    TRY(bind(client, (const struct sockaddr*)&name, sizeof(name)));
    name.sin6_port = htons(4120);
    TRY(connect(client, (const struct sockaddr*)&name, sizeof(name)));
    const int server = accept(listener, NULL, NULL);
    close(listener);
    show_ends("connected");
    TRY(write(client, text, 100));
    TRY(shutdown(client, SHUT_WR));
    show_ends("half closed");
    TRY(read(server, text, 100));
    show_ends("all read but the end");
    TRY(recv(server, text, 1, MSG_PEEK));
    show_ends("the end peeked at");
    TRY(read(server, text, 100));
    show_ends("the end read");
    TRY(write(server, text, 70));
    show_ends("an answer");
    struct linger none = {1, 0};
    setsockopt(client, SOL_SOCKET, SO_LINGER, &none, sizeof(none));
    close(client);
    show_ends("reset");
    close(server);
}

static void udp_lines(void) {
    char text[2000] = "";
    static const struct {
        int family;
        const char* table;
        off_t line;
        size_t columns;
    } kKinds[] = {{AF_INET, "udp", LineOfUdp, Columns4}, {AF_INET6, "udp6", HeadOfUdp6, Columns6}};
    for (int i = 0; i < 2; i++) {
        struct sockaddr_storage name;
        const int port = 4200 + i;
        const int fd = bound(kKinds[i].family, SOCK_DGRAM, port);
        const socklen_t size = size_of(kKinds[i].family);
        name_of(&name, kKinds[i].family, port);
        show_line(kKinds[i].table, kKinds[i].line, 7, kKinds[i].columns);
        TRY(sendto(fd, text, 10, 0, (const struct sockaddr*)&name, size));
        TRY(sendto(fd, text, 1500, 0, (const struct sockaddr*)&name, size));
        show_line(kKinds[i].table, kKinds[i].line, 7, kKinds[i].columns);
        TRY(connect(fd, (const struct sockaddr*)&name, size));
        show_line(kKinds[i].table, kKinds[i].line, 7, kKinds[i].columns);
        TRY(recv(fd, text, sizeof(text), 0));
        show_line(kKinds[i].table, kKinds[i].line, 7, kKinds[i].columns);
        close(fd);
        show_line(kKinds[i].table, kKinds[i].line, 7, kKinds[i].columns);
    }
    const int any = socket(AF_INET6, SOCK_DGRAM, 0);
    const struct sockaddr_in6 both = {.sin6_family = AF_INET6, .sin6_port = htons(4203)};
    TRY(bind(any, (const struct sockaddr*)&both, sizeof(both)));
    show_line("udp", LineOfUdp, 7, Columns4);
    show_line("udp6", HeadOfUdp6, 7, Columns6);
    (void)!setuid(1000);
    const int users = bound(AF_INET, SOCK_DGRAM, 4204);
    show_line("udp", LineOfUdp, 7, Columns4);
    close(users);
}

static void show_counts(const char* what) {
    char text[200] = "";
    const int fd = open("/proc/net/sockstat6", O_RDONLY);
    TRY(read(fd, text, sizeof(text) - 1));
    printf("%s: %s", what, text);
    close(fd);
}

static void socket_counts(void) {
    struct sockaddr_storage name;
    show_counts("at first");
    const int stream = bound(AF_INET6, SOCK_STREAM, 4301);
    show_counts("a bound stream");
    listen(stream, 1);
    show_counts("listening");
    const int unbound = socket(AF_INET6, SOCK_DGRAM, 0);
    show_counts("an unbound datagram socket");
    const int datagram = bound(AF_INET6, SOCK_DGRAM, 4303);
    const int other = bound(AF_INET, SOCK_DGRAM, 4304);
    show_counts("two bound ones");
    const int client = socket(AF_INET6, SOCK_STREAM, 0);
    show_counts("a stream");
    TRY(connect(client, name_of(&name, AF_INET6, 4301), size_of(AF_INET6)));
    const int server = accept(stream, NULL, NULL);
    show_counts("a connection");
    close(datagram);
    close(unbound);
    close(other);
    show_counts("no datagrams");
    close(stream);
    show_counts("none that listens");
    struct linger none = {1, 0};
    setsockopt(client, SOL_SOCKET, SO_LINGER, &none, sizeof(none));
    close(client);
    usleep(20000);
    show_counts("reset");
    close(server);
    show_counts("none");
}

int main(int count, char** arguments) {
    static const struct Behaviour kBehaviours[] = {{"tcp-lines", tcp_lines},
                                                   {"tcp-ends", tcp_ends},
                                                   {"udp-lines", udp_lines},
                                                   {"counts", socket_counts}};
    setvbuf(stdout, NULL, _IOLBF, 0);
    return run_behaviour(kBehaviours, sizeof(kBehaviours) / sizeof(kBehaviours[0]),
                         count > 1 ? arguments[1] : NULL);
}
