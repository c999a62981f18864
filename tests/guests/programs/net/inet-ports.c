// Who may have a port: binding, sharing by SO_REUSEADDR and SO_REUSEPORT, both families on one port, and
// groups.
#include <errno.h>
#include <signal.h>
#include <unistd.h>

#include "inet.h"

static int six(int type) {
    return socket(AF_INET6, type, 0);
}

static void binding(void) {
    const int fd = tcp();
    struct sockaddr_in name = v4("127.0.0.1", 0);
    TRY(bind(fd, (struct sockaddr*)&name, 15));
    TRY(bind(fd, (struct sockaddr*)&name, 1));
    TRY(bind(fd, (struct sockaddr*)&name, -1));
    TRY(bind(fd, (struct sockaddr*)&name, 129));
    TRY(bind(fd, kBadAddress, 16));
    TRY(bind(99, (struct sockaddr*)&name, 16));
    name.sin_family = AF_INET6;
    TRY(bind(fd, (struct sockaddr*)&name, 16));
    name.sin_family = AF_UNSPEC;
    TRY(bind(fd, (struct sockaddr*)&name, 16));
    TRY(bind4(fd, "192.0.2.1", 0));
    TRY(bind4(fd, "224.0.0.1", 0));
    TRY(bind4(fd, "255.255.255.255", 0));
    TRY(bind4(fd, "127.255.255.255", 0));
    TRY(bind4(fd, "127.3.2.1", 0));
    show_names(fd);
    TRY(bind4(fd, "127.0.0.1", 0));
    close(fd);
    const int any = tcp();
    name = v4("0.0.0.0", 0);
    name.sin_family = AF_UNSPEC;
    TRY(bind(any, (struct sockaddr*)&name, 16));
    show_names(any);
    close(any);
    const int datagram = udp();
    TRY(bind4(datagram, "224.0.0.1", 0));
    close(datagram);
    const int other = udp();
    TRY(bind4(other, "255.255.255.255", 0));
    TRY(bind4(other, "127.255.255.255", 0));
    close(other);
    const int free_bind = tcp();
    TRY(set(free_bind, SOL_IP, IP_FREEBIND, 1));
    TRY(bind4(free_bind, "192.0.2.1", 0));
    close(free_bind);
    int wide = six(SOCK_STREAM);
    const struct sockaddr_in6 long_name = v6("::1", 0);
    TRY(bind(wide, (const struct sockaddr*)&long_name, 23));
    TRY(bind6(wide, "2001:db8::1", 0));
    TRY(bind6(wide, "ff02::1", 0));
    TRY(bind6(wide, "fe80::1", 0));
    TRY(bind4(wide, "127.0.0.1", 0));
    TRY(bind6(wide, "::ffff:127.0.0.1", 0));
    show_names(wide);
    TRY(connect6(wide, "::1", 1));
    close(wide);
    wide = six(SOCK_STREAM);
    TRY(set(wide, SOL_IPV6, IPV6_V6ONLY, 1));
    TRY(bind6(wide, "::ffff:127.0.0.1", 0));
    TRY(connect6(wide, "::ffff:127.0.0.1", 1));
    TRY(bind6(wide, "::1", 0));
    TRY(set(wide, SOL_IPV6, IPV6_V6ONLY, 0));
    close(wide);
}

static void low_ports(void) {
    TRY(seteuid(65534));
    const int fd = tcp();
    TRY(bind4(fd, "127.0.0.1", 1023));
    TRY(bind4(fd, "127.0.0.1", 1024));
    close(fd);
    TRY(seteuid(0));
    const int again = tcp();
    TRY(bind4(again, "127.0.0.1", 1023));
    close(again);
}

// Tries a second socket on the port of a first, with the options of each.
static void pair_up(int type, const char* first_at, const char* second_at, int first_reuse, int second_reuse,
                    int listens) {
    const int first = socket(AF_INET, type, 0), second = socket(AF_INET, type, 0);
    if (first_reuse != 0) {
        set(first, SOL_SOCKET, first_reuse, 1);
    }
    if (second_reuse != 0) {
        set(second, SOL_SOCKET, second_reuse, 1);
    }
    bind4(first, first_at, 0);
    if (listens) {
        listen(first, 1);
    }
    errno = 0;
    const int bound = bind4(second, second_at, port_of(first));
    printf("%s %s %s, options %d %d%s: %s", type == SOCK_STREAM ? "tcp" : "udp", first_at, second_at,
           first_reuse, second_reuse, listens ? ", listens" : "",
           bound == 0 ? "bound" : strerrorname_np(errno));
    if (type == SOCK_STREAM) {
        errno = 0;
        printf(", %s", listen(second, 1) == 0 ? "listens" : strerrorname_np(errno));
    }
    puts("");
    close(first);
    close(second);
}

static void sharing(void) {
    static const int kReuse[] = {0, SO_REUSEADDR, SO_REUSEPORT};
    for (int first = 0; first < 3; first++) {
        for (int second = 0; second < 3; second++) {
            pair_up(SOCK_STREAM, "127.0.0.1", "127.0.0.1", kReuse[first], kReuse[second], 0);
            pair_up(SOCK_STREAM, "127.0.0.1", "127.0.0.1", kReuse[first], kReuse[second], 1);
            pair_up(SOCK_DGRAM, "127.0.0.1", "127.0.0.1", kReuse[first], kReuse[second], 0);
        }
    }
    pair_up(SOCK_STREAM, "127.0.0.1", "127.0.0.2", 0, 0, 1);
    pair_up(SOCK_STREAM, "0.0.0.0", "127.0.0.2", 0, 0, 1);
    pair_up(SOCK_STREAM, "127.0.0.1", "0.0.0.0", SO_REUSEADDR, SO_REUSEADDR, 0);
    pair_up(SOCK_STREAM, "127.0.0.1", "0.0.0.0", SO_REUSEADDR, SO_REUSEADDR, 1);
    pair_up(SOCK_DGRAM, "127.0.0.1", "0.0.0.0", 0, 0, 0);
    const int first = tcp(), second = udp();
    bind4(first, "127.0.0.1", 0);
    TRY(bind4(second, "127.0.0.1", port_of(first)));
    close(first);
    close(second);
    // Another user's port is not shared.
    const int mine = tcp(), theirs = tcp();
    set(mine, SOL_SOCKET, SO_REUSEPORT, 1);
    bind4(mine, "127.0.0.1", 0);
    seteuid(65534);
    const int others = tcp();
    set(others, SOL_SOCKET, SO_REUSEPORT, 1);
    TRY(bind4(others, "127.0.0.1", port_of(mine)));
    seteuid(0);
    close(others);
    close(mine);
    close(theirs);
}

static void families(void) {
    const int wide = six(SOCK_STREAM);
    TRY(bind6(wide, "::", 0));
    const int port = port_of(wide);
    const int narrow = tcp();
    TRY(bind4(narrow, "127.0.0.1", port));
    TRY(bind4(narrow, "0.0.0.0", port));
    TRY(listen(wide, 3));
    const int four = tcp(), other = six(SOCK_STREAM), mapped = six(SOCK_STREAM);
    TRY(connect4(four, "127.0.0.1", port));
    TRY(connect6(other, "::1", port));
    TRY(connect6(mapped, "::ffff:127.0.0.1", port));
    for (int i = 0; i < 3; i++) {
        struct sockaddr_in6 name;
        socklen_t length = sizeof(name);
        const int taken = accept(wide, (struct sockaddr*)&name, &length);
        show_name("accepted", &name, length);
        show_names(taken);
        TRY(get(taken, SOL_SOCKET, SO_DOMAIN));
        TRY(get(taken, SOL_IPV6, IPV6_V6ONLY));
        close(taken);
    }
    show_names(mapped);
    close(narrow);
    close(wide);
    const int only = six(SOCK_STREAM);
    TRY(set(only, SOL_IPV6, IPV6_V6ONLY, 1));
    TRY(bind6(only, "::", 0));
    TRY(listen(only, 1));
    const int beside = tcp();
    TRY(bind4(beside, "0.0.0.0", port_of(only)));
    const int refused = tcp();
    TRY(connect4(refused, "127.0.0.1", port_of(only)));
    close(refused);
    close(beside);
    close(only);
    close(four);
    close(other);
    close(mapped);
    const int datagrams = six(SOCK_DGRAM);
    TRY(bind6(datagrams, "::", 0));
    TRY(set(datagrams, SOL_IPV6, IPV6_RECVPKTINFO, 1));
    const int sender = udp();
    TRY(connect4(sender, "127.0.0.1", port_of(datagrams)));
    TRY(send(sender, "v4", 2, 0));
    struct sockaddr_in6 name;
    socklen_t length = sizeof(name);
    TRY(recvfrom(datagrams, buffer, 9, 0, (struct sockaddr*)&name, &length));
    show_name("from", &name, length);
    TRY(sendto(datagrams, "back", 4, 0, (struct sockaddr*)&name, length));
    TRY(recv(sender, buffer, 9, MSG_DONTWAIT));
    close(sender);
    close(datagrams);
}

static void ephemeral(void) {
    const int first = tcp(), second = tcp(), third = udp();
    TRY(listen(first, 1));
    TRY(port_of(first) >= 32768 && port_of(first) < 61000);
    TRY(bind4(second, "127.0.0.1", 0));
    TRY(port_of(second) >= 32768 && port_of(second) < 61000);
    TRY(port_of(second) != port_of(first));
    TRY(connect4(third, "127.0.0.1", 9));
    TRY(port_of(third) >= 32768 && port_of(third) < 61000);
    close(first);
    close(second);
    close(third);
}

static int membership(int fd, int option, const char* group, const char* interface, int index) {
    struct ip_mreqn request = {.imr_ifindex = index};
    inet_pton(AF_INET, group, &request.imr_multiaddr);
    inet_pton(AF_INET, interface, &request.imr_address);
    return setsockopt(fd, SOL_IP, option, &request, sizeof(request));
}

static void groups(void) {
    const int one = udp(), two = udp(), sender = udp();
    set(one, SOL_SOCKET, SO_REUSEADDR, 1);
    set(two, SOL_SOCKET, SO_REUSEADDR, 1);
    TRY(bind4(one, "0.0.0.0", 0));
    TRY(bind4(two, "0.0.0.0", port_of(one)));
    TRY(membership(one, IP_ADD_MEMBERSHIP, "239.1.2.3", "127.0.0.1", 0));
    TRY(membership(one, IP_ADD_MEMBERSHIP, "239.1.2.3", "127.0.0.1", 0));
    TRY(membership(one, IP_ADD_MEMBERSHIP, "127.0.0.1", "127.0.0.1", 0));
    TRY(membership(one, IP_ADD_MEMBERSHIP, "239.1.2.3", "192.0.2.1", 0));
    TRY(membership(one, IP_ADD_MEMBERSHIP, "239.1.2.4", "0.0.0.0", 9));
    TRY(membership(one, IP_ADD_MEMBERSHIP, "239.1.2.4", "0.0.0.0", 0));
    TRY(membership(one, IP_DROP_MEMBERSHIP, "239.9.9.9", "127.0.0.1", 0));
    TRY(setsockopt(one, SOL_IP, IP_ADD_MEMBERSHIP, buffer, 4));
    TRY(setsockopt(one, SOL_IP, IP_ADD_MEMBERSHIP, kBadAddress, 12));
    TRY(set(two, SOL_IP, IP_MULTICAST_ALL, 0));
    TRY(set(sender, SOL_IP, IP_MULTICAST_TTL, 256));
    TRY(set(sender, SOL_IP, IP_MULTICAST_TTL, -1));
    TRY(get(sender, SOL_IP, IP_MULTICAST_TTL));
    TRY(get(sender, SOL_IP, IP_MULTICAST_LOOP));
    const struct in_addr interface = {htonl(INADDR_LOOPBACK)};
    TRY(setsockopt(sender, SOL_IP, IP_MULTICAST_IF, &interface, 3));
    TRY(setsockopt(sender, SOL_IP, IP_MULTICAST_IF, &interface, sizeof(interface)));
    const struct sockaddr_in to = v4("239.1.2.3", port_of(one)), others = v4("239.7.7.7", port_of(one));
    TRY(sendto(sender, "group", 5, 0, (const struct sockaddr*)&to, sizeof(to)));
    TRY(sendto(sender, "nobody", 6, 0, (const struct sockaddr*)&others, sizeof(others)));
    TRY(recv(one, buffer, 9, MSG_DONTWAIT));
    TRY(recv(one, buffer, 9, MSG_DONTWAIT));
    TRY(recv(two, buffer, 9, MSG_DONTWAIT));
    TRY(membership(one, IP_DROP_MEMBERSHIP, "239.1.2.3", "127.0.0.1", 0));
    TRY(sendto(sender, "left", 4, 0, (const struct sockaddr*)&to, sizeof(to)));
    TRY(recv(one, buffer, 9, MSG_DONTWAIT));
    TRY(set(tcp(), SOL_IP, IP_ADD_MEMBERSHIP, 0));
    TRY(set(sender, SOL_SOCKET, SO_BROADCAST, 1));
    const struct sockaddr_in everyone = v4("127.255.255.255", port_of(one));
    TRY(sendto(sender, "all", 3, 0, (const struct sockaddr*)&everyone, sizeof(everyone)));
    TRY(recv(one, buffer, 9, MSG_DONTWAIT));
    TRY(recv(two, buffer, 9, MSG_DONTWAIT));
    close(one);
    close(two);
    close(sender);
    const int wide = six(SOCK_DGRAM);
    struct ipv6_mreq six_request = {.ipv6mr_interface = 1};
    inet_pton(AF_INET6, "ff01::77", &six_request.ipv6mr_multiaddr);
    TRY(bind6(wide, "::", 0));
    TRY(setsockopt(wide, SOL_IPV6, IPV6_ADD_MEMBERSHIP, &six_request, sizeof(six_request)));
    TRY(setsockopt(wide, SOL_IPV6, IPV6_ADD_MEMBERSHIP, &six_request, sizeof(six_request)));
    TRY(setsockopt(wide, SOL_IPV6, IPV6_ADD_MEMBERSHIP, &six_request, 19));
    TRY(set(wide, SOL_IPV6, IPV6_MULTICAST_IF, 1));
    TRY(set(wide, SOL_IPV6, IPV6_MULTICAST_IF, 9));
    const struct sockaddr_in6 six_to = v6("ff01::77", port_of(wide));
    TRY(sendto(wide, "six", 3, 0, (const struct sockaddr*)&six_to, sizeof(six_to)));
    TRY(recv(wide, buffer, 9, MSG_DONTWAIT));
    TRY(setsockopt(wide, SOL_IPV6, IPV6_DROP_MEMBERSHIP, &six_request, sizeof(six_request)));
    TRY(setsockopt(wide, SOL_IPV6, IPV6_DROP_MEMBERSHIP, &six_request, sizeof(six_request)));
    six_request.ipv6mr_interface = 9;
    TRY(setsockopt(wide, SOL_IPV6, IPV6_ADD_MEMBERSHIP, &six_request, sizeof(six_request)));
    close(wide);
}

static const struct Behaviour kBehaviours[] = {
    {"binding", binding},   {"low-ports", low_ports}, {"sharing", sharing},
    {"families", families}, {"ephemeral", ephemeral}, {"groups", groups},
};

int main(int count, char** arguments) {
    signal(SIGPIPE, SIG_IGN);
    return RUN_BEHAVIOURS(kBehaviours, count, arguments);
}
