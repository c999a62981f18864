// The questions about interfaces and addresses: netlink as getifaddrs asks it, and the older ioctls.
#include <arpa/inet.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "../report.h"

enum { kOwnId = 4242 };

struct request {
    struct nlmsghdr header;
    struct rtgenmsg general;
    char padding[3];
};

static struct request question(int type, int flags, int family) {
    struct request result = {.general.rtgen_family = family};
    result.header.nlmsg_len = sizeof(result);
    result.header.nlmsg_type = type;
    result.header.nlmsg_flags = flags;
    result.header.nlmsg_seq = 77;
    return result;
}

// Only as far as no time of the machine's start is in it.
static void answers(int fd, size_t room) {
    unsigned char bytes[256];
    for (;;) {
        ssize_t count = recv(fd, bytes, room, MSG_DONTWAIT);
        if (count < 0) {
            return;
        }
        struct nlmsghdr* header = (struct nlmsghdr*)bytes;
        printf("answer of %zd: type %d length %u flags %x sequence %u id %u\n", count, header->nlmsg_type,
               header->nlmsg_len, header->nlmsg_flags, header->nlmsg_seq, header->nlmsg_pid);
    }
}

static void ask(int fd, struct request what, size_t room) {
    TRY(send(fd, &what, sizeof(what), 0));
    answers(fd, room);
}

static void netlink(void) {
    int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
    struct sockaddr_nl name = {.nl_family = AF_NETLINK, .nl_pid = kOwnId};
    socklen_t length = sizeof(name);
    TRY(bind(fd, (struct sockaddr*)&name, 4));
    TRY(bind(fd, (struct sockaddr*)&name, sizeof(name)));
    int other = socket(AF_NETLINK, SOCK_DGRAM, NETLINK_ROUTE);
    TRY(bind(other, (struct sockaddr*)&name, sizeof(name)));
    close(other);
    TRY(getsockname(fd, (struct sockaddr*)&name, &length));
    TRY(name.nl_pid);
    TRY(length);
    const int dump = NLM_F_REQUEST | NLM_F_DUMP;
    ask(fd, question(RTM_GETADDR, dump, AF_INET), 56);
    ask(fd, question(RTM_GETADDR, dump, AF_INET6), 44);
    ask(fd, question(RTM_GETADDR, dump, AF_UNSPEC), 44);
    ask(fd, question(RTM_GETLINK, NLM_F_REQUEST, AF_UNSPEC), 256);
    ask(fd, question(200, NLM_F_REQUEST, AF_UNSPEC), 256);
    ask(fd, question(NLMSG_NOOP, NLM_F_REQUEST | NLM_F_ACK, AF_UNSPEC), 256);
    ask(fd, question(RTM_GETADDR, 0, AF_INET), 256);
    TRY(send(fd, "abc", 3, 0));
    TRY(send(fd, "abc", 0, 0));
    TRY(send(fd, "abc", 3, MSG_OOB));
    TRY(shutdown(fd, SHUT_WR));
    TRY(listen(fd, 1));
    TRY(socket(AF_NETLINK, SOCK_STREAM, NETLINK_ROUTE));
    TRY(socket(AF_NETLINK, SOCK_RAW, 40));
    close(fd);
}

static void interfaces(void) {
    int fd = socket(AF_INET, SOCK_DGRAM, 0);
    struct ifreq request = {.ifr_name = "lo"};
    TRY(ioctl(fd, SIOCGIFINDEX, &request));
    TRY(request.ifr_ifindex);
    TRY(ioctl(fd, SIOCGIFFLAGS, &request));
    TRY(request.ifr_flags);
    TRY(ioctl(fd, SIOCGIFMTU, &request));
    TRY(request.ifr_mtu);
    TRY(ioctl(fd, SIOCGIFADDR, &request));
    TRY(ntohl(((struct sockaddr_in*)&request.ifr_addr)->sin_addr.s_addr));
    TRY(ioctl(fd, SIOCGIFNETMASK, &request));
    TRY(ntohl(((struct sockaddr_in*)&request.ifr_addr)->sin_addr.s_addr));
    TRY(ioctl(fd, SIOCGIFHWADDR, &request));
    TRY(request.ifr_hwaddr.sa_family);
    request.ifr_ifindex = 1;
    TRY(ioctl(fd, SIOCGIFNAME, &request));
    request.ifr_ifindex = 9;
    TRY(ioctl(fd, SIOCGIFNAME, &request));
    strcpy(request.ifr_name, "none");
    TRY(ioctl(fd, SIOCGIFINDEX, &request));
    struct ifreq list[2];
    struct ifconf all = {.ifc_len = sizeof(list), .ifc_req = list};
    TRY(ioctl(fd, SIOCGIFCONF, &all));
    TRY(all.ifc_len);
    TRY(if_nametoindex("lo"));
    close(fd);
}

int main(void) {
    netlink();
    interfaces();
    return 0;
}
