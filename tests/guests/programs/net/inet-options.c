// Options of TCP, IP and IPv6 as sets and gets of every number, and those that are more than a number.
#include <errno.h>
#include <signal.h>
#include <sys/uio.h>
#include <unistd.h>

#include "inet.h"

enum { kNames = 80 };

// Sets one option to several values, and shows what is kept. Nothing is shown of names that are not there.
static void try_values(int fd, int level, int name) {
    static const int kValues[] = {0,   1,   2,    3,     5,     64, 100, 127,       128,
                                  255, 256, 1000, 32767, 32768, -1, -2,  0x7fffffff};
    int was = -77;
    socklen_t length = sizeof(was);
    errno = 0;
    const int got = getsockopt(fd, level, name, &was, &length);
    const int get_error = errno;
    if (got < 0 && get_error == ENOPROTOOPT) {
        const int one = 1;
        errno = 0;
        if (setsockopt(fd, level, name, &one, sizeof(one)) < 0 && errno == ENOPROTOOPT) {
            return;
        }
        printf("%d: no get, %s\n", name, strerrorname_np(errno));
        return;
    }
    printf("%d: %s %d of %d:", name, got < 0 ? strerrorname_np(get_error) : "is", got < 0 ? 0 : was,
           (int)length);
    for (size_t i = 0; i < sizeof(kValues) / sizeof(*kValues); i++) {
        errno = 0;
        if (set(fd, level, name, kValues[i]) < 0) {
            printf(" %s", strerrorname_np(errno));
        } else {
            printf(" %d", get(fd, level, name));
        }
    }
    puts("");
}

static void sweep(int fd, int level, const int* left_out, size_t count) {
    for (int name = 0; name < kNames; name++) {
        int is_out = 0;
        for (size_t i = 0; i < count; i++) {
            is_out = is_out || left_out[i] == name;
        }
        if (!is_out) {
            try_values(fd, level, name);
        }
    }
    close(fd);
}

static void tcp_numbers(void) {
    static const int kLeftOut[] = {TCP_INFO,          TCP_MD5SIG,           TCP_REPAIR,
                                   TCP_ULP,           TCP_CC_INFO,          TCP_TIMESTAMP,
                                   TCP_SAVED_SYN,     TCP_ZEROCOPY_RECEIVE, TCP_FASTOPEN,
                                   TCP_FASTOPEN_KEY,  TCP_MD5SIG_EXT,       TCP_CONGESTION,
                                   TCP_REPAIR_WINDOW, TCP_FASTOPEN_CONNECT, TCP_COOKIE_TRANSACTIONS};
    sweep(tcp(), IPPROTO_TCP, kLeftOut, sizeof(kLeftOut) / sizeof(*kLeftOut));
}

static void ip_numbers(void) {
    static const int kLeftOut[] = {IP_OPTIONS,
                                   IP_HDRINCL,
                                   IP_ROUTER_ALERT,
                                   IP_IPSEC_POLICY,
                                   IP_XFRM_POLICY,
                                   IP_MSFILTER,
                                   IP_MULTICAST_IF,
                                   IP_ADD_MEMBERSHIP,
                                   IP_DROP_MEMBERSHIP,
                                   IP_UNICAST_IF,
                                   IP_PKTOPTIONS,
                                   IP_BLOCK_SOURCE,
                                   IP_UNBLOCK_SOURCE,
                                   IP_ADD_SOURCE_MEMBERSHIP,
                                   IP_DROP_SOURCE_MEMBERSHIP,
                                   MCAST_JOIN_GROUP,
                                   MCAST_BLOCK_SOURCE,
                                   MCAST_UNBLOCK_SOURCE,
                                   MCAST_LEAVE_GROUP,
                                   MCAST_JOIN_SOURCE_GROUP,
                                   MCAST_LEAVE_SOURCE_GROUP,
                                   MCAST_MSFILTER,
                                   IP_NODEFRAG,
                                   51};
    puts("tcp");
    sweep(tcp(), SOL_IP, kLeftOut, sizeof(kLeftOut) / sizeof(*kLeftOut));
    puts("udp");
    sweep(udp(), SOL_IP, kLeftOut, sizeof(kLeftOut) / sizeof(*kLeftOut));
}

static void ipv6_numbers(void) {
    static const int kLeftOut[] = {IPV6_ADDRFORM,
                                   IPV6_2292PKTOPTIONS,
                                   IPV6_CHECKSUM,
                                   IPV6_NEXTHOP,
                                   IPV6_AUTHHDR,
                                   IPV6_MULTICAST_IF,
                                   IPV6_ADD_MEMBERSHIP,
                                   IPV6_DROP_MEMBERSHIP,
                                   IPV6_ROUTER_ALERT,
                                   IPV6_MTU,
                                   27,
                                   28,
                                   30,
                                   32,
                                   33,
                                   34,
                                   35,
                                   42,
                                   43,
                                   44,
                                   45,
                                   46,
                                   47,
                                   48,
                                   IPV6_PKTINFO,
                                   IPV6_HOPOPTS,
                                   IPV6_RTHDRDSTOPTS,
                                   IPV6_RTHDR,
                                   IPV6_DSTOPTS,
                                   IPV6_PATHMTU,
                                   64,
                                   65,
                                   68,
                                   72,
                                   73,
                                   76,
                                   77};
    sweep(socket(AF_INET6, SOCK_DGRAM, 0), SOL_IPV6, kLeftOut, sizeof(kLeftOut) / sizeof(*kLeftOut));
}

static void forms(void) {
    const int fd = tcp();
    char byte = 7;
    int number = 1;
    socklen_t length = 4;
    TRY(setsockopt(fd, SOL_IP, IP_TTL, &byte, 1));
    TRY(get(fd, SOL_IP, IP_TTL));
    TRY(setsockopt(fd, SOL_IP, IP_TTL, &byte, 0));
    TRY(setsockopt(fd, SOL_IP, IP_TOS, &byte, 0));
    TRY(setsockopt(fd, SOL_IP, IP_RECVTTL, &byte, 0));
    TRY(setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &byte, 1));
    TRY(setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &number, -1));
    TRY(setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, kBadAddress, 4));
    TRY(setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, kBadAddress, 4));
    TRY(setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &number, 3));
    TRY(setsockopt(fd, 250, 1, &number, 4));
    TRY(getsockopt(fd, 250, 1, &number, &length));
    TRY(setsockopt(fd, IPPROTO_UDP, 1, &number, 4));
    TRY(setsockopt(fd, SOL_IPV6, IPV6_V6ONLY, &number, 4));
    length = 1;
    TRY(getsockopt(fd, SOL_IP, IP_TTL, &byte, &length));
    printf("%d of %d\n", byte, (int)length);
    length = 3;
    TRY(getsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &number, &length));
    printf("length %d\n", (int)length);
    length = 0;
    TRY(getsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &number, &length));
    length = (socklen_t)-1;
    TRY(getsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &number, &length));
    length = 100;
    TRY(getsockopt(fd, IPPROTO_TCP, TCP_NODELAY, kBadAddress, &length));
    TRY(getsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &number, kBadAddress));
    char name[20] = "";
    length = sizeof(name);
    TRY(getsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, name, &length));
    printf("%s %d\n", name, (int)length);
    TRY(setsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, "reno", 4));
    length = 3;
    TRY(getsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, name, &length));
    printf("%.3s %d\n", name, (int)length);
    TRY(setsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, "", 0));
    TRY(setsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, "nothing", 7));
    TRY(get(fd, SOL_IP, IP_MTU));
    TRY(set(fd, IPPROTO_TCP, TCP_MAXSEG, 87));
    TRY(set(fd, IPPROTO_TCP, TCP_MAXSEG, 88));
    TRY(get(fd, IPPROTO_TCP, TCP_MAXSEG));
    TRY(set(fd, IPPROTO_TCP, TCP_MAXSEG, 32768));
    close(fd);
    int ends[2];
    connected(ends);
    TRY(get(ends[0], SOL_IP, IP_MTU));
    TRY(get(ends[0], IPPROTO_TCP, TCP_MAXSEG));
    TRY(set(ends[0], IPPROTO_TCP, TCP_MAXSEG, 1000));
    TRY(set(ends[0], IPPROTO_TCP, TCP_WINDOW_CLAMP, 0));
    struct tcp_info info;
    length = 6;
    TRY(getsockopt(ends[0], IPPROTO_TCP, TCP_INFO, &info, &length));
    printf("state %d options %x, length %d\n", info.tcpi_state, info.tcpi_options, (int)length);
    length = 1;
    TRY(getsockopt(ends[0], IPPROTO_TCP, TCP_INFO, kBadAddress, &length));
    TRY(get(ends[0], IPPROTO_TCP, TCP_MAXSEG));
    close_both(ends);
    const int from = listener(1), small = tcp();
    TRY(set(small, IPPROTO_TCP, TCP_MAXSEG, 1000));
    TRY(connect4(small, "127.0.0.1", port_of(from)));
    TRY(get(small, IPPROTO_TCP, TCP_MAXSEG));
    const int taken = accept(from, NULL, NULL);
    TRY(get(taken, IPPROTO_TCP, TCP_MAXSEG));
    close(small);
    close(taken);
    TRY(set(from, IPPROTO_TCP, TCP_MAXSEG, 500));
    const int other = tcp();
    TRY(connect4(other, "127.0.0.1", port_of(from)));
    TRY(get(other, IPPROTO_TCP, TCP_MAXSEG));
    TRY(get(from, IPPROTO_TCP, TCP_MAXSEG));
    close(other);
    close(from);
    const int six = socket(AF_INET6, SOCK_STREAM, 0);
    TRY(get(six, SOL_IPV6, IPV6_ADDRFORM));
    TRY(set(six, SOL_IPV6, IPV6_UNICAST_HOPS, 256));
    TRY(set(six, SOL_IPV6, IPV6_UNICAST_HOPS, -2));
    TRY(set(six, SOL_IP, IP_TTL, 5));
    TRY(setsockopt(six, SOL_IPV6, IPV6_V6ONLY, &number, 3));
    TRY(getsockopt(six, SOL_IPV6, 100, &number, &length));
    TRY(bind6(six, "::1", 0));
    TRY(set(six, SOL_IPV6, IPV6_V6ONLY, 1));
    close(six);
}

static const struct Behaviour kBehaviours[] = {
    {"tcp", tcp_numbers},
    {"ip", ip_numbers},
    {"ipv6", ipv6_numbers},
    {"forms", forms},
};

int main(int count, char** arguments) {
    signal(SIGPIPE, SIG_IGN);
    return RUN_BEHAVIOURS(kBehaviours, count, arguments);
}
