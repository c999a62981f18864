// AF_UNIX sockets that keep messages apart: who may send to whom, what is lost and told of it, faults, peeks,
// queues that are full, and SOCK_SEQPACKET.
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static char buffer[300000];
static void* volatile nowhere = (void*)8;

static long report(const char* label, long result) {
    printf("%s: %ld %s\n", label, result, result < 0 ? strerrorname_np(errno) : "");
    return result;
}

static struct sockaddr_un named(const char* name) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    strcpy(address.sun_path + 1, name);
    return address;
}

static socklen_t size_of(const char* name) {
    return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + strlen(name));
}

static int make(int type, const char* name) {
    const int fd = socket(AF_UNIX, type, 0);
    if (name != NULL) {
        const struct sockaddr_un address = named(name);
        bind(fd, (const struct sockaddr*)&address, size_of(name));
    }
    return fd;
}

static int connect_to(int fd, const char* name) {
    const struct sockaddr_un address = named(name);
    return connect(fd, (const struct sockaddr*)&address, size_of(name));
}

static void look(const char* label, int fd) {
    struct pollfd polled = {.fd = fd, .events = POLLIN | POLLOUT | POLLRDHUP};
    int waiting = 0, unread = 0, error = 0;
    socklen_t length = sizeof(error);
    poll(&polled, 1, 0);
    ioctl(fd, FIONREAD, &waiting);
    ioctl(fd, TIOCOUTQ, &unread);
    getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &length);
    printf("%s: poll %x, %d to read, %d unread by others, %s\n", label, polled.revents, waiting, unread,
           error == 0 ? "no error" : strerrorname_np(error));
}

static void receive(const char* label, int fd, size_t size, int flags) {
    memset(buffer, 0, 16);
    const long result = recv(fd, buffer, size, flags);
    const int error = errno;
    printf("%s: %ld %s %.10s\n", label, result, result < 0 ? strerrorname_np(error) : "", buffer);
}

static void peers(void) {
    const int first = make(SOCK_DGRAM, "first"), second = make(SOCK_DGRAM, "second"),
              third = make(SOCK_DGRAM, NULL);
    report("write without a peer", write(first, "x", 1));
    connect_to(first, "second");
    connect_to(third, "second");
    report("to the second", send(first, "12345", 5, 0));
    report("from a third", send(third, "abc", 3, 0));
    struct sockaddr_un sender;
    socklen_t length = sizeof(sender);
    report("from whom", recvfrom(second, buffer, 9, 0, (struct sockaddr*)&sender, &length));
    printf("%d bytes\n", (int)length);
    length = sizeof(sender);
    recvfrom(second, buffer, 9, 0, (struct sockaddr*)&sender, &length);
    printf("from nobody: %d bytes\n", (int)length);
    report("the second connects", connect_to(second, "first"));
    report("a third may not send", send(third, "x", 1, 0));
    report("nor connect", connect_to(third, "second"));
    send(second, "kept", 4, 0);
    send(first, "lost", 4, 0);
    struct sockaddr none = {.sa_family = AF_UNSPEC};
    report("the second disconnects", connect(second, &none, sizeof(none)));
    look("the first is told", first);
    look("and has no error then", first);
    report("the first receives", recv(first, buffer, 9, MSG_DONTWAIT));
    look("the second has lost", second);
    report("too short to disconnect", connect(second, &none, 1));
    close(second);
    report("to the closed", send(third, "x", 1, 0));
    report("once more", send(third, "x", 1, 0));
    const struct sockaddr_un gone = named("second");
    report("by its name", sendto(third, "x", 1, 0, (const struct sockaddr*)&gone, size_of("second")));
    int pair[2];
    socketpair(AF_UNIX, SOCK_DGRAM, 0, pair);
    shutdown(pair[1], SHUT_RD);
    look("reads no more", pair[1]);
    report("to it", send(pair[0], "x", 1, MSG_NOSIGNAL));
    report("its receive", recv(pair[1], buffer, 9, MSG_DONTWAIT));
    report("if it would wait", recv(pair[1], buffer, 9, 0));
    close_range(3, 40, 0);
}

static void messages(void) {
    int pair[2], offset = 0;
    socketpair(AF_UNIX, SOCK_DGRAM, 0, pair);
    report("empty", send(pair[0], "", 0, 0));
    look("an empty one", pair[1]);
    receive("receives it", pair[1], 9, 0);
    report("too large", send(pair[0], buffer, 212961, 0));
    report("the largest", send(pair[0], buffer, 212960, MSG_DONTWAIT));
    look("sender", pair[0]);
    receive("part", pair[1], 10, 0);
    look("all is gone", pair[0]);
    report("from nowhere", send(pair[0], nowhere, 4, 0));
    send(pair[0], "first", 5, 0);
    send(pair[0], "second", 6, 0);
    report("to nowhere", recv(pair[1], nowhere, 5, 0));
    receive("the next", pair[1], 3, MSG_TRUNC);
    send(pair[0], "first", 5, 0);
    report("peek to nowhere", recv(pair[1], nowhere, 5, MSG_PEEK));
    receive("peek", pair[1], 9, MSG_PEEK);
    setsockopt(pair[1], SOL_SOCKET, SO_PEEK_OFF, &offset, sizeof(offset));
    send(pair[0], "second", 6, 0);
    receive("peek of two", pair[1], 2, MSG_PEEK);
    receive("peek behind it", pair[1], 9, MSG_PEEK);
    receive("peek at the next", pair[1], 9, MSG_PEEK);
    receive("nothing more", pair[1], 9, MSG_PEEK | MSG_DONTWAIT);
    receive("take", pair[1], 9, 0);
    receive("peek", pair[1], 1, MSG_PEEK | MSG_TRUNC | MSG_DONTWAIT);
    report("out of band", send(pair[0], "x", 1, MSG_OOB));
    close_range(3, 40, 0);
}

static void full_queues(void) {
    const int receiver = make(SOCK_DGRAM, "receiver"), sender = make(SOCK_DGRAM, NULL);
    connect_to(sender, "receiver");
    int count = 0;
    while (send(sender, "x", 1, MSG_DONTWAIT) > 0) {
        count++;
    }
    printf("%d messages, then %s\n", count, strerrorname_np(errno));
    look("sender", sender);
    recv(receiver, buffer, 1, 0);
    look("after one was read", sender);
    int pair[2];
    for (size_t size = 1; size < 100000; size = size * 7 + 50) {
        socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0, pair);
        int sent = 0, writable = 0;
        while (send(pair[0], buffer, size, 0) > 0) {
            struct pollfd polled = {.fd = pair[0], .events = POLLOUT};
            sent++;
            writable += poll(&polled, 1, 0);
        }
        printf("%zu bytes: %d messages, writable after %d\n", size, sent, writable);
        close(pair[0]);
        close(pair[1]);
    }
    close_range(3, 40, 0);
}

static void sequenced(void) {
    const int listener = make(SOCK_SEQPACKET, "packets"), client = make(SOCK_SEQPACKET, NULL);
    listen(listener, 1);
    report("send unconnected", send(client, "x", 1, 0));
    report("receive unconnected", recv(client, buffer, 1, 0));
    look("unconnected", client);
    connect_to(client, "packets");
    const int server = accept(listener, NULL, NULL);
    const struct sockaddr_un address = named("other");
    send(client, "12345", 5, 0);
    send(client, "", 0, 0);
    report("with an address", sendto(client, "89", 2, 0, (const struct sockaddr*)&address, size_of("other")));
    look("server", server);
    struct msghdr message = {.msg_iov = &(struct iovec){buffer, 3}, .msg_iovlen = 1};
    report("part of a packet", recvmsg(server, &message, 0));
    printf("flags %x\n", message.msg_flags);
    receive("an empty one", server, 9, 0);
    receive("the last", server, 9, 0);
    send(client, "left", 4, 0);
    close(server);
    look("client", client);
    receive("the end", client, 9, 0);
    report("no signal", send(client, "x", 1, 0));
    close_range(3, 40, 0);
}

int main(void) {
    memset(buffer, 'b', sizeof(buffer));
    peers();
    messages();
    full_queues();
    sequenced();
    return 0;
}
