// AF_UNIX names: what bind, connect, listen and accept take and refuse, which names sockets and their peers
// show, and what becomes of connections that nobody accepts.
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

static char buffer[64];
static void* volatile nowhere = (void*)8;

static long report(const char* label, long result) {
    printf("%s: %ld %s\n", label, result, result < 0 ? strerrorname_np(errno) : "");
    return result;
}

// A name that begins with @ is abstract.
static socklen_t fill(struct sockaddr_un* address, const char* name) {
    *address = (struct sockaddr_un){.sun_family = AF_UNIX};
    strcpy(address->sun_path, name);
    const socklen_t length = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(name));
    if (name[0] == '@') {
        address->sun_path[0] = 0;
        return length;
    }
    return length + 1;
}

static int bind_to(int fd, const char* name) {
    struct sockaddr_un address;
    const socklen_t length = fill(&address, name);
    return bind(fd, (struct sockaddr*)&address, length);
}

static int connect_to(int fd, const char* name) {
    struct sockaddr_un address;
    const socklen_t length = fill(&address, name);
    return connect(fd, (struct sockaddr*)&address, length);
}

static int make(int type) {
    return socket(AF_UNIX, type, 0);
}

static void show(const char* label, int fd, int (*get)(int, struct sockaddr*, socklen_t*)) {
    struct sockaddr_un address;
    socklen_t length = sizeof(address);
    memset(&address, 0, sizeof(address));
    if (get(fd, (struct sockaddr*)&address, &length) < 0) {
        printf("%s: %s\n", label, strerrorname_np(errno));
        return;
    }
    const char* path = address.sun_path[0] != 0 ? address.sun_path : address.sun_path + 1;
    printf("%s: %d bytes, family %d %s\n", label, (int)length, address.sun_family, path);
}

static void look(const char* label, int fd) {
    struct pollfd polled = {.fd = fd, .events = POLLIN | POLLOUT | POLLRDHUP};
    poll(&polled, 1, 0);
    printf("%s: %x\n", label, polled.revents);
}

static void bindings(void) {
    struct stat found;
    const int fd = make(SOCK_STREAM);
    unlink("/tmp/names");
    fchmod(fd, 0642);
    report("bind", bind_to(fd, "/tmp/names"));
    stat("/tmp/names", &found);
    printf("mode %o\n", found.st_mode);
    report("to another path", bind_to(fd, "/tmp/names-2"));
    report("which is not left behind", access("/tmp/names-2", F_OK));
    report("to the path that exists", bind_to(fd, "/tmp/names"));
    report("to an abstract name", bind_to(fd, "@names"));
    report("to any name", bind(fd, (struct sockaddr*)&(struct sockaddr_un){.sun_family = AF_UNIX}, 2));
    show("it is still", fd, getsockname);
    report("no directory", bind_to(make(SOCK_STREAM), "/tmp/none/x"));
    report("a directory", bind_to(make(SOCK_STREAM), "/tmp/."));
    report("abstract", bind_to(make(SOCK_STREAM), "@names"));
    report("the same", bind_to(make(SOCK_STREAM), "@names"));
    report("of another type", bind_to(make(SOCK_DGRAM), "@names"));
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    const int any = make(SOCK_STREAM);
    report("any", bind(any, (struct sockaddr*)&address, 2));
    socklen_t length = sizeof(address);
    getsockname(any, (struct sockaddr*)&address, &length);
    printf("%d bytes, first %d\n", (int)length, address.sun_path[0]);
    const int bare = make(SOCK_STREAM);
    report("only a NUL", bind(bare, (struct sockaddr*)&(struct sockaddr_un){.sun_family = AF_UNIX}, 3));
    show("is a name", bare, getsockname);
    report("too short", bind(make(SOCK_STREAM), (struct sockaddr*)&address, 1));
    report("too long", bind(make(SOCK_STREAM), (struct sockaddr*)&address, sizeof(address) + 1));
    report("nowhere", bind(make(SOCK_STREAM), nowhere, 20));
    address = (struct sockaddr_un){.sun_family = AF_INET};
    report("another family", bind(make(SOCK_STREAM), (struct sockaddr*)&address, 20));
    report("no socket", bind(STDIN_FILENO, (struct sockaddr*)&address, 20));
    report("no socket, nowhere", connect(STDIN_FILENO, nowhere, 20));
    length = 3;
    memset(&address, 'z', sizeof(address));
    report("part of a name", getsockname(fd, (struct sockaddr*)&address, &length));
    printf("%d bytes %d %c\n", (int)length, address.sun_family, address.sun_path[1]);
    length = (socklen_t)-1;
    report("less than nothing", getsockname(fd, (struct sockaddr*)&address, &length));
    close_range(3, 60, 0);
}

static void connections(void) {
    unlink("/tmp/listener");
    const int listener = make(SOCK_STREAM | SOCK_NONBLOCK);
    report("listen without a name", listen(listener, 1));
    bind_to(listener, "/tmp/listener");
    report("connect before it listens", connect_to(make(SOCK_STREAM), "/tmp/listener"));
    report("listen", listen(listener, 1));
    report("nobody there", accept(listener, NULL, NULL));
    int clients[4];
    for (int i = 0; i < 4; i++) {
        clients[i] = make(SOCK_STREAM | SOCK_NONBLOCK);
        report("connect", connect_to(clients[i], "/tmp/listener"));
    }
    look("listener", listener);
    look("client that waits", clients[1]);
    look("client that was refused", clients[3]);
    const int server = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
    report("flags of the accepted",
           fcntl(server, F_GETFD) * 10 + (fcntl(server, F_GETFL) & O_NONBLOCK ? 1 : 0));
    show("server", server, getsockname);
    show("its peer", server, getpeername);
    report("a name for the client", bind_to(clients[0], "@client"));
    show("its peer now", server, getpeername);
    show("client's peer", clients[0], getpeername);
    report("again", connect_to(clients[0], "/tmp/listener"));
    report("bind the accepted", bind_to(server, "@accepted"));
    report("listen on it", listen(server, 1));
    report("accept on it", accept(server, NULL, NULL));
    struct sockaddr_un address;
    socklen_t length = sizeof(address);
    write(server, "hello", 5);
    report("recvfrom a stream", recvfrom(clients[0], buffer, 9, 0, (struct sockaddr*)&address, &length));
    printf("from %d bytes\n", (int)length);
    close(clients[0]);
    show("a closed peer", server, getpeername);
    look("server", server);
    report("by a hard link", link("/tmp/listener", "/tmp/listener-2"));
    report("connect", connect_to(make(SOCK_STREAM), "/tmp/listener-2"));
    report("of another type", connect_to(make(SOCK_SEQPACKET), "/tmp/listener"));
    report("datagrams", connect_to(make(SOCK_DGRAM), "/tmp/listener"));
    report("a directory", connect_to(make(SOCK_STREAM), "/tmp"));
    report("nothing", connect_to(make(SOCK_STREAM), "/tmp/none"));
    report("no name", connect(make(SOCK_STREAM), (struct sockaddr*)&address, 2));
    write(clients[1], "lost", 4);
    close(listener);
    report("never accepted", recv(clients[1], buffer, 9, 0));
    report("and the end", recv(clients[1], buffer, 9, 0));
    look("never accepted", clients[1]);
    report("write", write(clients[1], "x", 1));
    report("a stale name", connect_to(make(SOCK_STREAM), "/tmp/listener"));
    report("is in use", bind_to(make(SOCK_STREAM), "/tmp/listener"));
    close_range(3, 60, 0);
}

static void kinds(void) {
    report("raw", make(SOCK_RAW));
    report("no type", make(9));
    report("no such type", make(12));
    report("a protocol", socket(AF_UNIX, SOCK_STREAM, 5));
    report("the family's protocol", socket(AF_UNIX, SOCK_STREAM, AF_UNIX));
    report("no family", socket(0, SOCK_STREAM, 0));
    report("open a socket's file", open("/tmp/names", O_RDONLY));
    report("lseek", lseek(3, 0, SEEK_CUR));
    report("fsync", fsync(3));
    report("ftruncate", ftruncate(3, 0));
    int value = 0;
    report("an unknown request", ioctl(3, 0x8999, &value));
    report("at the mark", ioctl(3, SIOCATMARK, &value));
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    listen(socket(AF_UNIX, SOCK_STREAM, 0), 1);
    report("accept datagrams", accept(3, (struct sockaddr*)&address, NULL));
    report("shutdown", shutdown(3, 7));
    close_range(3, 60, 0);
}

int main(void) {
    signal(SIGPIPE, SIG_IGN);
    umask(022);
    bindings();
    connections();
    kinds();
    return 0;
}
