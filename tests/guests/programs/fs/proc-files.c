// /proc and /sys as programs read and write them.
#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/utsname.h>
#include <sys/wait.h>

#include "../behaviours.h"
#include "../report.h"

static char buffer[8192];

static void show(const char* path) {
    const int fd = open(path, O_RDONLY);
    const ssize_t size = fd < 0 ? -1 : read(fd, buffer, sizeof(buffer) - 1);
    if (size < 0) {
        printf("%s: %s\n", path, strerrorname_np(errno));
    } else {
        buffer[size] = 0;
        printf("%s: %s%s", path, buffer, size == 0 || buffer[size - 1] != '\n' ? "\n" : "");
    }
    close(fd);
}

static void put(const char* path, const char* text) {
    const int fd = open(path, O_WRONLY);
    errno = 0;
    const ssize_t size = fd < 0 ? -1 : write(fd, text, strlen(text));
    printf("%s <- '%s': %zd %s\n", path, text, size, size < 0 ? strerrorname_np(errno) : "");
    close(fd);
}

static void settings(void) {
    static const char* const kFiles[] = {
        "kernel/core_uses_pid",         "fs/nr_open",       "vm/overcommit_memory", "kernel/printk",
        "net/ipv4/ip_local_port_range", "fs/pipe-max-size", "vm/max_map_count"};
    static const char* const kTexts[] = {"5",
                                         "",
                                         "\n",
                                         "-1",
                                         "0",
                                         " 12 \n",
                                         "0x20",
                                         "010",
                                         "08",
                                         "abc",
                                         "1abc",
                                         "1 2",
                                         "99999999999999999999999",
                                         "2147483648",
                                         "-2147483648",
                                         "-",
                                         "300",
                                         "400 junk",
                                         "2000\t3000",
                                         "3000 2000",
                                         "90 x 7",
                                         "64",
                                         "4097"};
    for (size_t i = 0; i < sizeof(kFiles) / sizeof(kFiles[0]); ++i) {
        char path[64], before[64] = "";
        snprintf(path, sizeof(path), "/proc/sys/%s", kFiles[i]);
        (void)!read(open(path, O_RDONLY), before, sizeof(before) - 1);
        for (size_t j = 0; j < sizeof(kTexts) / sizeof(kTexts[0]); ++j) {
            put(path, kTexts[j]);
            show(path);
        }
        put(path, before);
        close_range(3, ~0U, 0);
    }
}

static void settings_by_position(void) {
    const int fd = open("/proc/sys/fs/nr_open", O_RDWR);
    for (size_t room = 1; room < 5; ++room) {
        TRY(lseek(fd, 0, SEEK_SET));
        TRY(read(fd, buffer, room));
        TRY(read(fd, buffer, 99));
    }
    TRY(pread(fd, buffer, 9, 1));
    TRY(pread(fd, buffer, 9, -1));
    TRY(lseek(fd, 0, SEEK_END));
    TRY(lseek(fd, 5, SEEK_CUR));
    TRY(lseek(fd, 0, SEEK_DATA));
    TRY(pwrite(fd, "1048576", 7, 0));
    TRY(pwrite(fd, "5", 1, 1));
    TRY(lseek(fd, 0, SEEK_SET));
    TRY(write(fd, kBadAddress, 4));
    TRY(read(fd, kBadAddress, 4));
    TRY(ftruncate(fd, 0));
    TRY(fchmod(fd, 0600));
    struct pollfd polled = {.fd = fd, .events = POLLIN | POLLOUT | POLLPRI};
    TRY(poll(&polled, 1, 0));
    printf("%x\n", polled.revents);
    const int text = open("/proc/sys/kernel/domainname", O_RDWR);
    TRY(write(text, "abc", 3));
    TRY(write(text, "def\nghi", 7));
    show("/proc/sys/kernel/domainname");
    TRY(pwrite(text, "Z", 1, 1));
    TRY(pwrite(text, "Z", 1, 40));
    show("/proc/sys/kernel/domainname");
    TRY(pwrite(text, "x\0y", 3, 0));
    struct utsname name;
    TRY(uname(&name));
    printf("%s\n", name.domainname);
    memset(buffer, 'q', 200);
    TRY(pwrite(text, buffer, 200, 0));
    show("/proc/sys/kernel/domainname");
    TRY(setdomainname("(none)", 6));
    put("/proc/sys/kernel/core_pattern", "|/bin/x %p\n");
    show("/proc/sys/kernel/core_pattern");
    put("/proc/sys/kernel/core_pattern", "core");
    put("/proc/sys/kernel/ostype", "x");
    show("/proc/sys/kernel/ostype");
    const int fixed = open("/proc/sys/kernel/ostype", O_RDONLY);
    TRY(read(fixed, buffer, 3));
    TRY(read(fixed, buffer, 99));
    TRY(pread(fixed, buffer, 99, 2));
    TRY(access("/proc/sys/kernel/ostype", W_OK));
    TRY(access("/proc/sys/kernel/ostype", R_OK));
    TRY(access("/proc/sys/kernel", W_OK));
    TRY(access("/proc/sys/kernel", X_OK));
    TRY(open("/proc/sys/kernel/nothing", O_CREAT | O_RDWR, 0600));
    TRY(unlink("/proc/sys/kernel/ostype"));
}

static void settings_with_effect(void) {
    put("/proc/sys/fs/nr_open", "128");
    struct rlimit limit = {.rlim_cur = 100, .rlim_max = 129};
    TRY(setrlimit(RLIMIT_NOFILE, &limit));
    limit.rlim_max = 128;
    TRY(setrlimit(RLIMIT_NOFILE, &limit));
    put("/proc/sys/fs/nr_open", "1048576");
    int ends[2];
    TRY(pipe(ends));
    put("/proc/sys/fs/pipe-max-size", "8192");
    TRY(fcntl(ends[0], F_SETPIPE_SZ, 16384));
    put("/proc/sys/kernel/tainted", "5");
    show("/proc/sys/kernel/tainted");
    if (fork() == 0) {
        setresuid(30, 30, 30);
        TRY(fcntl(ends[0], F_SETPIPE_SZ, 32768));
        TRY(fcntl(ends[0], F_SETPIPE_SZ, 8192));
        put("/proc/sys/kernel/hostname", "x");
        show("/proc/sys/kernel/cap_last_cap");
        fflush(stdout);
        _exit(0);
    }
    wait(NULL);
    put("/proc/sys/fs/pipe-max-size", "1048576");
    put("/proc/sys/vm/max_map_count", "20");
    int count = 0;
    while (count < 40 && mmap(NULL, 4096, count % 2 == 0 ? PROT_READ : PROT_WRITE,
                              MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) != MAP_FAILED) {
        ++count;
    }
    printf("%s %d\n", strerrorname_np(errno), count < 20);
    put("/proc/sys/vm/max_map_count", "65530");
    put("/proc/sys/vm/overcommit_memory", "1");
    TRY(mmap(NULL, 1UL << 40, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED);
    put("/proc/sys/vm/overcommit_memory", "0");
    TRY(mmap(NULL, 1UL << 40, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED);
}

static void killing(void) {
    static const char* const kTexts[] = {"0",   "5", "-5", "1000", "1001", "-1000", "-1001",
                                         " 7 ", "",  "x",  "0x10", "7 8",  "+3",    "99999999999"};
    static const char* const kOld[] = {"15", "14", "1", "-1", "-16", "-17", "-18", "16", "0"};
    for (size_t i = 0; i < sizeof(kTexts) / sizeof(kTexts[0]); ++i) {
        put("/proc/self/oom_score_adj", kTexts[i]);
        show("/proc/self/oom_score_adj");
        show("/proc/self/oom_adj");
    }
    for (size_t i = 0; i < sizeof(kOld) / sizeof(kOld[0]); ++i) {
        put("/proc/self/oom_adj", kOld[i]);
        show("/proc/self/oom_score_adj");
        show("/proc/self/oom_adj");
    }
    put("/proc/self/oom_score_adj", "300");
    if (fork() == 0) {
        setresuid(30, 30, 30);
        prctl(PR_SET_DUMPABLE, 1);
        put("/proc/self/oom_score_adj", "301");
        put("/proc/self/oom_score_adj", "299");
        put("/proc/self/oom_score_adj", "300");
        fflush(stdout);
        _exit(0);
    }
    wait(NULL);
    put("/proc/self/oom_score_adj", "0");
    put("/proc/self/coredump_filter", "0x7f");
    show("/proc/self/coredump_filter");
    put("/proc/self/coredump_filter", "1ff");
    put("/proc/self/coredump_filter", "4294967296");
    put("/proc/self/timerslack_ns", "1000");
    TRY(prctl(PR_GET_TIMERSLACK));
    put("/proc/self/timerslack_ns", "0");
    TRY(prctl(PR_GET_TIMERSLACK));
    put("/proc/self/setgroups", "deny");
    put("/proc/self/setgroups", "allow");
    put("/proc/self/uid_map", "0 0 1");
    put("/proc/self/comm", "a-name-that-is-too-long");
    show("/proc/self/comm");
    put("/proc/self/status", "x");
    put("/proc/self/attr/current", "x");
    put("/proc/self/attr/prev", "x");
}

#include "proc-tasks.h"
#include "stable-files.h"

static void values(void) {
    for (size_t i = 0; i < sizeof(kStableFiles) / sizeof(kStableFiles[0]); ++i) {
        show(kStableFiles[i]);
    }
}

// What somebody who is not root may do with them.
static void modes(void) {
    setresuid(30, 30, 30);
    prctl(PR_SET_DUMPABLE, 1);
    for (size_t i = 0; i < sizeof(kStableFiles) / sizeof(kStableFiles[0]); ++i) {
        char directory[128];
        snprintf(directory, sizeof(directory), "%s", kStableFiles[i]);
        *strrchr(directory, '/') = 0;
        printf("%s:", kStableFiles[i]);
        for (int mode = 1; mode < 5; mode *= 2) {
            printf(" %d %d", access(kStableFiles[i], mode), access(directory, mode));
        }
        printf("\n");
    }
}

int main(int count, char** arguments) {
    static const struct Behaviour kBehaviours[] = {{"settings", settings},
                                                   {"settings-place", settings_by_position},
                                                   {"settings-effect", settings_with_effect},
                                                   {"killing", killing},
                                                   {"task-files", task_files},
                                                   {"task-memory", task_memory},
                                                   {"namespaces", namespaces},
                                                   {"task-secrets", task_secrets},
                                                   {"accounting", accounting},
                                                   {"proc-values", values},
                                                   {"proc-modes", modes}};
    return run_behaviour(kBehaviours, sizeof(kBehaviours) / sizeof(kBehaviours[0]),
                         count > 1 ? arguments[1] : NULL);
}
