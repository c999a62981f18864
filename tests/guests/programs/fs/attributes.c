// What files have besides their contents: modes, owners, times, extended attributes, access lists.
#include <fcntl.h>
#include <grp.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <time.h>

#include "../behaviours.h"
#include "../report.h"

static char buffer[66000];

static void make(const char* name) {
    const int fd = open(name, O_CREAT | O_TRUNC | O_WRONLY, 0600);
    (void)!write(fd, "contents", 8);
    close(fd);
}

static void show(const char* name) {
    struct stat found;
    if (lstat(name, &found) == 0) {
        printf("%s: %o %d %d\n", name, found.st_mode, found.st_uid, found.st_gid);
    } else {
        printf("%s: %s\n", name, strerrorname_np(errno));
    }
}

// Runs as somebody else, with one more group.
static void as_user(uid_t user, gid_t group, gid_t other, void (*run)(void)) {
    if (fork() == 0) {
        setgroups(1, &other);
        setresgid(group, group, group);
        setresuid(user, user, user);
        run();
        fflush(stdout);
        _exit(0);
    }
    wait(NULL);
}

static void change_modes_as_user(void) {
    TRY(chmod("mine", 07777));
    show("mine");
    TRY(chmod("group", 02775));
    show("group");
    TRY(chmod("theirs", 0600));
    TRY(fchmod(open("theirs", O_RDONLY), 0600));
    TRY(chown("mine", 30, 44));
    TRY(chown("mine", -1, 45));
    TRY(chown("mine", 31, -1));
    TRY(chown("mine", -1, -1));
    show("mine");
    TRY(chown("theirs", -1, -1));
    TRY(chown("theirs", 30, -1));
    TRY(write(open("set-id", O_WRONLY), "x", 1));
    show("set-id");
    TRY(truncate("set-id2", 1));
    show("set-id2");
}

static void modes(void) {
    make("file");
    symlink("file", "link");
    mkdir("directory", 0700);
    TRY(chmod("file", 07777));
    show("file");
    TRY(chmod("file", 0170000 | 0640));
    show("file");
    TRY(chmod("link", 0600));
    show("link");
    TRY(chmod("absent", 0600));
    TRY(chmod("file/", 0600));
    TRY(chmod("", 0600));
    TRY(fchmod(99, 0600));
    TRY(syscall(SYS_fchmodat, AT_FDCWD, "link", 0644));
    TRY(chmod("/proc/self/status", 0600));
    TRY(chmod("/proc/version", 0600));
    TRY(chown("file", 7, 8));
    TRY(chown("link", 9, -1));
    TRY(lchown("link", 10, 11));
    show("file");
    show("link");
    TRY(fchownat(AT_FDCWD, "file", 1, 1, 8));
    TRY(fchownat(AT_FDCWD, "", 1, 1, 0));
    TRY(fchownat(AT_FDCWD, "", 1, 1, AT_EMPTY_PATH));
    TRY(chmod("file", 06755));
    TRY(chown("file", -1, -1));
    show("file");
    TRY(chmod("file", 02745));
    TRY(chown("file", 1, 2));
    show("file");
    TRY(chmod("directory", 06755));
    TRY(chown("directory", 1, 2));
    show("directory");
    static const char* const kNames[] = {"mine", "group", "theirs", "set-id", "set-id2"};
    for (size_t i = 0; i < 5; ++i) {
        make(kNames[i]);
    }
    TRY(chown("mine", 30, 40));
    TRY(chown("group", 30, 50));
    TRY(chmod("theirs", 0666));
    TRY(chmod("set-id", 06777));
    TRY(chmod("set-id2", 06757));
    as_user(30, 40, 44, change_modes_as_user);
    TRY(write(open("set-id", O_WRONLY), "x", 1));
    show("set-id");
}

static void masks(void) {
    static const mode_t kMasks[] = {0, 022, 077, 0777, 07777, 0123};
    for (size_t i = 0; i < 6; ++i) {
        char name[16];
        TRY(umask(kMasks[i]));
        snprintf(name, sizeof(name), "file%zu", i);
        close(open(name, O_CREAT | O_WRONLY, 07777));
        show(name);
        snprintf(name, sizeof(name), "dir%zu", i);
        mkdir(name, 07777);
        show(name);
        snprintf(name, sizeof(name), "pipe%zu", i);
        mkfifo(name, 07777);
        show(name);
        snprintf(name, sizeof(name), "link%zu", i);
        symlink("x", name);
        show(name);
    }
    umask(022);
    mkdir("of-group", 0777);
    chown("of-group", 3, 33);
    chmod("of-group", 02777);
    mkdir("of-group/sub", 0755);
    close(open("of-group/file", O_CREAT | O_WRONLY, 0666));
    show("of-group/sub");
    show("of-group/file");
}

static void show_times(const char* name) {
    struct stat found;
    lstat(name, &found);
    printf("%s: %ld.%09ld %ld.%09ld\n", name, (long)found.st_atim.tv_sec, found.st_atim.tv_nsec,
           (long)found.st_mtim.tv_sec, found.st_mtim.tv_nsec);
}

static long set_times(const char* name, long a, long b, long c, long d, int flags) {
    const struct timespec times[] = {{a, b}, {c, d}};
    return utimensat(AT_FDCWD, name, times, flags);
}

static void set_times_as_user(void) {
    TRY(utimensat(AT_FDCWD, "file", NULL, 0));
    TRY(set_times("file", 5, 5, 6, 6, 0));
    TRY(set_times("file", 0, UTIME_NOW, 0, UTIME_NOW, 0));
    TRY(set_times("file", 0, UTIME_NOW, 0, UTIME_OMIT, 0));
    TRY(set_times("file", 0, UTIME_OMIT, 0, UTIME_OMIT, 0));
    TRY(utimensat(AT_FDCWD, "secret", NULL, 0));
}

static void times(void) {
    make("file");
    make("secret");
    symlink("file", "link");
    TRY(set_times("file", 1, 2, 3, 4, 0));
    show_times("file");
    TRY(set_times("file", 7, UTIME_OMIT, 8, 9, 0));
    show_times("file");
    TRY(set_times("file", -1, 0, -1000000, 999999999, 0));
    show_times("file");
    TRY(set_times("file", 1, 1000000000, 1, 1, 0));
    TRY(set_times("file", 1, -1, 1, 1, 0));
    TRY(set_times("file", 1L << 40, 0, 1L << 33, 0, 0));
    show_times("file");
    TRY(set_times("link", 11, 12, 13, 14, AT_SYMLINK_NOFOLLOW));
    TRY(set_times("link", 21, 22, 23, 24, 0));
    struct stat found;
    lstat("link", &found);
    printf("%ld\n", (long)found.st_mtim.tv_sec);
    show_times("file");
    TRY(set_times("file", 1, 1, 1, 1, 1));
    TRY(set_times("absent", 1, 1, 1, 1, 0));
    TRY(set_times("", 1, 1, 1, 1, 0));
    TRY(set_times("absent", 0, UTIME_OMIT, 0, UTIME_OMIT, 0));
    TRY(syscall(SYS_utimensat, AT_FDCWD, NULL, NULL, 0));
    const int fd = open("file", O_RDONLY);
    const struct timespec stamps[] = {{31, 0}, {32, 0}};
    TRY(futimens(fd, stamps));
    show_times("file");
    TRY(syscall(SYS_utimensat, fd, NULL, stamps, AT_SYMLINK_NOFOLLOW));
    TRY(utimensat(fd, "", stamps, AT_EMPTY_PATH));
    TRY(utimensat(AT_FDCWD, "file", kBadAddress, 0));
    TRY(futimens(open("file", O_PATH), stamps));
    chmod("file", 0666);
    as_user(30, 30, 30, set_times_as_user);
    // Which calls move which times.
    set_times("file", 1, 0, 1, 0, 0);
    chmod("file", 0600);
    show_times("file");
    TRY(read(fd, buffer, 4));
    stat("file", &found);
    printf("accessed %d modified %d\n", found.st_atim.tv_sec > 1, found.st_mtim.tv_sec > 1);
    set_times("file", 1, 0, 1, 0, 0);
    TRY(truncate("file", 8));
    stat("file", &found);
    printf("accessed %d modified %d\n", found.st_atim.tv_sec > 1, found.st_mtim.tv_sec > 1);
    set_times("file", 1, 0, 1, 0, 0);
    TRY(write(open("file", O_WRONLY), "", 0));
    TRY(close(open("file", O_WRONLY | O_TRUNC)));
    stat("file", &found);
    printf("accessed %d modified %d\n", found.st_atim.tv_sec > 1, found.st_mtim.tv_sec > 1);
    set_times(".", 1, 0, 1, 0, 0);
    make("new");
    stat(".", &found);
    printf("accessed %d modified %d\n", found.st_atim.tv_sec > 1, found.st_mtim.tv_sec > 1);
}

static void questions(void) {
    make("file");
    mkdir("directory", 0750);
    symlink("file", "link");
    chmod("file", 0644);
    struct statx found;
    static const unsigned kMasks[] = {0, STATX_TYPE, STATX_BASIC_STATS, STATX_BTIME, STATX_ALL, 0x7fffffff};
    static const char* const kNames[] = {"file", "directory", "link", "/proc/self/status"};
    for (size_t i = 0; i < 4; ++i) {
        for (size_t j = 0; j < 6; ++j) {
            found.stx_mask = 0;
            const int result = statx(AT_FDCWD, kNames[i], AT_SYMLINK_NOFOLLOW, kMasks[j], &found);
            printf("%s %x: %d %x %o %lx %lx\n", kNames[i], kMasks[j], result, found.stx_mask, found.stx_mode,
                   (unsigned long)found.stx_attributes, (unsigned long)found.stx_attributes_mask);
        }
    }
    TRY(statx(AT_FDCWD, "file", 0, 0x80000000, &found));
    TRY(statx(AT_FDCWD, "file", AT_STATX_FORCE_SYNC | AT_STATX_DONT_SYNC, 0, &found));
    TRY(statx(AT_FDCWD, "file", AT_STATX_FORCE_SYNC, 0, &found));
    TRY(statx(AT_FDCWD, "file", 1, 0, &found));
    TRY(statx(AT_FDCWD, "", 0, STATX_ALL, &found));
    TRY(statx(AT_FDCWD, "", AT_EMPTY_PATH, STATX_ALL, &found));
    TRY(statx(open("file", O_PATH), "", AT_EMPTY_PATH, STATX_ALL, &found));
    TRY(statx(99, "file", 0, STATX_ALL, &found));
    TRY(statx(99, "/tmp/file-questions/file", 0, STATX_ALL, &found));
    TRY(statx(AT_FDCWD, kBadAddress, 0, STATX_ALL, &found));
    TRY(statx(AT_FDCWD, "file", 0, STATX_ALL, kBadAddress));
    struct stat old;
    TRY(fstatat(AT_FDCWD, "file", &old, 1));
    TRY(fstatat(AT_FDCWD, "link", &old, AT_NO_AUTOMOUNT));
    TRY(fstatat(AT_FDCWD, "file/", &old, 0));
    TRY(fstatat(AT_FDCWD, "absent", &old, 0));
    TRY(fstat(99, &old));
    TRY(stat("file", kBadAddress));
    static const char* const kPlaces[] = {"/proc", "/sys", "absent", "file/x"};
    for (size_t i = 0; i < 4; ++i) {
        struct statvfs place;
        TRY(statvfs(kPlaces[i], &place));
    }
    TRY(faccessat(AT_FDCWD, "link", F_OK, AT_SYMLINK_NOFOLLOW));
    TRY(faccessat(AT_FDCWD, "file", 8, 0));
    TRY(syscall(SYS_faccessat2, AT_FDCWD, "file", X_OK, 0));
    TRY(syscall(SYS_faccessat2, AT_FDCWD, "directory", X_OK, 0));
    TRY(syscall(SYS_faccessat2, AT_FDCWD, "file", R_OK, 1));
    TRY(syscall(SYS_faccessat2, AT_FDCWD, "", R_OK, AT_EMPTY_PATH));
}

#include "attributes-extended.h"

int main(int count, char** arguments) {
    static const struct Behaviour kBehaviours[] = {{"modes", modes},       {"masks", masks},
                                                   {"file-times", times},  {"questions", questions},
                                                   {"extended", extended}, {"access-lists", access_lists}};
    return run_behaviour(kBehaviours, sizeof(kBehaviours) / sizeof(kBehaviours[0]),
                         count > 1 ? arguments[1] : NULL);
}
