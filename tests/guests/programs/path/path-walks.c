// How the kernel reads paths: lengths, slashes, dots, symbolic links.
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/statfs.h>
#include <sys/syscall.h>

#include "../behaviours.h"
#include "../report.h"

static char path[3 * PATH_MAX];
static char buffer[PATH_MAX];

static void make(const char* name) {
    close(open(name, O_CREAT | O_WRONLY, 0600));
}

// The path "./././…name" of so many bytes.
static const char* padded(const char* name, size_t size) {
    const size_t tail = strlen(name);
    memset(path, '/', sizeof(path));
    for (size_t i = 0; i + 1 < size - tail; i += 2) {
        path[i] = '.';
    }
    if ((size - tail) % 2 != 0) {
        path[size - tail - 1] = '/';
    }
    memcpy(path + size - tail, name, tail + 1);
    return path;
}

static void lengths(void) {
    static const size_t kNames[] = {1, 254, 255, 256, 1000};
    static const size_t kPaths[] = {100, 4094, 4095, 4096, 4097, 8000};
    for (size_t i = 0; i < sizeof(kNames) / sizeof(kNames[0]); ++i) {
        memset(path, 'n', sizeof(path));
        path[kNames[i]] = 0;
        printf("%zu\n", kNames[i]);
        TRY(access(path, F_OK));
        TRY(open(path, O_CREAT | O_RDWR, 0600) > 0);
        TRY(symlink("x", path));
        TRY(mkdir(path, 0700));
        TRY(rename(path, "short"));
        TRY(rename("short", path));
        TRY(unlink(path));
        memcpy(path + kNames[i], "/x", 3);
        TRY(access(path, F_OK));
    }
    make("file");
    for (size_t i = 0; i < sizeof(kPaths) / sizeof(kPaths[0]); ++i) {
        printf("%zu\n", kPaths[i]);
        TRY(access(padded("file", kPaths[i]), F_OK));
        TRY(open(padded("file", kPaths[i]), O_RDONLY) > 0);
        TRY(symlink(padded("file", kPaths[i]), "long"));
        TRY(access("long", F_OK));
        TRY(readlink("long", buffer, sizeof(buffer)));
        unlink("long");
    }
    // Directories so deep that no path reaches the last.
    memset(path, 'd', 200);
    path[200] = 0;
    for (int i = 0; i < 25; ++i) {
        mkdir(path, 0700);
        (void)!chdir(path);
    }
    TRY(syscall(SYS_getcwd, buffer, sizeof(buffer)));
    TRY(readlink("/proc/self/cwd", buffer, sizeof(buffer)));
    TRY(access(".", F_OK));
    TRY(access("../..", F_OK));
    TRY(open("file", O_CREAT | O_RDWR, 0600) > 0);
}

static void slashes(void) {
    static const char* const kPaths[] = {"file",
                                         "file/",
                                         "file//",
                                         "file/.",
                                         "file/..",
                                         "./file",
                                         ".//./file",
                                         "directory",
                                         "directory/",
                                         "directory/.",
                                         "directory/./",
                                         "directory/..",
                                         "directory//file",
                                         "directory/../file",
                                         "directory/../file/",
                                         "link",
                                         "link/",
                                         "link/.",
                                         "to-directory",
                                         "to-directory/",
                                         "to-directory/file",
                                         "to-directory/../file",
                                         "absent",
                                         "absent/",
                                         "absent/.",
                                         "absent/..",
                                         "/",
                                         "//",
                                         "/.",
                                         "/..",
                                         "/../..",
                                         "",
                                         ".",
                                         "..",
                                         "./",
                                         "../",
                                         "...",
                                         "directory/file/x",
                                         "file/x",
                                         "absent/x"};
    make("file");
    mkdir("directory", 0755);
    make("directory/file");
    symlink("file", "link");
    symlink("directory/", "to-directory");
    for (size_t i = 0; i < sizeof(kPaths) / sizeof(kPaths[0]); ++i) {
        struct stat found;
        printf("'%s'\n", kPaths[i]);
        TRY(stat(kPaths[i], &found));
        TRY(lstat(kPaths[i], &found));
        TRY(open(kPaths[i], O_RDWR) > 0);
        TRY(open(kPaths[i], O_RDONLY | O_NOFOLLOW) > 0);
        TRY(readlink(kPaths[i], buffer, sizeof(buffer)));
        TRY(mkdir(kPaths[i], 0700));
        TRY(rmdir("absent"));
        TRY(open(kPaths[i], O_CREAT | O_EXCL | O_RDWR, 0600) > 0);
        TRY(unlink("absent"));
        TRY(open(kPaths[i], O_CREAT | O_RDWR, 0600) > 0);
        unlink("absent");
        close_range(3, ~0U, 0);
    }
}

static void chains(void) {
    char name[16], before[16];
    make("link0");
    for (int i = 1; i < 45; ++i) {
        snprintf(name, sizeof(name), "link%d", i);
        snprintf(before, sizeof(before), "link%d", i - 1);
        symlink(before, name);
    }
    static const int kLengths[] = {1, 39, 40, 41, 44};
    for (size_t i = 0; i < sizeof(kLengths) / sizeof(kLengths[0]); ++i) {
        snprintf(name, sizeof(name), "link%d", kLengths[i]);
        printf("%s\n", name);
        TRY(access(name, F_OK));
        TRY(open(name, O_RDONLY | O_NOFOLLOW));
        TRY(chmod(name, 0600));
        TRY(truncate(name, 3));
        TRY(open(name, O_CREAT | O_RDWR, 0600) > 0);
    }
    symlink("loop", "loop");
    symlink("second", "first");
    symlink("first", "second");
    symlink(".", "here");
    TRY(access("loop", F_OK));
    TRY(access("first/x", F_OK));
    TRY(open("loop", O_CREAT | O_RDWR, 0600));
    TRY(mkdir("loop", 0700));
    TRY(unlink("first/"));
    TRY(rmdir("first"));
    memset(path, 0, sizeof(path));
    for (int i = 0; i < 41; ++i) {
        if (i == 40) {
            TRY(access(path, F_OK));
        }
        strcat(path, "here/");
    }
    TRY(access(path, F_OK));
    path[strlen(path) - 1] = 0;
    TRY(access(path, F_OK));
    struct stat found;
    TRY(lstat(path, &found));
    symlink("absent/x", "broken");
    TRY(open("broken", O_CREAT | O_RDWR, 0600));
    symlink("made", "making");
    TRY(open("making", O_CREAT | O_EXCL | O_RDWR, 0600));
    TRY(open("making", O_CREAT | O_RDWR, 0600) > 0);
    TRY(access("made", F_OK));
    symlink("made/", "made-slash");
    TRY(open("made-slash", O_RDONLY));
    symlink("new/", "new-slash");
    TRY(open("new-slash", O_CREAT | O_RDWR, 0600));
    TRY(access("/proc/self/cwd/made", F_OK));
    TRY(access("/proc/self/root/proc/self/cwd/made", F_OK));
    TRY(access("/dev/fd/0", F_OK));
}

// What *at calls do with a descriptor and a path.
static void starts(void) {
    mkdir("directory", 0755);
    make("directory/file");
    make("file");
    static const char* const kPaths[] = {"file", "../file", "/tmp/path-starts/file", "", ".", ".."};
    const int places[] = {
        AT_FDCWD, open("directory", O_RDONLY), open("directory", O_PATH), open("file", O_RDONLY), 99, -1};
    for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); ++i) {
        for (size_t j = 0; j < sizeof(kPaths) / sizeof(kPaths[0]); ++j) {
            struct stat found;
            printf("%zu '%s'\n", i, kPaths[j]);
            TRY(fstatat(places[i], kPaths[j], &found, 0));
            TRY(fstatat(places[i], kPaths[j], &found, AT_EMPTY_PATH));
            TRY(faccessat(places[i], kPaths[j], R_OK, 0));
            TRY(close(openat(places[i], kPaths[j], O_RDONLY)));
            TRY(readlinkat(places[i], kPaths[j], buffer, 10));
            TRY(unlinkat(places[i], kPaths[j], AT_REMOVEDIR));
            TRY(mkdirat(places[i], kPaths[j], 0700));
            TRY(symlinkat("x", places[i], kPaths[j]));
            TRY(linkat(places[i], kPaths[j], AT_FDCWD, "linked", 0));
            unlink("linked");
            TRY(renameat(places[i], kPaths[j], AT_FDCWD, "."));
            TRY(utimensat(places[i], kPaths[j], NULL, 0));
            TRY(fchmodat(places[i], kPaths[j], 0755, 0));
            TRY(fchownat(places[i], kPaths[j], -1, -1, AT_EMPTY_PATH));
        }
    }
    TRY(rmdir("directory"));
    struct statfs system;
    TRY(statfs("/proc", &system));
    printf("%lx %ld\n", (long)system.f_type, (long)system.f_namelen);
    TRY(statfs("absent", &system));
    TRY(fstatfs(99, &system));
    TRY(statfs("/sys", kBadAddress));
}

int main(int count, char** arguments) {
    static const struct Behaviour kBehaviours[] = {
        {"lengths", lengths}, {"slashes", slashes}, {"chains", chains}, {"starts", starts}};
    return run_behaviour(kBehaviours, sizeof(kBehaviours) / sizeof(kBehaviours[0]),
                         count > 1 ? arguments[1] : NULL);
}
