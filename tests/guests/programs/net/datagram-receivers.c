// Who gets a datagram: of several sockets on one port the one that fits it best, of a group's and a
// broadcast's all that want it.
#include <errno.h>

#include "inet.h"

enum { Port = 4520, Other };

static int open_at(int family, const char* address, int only6) {
    const int fd = socket(family, SOCK_DGRAM, 0);
    set(fd, SOL_SOCKET, SO_REUSEADDR, 1);
    if (family == AF_INET6) {
        set(fd, SOL_IPV6, IPV6_V6ONLY, only6);
    }
    const int result = family == AF_INET ? bind4(fd, address, Port) : bind6(fd, address, Port);
    if (result != 0) {
        printf("bind to %s: %s\n", address, strerrorname_np(errno));
    }
    return fd;
}

static void show_who(const char* label, const int* fds, int count) {
    printf("%s:", label);
    for (int i = 0; i < count; i++) {
        while (recv(fds[i], buffer, 20, MSG_DONTWAIT) >= 0) {
            printf(" %d", i);
        }
    }
    puts("");
}

static void send_to(int fd, const char* address) {
    int result;
    errno = 0;
    if (strchr(address, ':') != NULL) {
        const struct sockaddr_in6 to = v6(address, Port);
        result = (int)sendto(fd, "x", 1, 0, (const struct sockaddr*)&to, sizeof(to));
    } else {
        const struct sockaddr_in to = v4(address, Port);
        result = (int)sendto(fd, "x", 1, 0, (const struct sockaddr*)&to, sizeof(to));
    }
    if (result < 0) {
        printf("to %s: %s\n", address, strerrorname_np(errno));
    }
}

static void best(void) {
    enum { Count = 8 };
    const int four = udp(), six = socket(AF_INET6, SOCK_DGRAM, 0), stranger = udp();
    TRY(bind4(four, "127.0.0.1", Other));
    TRY(bind6(six, "::1", Other));
    static const char* const kTargets[] = {"127.0.0.1", "127.0.0.2", "127.0.0.3", "::1", "::ffff:127.0.0.1"};
    static const struct {
        int family;
        const char* address;
        int only6;
        int is_connected;
    } kSockets[Count] = {
        {AF_INET6, "::", 1, 0},     {AF_INET6, "::", 0, 0},       {AF_INET, "0.0.0.0", 0, 0},
        {AF_INET, "0.0.0.0", 0, 1}, {AF_INET6, "::1", 1, 0},      {AF_INET, "127.0.0.2", 0, 0},
        {AF_INET6, "::1", 1, 1},    {AF_INET, "127.0.0.2", 0, 1},
    };
    int fds[Count];
    for (int i = 0; i < Count; i++) {
        fds[i] = open_at(kSockets[i].family, kSockets[i].address, kSockets[i].only6);
        if (kSockets[i].is_connected) {
            TRY(kSockets[i].family == AF_INET ? connect4(fds[i], "127.0.0.1", Other)
                                              : connect6(fds[i], "::1", Other));
        }
        printf("with %d\n", i);
        for (size_t k = 0; k < sizeof(kTargets) / sizeof(*kTargets); k++) {
            send_to(strchr(kTargets[k], ':') != NULL ? six : four, kTargets[k]);
            show_who(kTargets[k], fds, i + 1);
            send_to(stranger, strchr(kTargets[k], ':') != NULL ? "127.0.0.9" : kTargets[k]);
            show_who("  from a stranger", fds, i + 1);
        }
    }
    close_range(3, 40, 0);
}

static void broadcasts(void) {
    enum { Count = 6 };
    const int sender = udp();
    int fds[Count] = {open_at(AF_INET, "0.0.0.0", 0),   open_at(AF_INET, "127.255.255.255", 0),
                      open_at(AF_INET, "127.0.0.1", 0), open_at(AF_INET6, "::", 0),
                      open_at(AF_INET6, "::", 1),       open_at(AF_INET, "0.0.0.0", 0)};
    TRY(bind4(sender, "127.0.0.1", Other));
    send_to(sender, "127.255.255.255");
    TRY(connect4(sender, "127.255.255.255", Port));
    TRY(set(sender, SOL_SOCKET, SO_BROADCAST, 1));
    send_to(sender, "127.255.255.255");
    show_who("a broadcast", fds, Count);
    TRY(connect4(fds[5], "127.0.0.1", Other));
    send_to(sender, "127.255.255.255");
    show_who("one is connected to the sender", fds, Count);
    TRY(connect4(fds[5], "127.0.0.1", Other + 1));
    send_to(sender, "127.255.255.255");
    show_who("to another", fds, Count);
    send_to(sender, "255.255.255.255");
    show_who("to everyone", fds, Count);
    TRY(connect4(sender, "127.255.255.255", Port));
    TRY(send(sender, "connected", 9, 0));
    show_who("by a connected socket", fds, Count);
    TRY(unconnect(sender));
    close_range(3, 40, 0);
}

static int join(int fd, int option, const char* group, const char* interface, int index, size_t size) {
    struct ip_mreqn request = {.imr_ifindex = index};
    inet_pton(AF_INET, group, &request.imr_multiaddr);
    inet_pton(AF_INET, interface, &request.imr_address);
    return setsockopt(fd, SOL_IP, option, &request, (socklen_t)size);
}

static int join6(int fd, int option, const char* group, unsigned index) {
    struct ipv6_mreq request = {.ipv6mr_interface = index};
    inet_pton(AF_INET6, group, &request.ipv6mr_multiaddr);
    return setsockopt(fd, SOL_IPV6, option, &request, sizeof(request));
}

static void groups(void) {
    enum { Count = 6 };
    const int sender = udp();
    const struct in_addr lo = {htonl(INADDR_LOOPBACK)};
    int fds[Count] = {open_at(AF_INET, "0.0.0.0", 0),   open_at(AF_INET, "239.1.1.1", 0),
                      open_at(AF_INET, "127.0.0.1", 0), open_at(AF_INET, "239.1.1.2", 0),
                      open_at(AF_INET6, "::", 0),       open_at(AF_INET, "0.0.0.0", 0)};
    TRY(bind4(sender, "127.0.0.1", Other));
    send_to(sender, "239.1.1.1");
    TRY(setsockopt(sender, SOL_IP, IP_MULTICAST_IF, &lo, sizeof(lo)));
    send_to(sender, "239.1.1.1");
    show_who("nobody has joined", fds, Count);
    send_to(sender, "224.0.0.1");
    show_who("all hosts", fds, Count);
    TRY(join(fds[2], IP_ADD_MEMBERSHIP, "239.1.1.1", "127.0.0.1", 0, 8));
    send_to(sender, "239.1.1.1");
    show_who("one has joined", fds, Count);
    TRY(set(fds[0], SOL_IP, IP_MULTICAST_ALL, 0));
    send_to(sender, "239.1.1.1");
    send_to(sender, "239.1.1.2");
    show_who("one does not want all", fds, Count);
    TRY(join(fds[0], IP_ADD_MEMBERSHIP, "239.1.1.1", "0.0.0.0", 1, 12));
    TRY(join(fds[0], IP_ADD_MEMBERSHIP, "239.1.1.1", "0.0.0.0", 1, 12));
    TRY(join(fds[0], IP_ADD_MEMBERSHIP, "239.1.1.2", "127.0.0.1", 0, 7));
    TRY(join(fds[0], IP_ADD_MEMBERSHIP, "239.1.1.2", "127.0.0.1", 9, 8));
    send_to(sender, "239.1.1.1");
    send_to(sender, "239.1.1.2");
    show_who("it joins", fds, Count);
    TRY(connect4(fds[5], "127.0.0.1", Other));
    send_to(sender, "239.1.1.2");
    show_who("one is connected to the sender", fds, Count);
    TRY(connect4(fds[5], "127.0.0.1", Other + 1));
    send_to(sender, "239.1.1.2");
    show_who("to another", fds, Count);
    TRY(connect4(fds[5], "127.0.0.2", Other));
    send_to(sender, "239.1.1.2");
    show_who("to another address", fds, Count);
    TRY(set(sender, SOL_IP, IP_MULTICAST_LOOP, 0));
    send_to(sender, "239.1.1.2");
    show_who("without a loop", fds, Count);
    TRY(set(sender, SOL_IP, IP_MULTICAST_TTL, 0));
    send_to(sender, "239.1.1.2");
    show_who("without hops", fds, Count);
    TRY(join(fds[0], IP_DROP_MEMBERSHIP, "239.1.1.1", "127.0.0.1", 0, 12));
    TRY(join(fds[0], IP_DROP_MEMBERSHIP, "239.1.1.1", "127.0.0.1", 0, 12));
    send_to(sender, "239.1.1.1");
    show_who("it has left", fds, Count);
    close(fds[2]);
    send_to(sender, "239.1.1.1");
    show_who("the last has closed", fds, 2);
    close_range(3, 40, 0);
}

static void interfaces(void) {
    const int fd = udp(), six = socket(AF_INET6, SOCK_DGRAM, 0);
    const int stream = tcp(), stream6 = socket(AF_INET6, SOCK_STREAM, 0);
    static const struct {
        const char* address;
        int index;
    } kWanted[] = {{"0.0.0.0", 0}, {"127.0.0.1", 0}, {"127.0.0.9", 0}, {"192.0.2.1", 0},
                   {"0.0.0.0", 1}, {"127.0.0.2", 1}, {"0.0.0.0", 7},   {"127.0.0.1", -1}};
    for (size_t i = 0; i < sizeof(kWanted) / sizeof(*kWanted); i++) {
        struct ip_mreqn request = {.imr_ifindex = kWanted[i].index};
        inet_pton(AF_INET, kWanted[i].address, &request.imr_address);
        printf("%s %d\n", kWanted[i].address, kWanted[i].index);
        TRY(setsockopt(fd, SOL_IP, IP_MULTICAST_IF, &request, 12));
        TRY(get(fd, SOL_IP, IP_MULTICAST_IF));
        TRY(setsockopt(fd, SOL_IP, IP_MULTICAST_IF, &request, 8));
        TRY(get(fd, SOL_IP, IP_MULTICAST_IF));
        TRY(setsockopt(fd, SOL_IP, IP_MULTICAST_IF, &request.imr_address, 4));
        TRY(get(fd, SOL_IP, IP_MULTICAST_IF));
        TRY(set(six, SOL_IPV6, IPV6_MULTICAST_IF, kWanted[i].index));
        TRY(get(six, SOL_IPV6, IPV6_MULTICAST_IF));
    }
    TRY(setsockopt(fd, SOL_IP, IP_MULTICAST_IF, kBadAddress, 12));
    TRY(setsockopt(fd, SOL_IP, IP_MULTICAST_IF, kBadAddress, 8));
    TRY(setsockopt(fd, SOL_IP, IP_MULTICAST_IF, kBadAddress, 4));
    TRY(set(stream, SOL_IP, IP_MULTICAST_IF, 0));
    TRY(set(stream, SOL_IP, IP_MULTICAST_TTL, 1));
    TRY(set(stream6, SOL_IPV6, IPV6_MULTICAST_IF, 1));
    TRY(set(stream6, SOL_IPV6, IPV6_MULTICAST_HOPS, 1));
    TRY(join6(stream6, IPV6_ADD_MEMBERSHIP, "ff02::5", 1));
    TRY(setsockopt(stream6, SOL_IPV6, IPV6_ADD_MEMBERSHIP, buffer, 19));
    TRY(join(stream, IP_ADD_MEMBERSHIP, "239.1.1.1", "127.0.0.1", 0, 12));
    TRY(join6(six, IPV6_ADD_MEMBERSHIP, "ff02::5", 1));
    TRY(join6(six, IPV6_ADD_MEMBERSHIP, "ff02::5", 1));
    TRY(join6(six, IPV6_ADD_MEMBERSHIP, "::1", 1));
    TRY(join6(six, IPV6_ADD_MEMBERSHIP, "::ffff:239.1.1.1", 1));
    TRY(join6(six, IPV6_ADD_MEMBERSHIP, "ff02::5", 9));
    TRY(join6(six, IPV6_DROP_MEMBERSHIP, "ff02::6", 1));
    TRY(join6(six, IPV6_DROP_MEMBERSHIP, "ff02::5", 1));
    TRY(join6(six, IPV6_DROP_MEMBERSHIP, "ff02::5", 1));
    close_range(3, 40, 0);
}

static const struct Behaviour kBehaviours[] = {
    {"best", best},
    {"broadcasts", broadcasts},
    {"groups", groups},
    {"interfaces", interfaces},
};

int main(int count, char** arguments) {
    memset(buffer, 0, sizeof(buffer));
    return RUN_BEHAVIOURS(kBehaviours, count, arguments);
}
