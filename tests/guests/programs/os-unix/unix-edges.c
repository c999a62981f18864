// AF_UNIX sockets at their edges: names that lead nowhere, files in flight and their limits, urgent bytes,
// offsets of peeks, who is told of room, and filters.
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "../behaviours.h"
#include "../report.h"

static char buffer[4096];

static struct sockaddr_un named(const char* path) {
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    strcpy(name.sun_path, path);
    return name;
}

static int bound(int type, const char* path) {
    const struct sockaddr_un name = named(path);
    const int fd = socket(AF_UNIX, type, 0);
    TRY(bind(fd, (const struct sockaddr*)&name, sizeof(name)));
    return fd;
}

static int connect_to(int fd, const char* path) {
    const struct sockaddr_un name = named(path);
    return connect(fd, (const struct sockaddr*)&name, sizeof(name));
}

static long send_to(int fd, const char* path) {
    const struct sockaddr_un name = named(path);
    return sendto(fd, "x", 1, MSG_DONTWAIT | MSG_NOSIGNAL, (const struct sockaddr*)&name, sizeof(name));
}

static int set(int fd, int name, int value) {
    return setsockopt(fd, SOL_SOCKET, name, &value, sizeof(value));
}

static int get(int fd, int name) {
    int value = -1;
    socklen_t length = sizeof(value);
    return getsockopt(fd, SOL_SOCKET, name, &value, &length) < 0 ? -1 : value;
}

static int asked(int fd, unsigned long request) {
    int value = -1;
    return ioctl(fd, request, &value) < 0 ? -1 : value;
}

static void look(const char* label, int fd) {
    struct pollfd polled = {fd, POLLIN | POLLOUT | POLLPRI | POLLRDHUP, 0};
    poll(&polled, 1, 0);
    const int error = get(fd, SO_ERROR);
    printf("%s: %x, %s\n", label, polled.revents, error == 0 ? "no error" : strerrorname_np(error));
}

static void names(void) {
    static const char* const kPaths[] = {"receiver", "stream",     "packets",    "file",   "nowhere",
                                         "link",     "file/below", "none/below", "secret", "closed"};
    TRY(close(open("file", O_CREAT | O_RDWR, 0777)));
    const int receiver = bound(SOCK_DGRAM, "receiver"), stream = bound(SOCK_STREAM, "stream"),
              packets = bound(SOCK_SEQPACKET, "packets"), secret = bound(SOCK_DGRAM, "secret");
    close(bound(SOCK_DGRAM, "closed"));
    TRY(symlink("receiver", "link"));
    TRY(chmod("secret", 0400));
    TRY(listen(stream, 1));
    TRY(listen(packets, 1));
    TRY(seteuid(65534));
    static const int kTypes[] = {SOCK_DGRAM, SOCK_STREAM, SOCK_SEQPACKET};
    for (int type = 0; type < 3; type++) {
        for (size_t i = 0; i < sizeof(kPaths) / sizeof(*kPaths); i++) {
            const int fd = socket(AF_UNIX, kTypes[type] | SOCK_NONBLOCK, 0);
            printf("%d %s\n", type, kPaths[i]);
            TRY(send_to(fd, kPaths[i]));
            TRY(connect_to(fd, kPaths[i]));
            TRY(send_to(fd, kPaths[i]));
            close(fd);
        }
    }
    TRY(seteuid(0));
    const int fd = socket(AF_UNIX, SOCK_DGRAM, 0);
    struct sockaddr_un name = named("receiver");
    for (socklen_t size = 0; size < 5; size++) {
        TRY(connect(fd, (const struct sockaddr*)&name, size));
        TRY(sendto(fd, "x", 1, 0, (const struct sockaddr*)&name, size));
    }
    TRY(connect(fd, (const struct sockaddr*)&name, sizeof(name) + 1));
    TRY(sendto(fd, "x", 1, 0, (const struct sockaddr*)&name, sizeof(name) + 1));
    name.sun_family = AF_INET;
    TRY(connect(fd, (const struct sockaddr*)&name, sizeof(name)));
    TRY(sendto(fd, "x", 1, 0, (const struct sockaddr*)&name, sizeof(name)));
    TRY(bind(fd, (const struct sockaddr*)&name, sizeof(name)));
    TRY(bind(receiver, (const struct sockaddr*)&name, sizeof(name)));
    name = named("another");
    TRY(bind(receiver, (const struct sockaddr*)&name, sizeof(name)));
    TRY(access("another", F_OK));
    TRY(bind(fd, (const struct sockaddr*)&name, offsetof(struct sockaddr_un, sun_path) + 3));
    TRY(access("ano", F_OK));
    TRY(bind(secret, (const struct sockaddr*)&name, sizeof(sa_family_t)));
    socklen_t length = sizeof(name);
    TRY(getsockname(fd, (struct sockaddr*)&name, &length));
    printf("%s %d\n", name.sun_path, (int)length);
    TRY(unlink("receiver"));
    TRY(connect_to(fd, "receiver"));
    TRY(send_to(fd, "link"));
    close_range(3, 40, 0);
}

// Sends `count` files with a byte.
static long send_files(int to, const int* files, size_t count, int flags) {
    static char control[CMSG_SPACE(sizeof(int) * 300)];
    struct iovec part = {"f", 1};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = control};
    message.msg_controllen = CMSG_LEN(sizeof(int) * count);
    struct cmsghdr* const one = CMSG_FIRSTHDR(&message);
    one->cmsg_level = SOL_SOCKET;
    one->cmsg_type = SCM_RIGHTS;
    one->cmsg_len = CMSG_LEN(sizeof(int) * count);
    memcpy(CMSG_DATA(one), files, sizeof(int) * count);
    return sendmsg(to, &message, flags);
}

static void receive_files(const char* label, int from, size_t room, int flags) {
    static char control[4096];
    struct iovec part = {buffer, 4};
    struct msghdr message = {
        .msg_iov = &part, .msg_iovlen = 1, .msg_control = control, .msg_controllen = room};
    const long result = recvmsg(from, &message, flags | MSG_DONTWAIT);
    if (result < 0) {
        printf("%s: %s\n", label, strerrorname_np(errno));
        return;
    }
    printf("%s: %ld flags %x control %d\n", label, result, message.msg_flags, (int)message.msg_controllen);
    for (struct cmsghdr* one = CMSG_FIRSTHDR(&message); one != NULL; one = CMSG_NXTHDR(&message, one)) {
        const size_t count = (one->cmsg_len - sizeof(*one)) / sizeof(int);
        printf("  type %d, %d numbers, the last %d\n", one->cmsg_type, (int)count,
               count > 0 ? ((int*)CMSG_DATA(one))[count - 1] : -1);
        printf("  closed by exec %d\n", count > 0 ? fcntl(((int*)CMSG_DATA(one))[count - 1], F_GETFD) : -1);
    }
}

static void files_in_flight(void) {
    int ends[2], files[300];
    TRY(socketpair(AF_UNIX, SOCK_DGRAM, 0, ends));
    for (int i = 0; i < 300; i++) {
        files[i] = 1;
    }
    TRY(send_files(ends[0], files, 253, 0));
    TRY(send_files(ends[0], files, 254, 0));
    receive_files("room for none", ends[1], sizeof(struct cmsghdr) + 3, 0);
    TRY(send_files(ends[0], files, 4, 0));
    receive_files("a peek", ends[1], CMSG_SPACE(sizeof(int) * 4), MSG_PEEK | MSG_CMSG_CLOEXEC);
    receive_files("room for three", ends[1], CMSG_LEN(sizeof(int) * 3), 0);
    files[3] = 99;
    TRY(send_files(ends[0], files, 4, 0));
    TRY(send_files(ends[0], files, 0, 0));
    receive_files("no files", ends[1], 100, 0);
    TRY(close_range(5, 40, 0));
    const struct rlimit few = {8, 8};
    TRY(setrlimit(RLIMIT_NOFILE, &few));
    TRY(send_files(ends[0], files, 3, 0));
    TRY(send_files(ends[0], files, 3, 0));
    receive_files("the table is full after three", ends[1], 100, 0);
    receive_files("and then", ends[1], 100, 0);
    TRY(close_range(5, 40, 0));
    // Without privileges as many may be in flight as a process may have open, and one call more.
    TRY(setresuid(1234, 1234, 1234));
    for (int i = 0; i < 5; i++) {
        TRY(send_files(ends[0], files, 3, MSG_DONTWAIT));
    }
    receive_files("three less", ends[1], 0, 0);
    TRY(send_files(ends[0], files, 3, MSG_DONTWAIT));
    TRY(send_files(ends[0], files, 3, MSG_DONTWAIT));
    TRY(close(ends[1]));
    TRY(socketpair(AF_UNIX, SOCK_STREAM, 0, ends));
    TRY(send_files(ends[0], files, 2, MSG_DONTWAIT));
    TRY(send_files(ends[0], files, 1, MSG_DONTWAIT));
    receive_files("a stream's first", ends[1], 100, MSG_PEEK);
    receive_files("a stream's first", ends[1], 100, 0);
    receive_files("a stream's second", ends[1], 20, 0);
    close_range(3, 40, 0);
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
        TRY(socketpair(AF_UNIX, SOCK_STREAM, 0, ends));
        TRY(set(ends[1], SO_OOBINLINE, is_inline));
        receive("nothing urgent", ends[1], 1, MSG_OOB);
        TRY(send(ends[0], "", 0, MSG_OOB));
        TRY(send(ends[0], "abcX", 4, MSG_OOB));
        TRY(send(ends[0], "def", 3, 0));
        look("urgent", ends[1]);
        receive("its peek", ends[1], 5, MSG_OOB | MSG_PEEK);
        receive("up to it", ends[1], 2, 0);
        receive("up to it", ends[1], 9, MSG_PEEK);
        receive("up to it", ends[1], 9, 0);
        receive("the byte", ends[1], 5, MSG_OOB);
        receive("once more", ends[1], 5, MSG_OOB);
        look("taken", ends[1]);
        receive("behind it", ends[1], 9, 0);
        receive("behind it", ends[1], 9, 0);
        TRY(send(ends[0], "Y", 1, MSG_OOB));
        TRY(send(ends[0], "Z", 1, MSG_OOB));
        look("two of them", ends[1]);
        receive("passes over", ends[1], 9, 0);
        receive("passes over", ends[1], 9, 0);
        receive("the last", ends[1], 9, MSG_OOB);
        TRY(send(ends[0], "W", 1, MSG_OOB));
        TRY(recv(ends[1], kBadAddress, 1, MSG_OOB | MSG_DONTWAIT));
        receive("after a fault", ends[1], 9, MSG_OOB);
        TRY(recv(ends[1], NULL, 0, MSG_OOB | MSG_DONTWAIT));
        TRY(send(ends[0], "V", 1, MSG_OOB));
        TRY(recv(ends[1], NULL, 0, MSG_OOB | MSG_DONTWAIT));
        TRY(close(ends[0]));
        receive("of the closed", ends[1], 9, MSG_OOB);
        close(ends[1]);
    }
    int ends[2];
    TRY(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends));
    TRY(send(ends[0], "x", 1, MSG_OOB));
    TRY(recv(ends[1], buffer, 1, MSG_OOB | MSG_DONTWAIT));
    TRY(asked(ends[1], SIOCATMARK));
    close_range(3, 40, 0);
}

static void peeks(void) {
    static const int kTypes[] = {SOCK_STREAM, SOCK_DGRAM, SOCK_SEQPACKET};
    for (int i = 0; i < 3; i++) {
        int ends[2];
        TRY(socketpair(AF_UNIX, kTypes[i], 0, ends));
        TRY(get(ends[1], SO_PEEK_OFF));
        TRY(set(ends[1], SO_PEEK_OFF, 0));
        TRY(send(ends[0], "abcdef", 6, 0));
        TRY(send(ends[0], "", 0, 0));
        TRY(send(ends[0], "ghi", 3, 0));
        TRY(send(ends[0], "jk", 2, 0));
        for (int k = 0; k < 7; k++) {
            receive("peek of four", ends[1], 4, MSG_PEEK);
            printf("  offset %d\n", get(ends[1], SO_PEEK_OFF));
        }
        receive("take three", ends[1], 3, 0);
        printf("  offset %d\n", get(ends[1], SO_PEEK_OFF));
        TRY(set(ends[1], SO_PEEK_OFF, 2));
        receive("peek from two", ends[1], 9, MSG_PEEK);
        printf("  offset %d\n", get(ends[1], SO_PEEK_OFF));
        TRY(set(ends[1], SO_PEEK_OFF, 1000));
        receive("peek beyond all", ends[1], 9, MSG_PEEK);
        TRY(set(ends[1], SO_PEEK_OFF, -5));
        receive("peek without an offset", ends[1], 9, MSG_PEEK);
        TRY(get(ends[1], SO_PEEK_OFF));
        TRY(shutdown(ends[0], SHUT_WR));
        for (int k = 0; k < 4; k++) {
            receive("take", ends[1], 9, 0);
        }
        close_range(3, 40, 0);
    }
}

// Which of the watched are told of something.
static void show_told(const char* label, int epoll) {
    struct epoll_event events[4];
    const int count = epoll_wait(epoll, events, 4, 0);
    printf("%s:", label);
    for (int i = 0; i < count; i++) {
        printf(" %d %x", events[i].data.fd, events[i].events);
    }
    puts("");
}

static void room(void) {
    const int first = bound(SOCK_DGRAM, "first"), second = bound(SOCK_DGRAM, "second");
    const int sender = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0);
    const int other = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0);
    const int epoll = epoll_create1(0);
    struct epoll_event wanted = {.events = EPOLLOUT | EPOLLET, .data.fd = sender};
    TRY(connect_to(sender, "first"));
    TRY(connect_to(other, "first"));
    TRY(epoll_ctl(epoll, EPOLL_CTL_ADD, sender, &wanted));
    show_told("at first", epoll);
    int count = 0;
    while (send(other, "x", 1, 0) > 0) {
        count++;
    }
    printf("%d fit\n", count);
    look("the sender", sender);
    TRY(send(sender, "x", 1, 0));
    show_told("full", epoll);
    TRY(recv(first, buffer, 1, 0));
    show_told("room for one", epoll);
    look("the sender", sender);
    TRY(send(sender, "x", 1, 0));
    TRY(connect_to(sender, "second"));
    show_told("another peer", epoll);
    TRY(recv(first, buffer, 1, 0));
    show_told("the old peer has room", epoll);
    look("the sender", sender);
    TRY(connect_to(sender, "first"));
    TRY(send(other, "x", 1, 0));
    look("full again", sender);
    TRY(close(first));
    show_told("the peer is closed", epoll);
    look("the sender", sender);
    TRY(send(sender, "x", 1, 0));
    TRY(send(sender, "x", 1, 0));
    TRY(connect_to(second, "second"));
    while (send(second, "x", 1, MSG_DONTWAIT) > 0) {
        count++;
    }
    printf("to itself: %d, %s\n", count, strerrorname_np(errno));
    look("connected to itself", second);
    close_range(3, 40, 0);
}

static void filters(void) {
    static const int kTypes[] = {SOCK_STREAM, SOCK_DGRAM, SOCK_SEQPACKET};
    struct sock_filter cut[] = {BPF_STMT(BPF_RET | BPF_K, 3)}, none[] = {BPF_STMT(BPF_RET | BPF_K, 0)};
    struct sock_filter by_first[] = {BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 0),
                                     BPF_STMT(BPF_ALU | BPF_SUB | BPF_K, '0'), BPF_STMT(BPF_RET | BPF_A, 0)};
    const struct {
        unsigned short count;
        struct sock_filter* code;
    } kPrograms[] = {{1, cut}, {1, none}, {3, by_first}};
    for (int i = 0; i < 3; i++) {
        int ends[2];
        TRY(socketpair(AF_UNIX, kTypes[i], 0, ends));
        for (int k = 0; k < 3; k++) {
            const struct sock_fprog program = {kPrograms[k].count, kPrograms[k].code};
            TRY(setsockopt(ends[1], SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program)));
            TRY(send(ends[0], "4567890", 7, 0));
            receive("filtered", ends[1], 9, 0);
            TRY(send(ends[0], "0", 1, 0));
            receive("filtered", ends[1], 9, 0);
            TRY(send(ends[0], "", 0, 0));
            receive("filtered", ends[1], 9, 0);
        }
        close_range(3, 40, 0);
    }
}

static const struct Behaviour kBehaviours[] = {
    {"names", names}, {"files", files_in_flight}, {"urgent", urgent}, {"peeks", peeks},
    {"room", room},   {"filters", filters},
};

int main(int count, char** arguments) {
    signal(SIGPIPE, SIG_IGN);
    return run_behaviour(kBehaviours, sizeof(kBehaviours) / sizeof(*kBehaviours),
                         count > 1 ? arguments[1] : NULL);
}
