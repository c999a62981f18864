// How files are opened: flags, modes and errors of openat and openat2.
#include <dirent.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/openat2.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "../behaviours.h"
#include "../report.h"

static char buffer[64];

static void make(const char* name, mode_t mode, const char* text) {
    const int fd = open(name, O_CREAT | O_TRUNC | O_WRONLY, 0600);
    (void)!write(fd, text, strlen(text));
    fchmod(fd, mode);
    close(fd);
}

// Opens, shows the flags that the file has, and closes.
static void show_open(const char* path, int flags, mode_t mode) {
    const int fd = open(path, flags, mode);
    printf("open %s %o: %s", path, flags, fd < 0 ? strerrorname_np(errno) : "yes");
    if (fd >= 0) {
        printf(" %o %o", fcntl(fd, F_GETFL), fcntl(fd, F_GETFD));
        close(fd);
    }
    printf("\n");
}

static void flags(void) {
    static const int kFlags[] = {O_RDONLY,
                                 O_WRONLY,
                                 O_RDWR,
                                 O_ACCMODE,
                                 O_RDWR | O_APPEND | O_NONBLOCK,
                                 O_RDONLY | O_CLOEXEC | O_NOATIME | O_NOCTTY,
                                 O_RDWR | O_SYNC,
                                 O_RDWR | O_DSYNC,
                                 O_RDONLY | O_DIRECTORY,
                                 O_RDWR | O_DIRECTORY,
                                 O_WRONLY | O_TRUNC,
                                 O_RDONLY | O_TRUNC,
                                 O_RDONLY | O_NOFOLLOW,
                                 O_RDONLY | O_DIRECT,
                                 O_RDWR | O_ASYNC,
                                 O_PATH | O_RDWR | O_TRUNC | O_CLOEXEC,
                                 O_PATH | O_NOFOLLOW,
                                 O_PATH | O_DIRECTORY,
                                 O_CREAT | O_RDONLY,
                                 O_CREAT | O_EXCL | O_RDWR,
                                 O_CREAT | O_DIRECTORY | O_RDWR,
                                 O_CREAT | O_NOFOLLOW | O_RDWR};
    static const char* const kNames[] = {"file",   "directory", "link",  "dangling",
                                         "absent", "fifo/",     "link/", "."};
    make("file", 0640, "text");
    mkdir("directory", 0750);
    symlink("file", "link");
    symlink("nothing", "dangling");
    for (size_t i = 0; i < sizeof(kNames) / sizeof(kNames[0]); ++i) {
        for (size_t j = 0; j < sizeof(kFlags) / sizeof(kFlags[0]); ++j) {
            show_open(kNames[i], kFlags[j], 0600);
            unlink("absent");
            unlink("nothing");
        }
    }
    show_open("new", O_CREAT | O_EXCL | O_RDWR, 07777);
    TRY(chmod("new", 0));
    show_open("new", O_CREAT | O_EXCL | O_RDWR, 0);
    show_open("read-only", O_CREAT | O_RDWR, 0400);
}

static void as_other_user(void) {
    static const int kModes[] = {0700, 0070, 0007, 0644, 0444, 0222, 0111, 0000, 0666};
    make("mine", 0600, "mine");
    mkdir("closed", 0700);
    make("closed/file", 0666, "closed");
    mkdir("search", 0711);
    make("search/file", 0666, "search");
    mkdir("sticky", 01777);
    make("sticky/file", 0666, "sticky");
    symlink("file", "sticky/link");
    chmod(".", 0755);
    if (fork() == 0) {
        const gid_t groups[] = {44};
        TRY(setgroups(1, groups));
        TRY(setresgid(40, 40, 40));
        TRY(setresuid(30, 30, 30));
        show_open("mine", O_RDONLY, 0);
        show_open("closed/file", O_RDONLY, 0);
        show_open("closed/nothing", O_RDONLY, 0);
        show_open("search/file", O_RDWR, 0);
        show_open("search", O_RDONLY, 0);
        show_open("search", O_PATH, 0);
        show_open("search/new", O_CREAT | O_RDWR, 0600);
        show_open("sticky/link", O_RDONLY, 0);
        show_open("sticky/file", O_RDONLY | O_NOATIME, 0);
        show_open("sticky/mine", O_CREAT | O_RDWR, 0640);
        TRY(unlink("sticky/file"));
        TRY(rename("sticky/file", "sticky/other"));
        TRY(unlink("sticky/mine"));
        TRY(chmod("search/file", 0600));
        TRY(access("search/file", R_OK | W_OK));
        TRY(access("search/file", X_OK));
        _exit(0);
    }
    wait(NULL);
    static const int kExecutable[] = {0001, 0010, 0100, 0002, 0666};
    for (size_t i = 0; i < 5; ++i) {
        chmod("mine", kExecutable[i]);
        TRY(access("mine", X_OK));
        TRY(access("mine", R_OK | W_OK));
    }
    make("shared", 0600, "shared");
    chown("shared", 30, 44);
    for (size_t i = 0; i < sizeof(kModes) / sizeof(kModes[0]); ++i) {
        chmod("shared", kModes[i]);
        for (int who = 0; who < 4; ++who) {
            if (fork() == 0) {
                const gid_t groups[] = {44};
                setgroups(who == 2 ? 1 : 0, groups);
                setresgid(who == 1 ? 44 : 41, who == 1 ? 44 : 41, 41);
                setresuid(who == 0 ? 30 : 31, who == 0 ? 30 : 31, 31);
                for (int mode = 1; mode < 8; ++mode) {
                    faccessat(AT_FDCWD, "shared", mode, AT_EACCESS);
                }
                _exit(close(open("shared", O_RDWR)) == 0);
            }
            int status = 0;
            wait(&status);
            printf("%o as %d: %d\n", kModes[i], who, WEXITSTATUS(status));
        }
    }
}

static void temporary(void) {
    mkdir("place", 0700);
    const int fd = open("place", O_TMPFILE | O_RDWR, 0640);
    struct stat found;
    TRY(fstat(fd, &found));
    printf("mode %o links %lu\n", found.st_mode, (unsigned long)found.st_nlink);
    TRY(write(fd, "text", 4));
    char name[64];
    snprintf(name, sizeof(name), "/proc/self/fd/%d", fd);
    TRY(linkat(AT_FDCWD, name, AT_FDCWD, "place/named", 0));
    TRY(linkat(AT_FDCWD, name, AT_FDCWD, "place/named", AT_SYMLINK_FOLLOW));
    TRY(linkat(fd, "", AT_FDCWD, "place/again", AT_EMPTY_PATH));
    TRY(fstat(fd, &found));
    printf("links %lu\n", (unsigned long)found.st_nlink);
    TRY(unlink("place/named"));
    TRY(unlink("place/again"));
    TRY(linkat(fd, "", AT_FDCWD, "place/gone", AT_EMPTY_PATH));
    const int private = open("place", O_TMPFILE | O_WRONLY | O_EXCL, 0600);
    TRY(linkat(private, "", AT_FDCWD, "place/private", AT_EMPTY_PATH));
    TRY(open("place", O_TMPFILE | O_RDONLY, 0600));
    TRY(open("place", O_TMPFILE | O_RDWR | O_CREAT, 0600));
    TRY(open("place/nothing", O_TMPFILE | O_RDWR, 0600));
    make("file", 0600, "");
    TRY(open("file", O_TMPFILE | O_RDWR, 0600));
    TRY(open("/proc", O_TMPFILE | O_RDWR, 0600));
    TRY(open("/sys", O_TMPFILE | O_RDWR, 0600));
    TRY(rmdir("place"));
    umask(077);
    TRY(fstat(open(".", O_TMPFILE | O_RDWR, 0777), &found));
    printf("mode %o\n", found.st_mode);
}

static void paths_only(void) {
    make("file", 0600, "text");
    symlink("file", "link");
    const int file = open("file", O_PATH);
    const int link = open("link", O_PATH | O_NOFOLLOW);
    const int here = open(".", O_PATH | O_RDWR);
    struct stat found;
    TRY(read(file, buffer, 4));
    TRY(write(file, "x", 1));
    TRY(lseek(file, 0, SEEK_SET));
    TRY(ftruncate(file, 0));
    TRY(fchmod(file, 0644));
    TRY(fchown(file, 0, 0));
    TRY(fsync(file));
    TRY(mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, file, 0) == MAP_FAILED);
    TRY(fcntl(file, F_GETFL));
    TRY(fcntl(file, F_SETFL, O_APPEND));
    TRY(fcntl(file, F_SETFD, FD_CLOEXEC));
    TRY(fcntl(file, F_GETOWN));
    TRY(dup(file) > 0);
    TRY(fstat(file, &found));
    TRY(fstat(link, &found));
    printf("mode %o\n", found.st_mode);
    TRY(readlinkat(link, "", buffer, sizeof(buffer)));
    TRY(readlinkat(file, "", buffer, sizeof(buffer)));
    TRY(fchownat(link, "", 5, 6, AT_EMPTY_PATH));
    TRY(fchownat(link, "", 5, 6, 0));
    TRY(fchdir(file));
    TRY(fchdir(here));
    TRY(openat(here, "file", O_RDONLY) > 0);
    TRY(openat(file, "file", O_RDONLY));
    TRY(openat(99, "file", O_RDONLY));
    TRY(openat(99, "/tmp", O_PATH) > 0);
    TRY(getdents64(here, buffer, sizeof(buffer)));
    TRY(ioctl(file, 0x5401, buffer));
    char name[64];
    snprintf(name, sizeof(name), "/proc/self/fd/%d", file);
    TRY(open(name, O_RDWR) > 0);
    TRY(chmod(name, 0640));
    TRY(close(file));
    TRY(close(file));
}

static long open2(int directory, const char* path, uint64_t flags, uint64_t mode, uint64_t resolve) {
    const struct open_how how = {.flags = flags, .mode = mode, .resolve = resolve};
    errno = 0;
    const long fd = syscall(SYS_openat2, directory, path, &how, sizeof(how));
    if (fd >= 0) {
        ssize_t size = 0;
        char name[64];
        snprintf(name, sizeof(name), "/proc/self/fd/%ld", fd);
        size = readlink(name, buffer, sizeof(buffer));
        printf("%s %lx %.*s\n", path, (unsigned long)resolve, (int)size, buffer);
        close((int)fd);
    } else {
        printf("%s %lx %s\n", path, (unsigned long)resolve, strerrorname_np(errno));
    }
    return fd;
}

static void make_maze(void) {
    mkdir("maze", 0755);
    mkdir("maze/inner", 0755);
    make("maze/file", 0644, "");
    symlink("file", "maze/link");
    symlink("/tmp/confined/maze/file", "maze/absolute");
    symlink("../maze/file", "maze/over");
    symlink("/file", "maze/rooted");
    symlink("inner/..", "maze/round");
    symlink("../../..", "maze/inner/out");
    symlink("loop", "maze/loop");
    symlink("/proc/self/cwd", "maze/magic");
}

static void confined(void) {
    static const char* const kPaths[] = {"file",
                                         "link",
                                         "absolute",
                                         "over",
                                         "rooted",
                                         "round",
                                         "round/file",
                                         "inner/out",
                                         "inner/out/file",
                                         "loop",
                                         "magic",
                                         "..",
                                         "../maze/file",
                                         "/file",
                                         "/tmp/confined/maze/file",
                                         "/..",
                                         "inner/../file",
                                         "nothing",
                                         "file/",
                                         "inner/",
                                         "file/x",
                                         "",
                                         "inner/../../x",
                                         "/proc/self/exe",
                                         "/dev/null",
                                         "."};
    static const uint64_t kRules[] = {0,
                                      RESOLVE_NO_XDEV,
                                      RESOLVE_NO_MAGICLINKS,
                                      RESOLVE_NO_SYMLINKS,
                                      RESOLVE_BENEATH,
                                      RESOLVE_IN_ROOT,
                                      RESOLVE_NO_XDEV | RESOLVE_BENEATH,
                                      RESOLVE_NO_SYMLINKS | RESOLVE_IN_ROOT};
    make_maze();
    const int maze = open("maze", O_PATH | O_DIRECTORY);
    const int file = open("maze/file", O_RDONLY);
    for (size_t i = 0; i < sizeof(kPaths) / sizeof(kPaths[0]); ++i) {
        for (size_t j = 0; j < sizeof(kRules) / sizeof(kRules[0]); ++j) {
            open2(maze, kPaths[i], O_PATH, 0, kRules[j]);
        }
        open2(maze, kPaths[i], O_PATH | O_NOFOLLOW, 0, RESOLVE_NO_SYMLINKS);
    }
    for (size_t j = 0; j < sizeof(kRules) / sizeof(kRules[0]); ++j) {
        open2(file, "x", O_RDONLY, 0, kRules[j]);
        open2(99, "/file", O_RDONLY, 0, kRules[j]);
        open2(maze, "new", O_RDWR | O_CREAT, 0600, kRules[j]);
        open2(maze, "/new", O_RDWR | O_CREAT | O_EXCL, 0600, kRules[j]);
        open2(maze, "../new", O_RDWR | O_CREAT, 0600, kRules[j]);
        open2(maze, "link", O_RDWR | O_CREAT, 0600, kRules[j]);
        const struct open_how unnamed = {.flags = O_RDWR | O_TMPFILE, .mode = 0600, .resolve = kRules[j]};
        TRY(close((int)syscall(SYS_openat2, maze, "inner", &unnamed, sizeof(unnamed))));
        unlink("maze/new");
        unlink("/new");
        unlink("new");
    }
}

static void openat2_structure(void) {
    make("file", 0600, "");
    open2(AT_FDCWD, "file", O_RDONLY, 0600, 0);
    open2(AT_FDCWD, "file", O_CREAT, 010000, 0);
    open2(AT_FDCWD, "file", O_CREAT, 07777, 0);
    open2(AT_FDCWD, "file", 1UL << 40, 0, 0);
    open2(AT_FDCWD, "file", 1UL << 30, 0, 0);
    open2(AT_FDCWD, "file", O_PATH | O_RDWR, 0, 0);
    open2(AT_FDCWD, "file", O_PATH | O_CREAT, 0600, 0);
    open2(AT_FDCWD, "file", O_PATH | O_CLOEXEC, 0, 0);
    open2(AT_FDCWD, "file", O_RDONLY, 0, 64);
    open2(AT_FDCWD, "file", O_RDONLY, 0, RESOLVE_BENEATH | RESOLVE_IN_ROOT);
    open2(AT_FDCWD, "file", O_RDWR | O_TRUNC, 0, RESOLVE_CACHED);
    open2(AT_FDCWD, "file", O_RDONLY, 0, RESOLVE_CACHED);
    open2(AT_FDCWD, ".", O_TMPFILE, 0600, 0);
    char* page = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    munmap(page + 4096, 4096);
    memset(page, 0, 4096);
    static const size_t kSizes[] = {0, 23, 24, 25, 4096, 4097, 1000000};
    for (size_t i = 0; i < sizeof(kSizes) / sizeof(kSizes[0]); ++i) {
        TRY(close((int)syscall(SYS_openat2, AT_FDCWD, "file", page, kSizes[i])));
    }
    page[24] = 1;
    TRY(syscall(SYS_openat2, AT_FDCWD, "file", page, 32));
    TRY(syscall(SYS_openat2, AT_FDCWD, "file", page + 4073, 24));
    TRY(syscall(SYS_openat2, AT_FDCWD, "file", page + 4072, 25));
    TRY(syscall(SYS_openat2, AT_FDCWD, kBadAddress, page + 4072, 24));
}

static void descriptor_limits(void) {
    struct rlimit limit;
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = 8;
    TRY(setrlimit(RLIMIT_NOFILE, &limit));
    for (int i = 0; i < 7; ++i) {
        TRY(open("/dev/null", O_RDONLY));
    }
    TRY(dup(0));
    TRY(fcntl(0, F_DUPFD, 7));
    TRY(fcntl(0, F_DUPFD, 8));
    TRY(dup2(0, 8));
    TRY(dup3(0, 7, O_CLOEXEC));
    TRY(fcntl(7, F_GETFD));
    TRY(dup3(0, 0, 0));
    TRY(dup3(0, 7, 1));
    TRY(dup2(0, 0));
    TRY(dup2(99, 99));
    TRY(dup2(0, -1));
    TRY(open("new", O_CREAT | O_RDWR, 0600));
    TRY(access("new", F_OK));
    TRY(pipe((int*)buffer));
    close(6);
    TRY(pipe((int*)buffer));
    TRY(close_range(5, 4, 0));
    TRY(close_range(3, 5, 8));
    TRY(close_range(3, 5, 4));
    TRY(fcntl(3, F_GETFD));
    TRY(close_range(3, ~0U, 0));
    TRY(fcntl(3, F_GETFD));
}

int main(int count, char** arguments) {
    static const struct Behaviour kBehaviours[] = {{"flags", flags},
                                                   {"other-user", as_other_user},
                                                   {"temporary", temporary},
                                                   {"path-only", paths_only},
                                                   {"confined", confined},
                                                   {"structure", openat2_structure},
                                                   {"descriptors", descriptor_limits}};
    return run_behaviour(kBehaviours, sizeof(kBehaviours) / sizeof(kBehaviours[0]),
                         count > 1 ? arguments[1] : NULL);
}
