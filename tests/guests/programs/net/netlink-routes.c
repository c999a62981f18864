// NETLINK_ROUTE beyond getifaddrs: routes of both families, what is refused, sockets' own rules, and
// interfaces by ioctl.
#include <errno.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <signal.h>
#include <unistd.h>

#include "inet.h"

struct Request {
    struct nlmsghdr header;
    union {
        struct rtgenmsg general;
        struct ifinfomsg link;
        struct rtmsg route;
        struct ifaddrmsg address;
    };
    char rest[64];
};

static int netlink(void) {
    return socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE);
}

// One with an id that is always the same.
static int bound_netlink(void) {
    const struct sockaddr_nl name = {.nl_family = AF_NETLINK, .nl_pid = 4242};
    const int fd = netlink();
    bind(fd, (const struct sockaddr*)&name, sizeof(name));
    return fd;
}

static void show_attributes(const struct rtattr* one, int left, const int* shown, size_t count) {
    for (; RTA_OK(one, left); one = RTA_NEXT(one, left)) {
        printf(" %d/%d", one->rta_type & NLA_TYPE_MASK, (int)RTA_PAYLOAD(one));
        for (size_t i = 0; i < count; i++) {
            if (shown[i] == one->rta_type) {
                const unsigned char* bytes = RTA_DATA(one);
                printf("=");
                for (size_t k = 0; k < RTA_PAYLOAD(one) && k < 16; k++) {
                    printf("%02x", bytes[k]);
                }
            }
        }
    }
    puts("");
}

static void show_message(const struct nlmsghdr* message) {
    static const int kOfRoutes[] = {RTA_DST, RTA_OIF, RTA_PREFSRC, RTA_TABLE, RTA_PRIORITY, RTA_PREF};
    printf("type %d flags %x:", message->nlmsg_type, message->nlmsg_flags);
    const char* body = NLMSG_DATA(message);
    const int left = (int)NLMSG_PAYLOAD(message, 0);
    if (message->nlmsg_type == NLMSG_ERROR) {
        const struct nlmsgerr* told = (const struct nlmsgerr*)body;
        printf(" error %s\n", told->error == 0 ? "none" : strerrorname_np(-told->error));
    } else if (message->nlmsg_type == NLMSG_DONE) {
        puts(" done");
    } else if (message->nlmsg_type == RTM_NEWROUTE) {
        const struct rtmsg* route = (const struct rtmsg*)body;
        printf(" family %d /%d table %d protocol %d scope %d type %d flags %x:", route->rtm_family,
               route->rtm_dst_len, route->rtm_table, route->rtm_protocol, route->rtm_scope, route->rtm_type,
               route->rtm_flags);
        show_attributes(RTM_RTA(route), left - (int)NLMSG_ALIGN(sizeof(*route)), kOfRoutes, 6);
    } else {
        printf(" %d bytes\n", left);
    }
}

static void ask(int fd, const char* label, struct Request request, size_t size) {
    printf("%s\n", label);
    request.header.nlmsg_len = (unsigned)size;
    request.header.nlmsg_seq = 5;
    if (send(fd, &request, size, 0) < 0) {
        printf("send: %s\n", strerrorname_np(errno));
    }
    for (;;) {
        const ssize_t count = recv(fd, buffer, 16384, MSG_DONTWAIT);
        if (count < 0) {
            return;
        }
        unsigned left = (unsigned)count;
        for (struct nlmsghdr* one = (struct nlmsghdr*)buffer; NLMSG_OK(one, left);
             one = NLMSG_NEXT(one, left)) {
            show_message(one);
        }
    }
}

static struct Request of_type(int type, int flags) {
    return (struct Request){
        .header = {.nlmsg_type = (unsigned short)type, .nlmsg_flags = (unsigned short)flags}};
}

static void routes(void) {
    const int fd = bound_netlink();
    const int dump = NLM_F_REQUEST | NLM_F_DUMP;
    const size_t size = NLMSG_LENGTH(sizeof(struct rtmsg));
    struct Request request = of_type(RTM_GETROUTE, dump);
    request.route.rtm_family = AF_INET;
    ask(fd, "routes of IPv4", request, size);
    request.route.rtm_family = AF_INET6;
    ask(fd, "routes of IPv6", request, size);
    close(fd);
}

static void refusals(void) {
    const int fd = bound_netlink();
    const size_t size = NLMSG_LENGTH(sizeof(struct rtmsg));
    ask(fd, "no such type", of_type(250, NLM_F_REQUEST), size);
    ask(fd, "no request", of_type(RTM_GETLINK, 0), size);
    ask(fd, "a dump of none", of_type(250, NLM_F_REQUEST | NLM_F_DUMP), size);
    ask(fd, "nothing to do", of_type(NLMSG_NOOP, NLM_F_REQUEST | NLM_F_ACK), NLMSG_LENGTH(0));
    ask(fd, "nothing, quietly", of_type(NLMSG_NOOP, NLM_F_REQUEST), NLMSG_LENGTH(0));
    TRY(seteuid(65534));
    ask(fd, "a change by nobody", of_type(RTM_DELLINK, NLM_F_REQUEST),
        NLMSG_LENGTH(sizeof(struct ifinfomsg)));
    TRY(seteuid(0));
    TRY(send(fd, buffer, 15, 0));
    TRY(send(fd, buffer, 0, 0));
    TRY(send(fd, kBadAddress, 20, 0));
    TRY(recv(fd, buffer, 16, MSG_DONTWAIT));
    TRY(recv(fd, buffer, 16, MSG_OOB));
    close(fd);
}

static void sockets(void) {
    const int fd = netlink();
    struct sockaddr_nl name = {.nl_family = AF_NETLINK};
    socklen_t length = sizeof(name);
    look("new", fd);
    TRY(getsockname(fd, (struct sockaddr*)&name, &length));
    printf("%d of %d: %u %x\n", name.nl_family, (int)length, name.nl_pid, name.nl_groups);
    TRY(getpeername(fd, (struct sockaddr*)&name, &length));
    TRY(bind(fd, (struct sockaddr*)&name, 11));
    name.nl_family = AF_INET;
    TRY(bind(fd, (struct sockaddr*)&name, sizeof(name)));
    name = (struct sockaddr_nl){.nl_family = AF_NETLINK, .nl_pid = 77, .nl_groups = 1};
    TRY(bind(fd, (struct sockaddr*)&name, sizeof(name)));
    name.nl_pid = 78;
    TRY(bind(fd, (struct sockaddr*)&name, sizeof(name)));
    const int other = netlink();
    name.nl_pid = 77;
    TRY(bind(other, (struct sockaddr*)&name, sizeof(name)));
    TRY(connect(other, (struct sockaddr*)&name, 5));
    TRY(connect(other, (struct sockaddr*)&name, sizeof(name)));
    TRY(getpeername(other, (struct sockaddr*)&name, &length));
    printf("%u %x\n", name.nl_pid, name.nl_groups);
    TRY(send(other, "to a program", 12, 0));
    TRY(recv(fd, buffer, 20, MSG_DONTWAIT));
    name.nl_pid = 99;
    name.nl_groups = 0;
    TRY(sendto(other, "nobody", 6, 0, (struct sockaddr*)&name, sizeof(name)));
    TRY(listen(fd, 1));
    TRY(accept(fd, NULL, NULL));
    TRY(shutdown(fd, SHUT_RDWR));
    TRY(set(fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, 2));
    TRY(set(fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, 2000));
    TRY(set(fd, SOL_NETLINK, NETLINK_PKTINFO, 1));
    TRY(get(fd, SOL_NETLINK, NETLINK_PKTINFO));
    TRY(set(fd, SOL_NETLINK, NETLINK_EXT_ACK, 1));
    TRY(get(fd, SOL_NETLINK, NETLINK_EXT_ACK));
    TRY(set(fd, SOL_NETLINK, 77, 1));
    TRY(get(fd, SOL_NETLINK, 77));
    TRY(get(fd, SOL_SOCKET, SO_PROTOCOL));
    TRY(get(fd, SOL_SOCKET, SO_DOMAIN));
    TRY(asked(fd, FIONREAD));
    TRY(socket(AF_NETLINK, SOCK_STREAM, NETLINK_ROUTE));
    TRY(socket(AF_NETLINK, SOCK_RAW, -1));
    TRY(socket(AF_NETLINK, SOCK_RAW, 40));
    close(fd);
    close(other);
}

static void by_ioctl(void) {
    static const struct {
        const char* name;
        unsigned long request;
    } kAsked[] = {
        {"flags", SIOCGIFFLAGS},    {"address", SIOCGIFADDR},
        {"target", SIOCGIFDSTADDR}, {"broadcast", SIOCGIFBRDADDR},
        {"mask", SIOCGIFNETMASK},   {"metric", SIOCGIFMETRIC},
        {"mtu", SIOCGIFMTU},        {"hardware", SIOCGIFHWADDR},
        {"index", SIOCGIFINDEX},    {"queue", SIOCGIFTXQLEN},
        {"map", SIOCGIFMAP},        {"memory", 0x891f},
        {"slave", 0x8929},          {"count", SIOCGIFCOUNT},
        {"encapsulation", 0x8925},  {"pflags", SIOCGIFPFLAGS},
    };
    const int fd = udp();
    struct ifreq request;
    for (size_t i = 0; i < sizeof(kAsked) / sizeof(*kAsked); i++) {
        memset(&request, 0, sizeof(request));
        strcpy(request.ifr_name, "lo");
        errno = 0;
        const int result = ioctl(fd, kAsked[i].request, &request);
        printf("%s: %d %s", kAsked[i].name, result, result < 0 ? strerrorname_np(errno) : "");
        const unsigned char* bytes = (const unsigned char*)&request.ifr_ifru;
        for (int k = 0; result == 0 && k < 16; k++) {
            printf("%02x", bytes[k]);
        }
        puts("");
        TRY(ioctl(fd, kAsked[i].request, kBadAddress));
        strcpy(request.ifr_name, "eth7");
        TRY(ioctl(fd, kAsked[i].request, &request));
    }
    struct ifreq list[2];
    struct ifconf all = {.ifc_len = sizeof(list), .ifc_req = list};
    TRY(ioctl(fd, SIOCGIFCONF, &all));
    printf("%d %s\n", all.ifc_len, list[0].ifr_name);
    all.ifc_len = sizeof(list[0]) - 1;
    TRY(ioctl(fd, SIOCGIFCONF, &all));
    printf("%d\n", all.ifc_len);
    all = (struct ifconf){.ifc_len = 0};
    TRY(ioctl(fd, SIOCGIFCONF, &all));
    printf("%d\n", all.ifc_len);
    all = (struct ifconf){.ifc_len = sizeof(list), .ifc_buf = kBadAddress};
    TRY(ioctl(fd, SIOCGIFCONF, &all));
    TRY(ioctl(fd, SIOCGIFCONF, kBadAddress));
    memset(&request, 0, sizeof(request));
    request.ifr_ifindex = 1;
    TRY(ioctl(fd, SIOCGIFNAME, &request));
    printf("%s\n", request.ifr_name);
    request.ifr_ifindex = 2;
    TRY(ioctl(fd, SIOCGIFNAME, &request));
    TRY(seteuid(65534));
    strcpy(request.ifr_name, "lo");
    TRY(ioctl(fd, SIOCSIFFLAGS, &request));
    TRY(ioctl(fd, SIOCSIFMTU, &request));
    TRY(ioctl(fd, SIOCSIFADDR, &request));
    TRY(seteuid(0));
    TRY(ioctl(0, SIOCGIFFLAGS, &request));
    TRY(ioctl(fd, 0x89ff, &request));
    close(fd);
    const int local = socket(AF_UNIX, SOCK_DGRAM, 0);
    TRY(ioctl(local, SIOCGIFINDEX, &request));
    TRY(ioctl(local, SIOCGIFADDR, &request));
    close(local);
}

static const struct Behaviour kBehaviours[] = {
    {"routes", routes},
    {"refusals", refusals},
    {"sockets", sockets},
    {"ioctl", by_ioctl},
};

int main(int count, char** arguments) {
    signal(SIGPIPE, SIG_IGN);
    return RUN_BEHAVIOURS(kBehaviours, count, arguments);
}
