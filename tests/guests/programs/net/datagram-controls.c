// Control messages of datagram sockets, byte for byte: what IPv6 and IPv4 take with a send, what they tell of
// a datagram, and what the queue of errors says. The ports are fixed, so that all bytes are the same each
// time.
#include <errno.h>
#include <netinet/udp.h>
#include <sys/uio.h>

#include "inet.h"

enum { First = 4510, Second, Third, Nobody = 4599, Room = 512 };

static char control[Room];

static int six(void) {
    return socket(AF_INET6, SOCK_DGRAM, 0);
}

static void show_bytes(const unsigned char* bytes, size_t size) {
    for (size_t i = 0; i < size; i++) {
        printf("%02x", bytes[i]);
    }
}

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
    printf("%s: %ld flags %x, control %d, from ", label, result, message.msg_flags,
           (int)message.msg_controllen);
    show_bytes((const unsigned char*)&name, message.msg_namelen);
    puts("");
    for (struct cmsghdr* one = CMSG_FIRSTHDR(&message); one != NULL; one = CMSG_NXTHDR(&message, one)) {
        printf("  level %d type %d length %d ", one->cmsg_level, one->cmsg_type, (int)one->cmsg_len);
        show_bytes(CMSG_DATA(one), one->cmsg_len - sizeof(*one));
        puts("");
    }
}

// One control message.
struct Control {
    int level;
    int type;
    size_t size;
};

static void put(struct msghdr* message, struct Control what, const void* value) {
    struct cmsghdr* const one = (struct cmsghdr*)((char*)message->msg_control + message->msg_controllen);
    one->cmsg_level = what.level;
    one->cmsg_type = what.type;
    one->cmsg_len = CMSG_LEN(what.size);
    memcpy(CMSG_DATA(one), value, what.size);
    message->msg_controllen += CMSG_LEN(what.size);  // the last needs no padding
}

static void send_with(int fd, const void* name, socklen_t length, struct Control what, const void* value) {
    static char room[Room];
    memset(room, 0, sizeof(room));
    struct iovec part = {"datagram", 8};
    struct msghdr message = {.msg_name = (void*)name,
                             .msg_namelen = length,
                             .msg_iov = &part,
                             .msg_iovlen = 1,
                             .msg_control = room};
    put(&message, what, value);
    errno = 0;
    const long result = sendmsg(fd, &message, 0);
    printf("level %d type %d of %d: %ld %s\n", what.level, what.type, (int)what.size, result,
           result < 0 ? strerrorname_np(errno) : "");
}

static void send_numbers(int fd, int receiver, const void* name, socklen_t length, int level, int type) {
    static const int kValues[] = {-2, -1, 0, 1, 33, 254, 255, 256, 0x1020};
    for (size_t i = 0; i < sizeof(kValues) / sizeof(*kValues); i++) {
        printf("%d: ", kValues[i]);
        send_with(fd, name, length, (struct Control){level, type, sizeof(int)}, &kValues[i]);
        receive("  arrives", receiver, 20, Room, 0);
    }
    static const size_t kSizes[] = {0, 1, 2, 3, 5, 8};
    for (size_t i = 0; i < sizeof(kSizes) / sizeof(*kSizes); i++) {
        send_with(fd, name, length, (struct Control){level, type, kSizes[i]}, "\x21\0\0\0\0\0\0");
        receive("  arrives", receiver, 20, Room, 0);
    }
}

static void tell_all6(int fd) {
    TRY(set(fd, SOL_IPV6, IPV6_RECVPKTINFO, 1));
    TRY(set(fd, SOL_IPV6, IPV6_RECVHOPLIMIT, 1));
    TRY(set(fd, SOL_IPV6, IPV6_RECVTCLASS, 1));
}

static void of_ipv6(void) {
    const int receiver = six(), sender = six();
    TRY(bind6(receiver, "::1", First));
    TRY(bind6(sender, "::1", Second));
    tell_all6(receiver);
    const struct sockaddr_in6 to = v6("::1", First);
    TRY(set(sender, SOL_IPV6, IPV6_UNICAST_HOPS, 9));
    TRY(set(sender, SOL_IPV6, IPV6_TCLASS, 0x30));
    TRY(sendto(sender, "plain", 5, 0, (const struct sockaddr*)&to, sizeof(to)));
    receive("plain", receiver, 20, Room, MSG_PEEK);
    receive("two of three", receiver, 20, 56 + 32, MSG_PEEK);
    receive("cut in the first", receiver, 20, 30, MSG_PEEK);
    receive("cut in a header", receiver, 20, 15, 0);
    send_numbers(sender, receiver, &to, sizeof(to), SOL_IPV6, IPV6_HOPLIMIT);
    send_numbers(sender, receiver, &to, sizeof(to), SOL_IPV6, IPV6_TCLASS);
    send_with(sender, &to, sizeof(to), (struct Control){SOL_IPV6, 99, 4}, "\0\0\0\0");
    send_with(sender, &to, sizeof(to), (struct Control){SOL_IP, IP_TTL, 4}, "\x07\0\0\0");
    receive("another family's is nothing", receiver, 20, Room, 0);
    const int loose = six();
    struct in6_pktinfo info = {.ipi6_ifindex = 1};
    inet_pton(AF_INET6, "::1", &info.ipi6_addr);
    send_with(loose, &to, sizeof(to), (struct Control){SOL_IPV6, IPV6_PKTINFO, sizeof(info)}, &info);
    struct sockaddr_in6 name;
    socklen_t length = sizeof(name);
    TRY(recvfrom(receiver, buffer, 20, MSG_DONTWAIT, (struct sockaddr*)&name, &length));
    show_name("from", &name, length);
    send_with(loose, &to, sizeof(to), (struct Control){SOL_IPV6, IPV6_PKTINFO, sizeof(info) - 1}, &info);
    info.ipi6_ifindex = 7;
    send_with(loose, &to, sizeof(to), (struct Control){SOL_IPV6, IPV6_PKTINFO, sizeof(info)}, &info);
    info.ipi6_ifindex = 0;
    inet_pton(AF_INET6, "2001:db8::9", &info.ipi6_addr);
    send_with(loose, &to, sizeof(to), (struct Control){SOL_IPV6, IPV6_PKTINFO, sizeof(info)}, &info);
    inet_pton(AF_INET6, "::", &info.ipi6_addr);
    send_with(loose, &to, sizeof(to), (struct Control){SOL_IPV6, IPV6_PKTINFO, sizeof(info)}, &info);
    TRY(recv(receiver, buffer, 20, MSG_DONTWAIT));
    TRY(recv(receiver, buffer, 20, MSG_DONTWAIT));
    close_range(3, 20, 0);
}

static void of_ipv4(void) {
    const int receiver = udp(), sender = udp();
    TRY(bind4(receiver, "127.0.0.2", First));
    TRY(bind4(sender, "127.0.0.1", Second));
    TRY(set(receiver, SOL_IP, IP_PKTINFO, 1));
    TRY(set(receiver, SOL_IP, IP_RECVTTL, 1));
    TRY(set(receiver, SOL_IP, IP_RECVTOS, 1));
    TRY(set(receiver, SOL_IP, IP_RECVORIGDSTADDR, 1));
    const struct sockaddr_in to = v4("127.0.0.2", First);
    TRY(set(sender, SOL_IP, IP_TTL, 5));
    TRY(set(sender, SOL_IP, IP_TOS, 0x1b));
    TRY(sendto(sender, "plain", 5, 0, (const struct sockaddr*)&to, sizeof(to)));
    receive("plain", receiver, 20, Room, MSG_PEEK);
    receive("without the last", receiver, 20, 90, 0);
    send_numbers(sender, receiver, &to, sizeof(to), SOL_IP, IP_TTL);
    send_numbers(sender, receiver, &to, sizeof(to), SOL_IP, IP_TOS);
    send_with(sender, &to, sizeof(to), (struct Control){SOL_IPV6, IPV6_HOPLIMIT, 4}, "\x07\0\0\0");
    receive("another family's is nothing", receiver, 20, Room, 0);
    struct in_pktinfo info = {.ipi_ifindex = 1};
    inet_pton(AF_INET, "127.0.0.9", &info.ipi_spec_dst);
    const int loose = udp();
    TRY(bind4(loose, "0.0.0.0", Third));
    send_with(loose, &to, sizeof(to), (struct Control){SOL_IP, IP_PKTINFO, sizeof(info)}, &info);
    receive("from a chosen address", receiver, 20, Room, 0);
    send_with(loose, &to, sizeof(to), (struct Control){SOL_IP, IP_PKTINFO, sizeof(info) - 1}, &info);
    info.ipi_ifindex = 7;
    send_with(loose, &to, sizeof(to), (struct Control){SOL_IP, IP_PKTINFO, sizeof(info)}, &info);
    close_range(3, 20, 0);
}

// An IPv6 socket that speaks IPv4.
static void of_both(void) {
    const int receiver = six(), sender = six(), old = udp();
    TRY(bind6(receiver, "::", First));
    TRY(bind6(sender, "::ffff:127.0.0.1", Second));
    TRY(bind4(old, "127.0.0.3", Third));
    tell_all6(receiver);
    TRY(set(receiver, SOL_IP, IP_RECVTTL, 1));
    TRY(set(receiver, SOL_IP, IP_RECVTOS, 1));
    const struct sockaddr_in6 to = v6("::ffff:127.0.0.4", First);
    const struct sockaddr_in old_to = v4("127.0.0.5", First);
    TRY(sendto(sender, "mapped", 6, 0, (const struct sockaddr*)&to, sizeof(to)));
    receive("mapped", receiver, 20, Room, 0);
    TRY(set(receiver, SOL_IP, IP_PKTINFO, 1));
    TRY(sendto(sender, "mapped", 6, 0, (const struct sockaddr*)&to, sizeof(to)));
    receive("with two of a kind", receiver, 20, Room, 0);
    TRY(set(sender, SOL_IP, IP_TTL, 77));
    TRY(set(sender, SOL_IP, IP_TOS, 0x24));
    send_with(sender, &to, sizeof(to), (struct Control){SOL_IP, IP_TTL, 4}, "\x21\0\0\0");
    receive("of IPv4", receiver, 20, Room, 0);
    send_with(sender, &to, sizeof(to), (struct Control){SOL_IPV6, IPV6_HOPLIMIT, 4}, "\x21\0\0\0");
    receive("of IPv6", receiver, 20, Room, 0);
    TRY(sendto(old, "old", 3, 0, (const struct sockaddr*)&old_to, sizeof(old_to)));
    receive("from an old socket", receiver, 20, Room, 0);
    TRY(sendto(sender, "by an old name", 14, 0, (const struct sockaddr*)&old_to, sizeof(old_to)));
    receive("by an old name", receiver, 20, Room, 0);
    TRY(set(sender, SOL_IPV6, IPV6_V6ONLY, 1));
    TRY(sendto(sender, "x", 1, 0, (const struct sockaddr*)&old_to, sizeof(old_to)));
    close_range(3, 20, 0);
}

static void of_all(void) {
    const int receiver = bound_udp(), sender = udp();
    const struct sockaddr_in to = v4("127.0.0.1", port_of(receiver));
    TRY(bind4(sender, "127.0.0.1", Second));
    TRY(set(receiver, SOL_SOCKET, SO_RCVMARK, 1));
    static const struct Control kWrong[] = {
        {SOL_SOCKET, SO_MARK, 3},         {SOL_SOCKET, SO_MARK, 8},
        {SOL_SOCKET, SO_TIMESTAMPING, 3}, {SOL_SOCKET, SCM_CREDENTIALS, 12},
        {SOL_SOCKET, SCM_RIGHTS, 4},      {SOL_SOCKET, SO_BROADCAST, 4},
        {IPPROTO_UDP, UDP_SEGMENT, 1},    {IPPROTO_UDP, UDP_SEGMENT, 4},
        {IPPROTO_UDP, UDP_GRO, 2},        {IPPROTO_TCP, 1, 4},
    };
    for (size_t i = 0; i < sizeof(kWrong) / sizeof(*kWrong); i++) {
        send_with(sender, &to, sizeof(to), kWrong[i], "\0\0\0\0\0\0\0\0\0\0\0\0");
        receive("  arrives", receiver, 20, Room, 0);
    }
    const unsigned mark = 0x77;
    send_with(sender, &to, sizeof(to), (struct Control){SOL_SOCKET, SO_MARK, 4}, &mark);
    receive("marked", receiver, 20, Room, 0);
    const unsigned short segment = 3;
    send_with(sender, &to, sizeof(to), (struct Control){IPPROTO_UDP, UDP_SEGMENT, 2}, &segment);
    TRY(recv(receiver, buffer, 20, MSG_DONTWAIT));
    TRY(recv(receiver, buffer, 20, MSG_DONTWAIT));
    TRY(recv(receiver, buffer, 20, MSG_DONTWAIT));
    TRY(set(receiver, IPPROTO_UDP, UDP_GRO, 1));
    send_with(sender, &to, sizeof(to), (struct Control){IPPROTO_UDP, UDP_SEGMENT, 2}, &segment);
    receive("together", receiver, 20, Room, 0);
    TRY(seteuid(65534));
    send_with(sender, &to, sizeof(to), (struct Control){SOL_SOCKET, SO_MARK, 4}, &mark);
    TRY(seteuid(0));
    close_range(3, 20, 0);
}

static void show_queue(const char* label, int fd) {
    look(label, fd);
    receive("  first", fd, 5, Room, MSG_ERRQUEUE);
    receive("  second", fd, 5, Room, MSG_ERRQUEUE);
    printf("  pending %s\n", pending(fd));
}

static void of_errors(void) {
    const struct sockaddr_in to = v4("127.0.0.1", Nobody), far = v4("127.9.9.9", Nobody + 1);
    const struct sockaddr_in6 to6 = v6("::1", Nobody), mapped = v6("::ffff:127.0.0.6", Nobody);
    const int four = udp(), wide = six();
    TRY(set(four, SOL_IP, IP_RECVERR, 1));
    TRY(sendto(four, "one", 3, 0, (const struct sockaddr*)&to, sizeof(to)));
    TRY(sendto(four, "two", 3, 0, (const struct sockaddr*)&far, sizeof(far)));
    TRY(sendto(four, "again two", 9, 0, (const struct sockaddr*)&far, sizeof(far)));
    show_queue("of IPv4", four);
    TRY(sendto(four, "more than that", 14, 0, (const struct sockaddr*)&to, sizeof(to)));
    TRY(sendto(four, buffer, 65530, 0, (const struct sockaddr*)&to, sizeof(to)));
    TRY(sendto(four, buffer, 65530, 0, (const struct sockaddr*)&to, sizeof(to)));
    TRY(sendto(four, buffer, 65530, 0, (const struct sockaddr*)&to, sizeof(to)));
    receive("  to nobody", four, 5, 20, MSG_ERRQUEUE);
    receive("  too long", four, 0, Room, MSG_ERRQUEUE | MSG_PEEK);
    receive("  that too", four, 0, 30, MSG_ERRQUEUE);
    receive("  no more", four, 0, Room, MSG_ERRQUEUE);
    TRY(set(wide, SOL_IPV6, IPV6_RECVERR, 1));
    TRY(sendto(wide, "six", 3, 0, (const struct sockaddr*)&to6, sizeof(to6)));
    show_queue("of IPv6", wide);
    TRY(sendto(wide, "mapped", 6, 0, (const struct sockaddr*)&mapped, sizeof(mapped)));
    show_queue("mapped, not asked for", wide);
    TRY(set(wide, SOL_IP, IP_RECVERR, 1));
    TRY(sendto(wide, "mapped", 6, 0, (const struct sockaddr*)&mapped, sizeof(mapped)));
    TRY(sendto(wide, "six", 3, 0, (const struct sockaddr*)&to6, sizeof(to6)));
    TRY(sendto(wide, "six", 3, 0, (const struct sockaddr*)&to6, sizeof(to6)));
    show_queue("mapped, asked for", wide);
    TRY(sendto(wide, "kept", 4, 0, (const struct sockaddr*)&to6, sizeof(to6)));
    TRY(set(wide, SOL_IPV6, IPV6_RECVERR, 0));
    show_queue("not asked for any more", wide);
    close_range(3, 20, 0);
}

static const struct Behaviour kBehaviours[] = {
    {"ipv6", of_ipv6}, {"ipv4", of_ipv4}, {"both", of_both}, {"all", of_all}, {"errors", of_errors},
};

int main(int count, char** arguments) {
    memset(buffer, 0, sizeof(buffer));  // all of it is there, also for calls that do not look at it
    return RUN_BEHAVIOURS(kBehaviours, count, arguments);
}
