// An open by way of /proc/self/fd, /dev/fd or /dev/stdin opens the file behind the descriptor, not its name.
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static char buffer[64];

static long report(const char* label, long result) {
    printf("%s: %ld %s\n", label, result, result < 0 ? strerrorname_np(errno) : "");
    return result;
}

static const char* name_of(int fd) {
    static char name[32];
    snprintf(name, sizeof(name), "/proc/self/fd/%d", fd);
    return name;
}

static int again(int fd, int flags) {
    return open(name_of(fd), flags);
}

static void pipes(void) {
    int ends[2];
    pipe(ends);
    write(ends[1], "abcd", 4);
    const int reader = (int)report("the read end", again(ends[0], O_RDONLY));
    const int writer = (int)report("the read end for writing", again(ends[0], O_WRONLY));
    report("write", write(writer, "ef", 2));
    report("read", read(reader, buffer, sizeof(buffer)));
    report("for both", again(ends[1], O_RDWR));
    report("access mode 3", again(ends[1], O_ACCMODE));
    close_range(3, 40, 0);
    pipe(ends);
    close(ends[1]);
    const int ended = (int)report("without a writer", again(ends[0], O_RDONLY));
    struct pollfd polled = {.fd = ended, .events = POLLIN};
    printf("poll %d %x\n", poll(&polled, 1, 0), polled.revents);
    report("read", read(ended, buffer, 1));
    report("a writer at last", again(ends[0], O_WRONLY | O_NONBLOCK));
    close_range(3, 40, 0);
    pipe(ends);
    close(ends[0]);
    report("without a reader", again(ends[1], O_WRONLY));
    report("and not blocking", again(ends[1], O_WRONLY | O_NONBLOCK));
    close_range(3, 40, 0);
}

static void no_files(void) {
    int ends[2];
    struct stat found;
    socketpair(AF_UNIX, SOCK_STREAM, 0, ends);
    report("a socket", again(ends[0], O_RDWR));
    const int path = (int)report("a socket's path", again(ends[0], O_PATH));
    report("read", read(path, buffer, 1));
    fstat(path, &found);
    printf("type %o\n", found.st_mode & S_IFMT);
    report("a counter", again(eventfd(0, 0), O_RDWR));
    report("a set", again(epoll_create1(0), O_RDWR));
    close_range(3, 40, 0);
}

static void memory(void) {
    const int file = memfd_create("memory", 0);
    write(file, "hello", 5);
    const int other = (int)report("memory", again(file, O_RDONLY));
    report("from its start", read(other, buffer, sizeof(buffer)));
    report("not for writing", write(other, "x", 1));
    report("with O_CREAT", again(file, O_RDWR | O_CREAT));
    report("with O_EXCL", again(file, O_RDWR | O_CREAT | O_EXCL));
    report("as a directory", again(file, O_RDONLY | O_DIRECTORY));
    report("the link itself", again(file, O_RDONLY | O_NOFOLLOW));
    report("truncated", again(file, O_RDWR | O_TRUNC));
    report("size", lseek(file, 0, SEEK_END));
    close_range(3, 40, 0);
}

static void without_a_name(void) {
    struct stat found;
    const int file = open("/tmp/reopened", O_RDWR | O_CREAT | O_TRUNC, 0600);
    write(file, "file", 4);
    unlink("/tmp/reopened");
    const int other = (int)report("a file without a name", again(file, O_RDWR | O_APPEND));
    report("read", read(other, buffer, sizeof(buffer)));
    report("flags", fcntl(other, F_GETFL));
    report("stat", stat(name_of(file), &found));
    printf("links %d size %d\n", (int)found.st_nlink, (int)found.st_size);
    report("truncate", truncate(name_of(file), 2));
    report("link it again", linkat(AT_FDCWD, name_of(file), AT_FDCWD, "/tmp/again", AT_SYMLINK_FOLLOW));
    report("unlink", unlink(name_of(file)));
    report("no such number", again(60, O_RDONLY));
    report("a leading zero", open("/proc/self/fd/00", O_RDONLY));
    report("a new one", open("/proc/self/fd/70", O_RDWR | O_CREAT, 0600));
    const int directory = open("/tmp", O_PATH | O_DIRECTORY);
    char name[64];
    snprintf(name, sizeof(name), "%s/reopened", name_of(directory));
    report("through a directory", open(name, O_RDWR | O_CREAT, 0600));
    const int path = open("/tmp/reopened", O_PATH);
    report("a path", write((int)report("as a file", again(path, O_WRONLY)), "x", 1));
    symlink("/tmp/reopened", "/tmp/reopened-link");
    report("a link's path", again(open("/tmp/reopened-link", O_PATH | O_NOFOLLOW), O_RDONLY));
    unlink("/tmp/reopened");
    unlink("/tmp/reopened-link");
    close_range(3, 40, 0);
}

static void standard_input(void) {
    int ends[2];
    pipe(ends);
    dup2(ends[0], STDIN_FILENO);
    write(ends[1], "in", 2);
    close(ends[1]);
    const int input = (int)report("/dev/stdin", open("/dev/stdin", O_RDONLY));
    report("read", read(input, buffer, sizeof(buffer)));
    report("its end", read(input, buffer, sizeof(buffer)));
    report("/dev/fd", open("/dev/fd/0", O_RDONLY));
    close(STDIN_FILENO);
    report("closed", open("/dev/stdin", O_RDONLY));
}

// A process that has become another user may still open what it has.
static void as_a_user(void) {
    fflush(stdout);
    if (fork() == 0) {
        int ends[2];
        setresgid(1000, 1000, 1000);
        setresuid(1000, 1000, 1000);
        pipe(ends);
        report("a user's pipe", again(ends[0], O_RDONLY));
        fchmod(ends[0], 0);
        report("with no permissions", again(ends[0], O_RDONLY));
        fflush(stdout);
        _exit(0);
    }
    wait(NULL);
}

int main(void) {
    pipes();
    no_files();
    memory();
    without_a_name();
    standard_input();
    as_a_user();
    return 0;
}
