// Sockets that only they themselves hold, and the edges of netlink sockets and of options.
#include <errno.h>
#include <grp.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <signal.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/un.h>
#include <time.h>

#include "inet.h"

static struct sockaddr_un abstract(const char* name) {
    struct sockaddr_un result = {.sun_family = AF_UNIX};
    strcpy(result.sun_path + 1, name);
    return result;
}

static socklen_t size_of(const char* name) {
    return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + strlen(name));
}

// Sends files to the other end of a pair.
static void give(int to, const int* files, size_t count) {
    char control[CMSG_SPACE(sizeof(int) * 4)] = "";
    struct iovec part = {"f", 1};
    struct msghdr message = {.msg_iov = &part,
                             .msg_iovlen = 1,
                             .msg_control = control,
                             .msg_controllen = CMSG_LEN(sizeof(int) * count)};
    struct cmsghdr* const one = CMSG_FIRSTHDR(&message);
    one->cmsg_level = SOL_SOCKET;
    one->cmsg_type = SCM_RIGHTS;
    one->cmsg_len = CMSG_LEN(sizeof(int) * count);
    memcpy(CMSG_DATA(one), files, sizeof(int) * count);
    TRY(sendmsg(to, &message, 0));
}

// Whether anybody still has the end of the pipe that was sent along.
static void show_pipe(const char* label, int end) {
    struct pollfd polled = {end, POLLIN, 0};
    usleep(50000);  // Linux may look for them a little later
    poll(&polled, 1, 0);
    printf("%s: %x\n", label, polled.revents);
}

static void in_flight(void) {
    for (int type = SOCK_STREAM; type <= SOCK_DGRAM; type++) {
        int ends[2], others[2], pipes[2];
        // One that holds itself.
        TRY(pipe(pipes));
        TRY(socketpair(AF_UNIX, type, 0, ends));
        give(ends[0], (const int[]){ends[1], pipes[1]}, 2);
        print_fdinfo(ends[1]);
        close(pipes[1]);
        close(ends[0]);
        show_pipe("one end is open", pipes[0]);
        const int kept = dup(ends[1]);
        close(ends[1]);
        show_pipe("a duplicate is open", pipes[0]);
        close(kept);
        show_pipe("nobody has it", pipes[0]);
        close(pipes[0]);
        // Two that hold each other, one of which holds a third that is open, and a fourth through that.
        TRY(pipe(pipes));
        TRY(socketpair(AF_UNIX, type, 0, ends));
        TRY(socketpair(AF_UNIX, type, 0, others));
        give(ends[0], (const int[]){others[1]}, 1);
        give(others[0], (const int[]){ends[1], pipes[1]}, 2);
        close(pipes[1]);
        close(ends[1]);
        close(others[1]);
        close(others[0]);
        show_pipe("held through the other", pipes[0]);
        close(ends[0]);
        show_pipe("by nobody", pipes[0]);
        close(pipes[0]);
        TRY(pipe(pipes));
        TRY(socketpair(AF_UNIX, type, 0, ends));
        TRY(socketpair(AF_UNIX, type, 0, others));
        give(ends[0], (const int[]){ends[1], others[1], others[0]}, 3);
        give(others[0], (const int[]){pipes[1]}, 1);
        close(pipes[1]);
        close(others[0]);
        close_both(ends);
        show_pipe("a living one was held too", pipes[0]);
        TRY(recv(others[1], buffer, 9, MSG_DONTWAIT));
        show_pipe("and has been read", pipes[0]);
        close(others[1]);
        close(pipes[0]);
    }
    // One that waits to be accepted holds its listener.
    int pipes[2];
    TRY(pipe(pipes));
    const struct sockaddr_un name = abstract("in flight");
    const int from = socket(AF_UNIX, SOCK_STREAM, 0), client = socket(AF_UNIX, SOCK_STREAM, 0);
    TRY(bind(from, (const struct sockaddr*)&name, size_of("in flight")));
    TRY(listen(from, 2));
    TRY(connect(client, (const struct sockaddr*)&name, size_of("in flight")));
    give(client, (const int[]){from, pipes[1]}, 2);
    close(pipes[1]);
    close(client);
    show_pipe("the listener is open", pipes[0]);
    close(from);
    show_pipe("it holds itself", pipes[0]);
    const int again = socket(AF_UNIX, SOCK_STREAM, 0);
    TRY(bind(again, (const struct sockaddr*)&name, size_of("in flight")));
    close(again);
    close(pipes[0]);
}

static int netlink(void) {
    return socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE);
}

static int bound_netlink(unsigned id, unsigned groups) {
    const struct sockaddr_nl name = {.nl_family = AF_NETLINK, .nl_pid = id, .nl_groups = groups};
    const int fd = netlink();
    TRY(bind(fd, (const struct sockaddr*)&name, sizeof(name)));
    return fd;
}

static void netlinks(void) {
    const int one = bound_netlink(5001, 1), two = bound_netlink(5002, 6), sender = bound_netlink(5003, 0);
    struct sockaddr_nl to = {.nl_family = AF_NETLINK, .nl_groups = 1};
    for (unsigned groups = 1; groups < 16; groups = groups * 2 + 1) {
        to.nl_groups = groups;
        TRY(sendto(sender, "to a group", 10, 0, (const struct sockaddr*)&to, sizeof(to)));
        TRY(recv(one, buffer, 20, MSG_DONTWAIT));
        TRY(recv(two, buffer, 20, MSG_DONTWAIT));
    }
    to = (struct sockaddr_nl){.nl_family = AF_NETLINK, .nl_groups = 2};
    TRY(sendto(sender, "second", 6, 0, (const struct sockaddr*)&to, sizeof(to)));
    TRY(recv(one, buffer, 20, MSG_DONTWAIT));
    struct sockaddr_nl who = {0};
    socklen_t length = sizeof(who);
    TRY(recvfrom(two, buffer, 20, MSG_DONTWAIT, (struct sockaddr*)&who, &length));
    printf("from %u\n", who.nl_pid);
    to = (struct sockaddr_nl){.nl_family = AF_NETLINK, .nl_pid = 5001, .nl_groups = 4};
    TRY(connect(sender, (const struct sockaddr*)&to, sizeof(to)));
    TRY(getpeername(sender, (struct sockaddr*)&who, &length));
    printf("%u %x\n", who.nl_pid, who.nl_groups);
    const struct sockaddr none = {.sa_family = AF_UNSPEC};
    TRY(connect(sender, &none, sizeof(none)));
    TRY(getpeername(sender, (struct sockaddr*)&who, &length));
    printf("%u %x\n", who.nl_pid, who.nl_groups);
    TRY(connect(sender, &none, 1));
    // Sockets without an id get one.
    const int first = netlink(), second = netlink();
    who = (struct sockaddr_nl){.nl_family = AF_NETLINK};
    TRY(bind(first, (const struct sockaddr*)&who, sizeof(who)));
    TRY(bind(second, (const struct sockaddr*)&who, sizeof(who)));
    TRY(getsockname(first, (struct sockaddr*)&who, &length));
    printf("its own %d\n", (int)who.nl_pid == getpid());
    TRY(getsockname(second, (struct sockaddr*)&who, &length));
    printf("another %d\n", (int)who.nl_pid != getpid() && who.nl_pid != 0);
    static const int kIndices[] = {0, -1, 2, 77};
    for (size_t i = 0; i < sizeof(kIndices) / sizeof(*kIndices); i++) {
        struct {
            struct nlmsghdr header;
            struct ifinfomsg link;
        } request = {{sizeof(request), RTM_GETLINK, NLM_F_REQUEST, 3, 0}, {.ifi_index = kIndices[i]}};
        TRY(send(one, &request, sizeof(request), 0));
        TRY(recv(one, buffer, 100, MSG_DONTWAIT));
        const struct nlmsgerr* told = NLMSG_DATA((struct nlmsghdr*)buffer);
        printf("index %d: %s\n", kIndices[i], told->error < 0 ? strerrorname_np(-told->error) : "?");
    }
    const int epoll = epoll_create1(0);
    struct epoll_event wanted = {.events = EPOLLIN | EPOLLOUT}, told;
    TRY(epoll_ctl(epoll, EPOLL_CTL_ADD, one, &wanted));
    TRY(epoll_wait(epoll, &told, 1, 0));
    printf("%x\n", told.events);
    const struct timeval soon = {0, 20000};
    TRY(setsockopt(one, SOL_SOCKET, SO_RCVTIMEO, &soon, sizeof(soon)));
    TRY(recv(one, buffer, 20, 0));
    TRY(seteuid(65534));
    to = (struct sockaddr_nl){.nl_family = AF_NETLINK, .nl_pid = 5001};
    TRY(connect(two, (const struct sockaddr*)&to, sizeof(to)));
    TRY(sendto(two, "x", 1, 0, (const struct sockaddr*)&to, sizeof(to)));
    to = (struct sockaddr_nl){.nl_family = AF_NETLINK, .nl_groups = 1};
    TRY(connect(two, (const struct sockaddr*)&to, sizeof(to)));
    TRY(sendto(two, "x", 1, 0, (const struct sockaddr*)&to, sizeof(to)));
    to.nl_groups = 0;
    TRY(connect(two, (const struct sockaddr*)&to, sizeof(to)));
    TRY(seteuid(0));
    close_range(3, 40, 0);
}

static void options(void) {
    const gid_t groups[] = {7, 70, 700};
    gid_t shown[4] = {0};
    socklen_t length = sizeof(shown);
    int ends[2];
    TRY(setgroups(3, groups));
    TRY(socketpair(AF_UNIX, SOCK_STREAM, 0, ends));
    TRY(setgroups(1, groups));
    TRY(getsockopt(ends[0], SOL_SOCKET, SO_PEERGROUPS, shown, &length));
    printf("%u %u %u, %d\n", shown[0], shown[1], shown[2], (int)length);
    length = 11;
    TRY(getsockopt(ends[0], SOL_SOCKET, SO_PEERGROUPS, shown, &length));
    printf("%d\n", (int)length);
    length = 12;
    TRY(getsockopt(ends[0], SOL_SOCKET, SO_PEERGROUPS, kBadAddress, &length));
    const int fd = udp();
    TRY(getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, shown, &length));
    char name[16] = "";
    TRY(setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, "lo", 3));
    for (length = 14; length < 18; length++) {
        socklen_t room = length;
        TRY(getsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, name, &room));
        printf("%s %d\n", name, (int)room);
    }
    TRY(setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, "lonely", 2));
    TRY(get(fd, SOL_SOCKET, SO_BINDTOIFINDEX));
    TRY(setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, "lo and much that is too long", 28));
    TRY(setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, "", 0));
    TRY(get(fd, SOL_SOCKET, SO_BINDTOIFINDEX));
    TRY(setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, kBadAddress, 4));
    const int times[][2] = {
        {CLOCK_MONOTONIC, 0}, {CLOCK_MONOTONIC, 3}, {CLOCK_MONOTONIC, 4}, {CLOCK_REALTIME, 1}};
    for (size_t user = 0; user < 2; user++) {
        for (size_t i = 0; i < sizeof(times) / sizeof(*times); i++) {
            int got[2] = {-1, -1};
            length = sizeof(got);
            TRY(setsockopt(fd, SOL_SOCKET, SO_TXTIME, times[i], sizeof(times[i])));
            TRY(getsockopt(fd, SOL_SOCKET, SO_TXTIME, got, &length));
            printf("%d %d\n", got[0], got[1]);
        }
        TRY(setsockopt(fd, SOL_SOCKET, SO_TXTIME, times[0], 7));
        TRY(seteuid(user == 0 ? 65534 : 0));
    }
    const struct linger kLingers[] = {{1, -1}, {1, 0}, {5, 70000}, {0, 9}};
    for (size_t i = 0; i < sizeof(kLingers) / sizeof(*kLingers); i++) {
        struct linger got = {-1, -1};
        length = sizeof(got);
        TRY(setsockopt(fd, SOL_SOCKET, SO_LINGER, &kLingers[i], sizeof(kLingers[i])));
        TRY(getsockopt(fd, SOL_SOCKET, SO_LINGER, &got, &length));
        printf("%d %d\n", got.l_onoff, got.l_linger);
    }
    close_range(3, 20, 0);
}

static const struct Behaviour kBehaviours[] = {
    {"flight", in_flight},
    {"netlink", netlinks},
    {"options", options},
};

int main(int count, char** arguments) {
    signal(SIGPIPE, SIG_IGN);
    memset(buffer, 0, sizeof(buffer));
    return run_behaviour(kBehaviours, sizeof(kBehaviours) / sizeof(*kBehaviours),
                         count > 1 ? arguments[1] : NULL);
}
