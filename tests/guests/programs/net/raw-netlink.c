// The questions about interfaces and addresses: netlink as getifaddrs asks it, and the older ioctls.
#include <arpa/inet.h>
#include <errno.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#define SHOW(expression)                                                                     \
    do {                                                                                     \
        errno = 0;                                                                           \
        long value = (long)(expression);                                                     \
        printf("%s: %ld %s\n", #expression, value, value < 0 ? strerrorname_np(errno) : ""); \
    } while (0)

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
    SHOW(send(fd, &what, sizeof(what), 0));
    answers(fd, room);
}

static void netlink(void) {
    int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
    struct sockaddr_nl name = {.nl_family = AF_NETLINK, .nl_pid = kOwnId};
    socklen_t length = sizeof(name);
    SHOW(bind(fd, (struct sockaddr*)&name, 4));
    SHOW(bind(fd, (struct sockaddr*)&name, sizeof(name)));
    int other = socket(AF_NETLINK, SOCK_DGRAM, NETLINK_ROUTE);
    SHOW(bind(other, (struct sockaddr*)&name, sizeof(name)));
    close(other);
    SHOW(getsockname(fd, (struct sockaddr*)&name, &length));
    SHOW(name.nl_pid);
    SHOW(length);
    const int dump = NLM_F_REQUEST | NLM_F_DUMP;
    ask(fd, question(RTM_GETADDR, dump, AF_INET), 56);
    ask(fd, question(RTM_GETADDR, dump, AF_INET6), 44);
    ask(fd, question(RTM_GETADDR, dump, AF_UNSPEC), 44);
    ask(fd, question(RTM_GETLINK, NLM_F_REQUEST, AF_UNSPEC), 256);
    ask(fd, question(200, NLM_F_REQUEST, AF_UNSPEC), 256);
    ask(fd, question(NLMSG_NOOP, NLM_F_REQUEST | NLM_F_ACK, AF_UNSPEC), 256);
    ask(fd, question(RTM_GETADDR, 0, AF_INET), 256);
    SHOW(send(fd, "abc", 3, 0));
    SHOW(send(fd, "abc", 0, 0));
    SHOW(send(fd, "abc", 3, MSG_OOB));
    SHOW(shutdown(fd, SHUT_WR));
    SHOW(listen(fd, 1));
    SHOW(socket(AF_NETLINK, SOCK_STREAM, NETLINK_ROUTE));
    SHOW(socket(AF_NETLINK, SOCK_RAW, 40));
    close(fd);
}

static void interfaces(void) {
    int fd = socket(AF_INET, SOCK_DGRAM, 0);
    struct ifreq request = {.ifr_name = "lo"};
    SHOW(ioctl(fd, SIOCGIFINDEX, &request));
    SHOW(request.ifr_ifindex);
    SHOW(ioctl(fd, SIOCGIFFLAGS, &request));
    SHOW(request.ifr_flags);
    SHOW(ioctl(fd, SIOCGIFMTU, &request));
    SHOW(request.ifr_mtu);
    SHOW(ioctl(fd, SIOCGIFADDR, &request));
    SHOW(ntohl(((struct sockaddr_in*)&request.ifr_addr)->sin_addr.s_addr));
    SHOW(ioctl(fd, SIOCGIFNETMASK, &request));
    SHOW(ntohl(((struct sockaddr_in*)&request.ifr_addr)->sin_addr.s_addr));
    SHOW(ioctl(fd, SIOCGIFHWADDR, &request));
    SHOW(request.ifr_hwaddr.sa_family);
    request.ifr_ifindex = 1;
    SHOW(ioctl(fd, SIOCGIFNAME, &request));
    request.ifr_ifindex = 9;
    SHOW(ioctl(fd, SIOCGIFNAME, &request));
    strcpy(request.ifr_name, "none");
    SHOW(ioctl(fd, SIOCGIFINDEX, &request));
    struct ifreq list[2];
    struct ifconf all = {.ifc_len = sizeof(list), .ifc_req = list};
    SHOW(ioctl(fd, SIOCGIFCONF, &all));
    SHOW(all.ifc_len);
    SHOW(if_nametoindex("lo"));
    close(fd);
}

int main(void) {
    netlink();
    interfaces();
    return 0;
}
