// Rules of files that few programs meet: places in all kinds of files, programs that are busy, messages read
// in parts, rights of the files of a task.
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>

#include "../behaviours.h"
#include "../report.h"

static int made(const char* name, mode_t mode, const char* text) {
    const int fd = open(name, O_RDWR | O_CREAT | O_TRUNC, 0700);
    (void)!write(fd, text, strlen(text));
    fchmod(fd, mode);
    return fd;
}

static void places(void) {
    static const char* const kNames[] = {"file",
                                         ".",
                                         "/proc/self/cgroup",
                                         "/proc/self/oom_adj",
                                         "/proc/sys/fs/aio-nr",
                                         "/sys/devices/system/cpu/online",
                                         "/dev/null",
                                         "/dev/zero",
                                         "/proc/self/mem"};
    static const long kPlaces[] = {-1, 0, 1, 4, 5, 4095, 4096, LONG_MAX, LONG_MIN};
    close(made("file", 0600, "five!"));
    for (size_t i = 0; i < sizeof(kNames) / sizeof(kNames[0]); i++) {
        const int fd = open(kNames[i], O_RDONLY);
        printf("%s\n", kNames[i]);
        for (int whence = SEEK_SET; whence <= SEEK_HOLE + 1; whence++) {
            // Where a directory ends is its file system's business.
            if (i == 1 && whence >= SEEK_END) {
                continue;
            }
            lseek(fd, 3, SEEK_SET);
            printf("  from %d:", whence);
            for (size_t j = 0; j < sizeof(kPlaces) / sizeof(kPlaces[0]); j++) {
                const long place = lseek(fd, kPlaces[j], whence);
                printf(" %ld", place);
            }
            printf("\n");
        }
        close(fd);
    }
}

static void run(const char* path) {
    char* const arguments[] = {"program", NULL};
    TRY(execve(path, arguments, NULL));
}

static void busy(void) {
    char* const arguments[] = {"program", NULL};
    TRY(open("/proc/self/exe", O_RDWR));
    TRY(open("/proc/self/exe", O_WRONLY | O_TRUNC));
    TRY(truncate("/proc/self/exe", 0));
    TRY(access("/proc/self/exe", W_OK));
    const int writer = made("written", 0700, "#!/absent\n");
    run("written");
    const int reader = open("written", O_RDONLY);
    close(writer);
    run("written");
    TRY(syscall(SYS_execveat, reader, "", arguments, NULL, AT_EMPTY_PATH));
    TRY(syscall(SYS_execveat, reader, "", arguments, NULL, 0));
    TRY(syscall(SYS_execveat, reader, "", arguments, NULL, 1));
    TRY(syscall(SYS_execveat, 99, "", arguments, NULL, AT_EMPTY_PATH));
    TRY(syscall(SYS_execveat, reader, "written", arguments, NULL, 0));
    symlink("written", "link");
    TRY(syscall(SYS_execveat, AT_FDCWD, "link", arguments, NULL, AT_SYMLINK_NOFOLLOW));
    TRY(syscall(SYS_execveat, AT_FDCWD, "link", arguments, NULL, 0));
    close(made("text", 0700, "no program"));
    run("text");
    close(made("empty", 0700, ""));
    run("empty");
    close(made("unmarked", 0600, "#!/absent\n"));
    run("unmarked");
    run(".");
    run("written/below");
    run("absent");
    run("");
    run(kBadAddress);
    TRY(execve("written", kBadAddress, NULL));
    close(made("long", 0700, "#!/a b c\n"));
    run("long");
    close(made("script", 0700, "#! ./script\n"));
    run("script");
    close(made("nothing", 0700, "#!  \n"));
    run("nothing");
    close(made("directory", 0700, "#!/tmp\n"));
    run("directory");
    char* const nothing = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, reader, 0);
    TRY(open("written", O_RDWR) > 0);
    munmap(nothing, 4096);
}

static void show_read(int fd, size_t size) {
    static char text[70000];
    const ssize_t count = read(fd, text, size);
    printf("  %zd", count);
    for (ssize_t i = 0; i < count; i += count > 40 ? 977 : 1) {
        printf("%s%c", i == 0 ? " " : "", text[i]);
    }
    printf("\n");
}

static void parts(void) {
    int ends[2];
    int others[2];
    int waiting = 0;
    static char many[9000];
    for (size_t i = 0; i < sizeof(many); i++) {
        many[i] = (char)('a' + i % 23);
    }
    (void)!pipe2(ends, O_NONBLOCK);
    (void)!pipe2(others, O_NONBLOCK);
    TRY(write(ends[1], "abcdefghij", 10));
    show_read(ends[0], 3);
    show_read(ends[0], 3);
    TRY(write(ends[1], "KLM", 3));
    show_read(ends[0], 6);
    TRY(ioctl(ends[0], FIONREAD, &waiting));
    printf("%d\n", waiting);
    show_read(ends[0], 10);
    show_read(ends[0], 10);
    TRY(write(ends[1], many, 9000));
    show_read(ends[0], 4095);
    show_read(ends[0], 2);
    TRY(tee(ends[0], others[1], 4000, 0));
    TRY(splice(ends[0], NULL, others[1], NULL, 100, 0));
    show_read(ends[0], 20);
    show_read(others[0], 30);
    TRY(write(others[1], "tail", 4));
    show_read(others[0], 3960);
    show_read(others[0], 115);
    show_read(others[0], 100);
    show_read(ends[0], 9000);
    struct iovec pieces[3] = {{many, 5}, {many + 100, 0}, {many + 22, 7}};
    TRY(vmsplice(ends[1], pieces, 3, 0));
    TRY(writev(ends[1], pieces, 3));
    struct iovec targets[2] = {{many + 200, 3}, {many + 300, 15}};
    TRY(readv(ends[0], targets, 2));
    printf("%.3s %.15s\n", many + 200, many + 300);
    show_read(ends[0], 20);
    pieces[1] = (struct iovec){kBadAddress, 5};
    TRY(writev(ends[1], pieces, 3));
    show_read(ends[0], 20);
    targets[1].iov_base = kBadAddress;
    TRY(write(ends[1], "123456789", 9));
    TRY(readv(ends[0], targets, 2));
    show_read(ends[0], 20);
    int packets[2];
    (void)!pipe2(packets, O_NONBLOCK | O_DIRECT);
    TRY(write(packets[1], many, 5000));
    TRY(write(packets[1], "short", 5));
    show_read(packets[0], 3);
    show_read(packets[0], 5000);
    show_read(packets[0], 5000);
    const int file = made("file", 0600, "0123456789");
    loff_t place = 4;
    TRY(splice(file, &place, ends[1], NULL, 100, 0));
    printf("%ld\n", (long)place);
    TRY(splice(file, NULL, ends[1], NULL, 100, 0));
    show_read(ends[0], 2);
    place = 8;
    TRY(splice(ends[0], NULL, file, &place, 100, 0));
    lseek(file, 0, SEEK_SET);
    show_read(file, 20);
}

static void rights(void) {
    static const char* const kFiles[] = {"attr",
                                         "auxv",
                                         "cgroup",
                                         "cmdline",
                                         "comm",
                                         "coredump_filter",
                                         "cpuset",
                                         "cwd",
                                         "environ",
                                         "exe",
                                         "fd",
                                         "fdinfo",
                                         "gid_map",
                                         "io",
                                         "limits",
                                         "loginuid",
                                         "maps",
                                         "mem",
                                         "mountinfo",
                                         "mounts",
                                         "mountstats",
                                         "ns",
                                         "oom_adj",
                                         "oom_score",
                                         "oom_score_adj",
                                         "pagemap",
                                         "personality",
                                         "projid_map",
                                         "root",

                                         "sessionid",
                                         "setgroups",
                                         "smaps",
                                         "smaps_rollup",
                                         "stat",
                                         "statm",
                                         "status",
                                         "syscall",
                                         "task",
                                         "timens_offsets",
                                         "timerslack_ns",
                                         "uid_map",
                                         "wchan",
                                         "children",
                                         "absent"};
    static const char* const kPlaces[] = {"/proc/self", "/proc/thread-self"};
    for (int i = 0; i < 2; i++) {
        for (size_t j = 0; j < sizeof(kFiles) / sizeof(kFiles[0]); j++) {
            char path[64];
            struct stat about;
            snprintf(path, sizeof(path), "%s/%s", kPlaces[i], kFiles[j]);
            if (lstat(path, &about) == 0) {
                printf("%s: %o, owner %u:%u, size %ld\n", path, about.st_mode, about.st_uid, about.st_gid,
                       (long)about.st_size);
            } else {
                printf("%s: none\n", path);
            }
        }
    }
}

int main(int count, char** arguments) {
    static const struct Behaviour kBehaviours[] = {
        {"places", places}, {"busy", busy}, {"parts", parts}, {"rights", rights}};
    setvbuf(stdout, NULL, _IOLBF, 0);
    return run_behaviour(kBehaviours, sizeof(kBehaviours) / sizeof(kBehaviours[0]),
                         count > 1 ? arguments[1] : NULL);
}
