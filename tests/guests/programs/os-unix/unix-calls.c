// AF_UNIX by raw calls: listeners and who may connect, sequenced packets, halves, options and what a peer's
// are, signals, questions by ioctl, readiness, and bytes from files.
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>

#include "../behaviours.h"
#include "../report.h"

static char buffer[300000];

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
    struct pollfd all = {fd, POLLIN | POLLOUT | POLLPRI | POLLRDHUP | POLLRDNORM | POLLWRNORM | POLLWRBAND,
                         0};
    struct pollfd none = {fd, 0, 0};
    const int count = poll(&all, 1, 0);
    poll(&none, 1, 0);
    printf("%s: poll %d %x, unasked %x\n", label, count, all.revents, none.revents);
}

// A name in the file system, or an abstract one where it begins with @.
static int with_name(int fd, const char* path, int (*call)(int, const struct sockaddr*, socklen_t)) {
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    strcpy(name.sun_path, path);
    const size_t extra = path[0] == '@' ? 0 : 1;
    if (path[0] == '@') {
        name.sun_path[0] = '\0';
    }
    return call(fd, (const struct sockaddr*)&name,
                (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(path) + extra));
}

static int at(int type, const char* path) {
    const int fd = socket(AF_UNIX, type, 0);
    with_name(fd, path, bind);
    return fd;
}

static void listening(void) {
    const int from = at(SOCK_STREAM, "/tmp/listener");
    int one = socket(AF_UNIX, SOCK_STREAM, 0);
    TRY(with_name(one, "/tmp/listener", connect));
    TRY(accept(from, NULL, NULL));
    TRY(listen(from, 1));
    look("listens", from);
    TRY(listen(from, -1));
    TRY(get(from, SO_ACCEPTCONN));
    TRY(with_name(from, "/tmp/other", bind));
    TRY(with_name(from, "/tmp/listener", connect));
    TRY(with_name(one, "/tmp/none", connect));
    TRY(with_name(one, "/tmp", connect));
    TRY(with_name(one, "/dev/null", connect));
    TRY(with_name(one, "@none", connect));
    const int wrong = socket(AF_UNIX, SOCK_DGRAM, 0), packets = socket(AF_UNIX, SOCK_SEQPACKET, 0);
    TRY(with_name(wrong, "/tmp/listener", connect));
    TRY(with_name(packets, "/tmp/listener", connect));
    TRY(with_name(one, "/tmp/listener", connect));
    look("connected", one);
    look("one waits", from);
    TRY(with_name(one, "/tmp/listener", connect));
    TRY(send(one, "early", 5, 0));
    TRY(listen(one, 1));
    TRY(listen(wrong, 1));
    struct sockaddr_un name;
    socklen_t length = sizeof(name);
    const int taken = accept4(from, (struct sockaddr*)&name, &length, SOCK_NONBLOCK | SOCK_CLOEXEC);
    printf("from a name of %d\n", (int)length);
    TRY(fcntl(taken, F_GETFL));
    TRY(fcntl(taken, F_GETFD));
    TRY(recv(taken, buffer, 9, 0));
    TRY(recv(taken, buffer, 9, 0));
    length = sizeof(name);
    TRY(getpeername(one, (struct sockaddr*)&name, &length));
    printf("%s %d\n", name.sun_path, (int)length);
    TRY(accept4(from, NULL, NULL, 1));
    fcntl(from, F_SETFL, O_NONBLOCK);
    TRY(accept(from, NULL, NULL));
    TRY(recv(from, buffer, 1, 0));
    TRY(send(from, "x", 1, MSG_NOSIGNAL));
    TRY(shutdown(from, SHUT_RD));
    look("shut", from);
    TRY(accept(from, NULL, NULL));
    const int late = socket(AF_UNIX, SOCK_STREAM, 0);
    TRY(with_name(late, "/tmp/listener", connect));
    close(late);
    close(from);
    TRY(chmod("/tmp/listener", 0));
    TRY(seteuid(65534));
    const int denied = socket(AF_UNIX, SOCK_STREAM, 0);
    TRY(with_name(denied, "/tmp/listener", connect));
    TRY(seteuid(0));
    TRY(with_name(denied, "/tmp/listener", connect));
    close(denied);
    TRY(unlink("/tmp/listener"));
    close(one);
    close(taken);
    close(wrong);
    close(packets);
}

static void backlog(void) {
    const int from = at(SOCK_STREAM, "@backlog");
    int fds[4];
    TRY(listen(from, 1));
    for (int i = 0; i < 4; i++) {
        fds[i] = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
        TRY(with_name(fds[i], "@backlog", connect));
    }
    look("refused for now", fds[3]);
    const struct timeval short_time = {.tv_usec = 20000};
    const int patient = socket(AF_UNIX, SOCK_STREAM, 0);
    setsockopt(patient, SOL_SOCKET, SO_SNDTIMEO, &short_time, sizeof(short_time));
    TRY(with_name(patient, "@backlog", connect));
    close(accept(from, NULL, NULL));
    look("its peer closed", fds[0]);
    TRY(recv(fds[0], buffer, 1, 0));
    TRY(with_name(patient, "@backlog", connect));
    close(from);
    look("never accepted", fds[1]);
    TRY(recv(fds[1], buffer, 1, 0));
    TRY(recv(fds[1], buffer, 1, 0));
    TRY(send(fds[1], "x", 1, MSG_NOSIGNAL));
    for (int i = 0; i < 4; i++) {
        close(fds[i]);
    }
    close(patient);
}

static void packets(void) {
    int ends[2];
    TRY(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends));
    TRY(send(ends[0], "one", 3, 0));
    TRY(send(ends[0], "two and more", 12, 0));
    TRY(send(ends[0], "", 0, 0));
    TRY(send(ends[0], "last", 4, MSG_EOR));
    TRY(send(ends[0], "x", 1, MSG_OOB));
    TRY(asked(ends[1], FIONREAD));
    TRY(recv(ends[1], buffer, 2, MSG_PEEK | MSG_TRUNC));
    TRY(recv(ends[1], buffer, 9, 0));
    struct iovec part = {buffer, 5};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
    TRY(recvmsg(ends[1], &message, 0));
    printf("flags %x\n", message.msg_flags);
    TRY(recv(ends[1], buffer, 9, 0));
    TRY(recvmsg(ends[1], &message, MSG_CMSG_CLOEXEC));
    printf("flags %x\n", message.msg_flags);
    TRY(recv(ends[1], buffer, 9, MSG_DONTWAIT));
    TRY(recv(ends[1], buffer, 9, MSG_OOB));
    TRY(send(ends[0], kBadAddress, 3, 0));
    TRY(send(ends[0], "gone", 4, 0));
    TRY(recv(ends[1], kBadAddress, 9, 0));
    TRY(recv(ends[1], buffer, 9, MSG_DONTWAIT));
    struct sockaddr_un name = {.sun_family = AF_UNIX, .sun_path = "/tmp/x"};
    TRY(sendto(ends[0], "named", 5, 0, (struct sockaddr*)&name, sizeof(name)));
    TRY(recv(ends[1], buffer, 9, MSG_DONTWAIT));
    TRY(send(ends[0], buffer, 300000, MSG_DONTWAIT));
    int count = 0;
    while (send(ends[0], buffer, 1000, MSG_DONTWAIT) > 0) {
        count++;
    }
    printf("%d fit, %s\n", count, strerrorname_np(errno));
    look("full", ends[0]);
    TRY(asked(ends[0], TIOCOUTQ) > 0);
    TRY(shutdown(ends[0], SHUT_WR));
    TRY(send(ends[0], "x", 1, MSG_NOSIGNAL));
    while (recv(ends[1], buffer, 2000, MSG_DONTWAIT) == 1000) {
        count--;
    }
    printf("%d left\n", count);
    TRY(recv(ends[1], buffer, 9, 0));
    look("the end", ends[1]);
    close(ends[0]);
    TRY(send(ends[1], "x", 1, MSG_NOSIGNAL));
    look("alone", ends[1]);
    close(ends[1]);
}

static void halves(void) {
    static const int kTypes[] = {SOCK_STREAM, SOCK_SEQPACKET, SOCK_DGRAM};
    for (int i = 0; i < 3; i++) {
        int ends[2];
        TRY(socketpair(AF_UNIX, kTypes[i], 0, ends));
        TRY(shutdown(ends[0], 3));
        TRY(shutdown(ends[0], SHUT_WR));
        look("writing shut", ends[0]);
        look("its peer", ends[1]);
        TRY(send(ends[0], "x", 1, MSG_NOSIGNAL));
        TRY(recv(ends[1], buffer, 1, MSG_DONTWAIT));
        TRY(send(ends[1], "y", 1, MSG_NOSIGNAL));
        TRY(recv(ends[0], buffer, 1, MSG_DONTWAIT));
        TRY(shutdown(ends[0], SHUT_RD));
        look("both shut", ends[0]);
        look("its peer", ends[1]);
        TRY(send(ends[1], "z", 1, MSG_NOSIGNAL));
        TRY(recv(ends[0], buffer, 1, MSG_DONTWAIT));
        close(ends[0]);
        look("gone", ends[1]);
        TRY(send(ends[1], "z", 1, MSG_NOSIGNAL));
        TRY(recv(ends[1], buffer, 1, MSG_DONTWAIT));
        TRY(get(ends[1], SO_ERROR));
        close(ends[1]);
    }
    int ends[2];
    socketpair(AF_UNIX, SOCK_STREAM, 0, ends);
    TRY(send(ends[1], "unread", 6, 0));
    close(ends[0]);
    look("reset", ends[1]);
    TRY(send(ends[1], "x", 1, MSG_NOSIGNAL));
    TRY(recv(ends[1], buffer, 1, 0));
    TRY(recv(ends[1], buffer, 1, 0));
    close(ends[1]);
    const int lone = socket(AF_UNIX, SOCK_STREAM, 0);
    look("unconnected", lone);
    TRY(shutdown(lone, SHUT_RDWR));
    look("shut", lone);
    TRY(recv(lone, buffer, 1, 0));
    TRY(send(lone, "x", 1, MSG_NOSIGNAL));
    close(lone);
}

static void options(void) {
    int ends[2];
    socketpair(AF_UNIX, SOCK_STREAM, 0, ends);
    struct ucred peer;
    socklen_t length = sizeof(peer);
    TRY(getsockopt(ends[0], SOL_SOCKET, SO_PEERCRED, &peer, &length));
    printf("%d %d %d\n", peer.pid == getpid(), (int)peer.uid, (int)peer.gid);
    gid_t groups[8];
    length = sizeof(groups);
    TRY(getsockopt(ends[0], SOL_SOCKET, SO_PEERGROUPS, groups, &length));
    printf("length %d\n", (int)length);
    TRY(setsockopt(ends[0], SOL_SOCKET, SO_PEERCRED, &peer, sizeof(peer)));
    TRY(get(ends[0], SO_TYPE));
    TRY(get(ends[0], SO_DOMAIN));
    TRY(get(ends[0], SO_PROTOCOL));
    TRY(set(ends[0], SO_PASSCRED, 5));
    TRY(get(ends[0], SO_PASSCRED));
    TRY(set(ends[0], SO_PEEK_OFF, 0));
    TRY(get(ends[0], SO_PEEK_OFF));
    TRY(set(ends[0], SO_SNDBUF, 1));
    TRY(get(ends[0], SO_SNDBUF));
    TRY(set(ends[0], SO_REUSEPORT, 1));
    TRY(set(ends[0], SO_KEEPALIVE, 1));
    TRY(get(ends[0], SO_KEEPALIVE));
    TRY(setsockopt(ends[0], 250, 1, &peer, 4));
    TRY(getsockopt(ends[0], 250, 1, &peer, &length));
    TRY(setsockopt(ends[0], SOL_SOCKET, SO_PASSCRED, &peer, 3));
    const int lone = socket(AF_UNIX, SOCK_DGRAM, 0);
    length = sizeof(peer);
    TRY(getsockopt(lone, SOL_SOCKET, SO_PEERCRED, &peer, &length));
    printf("%d %d %d\n", peer.pid, (int)peer.uid, (int)peer.gid);
    TRY(getsockopt(lone, SOL_SOCKET, SO_PEERGROUPS, groups, &length));
    TRY(socket(AF_UNIX, SOCK_RAW, 0));
    TRY(socket(AF_UNIX, SOCK_RDM, 0));
    TRY(socket(AF_UNIX, SOCK_STREAM, 1));
    TRY(socket(AF_UNIX, SOCK_STREAM, 2));
    TRY(socketpair(AF_UNIX, SOCK_STREAM, 0, kBadAddress));
    TRY(socketpair(AF_UNIX, SOCK_STREAM | 0x10, 0, ends));
    close(lone);
    close(ends[0]);
    close(ends[1]);
}

static sigset_t all;

static void came(const char* label) {
    const struct timespec none = {0};
    siginfo_t info;
    printf("%s:", label);
    for (int signal; (signal = sigtimedwait(&all, &info, &none)) > 0;) {
        printf(" [%d code %d band %lx]", signal, info.si_code, signal == SIGRTMIN ? (long)info.si_band : 0);
    }
    puts("");
}

static void follow(int fd) {
    fcntl(fd, F_SETOWN, getpid());
    fcntl(fd, F_SETSIG, SIGRTMIN);
    fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_ASYNC);
}

static void signals(void) {
    int ends[2];
    sigemptyset(&all);
    sigaddset(&all, SIGRTMIN);
    sigaddset(&all, SIGURG);
    sigprocmask(SIG_BLOCK, &all, NULL);
    const int from = at(SOCK_STREAM, "@signals");
    listen(from, 1);
    follow(from);
    const int client = socket(AF_UNIX, SOCK_STREAM, 0);
    follow(client);
    TRY(with_name(client, "@signals", connect));
    came("a connection");
    close(client);
    close(from);
    static const int kTypes[] = {SOCK_STREAM, SOCK_SEQPACKET, SOCK_DGRAM};
    for (int i = 0; i < 3; i++) {
        socketpair(AF_UNIX, kTypes[i], 0, ends);
        follow(ends[1]);
        came("new");
        TRY(send(ends[0], "abc", 3, 0));
        came("a message");
        TRY(recv(ends[1], buffer, 1, 0));
        came("read");
        TRY(send(ends[0], "d", 1, MSG_OOB));
        came("urgent");
        TRY(shutdown(ends[0], SHUT_WR));
        came("half closed");
        close(ends[0]);
        came("gone");
        close(ends[1]);
    }
}

static void questions(void) {
    int ends[2];
    socketpair(AF_UNIX, SOCK_STREAM, 0, ends);
    TRY(send(ends[0], "abc", 3, 0));
    TRY(send(ends[0], "defg", 4, 0));
    TRY(asked(ends[1], FIONREAD));
    TRY(asked(ends[0], FIONREAD));
    TRY(asked(ends[0], TIOCOUTQ) > 0);
    TRY(asked(ends[1], TIOCOUTQ));
    TRY(ioctl(ends[1], FIONREAD, kBadAddress));
    TRY(ioctl(ends[1], TIOCOUTQ, kBadAddress));
    TRY(ioctl(ends[1], TCGETS, buffer));
    TRY(lseek(ends[1], 0, SEEK_SET));
    TRY(pread(ends[1], buffer, 1, 0));
    TRY(ftruncate(ends[1], 0));
    TRY(fsync(ends[1]));
    TRY((long)mkdir("/tmp/names", 0700));
    struct stat status;
    TRY(fstat(ends[1], &status));
    printf("mode %o, %ld bytes, %lu links\n", status.st_mode, (long)status.st_size,
           (unsigned long)status.st_nlink);
    const int bound = at(SOCK_DGRAM, "/tmp/names/socket");
    TRY(stat("/tmp/names/socket", &status));
    printf("mode %o\n", status.st_mode);
    TRY(open("/tmp/names/socket", O_RDWR));
    TRY(asked(bound, 0x89e0));
    TRY(asked(ends[0], 0x89e0));
    TRY(rename("/tmp/names/socket", "/tmp/names/renamed"));
    const int sender = socket(AF_UNIX, SOCK_DGRAM, 0);
    TRY(with_name(sender, "/tmp/names/renamed", connect));
    TRY(send(sender, "found", 5, 0));
    TRY(recv(bound, buffer, 9, 0));
    TRY(unlink("/tmp/names/renamed"));
    TRY(send(sender, "still", 5, 0));
    close(bound);
    TRY(send(sender, "not any more", 12, 0));
    TRY(send(sender, "not any more", 12, 0));
    TRY(rmdir("/tmp/names"));
    close(sender);
    close(ends[0]);
    close(ends[1]);
}

static void edges(void) {
    int ends[2];
    struct epoll_event event = {.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET};
    static const int kTypes[] = {SOCK_STREAM, SOCK_SEQPACKET, SOCK_DGRAM};
    for (int i = 0; i < 3; i++) {
        const int watched = epoll_create1(0);
        socketpair(AF_UNIX, kTypes[i], 0, ends);
        TRY(epoll_ctl(watched, EPOLL_CTL_ADD, ends[1], &event));
        struct epoll_event found = {0};
        TRY(epoll_wait(watched, &found, 1, 0));
        printf("%x\n", found.events);
        TRY(epoll_wait(watched, &found, 1, 0));
        send(ends[0], "abc", 3, 0);
        send(ends[0], "def", 3, 0);
        TRY(epoll_wait(watched, &found, 1, 0));
        printf("%x\n", found.events);
        TRY(epoll_wait(watched, &found, 1, 0));
        recv(ends[1], buffer, 3, 0);
        TRY(epoll_wait(watched, &found, 1, 0));
        while (send(ends[1], buffer, 5000, MSG_DONTWAIT) > 0) {
        }
        TRY(epoll_wait(watched, &found, 1, 0));
        look("full", ends[1]);
        while (recv(ends[0], buffer, 5000, MSG_DONTWAIT) > 0) {
        }
        TRY(epoll_wait(watched, &found, 1, 0));
        printf("%x\n", found.events);
        shutdown(ends[0], SHUT_WR);
        TRY(epoll_wait(watched, &found, 1, 0));
        printf("%x\n", found.events);
        close(ends[0]);
        TRY(epoll_wait(watched, &found, 1, 0));
        printf("%x\n", found.events);
        close(ends[1]);
        close(watched);
    }
}

static void from_files(void) {
    int ends[2], ways[2];
    socketpair(AF_UNIX, SOCK_STREAM, 0, ends);
    const int file = open("/tmp/bytes", O_RDWR | O_CREAT | O_TRUNC, 0600);
    write(file, "0123456789", 10);
    off_t offset = 3;
    TRY(sendfile(ends[0], file, &offset, 4));
    TRY((long)offset);
    TRY(recv(ends[1], buffer, 20, 0));
    pipe(ways);
    TRY(write(ends[0], "spliced", 7));
    TRY(splice(ends[1], NULL, ways[1], NULL, 20, 0));
    TRY(splice(ends[1], NULL, ways[1], NULL, 20, SPLICE_F_NONBLOCK));
    TRY(splice(ways[0], NULL, ends[1], NULL, 20, 0));
    TRY(read(ends[0], buffer, 20));
    struct iovec parts[3] = {{"ab", 2}, {"", 0}, {"cd", 2}};
    TRY(writev(ends[0], parts, 3));
    struct iovec rooms[2] = {{buffer, 3}, {buffer + 3, 9}};
    TRY(readv(ends[1], rooms, 2));
    struct mmsghdr messages[2] = {{.msg_hdr = {.msg_iov = parts, .msg_iovlen = 1}},
                                  {.msg_hdr = {.msg_iov = parts + 2, .msg_iovlen = 1}}};
    TRY(sendmmsg(ends[0], messages, 2, 0));
    messages[0].msg_hdr.msg_iov = rooms;
    messages[1].msg_hdr.msg_iov = rooms + 1;
    TRY(recvmmsg(ends[1], messages, 2, MSG_DONTWAIT, NULL));
    printf("%u %u\n", messages[0].msg_len, messages[1].msg_len);
    TRY(shutdown(ends[0], SHUT_WR));
    TRY(splice(ends[1], NULL, ways[1], NULL, 20, 0));
    TRY(sendfile(ends[0], file, &offset, 4));
    close(ways[0]);
    close(ways[1]);
    close(file);
    unlink("/tmp/bytes");
    close(ends[0]);
    close(ends[1]);
}

static const struct Behaviour kBehaviours[] = {
    {"listening", listening}, {"backlog", backlog}, {"packets", packets},
    {"halves", halves},       {"options", options}, {"signals", signals},
    {"questions", questions}, {"edges", edges},     {"files", from_files},
};

int main(int count, char** arguments) {
    memset(buffer, 0, sizeof(buffer));  // all of it is there, also for calls that do not look at it
    signal(SIGPIPE, SIG_IGN);
    return RUN_BEHAVIOURS(kBehaviours, count, arguments);
}
