// Locks on bytes of a file: how they split and merge, which one F_GETLK shows, ranges and their errors, locks
// of open files, and circles of processes that wait for each other.
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/wait.h>
#include <unistd.h>

static int file;

static long lock(int fd, int command, short type, short whence, long start, long length) {
    struct flock what = {.l_type = type, .l_whence = whence, .l_start = start, .l_len = length};
    return fcntl(fd, command, &what);
}

static void show(const char* what, long result) {
    printf("%s: %s\n", what, result < 0 ? strerrorname_np(errno) : "0");
}

// What another process finds in its way.
static void show_locks(const char* what) {
    const pid_t child = fork();
    if (child == 0) {
        printf("%s:", what);
        long start = 0;
        for (;;) {
            struct flock held = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = start, .l_len = 0};
            if (fcntl(file, F_GETLK, &held) < 0 || held.l_type == F_UNLCK) {
                break;
            }
            printf(" %s %ld+%ld%s", held.l_type == F_RDLCK ? "read" : "write", (long)held.l_start,
                   (long)held.l_len, held.l_pid == getppid() ? "" : " of somebody else");
            if (held.l_len == 0) {
                break;
            }
            start = held.l_start + held.l_len;
        }
        printf("\n");
        fflush(stdout);
        _exit(0);
    }
    waitpid(child, NULL, 0);
}

static void split_and_merge(void) {
    const struct {
        const char* what;
        short type;
        long start;
        long length;
    } steps[] = {
        {"third first", F_WRLCK, 300, 10},
        {"first", F_WRLCK, 100, 100},
        {"second", F_RDLCK, 250, 10},
        {"hole", F_UNLCK, 120, 10},
        {"middle read", F_RDLCK, 140, 20},
        {"read before", F_RDLCK, 130, 10},
        {"write over all three", F_WRLCK, 120, 60},
        {"touching", F_WRLCK, 200, 50},
        {"to the end", F_RDLCK, 310, 0},
        {"cut", F_UNLCK, 305, 100},
        {"everything read", F_RDLCK, 0, 0},
        {"nothing", F_UNLCK, 0, 0},
    };
    for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
        show(steps[i].what, lock(file, F_SETLK, steps[i].type, SEEK_SET, steps[i].start, steps[i].length));
        show_locks("held");
    }
}

static void ranges(void) {
    const long kMost = 0x7fffffffffffffff;
    lseek(file, 500, SEEK_SET);
    show("before the position", lock(file, F_SETLK, F_WRLCK, SEEK_CUR, -10, 20));
    show("before the end", lock(file, F_SETLK, F_WRLCK, SEEK_END, 0, -10));
    show("negative length", lock(file, F_SETLK, F_WRLCK, SEEK_SET, 100, -50));
    show_locks("held");
    show("negative start", lock(file, F_SETLK, F_WRLCK, SEEK_SET, -1, 1));
    show("length before 0", lock(file, F_SETLK, F_WRLCK, SEEK_SET, 10, -11));
    show("no such whence", lock(file, F_SETLK, F_WRLCK, 3, 0, 1));
    show("last byte", lock(file, F_SETLK, F_WRLCK, SEEK_SET, kMost, 1));
    show("beyond the last byte", lock(file, F_SETLK, F_WRLCK, SEEK_SET, kMost, 2));
    show("end and more", lock(file, F_SETLK, F_WRLCK, SEEK_END, kMost, 1));
    show("longest", lock(file, F_SETLK, F_WRLCK, SEEK_SET, 1, kMost));
    show("too long", lock(file, F_SETLK, F_WRLCK, SEEK_SET, 2, kMost));
    show("no such type", lock(file, F_SETLK, 3, SEEK_SET, 0, 1));
    show("F_GETLK of no lock", lock(file, F_GETLK, F_UNLCK, SEEK_SET, 0, 1));
    show("mandatory", flock(file, LOCK_MAND));
    show("two kinds", flock(file, LOCK_SH | LOCK_EX));
    const int reader = open("locked", O_RDONLY);
    show("write lock of a reader", lock(reader, F_SETLK, F_WRLCK, SEEK_SET, 0, 1));
    show("F_GETLK of a reader", lock(reader, F_GETLK, F_WRLCK, SEEK_SET, 0, 1));
    close(reader);  // and all record locks go
    show_locks("after a close");
}

static void open_file_locks(void) {
    const int other = open("locked", O_RDWR);
    show("of an open file", lock(file, F_OFD_SETLK, F_WRLCK, SEEK_SET, 10, 10));
    show("another open file", lock(other, F_OFD_SETLK, F_RDLCK, SEEK_SET, 15, 10));
    show("the process itself", lock(file, F_SETLK, F_WRLCK, SEEK_SET, 15, 1));
    struct flock held = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    fcntl(other, F_OFD_GETLK, &held);
    printf("in the way: %ld+%ld of %d\n", (long)held.l_start, (long)held.l_len, held.l_pid);
    held.l_type = F_WRLCK;
    held.l_pid = 5;
    show("with a pid", fcntl(file, F_OFD_SETLK, &held));
    show("child's turn", 0);
    fflush(stdout);
    if (fork() == 0) {
        show("a child shares it", lock(file, F_OFD_SETLK, F_WRLCK, SEEK_SET, 10, 10));
        show("but is another process", lock(file, F_SETLK, F_WRLCK, SEEK_SET, 10, 10));
        fflush(stdout);
        _exit(0);
    }
    wait(NULL);
    lock(file, F_OFD_SETLK, F_UNLCK, SEEK_SET, 0, 0);
    close(other);
}

// Each of `count` processes holds a byte and waits for the next one's; the last to wait closes the circle.
static void circle(int count) {
    int held[2];
    int turn[4][2];
    pid_t children[4];
    char byte;
    pipe(held);
    for (int i = 0; i < count; i++) {
        pipe(turn[i]);
    }
    for (int i = 0; i < count; i++) {
        children[i] = fork();
        if (children[i] != 0) {
            read(held[0], &byte, 1);
            continue;
        }
        lock(file, F_SETLK, F_WRLCK, SEEK_SET, i, 1);
        write(held[1], "h", 1);
        read(turn[i][0], &byte, 1);
        const long result = lock(file, F_SETLKW, F_WRLCK, SEEK_SET, (i + 1) % count, 1);
        if (i == count - 1) {
            printf("circle of %d: %s\n", count, result < 0 ? strerrorname_np(errno) : "0");
            fflush(stdout);
        }
        _exit(0);
    }
    for (int i = 0; i < count; i++) {
        write(turn[i][1], "g", 1);
        usleep(20000);
    }
    for (int i = 0; i < count; i++) {
        waitpid(children[i], NULL, 0);
    }
}

// One waits for a lock that another gives up, by unlocking, closing and ending.
static void waiters(void) {
    static const char* const kWays[] = {"unlocked", "closed", "ended"};
    for (int way = 0; way < 3; way++) {
        int ready[2];
        char byte;
        pipe(ready);
        if (fork() == 0) {
            const int own = open("locked", O_RDWR);
            lock(own, F_SETLK, F_WRLCK, SEEK_SET, 500, 10);
            write(ready[1], "r", 1);
            usleep(30000);
            if (way == 0) {
                lock(own, F_SETLK, F_UNLCK, SEEK_SET, 500, 5);
                lock(own, F_SETLK, F_UNLCK, SEEK_SET, 505, 5);
            } else if (way == 1) {
                close(open("locked", O_RDONLY));
            }
            if (way != 2) {
                usleep(30000);
            }
            _exit(0);
        }
        read(ready[0], &byte, 1);
        show("taken", lock(file, F_SETLK, F_RDLCK, SEEK_SET, 509, 1));
        show(kWays[way], lock(file, F_SETLKW, F_WRLCK, SEEK_SET, 495, 12));
        show("given back", lock(file, F_SETLK, F_UNLCK, SEEK_SET, 0, 0));
        wait(NULL);
        close(ready[0]);
        close(ready[1]);
    }
    int ready[2];
    char byte;
    pipe(ready);
    if (fork() == 0) {
        const int own = open("locked", O_RDWR);
        flock(own, LOCK_EX);
        write(ready[1], "r", 1);
        usleep(30000);
        flock(own, LOCK_SH);
        usleep(30000);
        _exit(0);
    }
    read(ready[0], &byte, 1);
    show("flock", flock(file, LOCK_SH | LOCK_NB));
    show("flock, waiting", flock(file, LOCK_SH));
    show("flock, upgraded", flock(file, LOCK_EX | LOCK_NB));
    show("flock, upgraded later", flock(file, LOCK_EX));
    wait(NULL);
}

int main(void) {
    setvbuf(stdout, NULL, _IOLBF, 0);
    chdir("/tmp");
    file = open("locked", O_RDWR | O_CREAT | O_TRUNC, 0600);
    ftruncate(file, 1000);
    split_and_merge();
    ranges();
    open_file_locks();
    circle(2);
    circle(3);
    waiters();
    return 0;
}
