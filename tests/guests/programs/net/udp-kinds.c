// UDP in many pieces at once (UDP_SEGMENT, UDP_GRO), and UDP-Lite.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <sys/socket.h>

#include "../behaviours.h"
#include "../report.h"

enum { kSendCoverage = 10, kReceiveCoverage = 11, kUdpLite = 136 };

static char bytes[65000];
static int receiver;
static int sender;

static struct sockaddr_in place(void) {
    return (struct sockaddr_in){
        .sin_family = AF_INET, .sin_port = htons(5555), .sin_addr = {htonl(INADDR_LOOPBACK)}};
}

static void open_pair(int protocol) {
    const struct sockaddr_in name = place();
    receiver = socket(AF_INET, SOCK_DGRAM, protocol);
    sender = socket(AF_INET, SOCK_DGRAM, protocol);
    TRY(bind(receiver, (const struct sockaddr*)&name, sizeof(name)));
    TRY(connect(sender, (const struct sockaddr*)&name, sizeof(name)));
}

// All that has come: lengths, and what the kernel says of each.
static void show(const char* what) {
    printf("%s:", what);
    for (;;) {
        char control[64];
        struct iovec piece = {.iov_base = bytes, .iov_len = sizeof(bytes)};
        struct msghdr message = {
            .msg_iov = &piece, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof(control)};
        const ssize_t size = recvmsg(receiver, &message, MSG_DONTWAIT);
        if (size < 0) {
            break;
        }
        printf(" %zd", size);
        for (struct cmsghdr* head = CMSG_FIRSTHDR(&message); head != NULL;
             head = CMSG_NXTHDR(&message, head)) {
            printf("/%d.%d=%d", head->cmsg_level, head->cmsg_type, *(int*)CMSG_DATA(head));
        }
    }
    printf("\n");
}

static long send_in_segments(size_t size, unsigned short segment, int level, size_t length) {
    char control[CMSG_SPACE(sizeof(int))] = {0};
    struct iovec piece = {.iov_base = bytes, .iov_len = size};
    const struct msghdr message = {
        .msg_iov = &piece, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof(control)};
    struct cmsghdr* head = CMSG_FIRSTHDR(&message);
    head->cmsg_level = level;
    head->cmsg_type = UDP_SEGMENT;
    head->cmsg_len = CMSG_LEN(length);
    memcpy(CMSG_DATA(head), &segment, sizeof(segment));
    return sendmsg(sender, &message, 0);
}

static void set(int fd, int level, int name, int value) {
    TRY(setsockopt(fd, level, name, &value, sizeof(value)));
    socklen_t length = sizeof(value);
    value = -7;
    TRY(getsockopt(fd, level, name, &value, &length));
    printf("  %d\n", value);
}

static void segments(void) {
    open_pair(0);
    set(sender, SOL_UDP, UDP_SEGMENT, 100);
    TRY(send(sender, bytes, 350, 0));
    TRY(send(sender, bytes, 100, 0));
    TRY(send(sender, bytes, 0, 0));
    show("a hundred each");
    TRY(send(sender, bytes, 12800, 0));
    show("as many as may be");
    TRY(send(sender, bytes, 12801, 0));
    show("one too many");
    set(sender, SOL_UDP, UDP_SEGMENT, 65535);
    set(sender, SOL_UDP, UDP_SEGMENT, 65536);
    set(sender, SOL_UDP, UDP_SEGMENT, -1);
    set(sender, SOL_UDP, UDP_SEGMENT, 0);
    TRY(send_in_segments(500, 200, SOL_UDP, 2));
    show("for one send");
    TRY(send_in_segments(500, 200, SOL_UDP, 4));
    TRY(send_in_segments(500, 200, kUdpLite, 2));
    TRY(send_in_segments(500, 0, SOL_UDP, 2));
    show("of no length");
    set(receiver, SOL_UDP, UDP_GRO, 5);
    TRY(send_in_segments(500, 200, SOL_UDP, 2));
    TRY(send_in_segments(100, 200, SOL_UDP, 2));
    TRY(send(sender, bytes, 30, 0));
    show("together");
    TRY(send_in_segments(500, 200, SOL_UDP, 2));
    TRY(recv(receiver, bytes, 100, MSG_DONTWAIT));
    show("nothing is left");
    set(receiver, SOL_UDP, UDP_GRO, 0);
    set(sender, SOL_SOCKET, SO_NO_CHECK, 1);
    TRY(send_in_segments(500, 200, SOL_UDP, 2));
    set(sender, SOL_SOCKET, SO_NO_CHECK, 0);
    int on = 1;
    TRY(setsockopt(sender, kUdpLite, UDP_CORK, &on, sizeof(on)));
    TRY(send_in_segments(500, 200, SOL_UDP, 2));
    TRY(send_in_segments(50, 20, SOL_UDP, 2));
    on = 0;
    TRY(setsockopt(sender, SOL_UDP, UDP_CORK, &on, sizeof(on)));
    show("corked");
    set(sender, SOL_UDP, kSendCoverage, 5);
    set(sender, SOL_UDP, UDP_ENCAP, 0);
    set(sender, SOL_UDP, 99, 1);
}

static void lite(void) {
    TRY(socket(AF_INET, SOCK_STREAM, kUdpLite));
    open_pair(kUdpLite);
    const struct sockaddr_in name = place();
    const int plain = socket(AF_INET, SOCK_DGRAM, 0);
    TRY(bind(plain, (const struct sockaddr*)&name, sizeof(name)));
    const int second = socket(AF_INET, SOCK_DGRAM, kUdpLite);
    TRY(bind(second, (const struct sockaddr*)&name, sizeof(name)));
    int value = 0;
    socklen_t length = sizeof(value);
    TRY(getsockopt(receiver, SOL_SOCKET, SO_PROTOCOL, &value, &length));
    TRY(value);
    TRY(send(sender, bytes, 100, 0));
    TRY(send(plain, bytes, 5, 0));
    TRY(sendto(plain, bytes, 5, 0, (const struct sockaddr*)&name, sizeof(name)));
    show("its own ports");
    TRY(recv(plain, bytes, 100, MSG_DONTWAIT));
    set(sender, kUdpLite, kSendCoverage, 4);
    set(sender, SOL_UDP, kSendCoverage, 70000);
    set(sender, SOL_UDP, kSendCoverage, -5);
    set(sender, kUdpLite, kSendCoverage, 20);
    TRY(send(sender, bytes, 100, 0));
    show("covered in part");
    static const int kWanted[] = {10, 30, 0};
    for (size_t i = 0; i < sizeof(kWanted) / sizeof(*kWanted); i++) {
        set(receiver, kUdpLite, kReceiveCoverage, kWanted[i]);
        TRY(send(sender, bytes, 100, 0));
        TRY(send(sender, bytes, 5, 0));
        show("what the receiver wants");
    }
    set(sender, kUdpLite, kSendCoverage, 0);
    TRY(send(sender, bytes, 100, 0));
    show("covered whole");
    set(sender, SOL_UDP, UDP_SEGMENT, 50);
    TRY(send(sender, bytes, 100, 0));
    set(sender, SOL_UDP, UDP_SEGMENT, 0);
    close(receiver);
    TRY(send(sender, bytes, 100, 0));
    TRY(send(sender, bytes, 100, 0));
    TRY(socket(AF_INET6, SOCK_DGRAM, kUdpLite) > 0);
}

int main(int count, char** arguments) {
    static const struct Behaviour kBehaviours[] = {{"segments", segments}, {"lite", lite}};
    return run_behaviour(kBehaviours, sizeof(kBehaviours) / sizeof(*kBehaviours),
                         count > 1 ? arguments[1] : NULL);
}
