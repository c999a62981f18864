// inotify: every event, their order, names and cookies; watches and their flags; reading, polling, overflow.
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>

#include "../report.h"

enum { kExchange = 2 };

static char buffer[65536];

// Cookies grow from boot to boot's other moves: only which events share one is shown.
static unsigned first_cookie;

static void show_events(int fd, const char* what) {
    printf("%s:", what);
    ssize_t bytes;
    while ((bytes = read(fd, buffer, sizeof(buffer))) > 0) {
        for (ssize_t place = 0; place < bytes;) {
            const struct inotify_event* event = (const struct inotify_event*)(buffer + place);
            if (event->cookie != 0 && first_cookie == 0) {
                first_cookie = event->cookie - 1;
            }
            printf(" %d/%x/%u/%u/%s", event->wd, event->mask,
                   event->cookie == 0 ? 0 : event->cookie - first_cookie, event->len,
                   event->len == 0 ? "" : event->name);
            place += (ssize_t)sizeof(*event) + event->len;
        }
    }
    printf("\n");
}

static void make(const char* name) {
    close(open(name, O_CREAT | O_WRONLY, 0600));
}

static void errors(int fd) {
    TRY(inotify_init1(1));
    TRY(inotify_add_watch(fd, ".", 0));
    TRY(inotify_add_watch(fd, ".", IN_CREATE | 0x10000));
    TRY(inotify_add_watch(99, ".", IN_CREATE));
    TRY(inotify_add_watch(0, ".", IN_CREATE));
    TRY(inotify_add_watch(fd, "missing", IN_CREATE));
    TRY(inotify_add_watch(fd, "", IN_CREATE));
    TRY(inotify_add_watch(fd, kBadAddress, IN_CREATE));
    TRY(inotify_add_watch(fd, ".", IN_CREATE | IN_MASK_ADD | IN_MASK_CREATE));
    TRY(inotify_rm_watch(fd, 1));
    TRY(inotify_rm_watch(0, 1));
    TRY(inotify_rm_watch(99, 1));
    TRY(read(fd, buffer, sizeof(buffer)));
    TRY(write(fd, buffer, 1));
    TRY(lseek(fd, 0, SEEK_END));
    TRY(fcntl(fd, F_GETFL));
}

static void file_events(int fd) {
    TRY(inotify_add_watch(fd, ".", IN_ALL_EVENTS));
    const int file = open("file", O_CREAT | O_RDWR, 0600);
    show_events(fd, "create");
    (void)!write(file, "1", 1);
    (void)!write(file, "2", 1);
    (void)!pread(file, buffer, 1, 0);
    (void)!pread(file, buffer, 1, 100);
    (void)!write(file, "", 0);
    show_events(fd, "write twice, read, read and write nothing");
    (void)!ftruncate(file, 1);
    show_events(fd, "ftruncate");
    (void)!truncate("file", 5);
    posix_fallocate(file, 0, 100);
    show_events(fd, "truncate, fallocate");
    fchmod(file, 0644);
    (void)!chown("file", 1, 1);
    (void)!chown("file", -1, -1);
    show_events(fd, "chmod, chown");
    struct timespec times[2] = {{1, 0}, {2, 0}};
    utimensat(AT_FDCWD, "file", times, 0);
    times[0].tv_nsec = UTIME_OMIT;
    utimensat(AT_FDCWD, "file", times, 0);
    times[0].tv_nsec = 0;
    times[1].tv_nsec = UTIME_OMIT;
    utimensat(AT_FDCWD, "file", times, 0);
    show_events(fd, "times");
    const int copy = dup(file);
    close(file);
    show_events(fd, "close one of two");
    close(copy);
    show_events(fd, "close");
    close(open("file", O_RDONLY | O_TRUNC));
    close(open("file", O_PATH));
    show_events(fd, "truncating open, and O_PATH");
    const int directory = open(".", O_RDONLY | O_DIRECTORY);
    (void)syscall(SYS_getdents64, directory, buffer, 1000);
    close(directory);
    show_events(fd, "directory");
}

static void name_events(int fd) {
    link("file", "link");
    symlink("file", "symbolic");
    mkfifo("fifo", 0600);
    mkdir("directory", 0700);
    show_events(fd, "link, symlink, mkfifo, mkdir");
    rename("link", "moved");
    rename("moved", "file");
    show_events(fd, "rename, and to another name of the same file");
    make("other");
    show_events(fd, "other");
    rename("other", "moved");
    show_events(fd, "rename over");
    rename("moved", "directory/inside");
    rename("directory/inside", "moved");
    show_events(fd, "out and in");
    syscall(SYS_renameat2, AT_FDCWD, "moved", AT_FDCWD, "directory", kExchange);
    syscall(SYS_renameat2, AT_FDCWD, "moved", AT_FDCWD, "directory", kExchange);
    show_events(fd, "exchange and back");
    rmdir("directory");
    unlink("symbolic");
    unlink("fifo");
    unlink("moved");
    show_events(fd, "removals");
}

static void self_events(int fd) {
    make("one");
    link("one", "two");
    show_events(fd, "one and two");
    const int watch = inotify_add_watch(fd, "one", IN_ALL_EVENTS);
    printf("watch %d, by the other name the same: %d\n", watch,
           inotify_add_watch(fd, "two", IN_ALL_EVENTS) == watch);
    const int file = open("one", O_WRONLY);
    (void)!write(file, "1", 1);
    show_events(fd, "for both watches");
    unlink("one");
    rename("two", "three");
    show_events(fd, "unlink one name, move the other");
    unlink("three");
    show_events(fd, "unlink while open");
    (void)!write(file, "1", 1);
    close(file);
    show_events(fd, "last close");
    TRY(inotify_rm_watch(fd, watch));
    make("short");
    inotify_add_watch(fd, "short", IN_DELETE_SELF | IN_ATTRIB);
    unlink("short");
    show_events(fd, "unlink");
    mkdir("directory", 0700);
    inotify_add_watch(fd, "directory", IN_ALL_EVENTS);
    make("directory/inside");
    rename("directory", "renamed");
    unlink("renamed/inside");
    rmdir("renamed");
    show_events(fd, "a watched directory");
    // An executed file is opened, read, and closed when the program ends.
    TRY(inotify_add_watch(fd, "/proc/self/exe", IN_ALL_EVENTS));
    fflush(stdout);
    if (fork() == 0) {
        execl("/proc/self/exe", "program", "nothing", NULL);
        _exit(1);
    }
    wait(NULL);
    show_events(fd, "exec");
}

static void flags(int fd) {
    make("flags");
    show_events(fd, "flags");
    TRY(inotify_rm_watch(fd, 1));
    show_events(fd, "removed");
    int watch = inotify_add_watch(fd, "flags", IN_OPEN);
    TRY(inotify_add_watch(fd, "flags", IN_MODIFY | IN_MASK_CREATE));
    TRY(inotify_add_watch(fd, "flags", IN_CLOSE | IN_MASK_ADD) == watch);
    close(open("flags", O_RDONLY));
    show_events(fd, "added");
    TRY(inotify_add_watch(fd, "flags", IN_MODIFY) == watch);
    close(open("flags", O_RDONLY | O_TRUNC));
    show_events(fd, "replaced");
    TRY(inotify_add_watch(fd, "flags", IN_OPEN | IN_ONESHOT) == watch);
    close(open("flags", O_RDONLY));
    close(open("flags", O_RDONLY));
    show_events(fd, "once");
    TRY(inotify_rm_watch(fd, watch));
    TRY(inotify_add_watch(fd, "flags", IN_OPEN | IN_ONLYDIR));
    symlink("flags", "symbolic");
    watch = inotify_add_watch(fd, "symbolic", IN_ALL_EVENTS | IN_DONT_FOLLOW);
    unlink("symbolic");
    show_events(fd, "a symbolic link itself");
    watch = inotify_add_watch(fd, ".", IN_ALL_EVENTS | IN_EXCL_UNLINK);
    const int file = open("flags", O_RDWR);
    unlink("flags");
    show_events(fd, "unlinked");
    (void)!write(file, "1", 1);
    close(file);
    show_events(fd, "what is unlinked is left out");
    inotify_rm_watch(fd, watch);
    mkdir("mount", 0700);
    TRY(mount("none", "mount", "tmpfs", 0, ""));
    make("mount/file");
    watch = inotify_add_watch(fd, "mount/file", IN_OPEN);
    TRY(umount("mount"));
    show_events(fd, "unmounted");
    TRY(inotify_rm_watch(fd, watch));
}

static void reading(int fd) {
    const int watch = inotify_add_watch(fd, ".", IN_CREATE);
    printf("watch %d\n", watch);
    make("a");
    make("sixteen-bytes-16");
    make("b");
    int bytes = 0;
    TRY(ioctl(fd, FIONREAD, &bytes));
    printf("  %d bytes\n", bytes);
    TRY(read(fd, buffer, 31));
    TRY(read(fd, buffer, 32 + 47));
    TRY(read(fd, kBadAddress, 100));
    TRY(ioctl(fd, FIONREAD, &bytes));
    printf("  %d bytes\n", bytes);
    show_events(fd, "rest");
    struct pollfd entry = {.fd = fd, .events = POLLIN | POLLOUT | POLLRDNORM};
    TRY(poll(&entry, 1, 0));
    const int set = epoll_create1(0);
    struct epoll_event event = {.events = EPOLLIN | EPOLLET};
    epoll_ctl(set, EPOLL_CTL_ADD, fd, &event);
    make("c");
    TRY(poll(&entry, 1, 0));
    printf("  events %x\n", entry.revents);
    TRY(epoll_wait(set, &event, 1, 0));
    TRY(epoll_wait(set, &event, 1, 0));
    make("d");
    TRY(epoll_wait(set, &event, 1, 0));
    show_events(fd, "c and d");
    // The same event twice in a row is told once.
    inotify_add_watch(fd, "a", IN_ATTRIB);
    chmod("a", 0600);
    chmod("a", 0600);
    make("e");
    chmod("a", 0600);
    show_events(fd, "merged");
    close(set);
}

int main(int count, char** arguments) {
    (void)arguments;
    if (count > 1) {
        return 0;
    }
    mkdir("/tmp/watched", 0755);
    (void)!chdir("/tmp/watched");
    const int fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    errors(fd);
    file_events(fd);
    name_events(fd);
    self_events(fd);
    flags(fd);
    reading(fd);
    return 0;
}
