// Control messages of AF_UNIX sockets: open files and credentials, what is cut off, what is refused, and
// files that only messages hold.
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "ends.h"

static char bytes[16];
static char control[2048];

static long send_control(const char* data, size_t size, void* messages, size_t length) {
    struct iovec part = {(void*)data, size};
    const struct msghdr message = {
        .msg_iov = &part, .msg_iovlen = 1, .msg_control = messages, .msg_controllen = length};
    return sendmsg(ends[0], &message, MSG_DONTWAIT);
}

static long send_files(const char* data, const int* files, size_t count) {
    static char space[2048];
    struct cmsghdr* header = (struct cmsghdr*)space;
    *header = (struct cmsghdr){CMSG_LEN(count * sizeof(int)), SOL_SOCKET, SCM_RIGHTS};
    memcpy(CMSG_DATA(header), files, count * sizeof(int));
    return send_control(data, strlen(data), space, CMSG_SPACE(count * sizeof(int)));
}

static long send_credentials(pid_t process, uid_t user, gid_t group) {
    struct {
        struct cmsghdr header;
        struct ucred shown;
    } space = {{CMSG_LEN(sizeof(struct ucred)), SOL_SOCKET, SCM_CREDENTIALS}, {process, user, group}};
    return send_control("c", 1, &space, sizeof(space));
}

static void show_message(const struct cmsghdr* header) {
    const size_t size = header->cmsg_len - CMSG_LEN(0);
    printf(" [%d of %zu bytes", header->cmsg_type, size);
    if (header->cmsg_type == SCM_RIGHTS) {
        for (size_t i = 0; i < size / sizeof(int); i++) {
            const int fd = ((const int*)CMSG_DATA(header))[i];
            if (i < 4) {
                printf(" %d%s", fd, fcntl(fd, F_GETFD) != 0 ? " closes" : "");
            }
            close(fd);
        }
    } else if (size == sizeof(struct ucred)) {
        struct ucred shown;
        memcpy(&shown, CMSG_DATA(header), sizeof(shown));
        const char* whose = shown.pid == getpid() ? "mine" : shown.pid == 0 ? "nobody's" : "another's";
        printf(" %s %d %d", whose, (int)shown.uid, (int)shown.gid);
    }
    printf("]");
}

// `room`: for control messages; negative: no buffer.
static void receive(const char* label, size_t size, long room, int flags) {
    struct iovec part = {bytes, size};
    struct msghdr message = {.msg_iov = &part,
                             .msg_iovlen = 1,
                             .msg_control = room < 0 ? NULL : control,
                             .msg_controllen = room < 0 ? 0 : (size_t)room};
    memset(control, 0, sizeof(control));
    const long result = recvmsg(ends[1], &message, flags | MSG_DONTWAIT);
    if (result < 0) {
        printf("%s: %s\n", label, strerrorname_np(errno));
        return;
    }
    printf("%s: %ld flags %x, %d bytes", label, result, message.msg_flags, (int)message.msg_controllen);
    for (struct cmsghdr* header = CMSG_FIRSTHDR(&message); header != NULL;
         header = CMSG_NXTHDR(&message, header)) {
        show_message(header);
    }
    puts("");
}

static void files(void) {
    const int standard[4] = {0, 1, 2, 1};
    send_files("a", standard, 1);
    receive("one", 9, 100, 0);
    send_files("bcd", standard, 3);
    receive("close on exec", 9, 100, MSG_CMSG_CLOEXEC);
    send_files("a", standard, 2);
    receive("room for one", 9, CMSG_LEN(sizeof(int)), 0);
    send_files("a", standard, 2);
    receive("room for a header", 9, CMSG_LEN(0), 0);
    send_files("a", standard, 2);
    receive("no room", 9, -1, 0);
    send_files("a", standard, 2);
    receive("peek", 9, 100, MSG_PEEK);
    receive("take", 9, 100, 0);
    send_files("a", standard, 2);
    told("not asked for", recv(ends[1], bytes, 9, 0));
    int many[254];
    for (int i = 0; i < 254; i++) {
        many[i] = 1;
    }
    told("253", send_files("a", many, 253));
    receive("all of them", 9, sizeof(control), 0);
    told("254", send_files("a", many, 254));
    many[1] = 999;
    told("one is closed", send_files("a", many, 2));
    told("none", send_files("a", many, 0));
    receive("none", 9, 100, 0);
    const int path = open("/tmp", O_PATH);
    told("a path", send_files("a", &path, 1));
    receive("a path", 9, 100, 0);
    told("the socket itself", send_files("a", ends, 2));
    receive("the socket itself", 9, 100, 0);
}

static void boundaries(void) {
    const int file = 1;
    send(ends[0], "aa", 2, 0);
    send_files("bb", &file, 1);
    send(ends[0], "cc", 2, 0);
    receive("up to the files", 16, 100, 0);
    receive("behind them", 16, 100, 0);
    receive("nothing", 16, 100, 0);
    send_files("longer", &file, 1);
    receive("with the first bytes", 2, 100, 0);
    receive("not with the others", 16, 100, 0);
    send_files("zz", &file, 1);
    receive("with no bytes", 0, 100, 0);
    receive("the bytes", 16, 100, 0);
}

static void forms(void) {
    struct {
        struct cmsghdr header;
        int fd[2];
    } space = {{CMSG_LEN(sizeof(int)), SOL_SOCKET, 77}, {0, 0}};
    told("an unknown type", send_control("x", 1, &space, sizeof(space)));
    space.header.cmsg_level = 41;
    told("another level", send_control("x", 1, &space, sizeof(space)));
    receive("another level", 9, 100, 0);
    space.header = (struct cmsghdr){15, SOL_SOCKET, SCM_RIGHTS};
    told("too short", send_control("x", 1, &space, sizeof(space)));
    space.header.cmsg_len = 200;
    told("too long", send_control("x", 1, &space, sizeof(space)));
    told("not even a header", send_control("x", 1, &space, 10));
    receive("not even a header", 9, 100, 0);
    told("kBadAddress", send_control("x", 1, kBadAddress, 20));
    told("nothing", send_control("x", 1, NULL, 20));
    told("too much", send_control("x", 1, control, 30000));
}

static void credentials(void) {
    const int on = 1, file = 1;
    send(ends[0], "b", 1, 0);
    setsockopt(ends[1], SOL_SOCKET, SO_PASSCRED, &on, sizeof(on));
    receive("sent before", 1, 100, 0);
    send(ends[0], "a", 1, 0);
    receive("sent after", 9, 100, 0);
    send_files("f", &file, 1);
    receive("both", 9, 100, 0);
    send_files("f", &file, 1);
    receive("room for credentials", 9, CMSG_SPACE(sizeof(struct ucred)), 0);
    send(ends[0], "a", 1, 0);
    receive("room for half of them", 9, 20, 0);
    send(ends[0], "a", 1, 0);
    receive("no room", 9, -1, 0);
    told("others as root", send_credentials(getpid(), 5, 6));
    receive("shown", 9, 100, 0);
    told("no such process", send_credentials(4000000, 0, 0));
    told("no user", send_credentials(getpid(), (uid_t)-1, 0));
    fflush(stdout);
    if (fork() == 0) {
        setresgid(100, 100, 100);
        setresuid(100, 100, 100);
        told("a user's own", send_credentials(getpid(), 100, 100));
        told("root's user", send_credentials(getpid(), 0, 100));
        told("root's group", send_credentials(getpid(), 100, 0));
        told("another process", send_credentials(getppid(), 100, 100));
        fflush(stdout);
        _exit(0);
    }
    wait(NULL);
    receive("the child's", 9, 100, 0);
}

// Sockets that can be reached only through messages that nobody can receive are closed, and what they hold
// with them.
static void garbage(void) {
    int watched[2];
    pipe2(watched, O_NONBLOCK);
    const int cycle[2] = {ends[0], watched[1]};
    told("in a circle", send_files("x", cycle, 2));
    close(watched[1]);
    close(ends[0]);
    told("held", read(watched[0], bytes, 1));
    close(ends[1]);
    usleep(50000);
    told("collected", read(watched[0], bytes, 1));
    socketpair(AF_UNIX, SOCK_STREAM, 0, ends);
    int lost[2];
    pipe2(lost, O_NONBLOCK);
    send_files("x", &lost[1], 1);
    close(lost[1]);
    told("in a queue", read(lost[0], bytes, 1));
    close(ends[1]);
    told("that is closed", read(lost[0], bytes, 1));
    close(ends[0]);
}

int main(void) {
    const int types[] = {SOCK_STREAM, SOCK_DGRAM, SOCK_SEQPACKET};
    signal(SIGPIPE, SIG_IGN);
    for (int i = 0; i < 3; i++) {
        socketpair(AF_UNIX, types[i], 0, ends);
        printf("type %d\n", types[i]);
        files();
        if (types[i] == SOCK_STREAM) {
            boundaries();
        }
        forms();
        close(ends[0]);
        close(ends[1]);
        socketpair(AF_UNIX, types[i], 0, ends);
        credentials();
        garbage();
    }
    return 0;
}
