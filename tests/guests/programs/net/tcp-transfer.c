// Bytes on TCP connections: faults, flags of send and recv, marks, what is held back, buffers that are full,
// time.
#include <errno.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "inet.h"

enum { kPage = 4096 };
static volatile int minus_one = -1;

static void show(const char* label, long result) {
    printf("%s: %ld %.*s\n", label, result, result > 0 && result < 20 ? (int)result : 0, buffer);
}

static void faults(void) {
    int ends[2];
    char* memory = mmap(NULL, 40 * kPage, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    char* last = memory + 39 * kPage;
    munmap(last, kPage);
    memset(memory, 'm', 39 * kPage);
    connected(ends);
    TRY(send(ends[0], kBadAddress, 1, 0));
    TRY(send(ends[0], last - 5, 10, 0));
    TRY(asked(ends[1], FIONREAD));
    TRY(recv(ends[1], buffer, sizeof(buffer), MSG_DONTWAIT));
    TRY(send(ends[0], last - 3 * kPage, 4 * kPage, 0));
    TRY(recv(ends[1], buffer, sizeof(buffer), MSG_DONTWAIT));
    struct iovec parts[3] = {{"abc", 3}, {kBadAddress, 3}, {"def", 3}};
    TRY(writev(ends[0], parts, 3));
    TRY(writev(ends[0], parts, 1));
    TRY(recv(ends[1], buffer, 10, MSG_DONTWAIT));
    TRY(send(ends[0], "abcdefgh", 8, 0));
    TRY(recv(ends[1], kBadAddress, 1, 0));
    TRY(recv(ends[1], last - 3, 8, 0));
    TRY(asked(ends[1], FIONREAD));
    struct iovec rooms[2] = {{buffer, 2}, {kBadAddress, 2}};
    TRY(readv(ends[1], rooms, 2));
    TRY(recv(ends[1], kBadAddress, 0, MSG_DONTWAIT));
    show("the rest", recv(ends[1], buffer, 10, MSG_DONTWAIT));
    TRY(readv(ends[1], kBadAddress, minus_one));
    TRY(readv(ends[1], kBadAddress, 1));
    struct msghdr message = {.msg_iov = kBadAddress, .msg_iovlen = 1};
    TRY(recvmsg(ends[1], &message, 0));
    TRY(sendmsg(ends[0], &message, 0));
    message.msg_iovlen = 1025;
    TRY(sendmsg(ends[0], &message, 0));
    TRY(sendmsg(ends[0], kBadAddress, 0));
    TRY(recvmsg(ends[1], kBadAddress, 0));
    close_both(ends);
}

static void flags(void) {
    int ends[2];
    connected(ends);
    TRY(send(ends[0], "abcdefgh", 8, 0));
    show("peek", recv(ends[1], buffer, 3, MSG_PEEK));
    show("peek again", recv(ends[1], buffer, 20, MSG_PEEK | MSG_DONTWAIT));
    show("drop two", recv(ends[1], NULL, 2, MSG_TRUNC));
    show("read", recv(ends[1], buffer, 2, 0));
    show("all of four", recv(ends[1], buffer, 4, MSG_WAITALL));
    TRY(recv(ends[1], buffer, 1, MSG_DONTWAIT));
    TRY(recv(ends[1], buffer, 0, MSG_DONTWAIT));
    TRY(recv(ends[1], buffer, 0, MSG_DONTWAIT | MSG_WAITALL));
    TRY(recv(ends[1], buffer, 1, MSG_ERRQUEUE));
    TRY(recv(ends[1], buffer, 1, MSG_DONTWAIT | 0x8000));
    TRY(send(ends[0], "x", 1, MSG_CONFIRM | MSG_DONTROUTE | MSG_EOR));
    TRY(send(ends[0], "y", 1, MSG_ZEROCOPY));
    TRY(send(ends[0], "z", 1, 0x100000));
    show("all the same", recv(ends[1], buffer, 9, 0));
    TRY(send(ends[0], "", 0, 0));
    TRY(recv(ends[1], buffer, 9, MSG_DONTWAIT));
    struct sockaddr_in name = v4("127.0.0.9", 9);
    TRY(sendto(ends[0], "to", 2, 0, (struct sockaddr*)&name, sizeof(name)));
    TRY(sendto(ends[0], "to", 2, 0, (struct sockaddr*)&name, 1));
    TRY(sendto(ends[0], "to", 2, 0, kBadAddress, 16));
    TRY(sendto(ends[0], "to", 2, 0, (struct sockaddr*)&name, -1));
    socklen_t length = sizeof(name);
    TRY(recvfrom(ends[1], buffer, 9, 0, (struct sockaddr*)&name, &length));
    printf("length %d\n", (int)length);
    char control[64];
    struct iovec part = {buffer, 9};
    struct msghdr message = {.msg_name = &name,
                             .msg_namelen = sizeof(name),
                             .msg_iov = &part,
                             .msg_iovlen = 1,
                             .msg_control = control,
                             .msg_controllen = sizeof(control),
                             .msg_flags = -1};
    TRY(send(ends[0], "m", 1, 0));
    TRY(recvmsg(ends[1], &message, MSG_CMSG_CLOEXEC));
    printf("name %d, control %d, flags %x\n", (int)message.msg_namelen, (int)message.msg_controllen,
           message.msg_flags);
    close_both(ends);
}

static void held_back(void) {
    int ends[2];
    connected(ends);
    TRY(send(ends[0], "ab", 2, MSG_MORE));
    TRY(recv(ends[1], buffer, 9, MSG_DONTWAIT));
    TRY(asked(ends[0], TIOCOUTQ));
    TRY(asked(ends[0], 0x894b));
    TRY(send(ends[0], "cd", 2, 0));
    show("together", recv(ends[1], buffer, 9, MSG_DONTWAIT));
    TRY(send(ends[0], "ef", 2, MSG_MORE));
    TRY(set(ends[0], IPPROTO_TCP, TCP_NODELAY, 1));
    show("pushed", recv(ends[1], buffer, 9, MSG_DONTWAIT));
    TRY(set(ends[0], IPPROTO_TCP, TCP_CORK, 1));
    TRY(send(ends[0], "gh", 2, 0));
    TRY(recv(ends[1], buffer, 9, MSG_DONTWAIT));
    TRY(get(ends[0], IPPROTO_TCP, TCP_CORK));
    TRY(set(ends[0], IPPROTO_TCP, TCP_CORK, 0));
    show("uncorked", recv(ends[1], buffer, 9, MSG_DONTWAIT));
    TRY(set(ends[0], IPPROTO_TCP, TCP_CORK, 1));
    TRY(send(ends[0], "ij", 2, 0));
    show("after a while", recv(ends[1], buffer, 9, 0));
    TRY(send(ends[0], "kl", 2, 0));
    TRY(shutdown(ends[0], SHUT_WR));
    show("with the end", recv(ends[1], buffer, 9, MSG_DONTWAIT));
    TRY(recv(ends[1], buffer, 9, MSG_DONTWAIT));
    close_both(ends);
}

static void low_mark(void) {
    int ends[2];
    connected(ends);
    TRY(set(ends[1], SOL_SOCKET, SO_RCVLOWAT, 4));
    TRY(get(ends[1], SOL_SOCKET, SO_RCVLOWAT));
    TRY(set(ends[1], SOL_SOCKET, SO_SNDLOWAT, 4));
    TRY(send(ends[0], "abc", 3, 0));
    look("below", ends[1]);
    show("a look", recv(ends[1], buffer, 9, MSG_DONTWAIT | MSG_PEEK));
    show("less is enough", recv(ends[1], buffer, 2, 0));
    TRY(send(ends[0], "def", 3, 0));
    look("reached", ends[1]);
    show("all", recv(ends[1], buffer, 9, 0));
    TRY(send(ends[0], "g", 1, 0));
    TRY(shutdown(ends[0], SHUT_WR));
    look("at the end", ends[1]);
    show("what is left", recv(ends[1], buffer, 9, 0));
    TRY(set(ends[1], SOL_SOCKET, SO_RCVLOWAT, 0));
    TRY(get(ends[1], SOL_SOCKET, SO_RCVLOWAT));
    close_both(ends);
}

static void urgent(void) {
    int ends[2];
    connected(ends);
    TRY(recv(ends[1], buffer, 1, MSG_OOB));
    TRY(send(ends[0], "", 0, MSG_OOB));
    TRY(send(ends[0], "ab!", 3, MSG_OOB));
    look("urgent", ends[1]);
    TRY(asked(ends[1], SIOCATMARK));
    TRY(asked(ends[1], FIONREAD));
    show("peek at it", recv(ends[1], buffer, 9, MSG_OOB | MSG_PEEK));
    TRY(recv(ends[1], kBadAddress, 1, MSG_OOB | MSG_PEEK));
    TRY(recv(ends[1], buffer, 0, MSG_OOB | MSG_PEEK));
    show("up to it", recv(ends[1], buffer, 9, 0));
    TRY(asked(ends[1], SIOCATMARK));
    look("at the mark", ends[1]);
    show("take it", recv(ends[1], buffer, 9, MSG_OOB));
    TRY(recv(ends[1], buffer, 9, MSG_OOB));
    look("taken", ends[1]);
    TRY(recv(ends[1], buffer, 9, MSG_DONTWAIT));
    TRY(asked(ends[1], SIOCATMARK));
    TRY(send(ends[0], "cd?", 3, MSG_OOB));
    TRY(send(ends[0], "ef", 2, 0));
    show("before", recv(ends[1], buffer, 9, 0));
    show("over it", recv(ends[1], buffer, 9, 0));
    TRY(recv(ends[1], buffer, 9, MSG_OOB));
    TRY(send(ends[0], "1", 1, MSG_OOB));
    TRY(send(ends[0], "2", 1, MSG_OOB));
    show("the later one", recv(ends[1], buffer, 9, MSG_OOB));
    show("the earlier one", recv(ends[1], buffer, 9, MSG_DONTWAIT));
    TRY(set(ends[1], SOL_SOCKET, SO_OOBINLINE, 1));
    TRY(send(ends[0], "gh!", 3, MSG_OOB));
    TRY(recv(ends[1], buffer, 9, MSG_OOB));
    look("inline", ends[1]);
    show("up to it", recv(ends[1], buffer, 9, 0));
    TRY(asked(ends[1], SIOCATMARK));
    show("it", recv(ends[1], buffer, 9, 0));
    TRY(asked(ends[1], SIOCATMARK));
    TRY(shutdown(ends[0], SHUT_WR));
    TRY(set(ends[1], SOL_SOCKET, SO_OOBINLINE, 0));
    TRY(recv(ends[1], buffer, 9, MSG_OOB));
    close_both(ends);
}

static void timeouts(void) {
    int ends[2];
    const struct timeval short_time = {.tv_usec = 20000}, zero = {0}, bad = {.tv_usec = 1000000},
                         past = {.tv_sec = -1};
    connected(ends);
    TRY(setsockopt(ends[1], SOL_SOCKET, SO_RCVTIMEO, &bad, sizeof(bad)));
    TRY(setsockopt(ends[1], SOL_SOCKET, SO_RCVTIMEO, &short_time, 8));
    TRY(setsockopt(ends[1], SOL_SOCKET, SO_RCVTIMEO, &short_time, sizeof(short_time)));
    TRY(recv(ends[1], buffer, 9, 0));
    TRY(send(ends[0], "ab", 2, 0));
    show("some in time", recv(ends[1], buffer, 9, MSG_WAITALL));
    TRY(send(ends[0], "cd", 2, 0));
    show("a peek in time", recv(ends[1], buffer, 9, MSG_WAITALL | MSG_PEEK));
    show("the rest", recv(ends[1], buffer, 9, 0));
    TRY(setsockopt(ends[1], SOL_SOCKET, SO_RCVTIMEO, &past, sizeof(past)));
    TRY(recv(ends[1], buffer, 9, 0));
    TRY(setsockopt(ends[1], SOL_SOCKET, SO_RCVTIMEO, &zero, sizeof(zero)));
    fflush(stdout);
    if (fork() == 0) {
        usleep(20000);
        send(ends[0], "12", 2, 0);
        usleep(20000);
        send(ends[0], "345", 3, 0);
        usleep(20000);
        send(ends[0], "!", 1, MSG_OOB);
        usleep(20000);
        send(ends[0], "end", 3, 0);
        _exit(0);
    }
    show("waits for all", recv(ends[1], buffer, 5, MSG_WAITALL));
    struct pollfd urgent_one = {ends[1], POLLPRI, 0};
    TRY(poll(&urgent_one, 1, -1));
    printf("%x\n", urgent_one.revents);
    show("goes on behind the mark", recv(ends[1], buffer, 9, 0));
    wait(NULL);
    close_both(ends);
}

static void from_files(void) {
    int ends[2], ways[2];
    connected(ends);
    const int file = open("/tmp/sent", O_RDWR | O_CREAT | O_TRUNC, 0600);
    write(file, "0123456789", 10);
    off_t offset = 4;
    TRY(sendfile(ends[0], file, &offset, 3));
    TRY((long)offset);
    show("sent", recv(ends[1], buffer, 9, 0));
    TRY(sendfile(ends[0], file, NULL, 3));
    lseek(file, 0, SEEK_SET);
    TRY(sendfile(ends[0], file, NULL, 99));
    show("sent", recv(ends[1], buffer, 19, 0));
    TRY(sendfile(file, ends[1], NULL, 3));
    pipe(ways);
    TRY(send(ends[0], "spliced", 7, 0));
    TRY(splice(ends[1], NULL, ways[1], NULL, 4, 0));
    TRY(splice(ways[0], NULL, ends[1], NULL, 9, 0));
    show("back", recv(ends[0], buffer, 9, 0));
    TRY(splice(ends[1], NULL, ways[1], NULL, 9, SPLICE_F_NONBLOCK));
    fcntl(ends[1], F_SETFL, O_NONBLOCK);
    TRY(splice(ends[1], NULL, ways[1], NULL, 9, 0));
    // Only the file's flag counts.
    fcntl(ends[1], F_SETFL, 0);
    fflush(stdout);
    if (fork() == 0) {
        usleep(20000);
        send(ends[0], "late", 4, 0);
        _exit(0);
    }
    TRY(splice(ends[1], NULL, ways[1], NULL, 9, SPLICE_F_NONBLOCK));
    wait(NULL);
    TRY(splice(ends[1], &offset, ways[1], NULL, 9, 0));
    TRY(shutdown(ends[0], SHUT_WR));
    TRY(splice(ends[1], NULL, ways[1], NULL, 9, 0));
    close(ways[0]);
    close(ways[1]);
    close(file);
    unlink("/tmp/sent");
    close_both(ends);
}

static const struct Behaviour kBehaviours[] = {
    {"faults", faults}, {"flags", flags},       {"held-back", held_back}, {"low-mark", low_mark},
    {"urgent", urgent}, {"timeouts", timeouts}, {"files", from_files},
};

int main(int count, char** arguments) {
    signal(SIGPIPE, SIG_IGN);
    return RUN_BEHAVIOURS(kBehaviours, count, arguments);
}
