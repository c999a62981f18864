// Filters of sockets: which programs are refused, what instructions do, and what a socket gets of a packet.
#include <arpa/inet.h>
#include <linux/filter.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "../behaviours.h"
#include "../report.h"

#define CODE(code, k) {(code), 0, 0, (__u32)(k)}
#define JUMP(code, k, yes, no) {(code), (yes), (no), (__u32)(k)}

static int receiver;
static int sender;

static int attach(int fd, struct sock_filter* program, size_t count) {
    const struct sock_fprog filter = {.len = (unsigned short)count, .filter = program};
    return setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &filter, sizeof(filter));
}

// Sends 20 bytes, whose first is 1, and shows how many come.
static void pass(void) {
    unsigned char bytes[64];
    for (size_t i = 0; i < sizeof(bytes); i++) {
        bytes[i] = (unsigned char)(i + 1);
    }
    (void)!send(sender, bytes, 20, 0);
    const ssize_t got = recv(receiver, bytes, sizeof(bytes), MSG_DONTWAIT);
    printf("  %zd\n", got);
}

#define TRY_PROGRAM(...)                                                                      \
    do {                                                                                      \
        struct sock_filter program_[] = {__VA_ARGS__};                                        \
        errno = 0;                                                                            \
        const int result_ = attach(receiver, program_, sizeof(program_) / sizeof(*program_)); \
        report(#__VA_ARGS__, result_, errno);                                                 \
        pass();                                                                               \
    } while (0)

static void open_inet(void) {
    receiver = socket(AF_INET, SOCK_DGRAM, 0);
    sender = socket(AF_INET, SOCK_DGRAM, 0);
    const struct sockaddr_in place = {
        .sin_family = AF_INET, .sin_port = htons(5555), .sin_addr = {htonl(INADDR_LOOPBACK)}};
    bind(receiver, (const struct sockaddr*)&place, sizeof(place));
    connect(sender, (const struct sockaddr*)&place, sizeof(place));
}

static void refusals(void) {
    open_inet();
    TRY_PROGRAM(CODE(BPF_LD | BPF_IMM, 1));
    TRY_PROGRAM(CODE(BPF_RET | BPF_X, 1));
    TRY_PROGRAM(CODE(0xffff, 1), CODE(BPF_RET | BPF_K, 10));
    TRY_PROGRAM(CODE(BPF_LD | 0x18 | BPF_ABS, 1), CODE(BPF_RET | BPF_K, 10));
    TRY_PROGRAM(CODE(BPF_ALU | BPF_DIV | BPF_K, 0), CODE(BPF_RET | BPF_A, 0));
    TRY_PROGRAM(CODE(BPF_ALU | BPF_LSH | BPF_K, 32), CODE(BPF_RET | BPF_A, 0));
    TRY_PROGRAM(CODE(BPF_ST, 16), CODE(BPF_RET | BPF_A, 0));
    TRY_PROGRAM(CODE(BPF_LD | BPF_MEM, 1), CODE(BPF_RET | BPF_A, 0));
    TRY_PROGRAM(JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0, 1, 0), CODE(BPF_ST, 1), CODE(BPF_LD | BPF_MEM, 1),
                CODE(BPF_RET | BPF_K, 10));
    TRY_PROGRAM(JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0, 0, 2), CODE(BPF_ST, 1), CODE(BPF_RET | BPF_K, 10));
    TRY_PROGRAM(JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0, 1, 0), CODE(BPF_ST, 1), CODE(BPF_RET | BPF_K, 10));
    TRY_PROGRAM(CODE(BPF_JMP | BPF_JA, 1), CODE(BPF_RET | BPF_K, 11));
    TRY_PROGRAM(CODE(BPF_JMP | BPF_JA, 0), CODE(BPF_RET | BPF_K, 11));
    TRY_PROGRAM(CODE(BPF_LD | BPF_W | BPF_ABS, SKF_AD_OFF + SKF_AD_MAX), CODE(BPF_RET | BPF_K, 15));
    TRY_PROGRAM(CODE(BPF_LD | BPF_W | BPF_ABS, SKF_AD_OFF + 2), CODE(BPF_RET | BPF_K, 15));
    struct sock_fprog filter = {.len = 1, .filter = kBadAddress};
    TRY(setsockopt(receiver, SOL_SOCKET, SO_ATTACH_FILTER, &filter, sizeof(filter)));
    TRY(setsockopt(receiver, SOL_SOCKET, SO_ATTACH_FILTER, &filter, 8));
    TRY(setsockopt(receiver, SOL_SOCKET, SO_ATTACH_FILTER, kBadAddress, sizeof(filter)));
    filter.filter = NULL;
    TRY(setsockopt(receiver, SOL_SOCKET, SO_ATTACH_FILTER, &filter, sizeof(filter)));
    static struct sock_filter many[BPF_MAXINSNS + 1];
    for (size_t i = 0; i < sizeof(many) / sizeof(*many); i++) {
        many[i] = (struct sock_filter)CODE(BPF_RET | BPF_K, 20);
    }
    TRY(attach(receiver, many, 0));
    TRY(attach(receiver, many, BPF_MAXINSNS + 1));
    TRY(attach(receiver, many, BPF_MAXINSNS));
    TRY(attach(receiver, many, 2));
}

static void instructions(void) {
    open_inet();
    TRY_PROGRAM(CODE(BPF_RET | BPF_K, 0));
    TRY_PROGRAM(CODE(BPF_RET | BPF_K, 1));
    TRY_PROGRAM(CODE(BPF_RET | BPF_K, 9));
    TRY_PROGRAM(CODE(BPF_RET | BPF_K, -1));
    TRY_PROGRAM(CODE(BPF_LD | BPF_W | BPF_LEN, 0), CODE(BPF_RET | BPF_A, 0));
    TRY_PROGRAM(CODE(BPF_LD | BPF_B | BPF_ABS, 20), CODE(BPF_RET | BPF_A, 0));
    TRY_PROGRAM(CODE(BPF_LD | BPF_H | BPF_ABS, 2), CODE(BPF_ALU | BPF_SUB | BPF_K, 5555 - 12),
                CODE(BPF_RET | BPF_A, 0));
    TRY_PROGRAM(CODE(BPF_LD | BPF_W | BPF_ABS, 24), CODE(BPF_RET | BPF_K, 20));
    TRY_PROGRAM(CODE(BPF_LD | BPF_W | BPF_ABS, 25), CODE(BPF_RET | BPF_K, 20));
    TRY_PROGRAM(CODE(BPF_LDX | BPF_IMM, 9), CODE(BPF_LD | BPF_B | BPF_IND, 1),
                CODE(BPF_ALU | BPF_ADD | BPF_K, 8), CODE(BPF_RET | BPF_A, 0));
    TRY_PROGRAM(CODE(BPF_LDX | BPF_IMM, 1), CODE(BPF_LD | BPF_B | BPF_IND, -3), CODE(BPF_RET | BPF_K, 12));
    TRY_PROGRAM(CODE(BPF_LDX | BPF_B | BPF_MSH, SKF_NET_OFF), CODE(BPF_MISC | BPF_TXA, 0),
                CODE(BPF_RET | BPF_A, 0));
    TRY_PROGRAM(CODE(BPF_LD | BPF_IMM, 100), CODE(BPF_ALU | BPF_MOD | BPF_K, 43), CODE(BPF_RET | BPF_A, 0));
    TRY_PROGRAM(CODE(BPF_LD | BPF_IMM, 7), CODE(BPF_ALU | BPF_DIV | BPF_X, 0), CODE(BPF_RET | BPF_K, 12));
    TRY_PROGRAM(CODE(BPF_LDX | BPF_IMM, 33), CODE(BPF_LD | BPF_IMM, 7), CODE(BPF_ALU | BPF_LSH | BPF_X, 0),
                CODE(BPF_RET | BPF_A, 0));
    TRY_PROGRAM(CODE(BPF_LD | BPF_IMM, -16), CODE(BPF_ALU | BPF_NEG, 0), CODE(BPF_RET | BPF_A, 0));
    TRY_PROGRAM(CODE(BPF_LD | BPF_IMM, 11), CODE(BPF_ST, 15), CODE(BPF_LDX | BPF_MEM, 15),
                CODE(BPF_MISC | BPF_TXA, 0), CODE(BPF_RET | BPF_A, 0));
    TRY_PROGRAM(CODE(BPF_LD | BPF_IMM, 12), CODE(BPF_MISC | BPF_TAX, 0), CODE(BPF_STX, 3),
                CODE(BPF_ALU | BPF_XOR | BPF_X, 0), CODE(BPF_LD | BPF_MEM, 3),
                CODE(BPF_ALU | BPF_OR | BPF_K, 2), CODE(BPF_ALU | BPF_AND | BPF_K, 27),
                CODE(BPF_RET | BPF_A, 0));
    TRY_PROGRAM(JUMP(BPF_JMP | BPF_JGT | BPF_X, 0, 1, 0), CODE(BPF_RET | BPF_K, 10),
                CODE(BPF_RET | BPF_K, 11));
    TRY_PROGRAM(JUMP(BPF_JMP | BPF_JGE | BPF_X, 0, 1, 0), CODE(BPF_RET | BPF_K, 10),
                CODE(BPF_RET | BPF_K, 11));
    TRY_PROGRAM(CODE(BPF_LD | BPF_IMM, 6), JUMP(BPF_JMP | BPF_JSET | BPF_K, 2, 0, 1),
                CODE(BPF_RET | BPF_K, 12), CODE(BPF_RET | BPF_K, 13));
    TRY_PROGRAM(CODE(BPF_LD | BPF_IMM, -1), JUMP(BPF_JMP | BPF_JEQ | BPF_K, -1, 0, 1),
                CODE(BPF_RET | BPF_K, 14), CODE(BPF_RET | BPF_K, 15));
}

static void places(void) {
    open_inet();
    TRY_PROGRAM(CODE(BPF_LD | BPF_H | BPF_ABS, SKF_NET_OFF + 2), CODE(BPF_ALU | BPF_SUB | BPF_K, 30),
                CODE(BPF_RET | BPF_A, 0));
    TRY_PROGRAM(CODE(BPF_LD | BPF_B | BPF_ABS, SKF_NET_OFF + 8), CODE(BPF_ALU | BPF_RSH | BPF_K, 2),
                CODE(BPF_RET | BPF_A, 0));
    TRY_PROGRAM(CODE(BPF_LD | BPF_H | BPF_ABS, SKF_LL_OFF + 12), CODE(BPF_ALU | BPF_SUB | BPF_K, 0x800 - 13),
                CODE(BPF_RET | BPF_A, 0));
    TRY_PROGRAM(CODE(BPF_LD | BPF_W | BPF_ABS, SKF_AD_OFF + SKF_AD_PROTOCOL),
                CODE(BPF_ALU | BPF_SUB | BPF_K, 0x800 - 14), CODE(BPF_RET | BPF_A, 0));
    TRY_PROGRAM(CODE(BPF_LD | BPF_W | BPF_ABS, SKF_AD_OFF + SKF_AD_IFINDEX),
                CODE(BPF_ALU | BPF_ADD | BPF_K, 10), CODE(BPF_RET | BPF_A, 0));
    TRY_PROGRAM(CODE(BPF_LD | BPF_W | BPF_ABS, SKF_AD_OFF + SKF_AD_HATYPE),
                CODE(BPF_ALU | BPF_SUB | BPF_K, 760), CODE(BPF_RET | BPF_A, 0));
    TRY_PROGRAM(CODE(BPF_LD | BPF_W | BPF_ABS, SKF_AD_OFF + SKF_AD_PAY_OFFSET),
                CODE(BPF_ALU | BPF_ADD | BPF_K, 3), CODE(BPF_RET | BPF_A, 0));
    TRY_PROGRAM(CODE(BPF_LD | BPF_W | BPF_ABS, SKF_AD_OFF + SKF_AD_PKTTYPE),
                CODE(BPF_ALU | BPF_ADD | BPF_K, 10), CODE(BPF_RET | BPF_A, 0));
    static const int kTypes[] = {SOCK_DGRAM, SOCK_SEQPACKET, SOCK_STREAM};
    for (size_t i = 0; i < sizeof(kTypes) / sizeof(*kTypes); i++) {
        int pair[2];
        socketpair(AF_UNIX, kTypes[i], 0, pair);
        receiver = pair[0];
        sender = pair[1];
        TRY_PROGRAM(CODE(BPF_RET | BPF_K, 5));
        TRY_PROGRAM(CODE(BPF_LD | BPF_B | BPF_ABS, 2), CODE(BPF_RET | BPF_A, 0));
        TRY_PROGRAM(CODE(BPF_LD | BPF_W | BPF_ABS, SKF_AD_OFF + SKF_AD_IFINDEX), CODE(BPF_RET | BPF_K, 9));
        TRY_PROGRAM(CODE(BPF_RET | BPF_K, 0));
        TRY(send(sender, "", 0, 0));
        TRY(recv(receiver, pair, 1, MSG_DONTWAIT));
    }
}

static void options(void) {
    open_inet();
    struct sock_filter room[4] = {CODE(BPF_RET | BPF_K, 9)};
    socklen_t length = 4;
    int value = 1;
    TRY(setsockopt(receiver, SOL_SOCKET, SO_DETACH_FILTER, &value, sizeof(value)));
    TRY(getsockopt(receiver, SOL_SOCKET, SO_GET_FILTER, room, &length));
    TRY(length);
    struct sock_filter program[] = {CODE(BPF_LD | BPF_IMM, 5), CODE(BPF_RET | BPF_A, 0)};
    TRY(attach(receiver, program, 2));
    static const socklen_t kLengths[] = {0, 1, 2, 4};
    for (size_t i = 0; i < sizeof(kLengths) / sizeof(*kLengths); i++) {
        length = kLengths[i];
        TRY(getsockopt(receiver, SOL_SOCKET, SO_GET_FILTER, room, &length));
        printf("  length %u, %x %u\n", length, room[0].code, room[0].k);
    }
    length = 2;
    TRY(getsockopt(receiver, SOL_SOCKET, SO_GET_FILTER, kBadAddress, &length));
    TRY(setsockopt(receiver, SOL_SOCKET, SO_LOCK_FILTER, &value, sizeof(value)));
    TRY(attach(receiver, program, 2));
    TRY(attach(receiver, program, 0));
    TRY(setsockopt(receiver, SOL_SOCKET, SO_DETACH_FILTER, &value, sizeof(value)));
    TRY(setsockopt(receiver, SOL_SOCKET, SO_ATTACH_BPF, &value, sizeof(value)));
    value = 0;
    TRY(setsockopt(receiver, SOL_SOCKET, SO_LOCK_FILTER, &value, sizeof(value)));
    TRY(setsockopt(sender, SOL_SOCKET, SO_ATTACH_BPF, &value, sizeof(value)));
    value = 99;
    TRY(setsockopt(sender, SOL_SOCKET, SO_ATTACH_BPF, &value, sizeof(value)));
    TRY(setsockopt(sender, SOL_SOCKET, SO_ATTACH_BPF, &value, 8));
    TRY(attach(sender, program, 2));
    TRY(setsockopt(sender, SOL_SOCKET, SO_DETACH_FILTER, &value, sizeof(value)));
    TRY(setsockopt(sender, SOL_SOCKET, SO_DETACH_FILTER, &value, sizeof(value)));
}

int main(int count, char** arguments) {
    static const struct Behaviour kBehaviours[] = {
        {"refusals", refusals}, {"instructions", instructions}, {"places", places}, {"options", options}};
    return run_behaviour(kBehaviours, sizeof(kBehaviours) / sizeof(*kBehaviours),
                         count > 1 ? arguments[1] : NULL);
}
