// Names: how they are made, linked, renamed, listed and removed.
#include <dirent.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>

#include "../behaviours.h"
#include "../report.h"

static char buffer[8192];

static void make(const char* name) {
    close(open(name, O_CREAT | O_WRONLY, 0600));
}

static void show_links(const char* name) {
    struct stat found;
    if (lstat(name, &found) == 0) {
        printf("%s: mode %o links %lu size %ld\n", name, found.st_mode, (unsigned long)found.st_nlink,
               (long)found.st_size);
    } else {
        printf("%s: %s\n", name, strerrorname_np(errno));
    }
}

static void links(void) {
    make("file");
    mkdir("directory", 0755);
    symlink("file", "link");
    symlink("nothing", "dangling");
    TRY(link("file", "second"));
    TRY(link("file", "second"));
    TRY(link("file", "directory"));
    TRY(link("file", "directory/third"));
    TRY(link("file", "directory/third/"));
    TRY(link("file", "absent/third"));
    TRY(link("file/", "fourth"));
    TRY(link("directory", "fourth"));
    TRY(link("nothing", "fourth"));
    TRY(link("link", "of-link"));
    TRY(link("dangling", "of-dangling"));
    TRY(linkat(AT_FDCWD, "link", AT_FDCWD, "of-file", AT_SYMLINK_FOLLOW));
    TRY(linkat(AT_FDCWD, "dangling", AT_FDCWD, "of-nothing", AT_SYMLINK_FOLLOW));
    TRY(linkat(AT_FDCWD, "file", AT_FDCWD, "fifth", 1));
    TRY(linkat(AT_FDCWD, "", AT_FDCWD, "fifth", 0));
    TRY(link("file", ""));
    TRY(link("file", "/proc/fifth"));
    TRY(link("file", "/dev/fifth"));
    TRY(link("/proc/self/status", "fifth"));
    show_links("file");
    show_links("of-link");
    const int fd = open("second", O_RDONLY);
    TRY(unlink("second"));
    TRY(unlink("file"));
    TRY(unlink("of-file"));
    TRY(unlink("directory/third"));
    struct stat found;
    TRY(fstat(fd, &found));
    printf("links %lu\n", (unsigned long)found.st_nlink);
    TRY(linkat(fd, "", AT_FDCWD, "back", AT_EMPTY_PATH));
    TRY(symlink("", "empty"));
    TRY(symlink("x", ""));
    TRY(symlink("x", "link"));
    TRY(symlink("x", "directory/"));
    TRY(symlink("x", "new/"));
    TRY(readlink("directory", buffer, 10));
    TRY(readlink("link", buffer, 0));
    TRY(readlink("link", buffer, 2));
    TRY(readlink("link/", buffer, 10));
    TRY(readlink("absent", buffer, 10));
    TRY(readlink("link", kBadAddress, 10));
    memset(buffer, 'a', sizeof(buffer));
    buffer[4095] = 0;
    TRY(symlink(buffer, "longest"));
    show_links("longest");
    buffer[4095] = 'a';
    TRY(symlink(buffer, "too-long"));
}

static void prepare_renames(void) {
    make("file");
    make("other");
    mkdir("empty", 0755);
    mkdir("full", 0755);
    mkdir("full/sub", 0755);
    make("full/entry");
    symlink("file", "link");
}

static void renames(void) {
    prepare_renames();
    TRY(rename("file", "file"));
    TRY(rename("absent", "file"));
    TRY(rename("file", "absent/x"));
    TRY(rename("file", "empty"));
    TRY(rename("empty", "file"));
    TRY(rename("empty", "full"));
    TRY(rename("full", "empty"));
    show_links(".");
    prepare_renames();
    TRY(rename("empty", "empty/sub"));
    TRY(rename("full", "full/sub/deep"));
    TRY(rename("full/sub", "full"));
    TRY(rename("full", "full/sub"));
    TRY(rename(".", "x"));
    TRY(rename("..", "x"));
    TRY(rename("full/.", "x"));
    TRY(rename("file", "."));
    TRY(rename("file", ".."));
    TRY(rename("/", "x"));
    TRY(rename("file/", "x"));
    TRY(rename("file", "new/"));
    TRY(rename("empty/", "new/"));
    TRY(rename("new", "empty"));
    TRY(rename("link", "moved"));
    show_links("moved");
    TRY(rename("file", "moved"));
    show_links("moved");
    TRY(rename("moved", "/proc/moved"));
    TRY(rename("moved", "/dev/shm/moved"));
    TRY(rename("", "x"));
    TRY(link("moved", "twin"));
    TRY(rename("moved", "twin"));
    show_links("moved");
}

static long exchange(const char* from, const char* to, unsigned flags) {
    return syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, flags);
}

static void renames_with_flags(void) {
    prepare_renames();
    TRY(exchange("file", "other", RENAME_NOREPLACE));
    TRY(exchange("file", "fresh", RENAME_NOREPLACE));
    TRY(exchange("fresh", "file", RENAME_NOREPLACE | RENAME_EXCHANGE));
    TRY(exchange("fresh", "file", 8));
    TRY(exchange("fresh", "absent", RENAME_EXCHANGE));
    TRY(exchange("fresh", "other", RENAME_EXCHANGE));
    TRY(exchange("fresh", "full", RENAME_EXCHANGE));
    show_links("fresh");
    show_links("full");
    show_links(".");
    TRY(exchange("fresh/sub", "full", RENAME_EXCHANGE));
    show_links("fresh");
    show_links(".");
    TRY(exchange("fresh", "fresh/entry", RENAME_EXCHANGE));
    TRY(exchange("fresh/entry", "fresh", RENAME_EXCHANGE));
    TRY(exchange("link", "empty", RENAME_EXCHANGE));
    show_links("link");
    show_links("empty");
    TRY(exchange("fresh", "fresh", RENAME_EXCHANGE));
    TRY(exchange("fresh", "fresh", RENAME_NOREPLACE));
    TRY(exchange("other", "/dev/shm", RENAME_EXCHANGE));
    TRY(exchange("other", "/dev/null", RENAME_EXCHANGE));
    TRY(exchange("other/", "full", RENAME_EXCHANGE));
    // An exchange changes both directories.
    mkdir("left", 0700);
    mkdir("right", 0700);
    make("left/a");
    make("right/b");
    const struct timespec long_ago[] = {{1, 0}, {1, 0}};
    struct stat found;
    utimensat(AT_FDCWD, "left", long_ago, 0);
    utimensat(AT_FDCWD, "right", long_ago, 0);
    TRY(exchange("left/a", "right/b", RENAME_EXCHANGE));
    stat("left", &found);
    printf("%d\n", found.st_mtim.tv_sec > 1);
    stat("right", &found);
    printf("%d\n", found.st_mtim.tv_sec > 1);
    // What was there leaves a whiteout behind.
    make("plain");
    TRY(exchange("plain", "carried", RENAME_WHITEOUT));
    show_links("plain");
    show_links("carried");
    TRY(exchange("carried", "plain", RENAME_WHITEOUT | RENAME_NOREPLACE));
    TRY(exchange("carried", "plain", RENAME_WHITEOUT | RENAME_EXCHANGE));
    TRY(exchange("carried", "plain", RENAME_WHITEOUT));
    show_links("plain");
    TRY(open("carried", O_RDONLY));
    TRY(unlink("carried"));
    mkdir("tree", 0700);
    TRY(exchange("tree", "wood", RENAME_WHITEOUT));
    show_links("tree");
    show_links(".");
}

static void removals(void) {
    prepare_renames();
    TRY(unlink("empty"));
    TRY(unlink("file/"));
    TRY(unlink("absent"));
    TRY(unlink("."));
    TRY(unlink(".."));
    TRY(unlink("/"));
    TRY(unlink(""));
    TRY(unlink("file/x"));
    TRY(unlink("link/"));
    TRY(rmdir("file"));
    TRY(rmdir("link"));
    TRY(rmdir("full"));
    TRY(rmdir("."));
    TRY(rmdir("full/."));
    TRY(rmdir("full/.."));
    TRY(rmdir("/"));
    TRY(rmdir("/dev/shm"));
    TRY(unlink("/dev/shm"));
    TRY(rmdir("empty/"));
    TRY(unlinkat(AT_FDCWD, "full", 0));
    TRY(unlinkat(AT_FDCWD, "file", AT_REMOVEDIR));
    TRY(unlinkat(AT_FDCWD, "file", 1));
    TRY(unlinkat(99, "file", 0));
    TRY(unlink("/proc/version"));
    TRY(unlink("/proc/self/status"));
    TRY(rmdir("/proc/self"));
    TRY(rmdir("/sys/kernel"));
    TRY(unlink("full/entry"));
    TRY(rmdir("full/sub"));
    TRY(rmdir("full"));
    TRY(mkdir("file", 0700));
    TRY(mkdir("absent/x", 0700));
    TRY(mkdir("new/", 01777));
    TRY(mkdir("new/.", 0700));
    TRY(mkdir("", 0700));
    TRY(mkdir("/", 0700));
    TRY(mkdir("/proc/new", 0700));
    TRY(mkdir("/sys/new", 0700));
    TRY(mkdir("link", 0700));
    show_links("new");
    TRY(mknod("pipe", S_IFIFO | 0640, 0));
    TRY(mknod("pipe", S_IFIFO | 0640, 0));
    TRY(mknod("plain", 0640, 0));
    TRY(mknod("socket", S_IFSOCK | 0640, 0));
    TRY(mknod("directory", S_IFDIR | 0700, 0));
    TRY(mknod("link2", S_IFLNK | 0700, 0));
    TRY(mknod("device", S_IFCHR | 0666, makedev(1, 3)));
    TRY(mknod("block", S_IFBLK | 0600, makedev(7, 0)));
    TRY(open("device", O_RDWR) > 0);
    TRY(open("block", O_RDONLY));
    TRY(open("socket", O_RDWR));
    TRY(mknod("unknown", S_IFCHR | 0666, makedev(77, 3)));
    TRY(open("unknown", O_RDWR));
    show_links("socket");
    show_links("plain");
}

static void list(int fd, size_t room) {
    long size = 0;
    while ((size = syscall(SYS_getdents64, fd, buffer, room)) > 0) {
        for (long place = 0; place < size;) {
            const struct dirent64* entry = (const struct dirent64*)(buffer + place);
            printf("  %s %d %d\n", entry->d_name, entry->d_type, entry->d_reclen);
            place += entry->d_reclen;
        }
        printf("  --\n");
    }
    printf("end: %s\n", size == 0 ? "0" : strerrorname_np(errno));
}

static void directories(void) {
    mkdir("directory", 0755);
    const int fd = open("directory", O_RDONLY | O_DIRECTORY);
    list(fd, sizeof(buffer));
    prepare_renames();
    mkfifo("pipe", 0600);
    char name[256];
    memset(name, 'n', 255);
    name[255] = 0;
    make(name);
    const int here = open(".", O_RDONLY);
    list(here, sizeof(buffer));
    TRY(syscall(SYS_getdents64, here, buffer, 1000));
    TRY(lseek(here, 0, SEEK_SET));
    list(here, 24);
    TRY(lseek(here, 0, SEEK_SET));
    list(here, 300);
    TRY(lseek(here, 0, SEEK_SET));
    TRY(syscall(SYS_getdents64, here, kBadAddress, 1000));
    TRY(syscall(SYS_getdents64, here, buffer, 0));
    TRY(syscall(SYS_getdents64, here, buffer, 24));
    TRY(unlink("file"));
    make("newer");
    list(here, sizeof(buffer));
    TRY(lseek(here, -1, SEEK_SET));
    TRY(lseek(here, 0, SEEK_END));
    TRY(lseek(here, 2, SEEK_CUR));
    TRY(read(here, buffer, 10));
    TRY(write(here, "x", 1));
    TRY(ftruncate(here, 0));
    TRY(rmdir("directory"));
    TRY(syscall(SYS_getdents64, fd, buffer, 100));
    TRY(syscall(SYS_getdents64, open("other", O_RDONLY), buffer, 100));
    TRY(openat(fd, "x", O_CREAT | O_RDWR, 0600));
    TRY(mkdirat(fd, "x", 0600));
    TRY(symlinkat("x", fd, "x"));
    TRY(fchmod(fd, 0700));
}

static void working_directory(void) {
    TRY(chdir("absent"));
    make("file");
    TRY(chdir("file"));
    TRY(chdir(""));
    mkdir("deep", 0755);
    mkdir("deep/er", 0755);
    symlink("deep/er", "link");
    TRY(chdir("link"));
    TRY(syscall(SYS_getcwd, buffer, sizeof(buffer)));
    printf("%s\n", buffer);
    TRY(syscall(SYS_getcwd, buffer, 10));
    TRY(syscall(SYS_getcwd, buffer, 0));
    TRY(syscall(SYS_getcwd, kBadAddress, 100));
    TRY(rename("../../deep", "../../moved"));
    TRY(syscall(SYS_getcwd, buffer, sizeof(buffer)));
    printf("%s\n", buffer);
    TRY(rmdir("../er"));
    TRY(syscall(SYS_getcwd, buffer, sizeof(buffer)));
    TRY(readlink("/proc/self/cwd", buffer, sizeof(buffer)));
    TRY(open("new", O_CREAT | O_RDWR, 0600));
    TRY(mkdir("new", 0700));
    TRY(open(".", O_RDONLY) > 0);
    TRY(access(".", F_OK));
    TRY(chdir(".."));
    TRY(syscall(SYS_getcwd, buffer, sizeof(buffer)));
    printf("%s\n", buffer);
    TRY(fchdir(99));
    TRY(fchdir(open("../file", O_RDONLY)));
    chmod("/tmp/working-directory/moved", 0600);
    if (fork() == 0) {
        setgroups(0, NULL);
        TRY(setresuid(9, 9, 9));
        TRY(chdir("/tmp/working-directory/moved"));
        TRY(fchdir(open("/tmp/working-directory", O_RDONLY)));
        TRY(chroot("/tmp"));
        _exit(0);
    }
    wait(NULL);
}

static void changed_root(void) {
    mkdir("root", 0755);
    mkdir("root/inside", 0755);
    symlink("/inside", "root/absolute");
    symlink("../../..", "root/upward");
    make("root/file");
    const int outside = open(".", O_RDONLY | O_DIRECTORY);
    TRY(chroot("root/file"));
    TRY(chroot("absent"));
    TRY(chroot("root"));
    TRY(access("root/file", F_OK));
    TRY(access("/file", F_OK));
    TRY(chdir("/"));
    TRY(syscall(SYS_getcwd, buffer, sizeof(buffer)));
    TRY(access("absolute", F_OK));
    TRY(access("upward/file", F_OK));
    TRY(access("../../file", F_OK));
    TRY(chdir("absolute"));
    TRY(syscall(SYS_getcwd, buffer, sizeof(buffer)));
    printf("%s\n", buffer);
    TRY(faccessat(outside, "root/file", F_OK, 0));
    TRY(faccessat(outside, "..", F_OK, 0));
    TRY(fchdir(outside));
    TRY(access("../../tmp", F_OK));
    TRY(chroot("../.."));
    TRY(access("/tmp/changed-root", F_OK));
}

int main(int count, char** arguments) {
    static const struct Behaviour kBehaviours[] = {{"links", links},
                                                   {"renames", renames},
                                                   {"rename-flags", renames_with_flags},
                                                   {"removals", removals},
                                                   {"directories", directories},
                                                   {"working-directory", working_directory},
                                                   {"changed-root", changed_root}};
    return run_behaviour(kBehaviours, sizeof(kBehaviours) / sizeof(kBehaviours[0]),
                         count > 1 ? arguments[1] : NULL);
}
