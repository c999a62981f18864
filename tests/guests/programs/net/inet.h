// What programs that use TCP and UDP by raw calls share: names, sockets, pairs, and questions to them.
#pragma once

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/time.h>

#include "../behaviours.h"
#include "../report.h"

static char buffer[70000] __attribute__((unused));

static inline int set(int fd, int level, int name, int value) {
    return setsockopt(fd, level, name, &value, sizeof(value));
}

static inline int get(int fd, int level, int name) {
    int value = -1;
    socklen_t length = sizeof(value);
    return getsockopt(fd, level, name, &value, &length) < 0 ? -1 : value;
}

// The pending error, by its name.
static inline const char* pending(int fd) {
    const int error = get(fd, SOL_SOCKET, SO_ERROR);
    return error == 0 ? "none" : strerrorname_np(error);
}

static inline int asked(int fd, unsigned long request) {
    int value = -1;
    return ioctl(fd, request, &value) < 0 ? -1 : value;
}

// What poll says at once, and what it says of other events than those that it always tells.
static inline void look(const char* label, int fd) {
    struct pollfd all = {
        fd, POLLIN | POLLOUT | POLLPRI | POLLRDHUP | POLLRDNORM | POLLRDBAND | POLLWRNORM | POLLWRBAND, 0};
    struct pollfd none = {fd, 0, 0};
    const int count = poll(&all, 1, 0);
    poll(&none, 1, 0);
    printf("%s: poll %d %x, unasked %x\n", label, count, all.revents, none.revents);
}

static inline struct sockaddr_in v4(const char* address, int port) {
    struct sockaddr_in name = {.sin_family = AF_INET, .sin_port = htons(port)};
    inet_pton(AF_INET, address, &name.sin_addr);
    return name;
}

static inline struct sockaddr_in6 v6(const char* address, int port) {
    struct sockaddr_in6 name = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
    inet_pton(AF_INET6, address, &name.sin6_addr);
    return name;
}

static inline int port_of(int fd) {
    struct sockaddr_in6 name = {0};
    socklen_t length = sizeof(name);
    getsockname(fd, (struct sockaddr*)&name, &length);
    return ntohs(name.sin6_port);
}

static inline int bind4(int fd, const char* address, int port) {
    const struct sockaddr_in name = v4(address, port);
    return bind(fd, (const struct sockaddr*)&name, sizeof(name));
}

static inline int bind6(int fd, const char* address, int port) {
    const struct sockaddr_in6 name = v6(address, port);
    return bind(fd, (const struct sockaddr*)&name, sizeof(name));
}

static inline int connect4(int fd, const char* address, int port) {
    const struct sockaddr_in name = v4(address, port);
    return connect(fd, (const struct sockaddr*)&name, sizeof(name));
}

static inline int connect6(int fd, const char* address, int port) {
    const struct sockaddr_in6 name = v6(address, port);
    return connect(fd, (const struct sockaddr*)&name, sizeof(name));
}

static inline int unconnect(int fd) {
    const struct sockaddr none = {.sa_family = AF_UNSPEC};
    return connect(fd, &none, sizeof(none));
}

static inline int tcp(void) {
    return socket(AF_INET, SOCK_STREAM, 0);
}

static inline int udp(void) {
    return socket(AF_INET, SOCK_DGRAM, 0);
}

static inline int bound_udp(void) {
    const int fd = udp();
    bind4(fd, "127.0.0.1", 0);
    return fd;
}

static inline int listener(int backlog) {
    const int fd = tcp();
    bind4(fd, "127.0.0.1", 0);
    listen(fd, backlog);
    return fd;
}

// The end that connected, and the end that was accepted.
static inline void connected(int ends[2]) {
    const int from = listener(1);
    ends[0] = tcp();
    connect4(ends[0], "127.0.0.1", port_of(from));
    ends[1] = accept(from, NULL, NULL);
    close(from);
}

static inline void connected_udp(int ends[2]) {
    ends[0] = bound_udp();
    ends[1] = bound_udp();
    connect4(ends[0], "127.0.0.1", port_of(ends[1]));
    connect4(ends[1], "127.0.0.1", port_of(ends[0]));
}

static inline void close_both(const int ends[2]) {
    close(ends[0]);
    close(ends[1]);
}

// Which family an address has and whether its port is set; ports vary.
static inline void show_name(const char* label, const void* name, socklen_t length) {
    char text[INET6_ADDRSTRLEN] = "";
    const struct sockaddr_in* four = name;
    const struct sockaddr_in6* six = name;
    if (four->sin_family == AF_INET) {
        inet_ntop(AF_INET, &four->sin_addr, text, sizeof(text));
    } else if (four->sin_family == AF_INET6) {
        inet_ntop(AF_INET6, &six->sin6_addr, text, sizeof(text));
    }
    printf("%s: %d bytes, family %d, %s, %s\n", label, (int)length, four->sin_family, text,
           four->sin_port != 0 ? "port" : "no port");
}

static inline void show_names(int fd) {
    struct sockaddr_in6 name = {0};
    socklen_t length = sizeof(name);
    if (getsockname(fd, (struct sockaddr*)&name, &length) == 0) {
        show_name("own name", &name, length);
    }
    length = sizeof(name);
    memset(&name, 0, sizeof(name));
    if (getpeername(fd, (struct sockaddr*)&name, &length) == 0) {
        show_name("peer's name", &name, length);
    } else {
        printf("peer's name: %s\n", strerrorname_np(errno));
    }
}
