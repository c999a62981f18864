// Datagrams: sizes, faults, flags, names, who gets them, errors that come back, pieces that are held
// together, and several in a call.
#include <errno.h>
#include <time.h>

#include <linux/errqueue.h>
#include <linux/udp.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "inet.h"

static char control[512];

static void show(const char* label, long result) {
    const int error = errno;
    printf("%s: %ld %s %.*s\n", label, result, result < 0 ? strerrorname_np(error) : "",
           result > 0 && result < 20 ? (int)result : 0, buffer);
}

// A receive with all that it tells. Times and ports vary.
static void receive(const char* label, int fd, size_t size, size_t room, int flags) {
    struct sockaddr_in6 name = {0};
    struct iovec part = {buffer, size};
    struct msghdr message = {.msg_name = &name,
                             .msg_namelen = sizeof(name),
                             .msg_iov = &part,
                             .msg_iovlen = 1,
                             .msg_control = control,
                             .msg_controllen = room};
    memset(control, 0, sizeof(control));
    const long result = recvmsg(fd, &message, flags | MSG_DONTWAIT);
    if (result < 0) {
        printf("%s: %s\n", label, strerrorname_np(errno));
        return;
    }
    printf("%s: %ld %.*s flags %x, control %d\n", label, result, result < 20 ? (int)result : 0, buffer,
           message.msg_flags, (int)message.msg_controllen);
    show_name("  from", &name, message.msg_namelen);
    for (struct cmsghdr* one = CMSG_FIRSTHDR(&message); one != NULL; one = CMSG_NXTHDR(&message, one)) {
        int value = 0;
        memcpy(&value, CMSG_DATA(one), sizeof(value));
        printf("  level %d type %d length %d", one->cmsg_level, one->cmsg_type, (int)one->cmsg_len);
        const int is_time =
            one->cmsg_level == SOL_SOCKET && one->cmsg_type != SO_RXQ_OVFL && one->cmsg_type != SO_MARK;
        if (is_time || one->cmsg_len == CMSG_LEN(1) ||
            (one->cmsg_level == SOL_IP && one->cmsg_type == IP_ORIGDSTADDR)) {
            puts("");
        } else {
            printf(" value %x\n", value);
        }
        if (one->cmsg_type == IP_RECVERR && one->cmsg_level == SOL_IP) {
            const struct sock_extended_err* told = (const struct sock_extended_err*)CMSG_DATA(one);
            printf("  error %s origin %d type %d code %d info %d data %d\n",
                   strerrorname_np((int)told->ee_errno), told->ee_origin, told->ee_type, told->ee_code,
                   (int)told->ee_info, (int)told->ee_data);
        }
    }
}

static void names(void) {
    const int fd = udp();
    look("new", fd);
    show_names(fd);
    TRY(send(fd, "x", 1, 0));
    TRY(connect4(fd, "127.0.0.1", 0));
    TRY(send(fd, "x", 1, 0));
    TRY(unconnect(fd));
    TRY(bind4(fd, "127.0.0.1", 0));
    TRY(bind4(fd, "127.0.0.1", 0));
    const int other = bound_udp();
    struct sockaddr_in to = v4("127.0.0.1", port_of(other));
    TRY(sendto(fd, "x", 1, 0, (struct sockaddr*)&to, 15));
    TRY(sendto(fd, "x", 1, 0, (struct sockaddr*)&to, 16));
    TRY(sendto(fd, "y", 1, 0, (struct sockaddr*)&to, 128));
    TRY(sendto(fd, "x", 1, 0, (struct sockaddr*)&to, 129));
    TRY(sendto(fd, "x", 1, 0, (struct sockaddr*)&to, 0));
    TRY(sendto(fd, "x", 1, 0, kBadAddress, 16));
    to.sin_port = 0;
    TRY(sendto(fd, "x", 1, 0, (struct sockaddr*)&to, 16));
    to.sin_port = htons(1);
    to.sin_family = AF_UNSPEC;
    TRY(sendto(fd, "x", 1, 0, (struct sockaddr*)&to, 16));
    to.sin_family = AF_INET6;
    TRY(sendto(fd, "x", 1, 0, (struct sockaddr*)&to, 16));
    to = v4("255.255.255.255", 9);
    TRY(sendto(fd, "x", 1, 0, (struct sockaddr*)&to, 16));
    to = v4("127.255.255.255", 9);
    TRY(sendto(fd, "x", 1, 0, (struct sockaddr*)&to, 16));
    to = v4("192.0.2.1", 9);
    TRY(sendto(fd, "x", 1, 0, (struct sockaddr*)&to, 16));
    to = v4("0.0.0.0", port_of(other));
    TRY(sendto(fd, "z", 1, 0, (struct sockaddr*)&to, 16));
    receive("first", other, 9, 0, 0);
    receive("second", other, 9, 0, 0);
    receive("third", other, 9, 0, 0);
    receive("none", other, 9, 0, 0);
    TRY(connect4(fd, "127.0.0.1", port_of(other)));
    show_names(fd);
    TRY(connect4(other, "127.0.0.5", 5));
    TRY(send(fd, "not for it", 10, 0));
    TRY(send(fd, "not for it", 10, 0));
    receive("from another", other, 9, 0, 0);
    TRY(unconnect(other));
    show_names(other);
    TRY(connect6(fd, "::1", 5));
    close(fd);
    close(other);
}

static void sizes(void) {
    int ends[2];
    connected_udp(ends);
    TRY(send(ends[0], buffer, 65507, 0));
    TRY(recv(ends[1], buffer, sizeof(buffer), 0));
    TRY(send(ends[0], buffer, 65508, 0));
    TRY(send(ends[0], buffer, 65535, 0));
    TRY(send(ends[0], buffer, 65536, 0));
    TRY(send(ends[0], NULL, 0, 0));
    TRY(asked(ends[1], FIONREAD));
    look("an empty one", ends[1]);
    TRY(recv(ends[1], buffer, 9, 0));
    TRY(recv(ends[1], buffer, 9, MSG_DONTWAIT));
    TRY(write(ends[0], "", 0));
    TRY(read(ends[1], buffer, 0));
    TRY(read(ends[1], buffer, 9));
    TRY(send(ends[0], "abcdef", 6, 0));
    TRY(send(ends[0], "gh", 2, 0));
    TRY(asked(ends[1], FIONREAD));
    TRY(asked(ends[0], TIOCOUTQ));
    show("peek", recv(ends[1], buffer, 3, MSG_PEEK));
    show("peek of its size", recv(ends[1], buffer, 3, MSG_PEEK | MSG_TRUNC));
    show("cut", recv(ends[1], buffer, 3, 0));
    show("the next", recv(ends[1], buffer, 9, MSG_WAITALL));
    TRY(send(ends[0], "x", 1, MSG_OOB));
    TRY(send(ends[0], "x", 1, MSG_EOR | MSG_CONFIRM | MSG_DONTROUTE | MSG_NOSIGNAL));
    TRY(recv(ends[1], buffer, 9, MSG_OOB));
    TRY(recv(ends[1], buffer, 9, MSG_DONTWAIT));
    struct iovec parts[3] = {{"one", 3}, {NULL, 0}, {"two", 3}};
    TRY(writev(ends[0], parts, 3));
    struct iovec rooms[2] = {{buffer + 10, 2}, {buffer, 9}};
    show("scattered", readv(ends[1], rooms, 2));
    close_both(ends);
}

static void faults(void) {
    int ends[2];
    char* memory = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    munmap(memory + 4096, 4096);
    connected_udp(ends);
    TRY(send(ends[0], kBadAddress, 3, 0));
    TRY(send(ends[0], memory + 4090, 10, 0));
    TRY(recv(ends[1], buffer, 9, MSG_DONTWAIT));
    TRY(send(ends[0], "consumed", 8, 0));
    TRY(recv(ends[1], kBadAddress, 9, 0));
    TRY(recv(ends[1], buffer, 9, MSG_DONTWAIT));
    TRY(send(ends[0], "peeked", 6, 0));
    TRY(recv(ends[1], kBadAddress, 9, MSG_PEEK));
    TRY(recv(ends[1], memory + 4093, 9, MSG_PEEK));
    show("it stays", recv(ends[1], buffer, 9, MSG_DONTWAIT));
    TRY(send(ends[0], "partly", 6, 0));
    TRY(recv(ends[1], memory + 4093, 9, 0));
    TRY(recv(ends[1], buffer, 9, MSG_DONTWAIT));
    TRY(send(ends[0], "no name", 7, 0));
    TRY(recvfrom(ends[1], buffer, 9, 0, kBadAddress, &(socklen_t){16}));
    TRY(recvfrom(ends[1], buffer, 9, MSG_DONTWAIT, NULL, NULL));
    TRY(send(ends[0], "no length", 9, 0));
    TRY(recvfrom(ends[1], buffer, 9, 0, (struct sockaddr*)control, kBadAddress));
    TRY(send(ends[0], "bad length", 9, 0));
    TRY(recvfrom(ends[1], buffer, 9, 0, (struct sockaddr*)control, &(socklen_t){-1}));
    TRY(send(ends[0], "short name", 9, 0));
    socklen_t length = 2;
    TRY(recvfrom(ends[1], buffer, 9, 0, (struct sockaddr*)control, &length));
    printf("length %d\n", (int)length);
    TRY(recv(ends[1], buffer, 9, MSG_DONTWAIT));
    close_both(ends);
}

static void halves(void) {
    int ends[2];
    const int fd = udp();
    TRY(shutdown(fd, SHUT_RDWR));
    look("not connected", fd);
    close(fd);
    connected_udp(ends);
    TRY(shutdown(ends[0], 3));
    TRY(shutdown(ends[0], SHUT_WR));
    look("writing shut", ends[0]);
    TRY(send(ends[0], "x", 1, 0));
    TRY(send(ends[1], "y", 1, 0));
    show("read", recv(ends[0], buffer, 9, 0));
    TRY(shutdown(ends[1], SHUT_RD));
    look("reading shut", ends[1]);
    TRY(recv(ends[1], buffer, 9, 0));
    TRY(send(ends[1], "z", 1, 0));
    TRY(shutdown(ends[1], SHUT_WR));
    look("both shut", ends[1]);
    close_both(ends);
}

static void refusals(void) {
    const int gone = bound_udp();
    const int port = port_of(gone);
    close(gone);
    const int fd = udp();
    TRY(connect4(fd, "127.0.0.1", port));
    TRY(send(fd, "one", 3, 0));
    look("refused", fd);
    TRY(send(fd, "two", 3, 0));
    look("told", fd);
    TRY(send(fd, "three", 5, 0));
    TRY(recv(fd, buffer, 9, 0));
    TRY(send(fd, "four", 4, 0));
    printf("pending %s, then %s\n", pending(fd), pending(fd));
    TRY(recv(fd, buffer, 9, MSG_DONTWAIT));
    TRY(recv(fd, buffer, 9, MSG_ERRQUEUE));
    TRY(set(fd, SOL_IP, IP_RECVERR, 1));
    TRY(get(fd, SOL_IP, IP_RECVERR));
    TRY(send(fd, "payload", 7, 0));
    look("with a queue", fd);
    receive("the error", fd, 5, sizeof(control), MSG_ERRQUEUE);
    look("taken", fd);
    receive("no more", fd, 9, sizeof(control), MSG_ERRQUEUE);
    TRY(send(fd, "first", 5, 0));
    TRY(send(fd, "second", 6, 0));
    TRY(send(fd, "third", 5, 0));
    TRY(recv(fd, buffer, 9, MSG_DONTWAIT));
    look("the queue is left", fd);
    receive("short of control", fd, 9, 20, MSG_ERRQUEUE);
    receive("without control", fd, 9, 0, MSG_ERRQUEUE);
    receive("again", fd, 9, sizeof(control), MSG_ERRQUEUE);
    TRY(set(fd, SOL_SOCKET, SO_SELECT_ERR_QUEUE, 1));
    TRY(send(fd, "x", 1, 0));
    look("by priority", fd);
    TRY(set(fd, SOL_IP, IP_RECVERR, 0));
    look("emptied", fd);
    receive("none", fd, 9, sizeof(control), MSG_ERRQUEUE);
    close(fd);
    const int unconnected = udp();
    struct sockaddr_in to = v4("127.0.0.1", port);
    TRY(sendto(unconnected, "x", 1, 0, (struct sockaddr*)&to, sizeof(to)));
    look("not connected", unconnected);
    TRY(set(unconnected, SOL_IP, IP_RECVERR, 1));
    TRY(sendto(unconnected, "y", 1, 0, (struct sockaddr*)&to, sizeof(to)));
    look("but asked for", unconnected);
    receive("of whom", unconnected, 9, sizeof(control), MSG_ERRQUEUE);
    TRY(sendto(unconnected, buffer, 65508, 0, (struct sockaddr*)&to, sizeof(to)));
    receive("too long", unconnected, 9, sizeof(control), MSG_ERRQUEUE);
    TRY(sendto(unconnected, buffer, 2000, 0, (struct sockaddr*)&to, sizeof(to)));
    receive("what is quoted", unconnected, sizeof(buffer), sizeof(control), MSG_ERRQUEUE);
    close(unconnected);
    const int six = socket(AF_INET6, SOCK_DGRAM, 0);
    TRY(set(six, SOL_IPV6, IPV6_RECVERR, 1));
    TRY(connect6(six, "::1", port));
    TRY(send(six, "x", 1, 0));
    receive("of IPv6", six, 9, sizeof(control), MSG_ERRQUEUE);
    TRY(send(six, buffer, 3000, 0));
    receive("what is quoted", six, sizeof(buffer), sizeof(control), MSG_ERRQUEUE);
    close(six);
}

static void stamps(void) {
    int ends[2];
    connected_udp(ends);
    TRY(set(ends[1], SOL_SOCKET, SO_TIMESTAMP, 1));
    TRY(send(ends[0], "a", 1, 0));
    receive("microseconds", ends[1], 9, sizeof(control), 0);
    TRY(set(ends[1], SOL_SOCKET, SO_TIMESTAMPNS, 1));
    TRY(get(ends[1], SOL_SOCKET, SO_TIMESTAMP));
    TRY(send(ends[0], "b", 1, 0));
    struct timespec before, stamp;
    clock_gettime(CLOCK_REALTIME, &before);
    receive("nanoseconds", ends[1], 9, sizeof(control), 0);
    memcpy(&stamp, CMSG_DATA((struct cmsghdr*)control), sizeof(stamp));
    printf("of this minute %d\n", before.tv_sec - stamp.tv_sec < 60 && stamp.tv_sec <= before.tv_sec);
    TRY(set(ends[1], SOL_SOCKET, SO_TIMESTAMPNS_NEW, 1));
    TRY(send(ends[0], "c", 1, 0));
    receive("of the new form", ends[1], 9, sizeof(control), 0);
    TRY(set(ends[1], SOL_SOCKET, SO_TIMESTAMP_NEW, 1));
    TRY(send(ends[0], "d", 1, 0));
    receive("of the new form", ends[1], 9, sizeof(control), 0);
    TRY(set(ends[1], SOL_SOCKET, SO_TIMESTAMP, 0));
    TRY(set(ends[1], SOL_SOCKET, SO_TIMESTAMPING, (1 << 3) | (1 << 4)));
    TRY(send(ends[0], "e", 1, 0));
    receive("three times", ends[1], 9, sizeof(control), 0);
    TRY(set(ends[1], SOL_SOCKET, SO_TIMESTAMPING, 1 << 30));
    TRY(set(ends[1], SOL_SOCKET, SO_TIMESTAMPING, 0));
    TRY(set(ends[1], SOL_SOCKET, SO_RXQ_OVFL, 1));
    TRY(set(ends[1], SOL_SOCKET, SO_RCVMARK, 1));
    TRY(set(ends[0], SOL_SOCKET, SO_MARK, 0x77));
    TRY(set(ends[1], SOL_SOCKET, SO_RCVBUF, 0));
    for (int i = 0; i < 12; i++) {
        send(ends[0], buffer, 100, 0);
    }
    int kept = 0;
    while (recv(ends[1], buffer, 200, MSG_DONTWAIT) == 100) {
        kept++;
    }
    printf("kept %d\n", kept);
    TRY(send(ends[0], "f", 1, 0));
    receive("what was lost", ends[1], 9, sizeof(control), 0);
    close_both(ends);
}

static void pieces(void) {
    int ends[2];
    connected_udp(ends);
    TRY(send(ends[0], "one ", 4, MSG_MORE));
    TRY(recv(ends[1], buffer, 20, MSG_DONTWAIT));
    TRY(send(ends[0], "two ", 4, MSG_MORE));
    TRY(send(ends[0], kBadAddress, 4, MSG_MORE));
    TRY(send(ends[0], "three", 5, 0));
    show("together", recv(ends[1], buffer, 20, MSG_DONTWAIT));
    show("and", recv(ends[1], buffer, 20, MSG_DONTWAIT));
    TRY(set(ends[0], IPPROTO_UDP, UDP_CORK, 1));
    TRY(get(ends[0], IPPROTO_UDP, UDP_CORK));
    TRY(send(ends[0], "corked ", 7, 0));
    TRY(send(ends[0], "twice", 5, 0));
    TRY(recv(ends[1], buffer, 20, MSG_DONTWAIT));
    TRY(set(ends[0], IPPROTO_UDP, UDP_CORK, 0));
    show("uncorked", recv(ends[1], buffer, 20, MSG_DONTWAIT));
    TRY(send(ends[0], buffer, 60000, MSG_MORE));
    TRY(send(ends[0], buffer, 6000, 0));
    show("too long", recv(ends[1], buffer, 20, MSG_DONTWAIT));
    TRY(send(ends[0], "", 0, MSG_MORE));
    TRY(send(ends[0], "after nothing", 13, 0));
    show("one", recv(ends[1], buffer, 20, MSG_DONTWAIT));
    show("or two", recv(ends[1], buffer, 20, MSG_DONTWAIT));
    const int other = bound_udp();
    const struct sockaddr_in to = v4("127.0.0.1", port_of(other));
    TRY(send(ends[0], "first ", 6, MSG_MORE));
    TRY(sendto(ends[0], "decides", 7, 0, (const struct sockaddr*)&to, sizeof(to)));
    show("the other", recv(other, buffer, 20, MSG_DONTWAIT));
    show("the first", recv(ends[1], buffer, 20, MSG_DONTWAIT));
    TRY(send(ends[0], "lost", 4, MSG_MORE));
    close(other);
    close_both(ends);
}

static void several(void) {
    int ends[2];
    connected_udp(ends);
    struct iovec parts[4];
    struct mmsghdr messages[4] = {0};
    for (int i = 0; i < 4; i++) {
        parts[i] = (struct iovec){"abcd", (size_t)i + 1};
        messages[i].msg_hdr = (struct msghdr){.msg_iov = &parts[i], .msg_iovlen = 1};
    }
    TRY(sendmmsg(ends[0], messages, 4, 0));
    printf("%u %u\n", messages[0].msg_len, messages[3].msg_len);
    TRY(sendmmsg(ends[0], messages, 0, 0));
    parts[2].iov_base = kBadAddress;
    TRY(sendmmsg(ends[0], messages, 4, 0));
    parts[0].iov_base = kBadAddress;
    TRY(sendmmsg(ends[0], messages, 4, 0));
    TRY(sendmmsg(ends[0], kBadAddress, 4, 0));
    TRY(sendmmsg(99, messages, 4, 0));
    for (int i = 0; i < 4; i++) {
        parts[i] = (struct iovec){buffer + 16 * i, 16};
        messages[i].msg_len = 99;
    }
    TRY(recvmmsg(ends[1], messages, 2, MSG_DONTWAIT, NULL));
    printf("%u %u %u\n", messages[0].msg_len, messages[1].msg_len, messages[2].msg_len);
    parts[1].iov_base = kBadAddress;
    TRY(recvmmsg(ends[1], messages, 4, MSG_DONTWAIT, NULL));
    TRY(recvmmsg(ends[1], messages, 4, MSG_DONTWAIT, NULL));
    parts[1].iov_base = buffer;
    TRY(recvmmsg(ends[1], messages, 4, MSG_WAITFORONE, NULL));
    TRY(recvmmsg(ends[1], messages, 4, MSG_DONTWAIT, NULL));
    TRY(recvmmsg(ends[1], messages, 0, MSG_DONTWAIT, NULL));
    struct timespec time = {0, 1000000000};
    TRY(recvmmsg(ends[1], messages, 4, 0, &time));
    TRY(recvmmsg(ends[1], messages, 4, 0, kBadAddress));
    time = (struct timespec){0, 1};
    TRY(send(ends[0], "x", 1, 0));
    TRY(recvmmsg(ends[1], messages, 4, 0, &time));
    printf("left %ld %ld\n", (long)time.tv_sec, time.tv_nsec);
    close_both(ends);
}

static void controls(void) {
    int ends[2];
    connected_udp(ends);
    TRY(set(ends[1], SOL_IP, IP_PKTINFO, 1));
    TRY(set(ends[1], SOL_IP, IP_RECVTTL, 1));
    TRY(set(ends[1], SOL_IP, IP_RECVTOS, 1));
    TRY(set(ends[1], SOL_IP, IP_RECVORIGDSTADDR, 1));
    TRY(set(ends[0], SOL_IP, IP_TTL, 9));
    TRY(set(ends[0], SOL_IP, IP_TOS, 0x10));
    TRY(send(ends[0], "all", 3, 0));
    receive("all of it", ends[1], 9, sizeof(control), MSG_PEEK);
    receive("cut", ends[1], 9, 40, MSG_PEEK);
    receive("cut in a header", ends[1], 9, 8, 0);
    struct {
        struct cmsghdr header;
        int value;
        int padding;
    } one = {{CMSG_LEN(sizeof(int)), SOL_IP, IP_TTL}, 33, 0};
    struct iovec part = {"ttl", 3};
    struct msghdr message = {
        .msg_iov = &part, .msg_iovlen = 1, .msg_control = &one, .msg_controllen = sizeof(one)};
    TRY(sendmsg(ends[0], &message, 0));
    receive("another ttl", ends[1], 9, sizeof(control), 0);
    one.value = 0;
    TRY(sendmsg(ends[0], &message, 0));
    one.value = 256;
    TRY(sendmsg(ends[0], &message, 0));
    one.header.cmsg_type = IP_TOS;
    one.value = 0x20;
    TRY(sendmsg(ends[0], &message, 0));
    receive("another tos", ends[1], 9, sizeof(control), 0);
    one.value = 0x120;
    TRY(sendmsg(ends[0], &message, 0));
    one.header.cmsg_type = 99;
    TRY(sendmsg(ends[0], &message, 0));
    one.header.cmsg_level = IPPROTO_UDP;
    one.header.cmsg_type = 99;
    TRY(sendmsg(ends[0], &message, 0));
    one.header.cmsg_level = SOL_SOCKET;
    one.header.cmsg_type = SCM_RIGHTS;
    TRY(sendmsg(ends[0], &message, 0));
    one.header.cmsg_type = 99;
    TRY(sendmsg(ends[0], &message, 0));
    one.header.cmsg_type = SO_MARK;
    TRY(sendmsg(ends[0], &message, 0));
    one.header.cmsg_len = 15;
    TRY(sendmsg(ends[0], &message, 0));
    one.header.cmsg_len = CMSG_LEN(sizeof(int)) + 100;
    TRY(sendmsg(ends[0], &message, 0));
    message.msg_control = kBadAddress;
    TRY(sendmsg(ends[0], &message, 0));
    message.msg_controllen = 100000;
    TRY(sendmsg(ends[0], &message, 0));
    struct {
        struct cmsghdr header;
        struct in_pktinfo info;
        int padding;
    } from = {{CMSG_LEN(sizeof(struct in_pktinfo)), SOL_IP, IP_PKTINFO},
              {.ipi_spec_dst.s_addr = htonl(0x7f000007)},
              0};
    message.msg_control = &from;
    message.msg_controllen = sizeof(from);
    const int any = udp(), loose = bound_udp();
    const struct sockaddr_in to = v4("127.0.0.1", port_of(loose));
    message.msg_name = (void*)&to;
    message.msg_namelen = sizeof(to);
    TRY(sendmsg(any, &message, 0));
    receive("from a chosen address", loose, 9, 0, 0);
    from.info.ipi_spec_dst.s_addr = htonl(0xc0000201);
    TRY(sendmsg(any, &message, 0));
    from.info.ipi_spec_dst.s_addr = 0;
    from.info.ipi_ifindex = 7;
    TRY(sendmsg(any, &message, 0));
    close(any);
    close(loose);
    while (recv(ends[1], buffer, 9, MSG_DONTWAIT) > 0) {
    }
    close_both(ends);
}

static const struct Behaviour kBehaviours[] = {
    {"names", names},   {"sizes", sizes},       {"faults", faults},
    {"halves", halves}, {"refusals", refusals}, {"stamps", stamps},
    {"pieces", pieces}, {"several", several},   {"controls", controls},
};

int main(int count, char** arguments) {
    memset(buffer, 0, sizeof(buffer));  // all of it is there, also for calls that do not look at it
    signal(SIGPIPE, SIG_IGN);
    return RUN_BEHAVIOURS(kBehaviours, count, arguments);
}
