#define _GNU_SOURCE
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/kernel/case.h"

static short events_of(int fd) {
    struct pollfd entry = {fd, POLLIN | POLLOUT | POLLRDHUP, 0};
    poll(&entry, 1, 0);
    return entry.revents;
}

CASE(stream_pairs_carry_bytes) {
    int ends[2];
    char text[16] = "";
    CHECK_EQUAL(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends), 0);
    CHECK_EQUAL(fcntl(ends[0], F_GETFD), FD_CLOEXEC);
    CHECK_EQUAL(fcntl(ends[0], F_GETFL), O_RDWR | O_NONBLOCK);
    CHECK_EQUAL(events_of(ends[0]), POLLOUT);
    CHECK_ERRNO(read(ends[0], text, 1), EAGAIN);
    CHECK_EQUAL(write(ends[0], "hello", 5), 5);
    CHECK_EQUAL(send(ends[0], "+", 1, 0), 1);
    int available = 0;
    CHECK_EQUAL(ioctl(ends[1], FIONREAD, &available), 0);
    CHECK_EQUAL(available, 6);
    CHECK_EQUAL(events_of(ends[1]), POLLIN | POLLOUT);
    CHECK_EQUAL(recv(ends[1], text, 3, MSG_PEEK), 3);
    CHECK_EQUAL(read(ends[1], text, 3), 3);
    CHECK_EQUAL(read(ends[1], text, 16), 3);
    CHECK_EQUAL(write(ends[1], "back", 4), 4);
    CHECK_EQUAL(read(ends[0], text, 16), 4);
    struct stat status;
    CHECK_EQUAL(fstat(ends[0], &status), 0);
    CHECK_EQUAL(status.st_mode, S_IFSOCK | 0777);
    CHECK_ERRNO(lseek(ends[0], 0, SEEK_SET), ESPIPE);
    CHECK_ERRNO(recv(0, text, 1, 0), ENOTSOCK);
    int type = 0;
    socklen_t length = sizeof(type);
    CHECK_EQUAL(getsockopt(ends[0], SOL_SOCKET, SO_TYPE, &type, &length), 0);
    CHECK_EQUAL(type, SOCK_STREAM);
}

CASE(closing_a_stream_is_seen) {
    int ends[2];
    char text[4];
    CHECK_EQUAL(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    CHECK_EQUAL(write(ends[0], "ab", 2), 2);
    close(ends[0]);
    CHECK_EQUAL(events_of(ends[1]), POLLIN | POLLOUT | POLLHUP | POLLRDHUP);
    CHECK_EQUAL(read(ends[1], text, 4), 2);
    CHECK_EQUAL(read(ends[1], text, 4), 0);
    CHECK_ERRNO(send(ends[1], "x", 1, MSG_NOSIGNAL), EPIPE);
    signal(SIGPIPE, SIG_IGN);
    CHECK_ERRNO(write(ends[1], "x", 1), EPIPE);
    signal(SIGPIPE, SIG_DFL);
    close(ends[1]);
    CHECK_EQUAL(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    CHECK_EQUAL(write(ends[1], "unread", 6), 6);
    close(ends[0]);
    CHECK_ERRNO(read(ends[1], text, 4), ECONNRESET);
    CHECK_EQUAL(read(ends[1], text, 4), 0);
    CHECK_EQUAL(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    CHECK_EQUAL(shutdown(ends[0], SHUT_WR), 0);
    CHECK_EQUAL(read(ends[1], text, 4), 0);
    CHECK_EQUAL(write(ends[1], "x", 1), 1);
    CHECK_EQUAL(read(ends[0], text, 4), 1);
    CHECK_ERRNO(send(ends[0], "x", 1, MSG_NOSIGNAL), EPIPE);
    CHECK_EQUAL(events_of(ends[1]), POLLIN | POLLOUT | POLLRDHUP);
}

CASE(sequenced_packets_keep_their_bounds) {
    int ends[2];
    char text[16];
    CHECK_EQUAL(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), 0);
    CHECK_EQUAL(send(ends[0], "one", 3, 0), 3);
    CHECK_EQUAL(send(ends[0], "three", 5, 0), 5);
    CHECK_EQUAL(send(ends[0], "", 0, 0), 0);
    CHECK_EQUAL(recv(ends[1], text, 16, 0), 3);
    CHECK_EQUAL(recv(ends[1], text, 2, MSG_TRUNC), 5);
    CHECK_EQUAL(recv(ends[1], text, 16, 0), 0);
    CHECK_ERRNO(recv(ends[1], text, 16, MSG_DONTWAIT), EAGAIN);
    close(ends[0]);
    CHECK_EQUAL(recv(ends[1], text, 16, 0), 0);
    CHECK_ERRNO(send(ends[1], "x", 1, 0), EPIPE);
}

CASE(blocked_sockets_are_woken) {
    int ends[2];
    static char bytes[1 << 20];
    CHECK_EQUAL(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    pid_t child = fork();
    if (child == 0) {
        close(ends[0]);
        _exit(write(ends[1], bytes, sizeof(bytes)) == sizeof(bytes) ? 0 : 1);
    }
    close(ends[1]);
    long total = 0;
    long size = 0;
    while ((size = read(ends[0], bytes, 50000)) > 0) {
        total += size;
    }
    CHECK_EQUAL(size, 0);
    CHECK_EQUAL(total, sizeof(bytes));
    int status = -1;
    CHECK_EQUAL(waitpid(child, &status, 0), child);
    CHECK_EQUAL(status, 0);
    CHECK_EQUAL(recv(ends[0], bytes, 10, MSG_WAITALL), 0);
}

CASE(descriptors_travel) {
    int ends[2];
    int pipe_ends[2];
    CHECK_EQUAL(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    CHECK_EQUAL(pipe(pipe_ends), 0);
    char control[CMSG_SPACE(sizeof(int))] = {0};
    char byte = 'x';
    struct iovec vector = {&byte, 1};
    struct msghdr message = {
        .msg_iov = &vector, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof(control)};
    struct cmsghdr* header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof(int));
    memcpy(CMSG_DATA(header), &pipe_ends[1], sizeof(int));
    CHECK_EQUAL(sendmsg(ends[0], &message, 0), 1);
    close(pipe_ends[1]);
    memset(control, 0, sizeof(control));
    message.msg_controllen = sizeof(control);
    byte = 0;
    CHECK_EQUAL(recvmsg(ends[1], &message, MSG_CMSG_CLOEXEC), 1);
    CHECK_EQUAL(byte, 'x');
    CHECK_EQUAL(message.msg_controllen, sizeof(control));
    header = CMSG_FIRSTHDR(&message);
    CHECK_EQUAL(header->cmsg_len, CMSG_LEN(sizeof(int)));
    int received = -1;
    memcpy(&received, CMSG_DATA(header), sizeof(int));
    CHECK_EQUAL(fcntl(received, F_GETFD), FD_CLOEXEC);
    CHECK_EQUAL(write(received, "p", 1), 1);
    CHECK_EQUAL(read(pipe_ends[0], &byte, 1), 1);
    CHECK_EQUAL(byte, 'p');
    memcpy(CMSG_DATA(header), &(int){999}, sizeof(int));
    CHECK_ERRNO(sendmsg(ends[0], &message, 0), EBADF);
}

static socklen_t name_of(struct sockaddr_un* address, const char* name, size_t size) {
    memset(address, 0, sizeof(*address));
    address->sun_family = AF_UNIX;
    memcpy(address->sun_path, name, size);
    return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + size);
}

CASE(named_sockets_accept) {
    struct sockaddr_un address;
    socklen_t length = name_of(&address, "server", 7);
    int listener = socket(AF_UNIX, SOCK_STREAM, 0);
    int client = socket(AF_UNIX, SOCK_STREAM, 0);
    CHECK_EQUAL(events_of(client), POLLOUT | POLLHUP);
    CHECK_ERRNO(connect(client, (struct sockaddr*)&address, length), ENOENT);
    CHECK_ERRNO(listen(listener, 1), EINVAL);
    CHECK_EQUAL(bind(listener, (struct sockaddr*)&address, length), 0);
    struct stat status;
    CHECK_EQUAL(stat("server", &status), 0);
    CHECK_EQUAL(status.st_mode, S_IFSOCK | 0755);
    CHECK_ERRNO(connect(client, (struct sockaddr*)&address, length), ECONNREFUSED);
    CHECK_EQUAL(listen(listener, 4), 0);
    CHECK_EQUAL(events_of(listener), 0);
    CHECK_EQUAL(connect(client, (struct sockaddr*)&address, length), 0);
    CHECK_ERRNO(connect(client, (struct sockaddr*)&address, length), EISCONN);
    CHECK_EQUAL(events_of(listener), POLLIN);
    CHECK_EQUAL(write(client, "early", 5), 5);
    struct sockaddr_un peer;
    socklen_t peer_length = sizeof(peer);
    int connection = accept(listener, (struct sockaddr*)&peer, &peer_length);
    CHECK(connection >= 0);
    CHECK_EQUAL(peer_length, 2);
    char text[8] = "";
    CHECK_EQUAL(read(connection, text, 8), 5);
    peer_length = sizeof(peer);
    CHECK_EQUAL(getpeername(client, (struct sockaddr*)&peer, &peer_length), 0);
    CHECK_EQUAL(peer_length, 9);
    CHECK(strcmp(peer.sun_path, "server") == 0);
    struct ucred credentials;
    socklen_t size = sizeof(credentials);
    CHECK_EQUAL(getsockopt(client, SOL_SOCKET, SO_PEERCRED, &credentials, &size), 0);
    CHECK_EQUAL(credentials.pid, getpid());
    int other = socket(AF_UNIX, SOCK_STREAM, 0);
    CHECK_ERRNO(bind(other, (struct sockaddr*)&address, length), EADDRINUSE);
    int datagram = socket(AF_UNIX, SOCK_DGRAM, 0);
    CHECK_ERRNO(connect(datagram, (struct sockaddr*)&address, length), EPROTOTYPE);
    close(listener);
    CHECK_ERRNO(connect(other, (struct sockaddr*)&address, length), ECONNREFUSED);
}

CASE(abstract_names_and_datagrams) {
    struct sockaddr_un address;
    socklen_t length = name_of(&address, "\0abstract", 9);
    int receiver = socket(AF_UNIX, SOCK_DGRAM, 0);
    int sender = socket(AF_UNIX, SOCK_DGRAM, 0);
    CHECK_ERRNO(sendto(sender, "x", 1, 0, (struct sockaddr*)&address, length), ECONNREFUSED);
    CHECK_EQUAL(bind(receiver, (struct sockaddr*)&address, length), 0);
    CHECK_ERRNO(bind(receiver, (struct sockaddr*)&address, length), EINVAL);
    CHECK_EQUAL(sendto(sender, "one", 3, 0, (struct sockaddr*)&address, length), 3);
    CHECK_ERRNO(send(sender, "x", 1, 0), ENOTCONN);
    CHECK_EQUAL(connect(sender, (struct sockaddr*)&address, length), 0);
    CHECK_EQUAL(send(sender, "two", 3, 0), 3);
    char text[8];
    struct sockaddr_un from;
    socklen_t from_length = sizeof(from);
    CHECK_EQUAL(recvfrom(receiver, text, 8, 0, (struct sockaddr*)&from, &from_length), 3);
    CHECK_EQUAL(from_length, 0);
    CHECK_EQUAL(recv(receiver, text, 8, 0), 3);
    CHECK(memcmp(text, "two", 3) == 0);
    close(receiver);
    CHECK_ERRNO(send(sender, "x", 1, 0), ECONNREFUSED);
    CHECK_ERRNO(socket(AF_UNIX, 9, 0), ESOCKTNOSUPPORT);
    CHECK_ERRNO(socket(AF_UNIX, SOCK_STREAM, 99), EPROTONOSUPPORT);
}

CASE(sockets_in_epoll_sets) {
    int ends[2];
    struct epoll_event event = {.events = EPOLLIN | EPOLLET | EPOLLRDHUP};
    CHECK_EQUAL(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends), 0);
    int set = epoll_create1(0);
    CHECK_EQUAL(epoll_ctl(set, EPOLL_CTL_ADD, ends[0], &event), 0);
    CHECK_EQUAL(epoll_wait(set, &event, 1, 0), 0);
    CHECK_EQUAL(write(ends[1], "x", 1), 1);
    CHECK_EQUAL(epoll_wait(set, &event, 1, 0), 1);
    CHECK_EQUAL(event.events, EPOLLIN);
    CHECK_EQUAL(epoll_wait(set, &event, 1, 0), 0);
    CHECK_EQUAL(write(ends[1], "y", 1), 1);
    CHECK_EQUAL(epoll_wait(set, &event, 1, 0), 1);
    close(ends[1]);
    CHECK_EQUAL(epoll_wait(set, &event, 1, 0), 1);
    CHECK_EQUAL(event.events, EPOLLIN | EPOLLRDHUP | EPOLLHUP);
}
