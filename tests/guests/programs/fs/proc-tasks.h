// The part of proc-files.c that is about the files of a task.
#pragma once

static void show_pattern(const char* path) {
    const int fd = open(path, O_RDONLY);
    const int set = epoll_create1(0);
    struct epoll_event event = {.events = EPOLLIN};
    struct pollfd polled = {.fd = fd, .events = POLLIN | POLLOUT | POLLPRI};
    const ssize_t first = read(fd, buffer, 3);
    const ssize_t there = pread(fd, buffer, 4, 2);
    const long place = lseek(fd, 1, SEEK_SET);
    const ssize_t second = read(fd, buffer, 2);
    const long back = lseek(fd, -1, SEEK_CUR);
    const long end = lseek(fd, 0, SEEK_END);
    poll(&polled, 1, 0);
    const int watched = epoll_ctl(set, EPOLL_CTL_ADD, fd, &event);
    printf("%s: %zd %zd %ld %zd %ld %ld %x %d\n", path, first, there, place, second, back, end,
           polled.revents, watched);
    close(fd);
    close(set);
}

static void task_files(void) {
    static const char* const kStable[] = {
        "loginuid",        "sessionid",      "uid_map",      "gid_map",   "projid_map",
        "setgroups",       "timens_offsets", "cpuset",       "wchan",     "oom_score_adj",
        "coredump_filter", "timerslack_ns",  "attr/current", "attr/exec", "comm",
        "environ",         "cmdline",        "limits/",      "nothing"};
    static const char* const kOther[] = {"/proc/swaps",
                                         "/proc/partitions",
                                         "/proc/modules",
                                         "/proc/diskstats",
                                         "/proc/self/net/route",
                                         "/proc/net/arp",
                                         "/proc/self/net/raw",
                                         "/proc/sys/kernel/ostype",
                                         "/proc/sys/kernel/ngroups_max",
                                         "/sys/devices/system/cpu/online",
                                         "/sys/devices/system/cpu/cpu0/topology/core_id",
                                         "/sys/class/net/lo/mtu",
                                         "/proc/sys/vm/swappiness"};
    static const char* const kPatterns[] = {
        "self/oom_score_adj",   "self/wchan",   "self/comm",     "self/cmdline",
        "self/coredump_filter", "self/uid_map", "self/loginuid", "self/attr/current",
        "self/timerslack_ns",   "net/route",    "modules",       "filesystems"};
    char path[64];
    for (size_t i = 0; i < sizeof(kStable) / sizeof(kStable[0]); ++i) {
        snprintf(path, sizeof(path), "/proc/self/%s", kStable[i]);
        show(path);
    }
    for (size_t i = 0; i < sizeof(kOther) / sizeof(kOther[0]); ++i) {
        show(kOther[i]);
    }
    for (size_t i = 0; i < sizeof(kPatterns) / sizeof(kPatterns[0]); ++i) {
        snprintf(path, sizeof(path), "/proc/%s", kPatterns[i]);
        show_pattern(path);
    }
    show_pattern("/sys/devices/system/cpu/online");
    static const char* const kListed[] = {"/proc/self/ns", "/proc/self/fd", "/proc/self/fdinfo",
                                          "/proc/self/task/.."};
    for (size_t i = 0; i < 3; ++i) {
        DIR* directory = opendir(kListed[i]);
        for (const struct dirent* entry = readdir(directory); entry != NULL; entry = readdir(directory)) {
            printf(" %s %d", entry->d_name, entry->d_type);
        }
        printf("\n");
        closedir(directory);
    }
    TRY(access(kListed[3], X_OK));
    TRY(open("/proc/self/status", O_RDWR | O_TRUNC) > 0);
    TRY(open("/sys/devices/system/cpu/online", O_RDWR));
    TRY(open("/proc/self/new", O_CREAT | O_RDWR, 0600));
    TRY(mkdir("/proc/self/new", 0700));
    TRY(chmod("/proc/self/status", 0600));
    TRY(chown("/proc/self/status", 0, 0));
    TRY(rmdir("/proc/self/fd"));
    TRY(symlink("x", "/proc/self/fd/x"));
    TRY(access("/proc/self/fd/99", F_OK));
    TRY(access("/proc/self/fd/00", F_OK));
    TRY(access("/proc/self/fd/-1", F_OK));
    TRY(access("/proc/0", F_OK));
    TRY(access("/proc/01", F_OK));
    TRY(access("/proc/99999999999", F_OK));
    TRY(access("/proc/self/task/1", F_OK));
    TRY(readlink("/proc/self/exe", buffer, 4));
    TRY(readlink("/proc/self/cwd", buffer, sizeof(buffer)));
    TRY(readlink("/proc/self/root", buffer, sizeof(buffer)));
    TRY(truncate("/proc/version", 0));
    TRY(link("/proc/version", "/proc/new"));
    TRY(rename("/proc/version", "/proc/new"));
}

static void task_memory(void) {
    const int memory = open("/proc/self/mem", O_RDWR);
    char* page = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    munmap(page + 4096, 4096);
    strcpy(page, "hello");
    const long place = (long)page;
    TRY(pread(memory, buffer, 5, place));
    TRY(pread(memory, buffer, 100, place + 4090));
    TRY(pread(memory, buffer, 10, place + 4096));
    TRY(pread(memory, buffer, 0, place + 4096));
    TRY(pwrite(memory, "HE", 2, place));
    TRY(pwrite(memory, "HE", 2, place + 4095));
    TRY(pwrite(memory, "HE", 2, place + 4096));
    printf("%s\n", page);
    TRY(pwrite(memory, buffer, 2000, place + 100));
    TRY(pread(memory, buffer, 4096, place));
    mprotect(page, 4096, PROT_READ);
    TRY(pwrite(memory, "xy", 2, place));
    printf("%s\n", page);
    mprotect(page, 4096, PROT_NONE);
    TRY(pread(memory, buffer, 5, place));
    TRY(pwrite(memory, "zz", 2, place));
    mprotect(page, 4096, PROT_READ);
    printf("%s\n", page);
    char* shared = mmap(NULL, 4096, PROT_READ, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    TRY(pread(memory, buffer, 5, (long)shared));
    TRY(pwrite(memory, "zz", 2, (long)shared));
    TRY(pread(memory, kBadAddress, 5, place));
    TRY(pread(memory, buffer, 1, 0));
    TRY(pread(memory, buffer, 1, -1));
    TRY(lseek(memory, 4096, SEEK_SET));
    TRY(lseek(memory, -1, SEEK_CUR));
    TRY(lseek(memory, 0, SEEK_END));
    TRY(lseek(memory, -4096, SEEK_SET) == -4096);
    TRY(read(memory, buffer, 5000));
    TRY(read(memory, buffer, 5));
    const int map = open("/proc/self/pagemap", O_RDONLY);
    uint64_t words[4];
    const long entry = place / 4096 * 8;
    TRY(pread(map, words, 16, entry) == 16);
    printf("%lx %lx\n", (unsigned long)(words[0] >> 55), (unsigned long)(words[1] >> 55));
    static uint64_t many[200];
    TRY(pread(map, many, sizeof(many), 0));
    TRY(pread(map, words, 7, entry));
    TRY(pread(map, words, 8, entry + 1));
    TRY(pread(map, words, 8, (1L << 48) / 4096 * 8));
    TRY(pread(map, words, 32, (1L << 48) / 4096 * 8 - 16));
    TRY(write(map, words, 8));
    TRY(ftruncate(memory, 0));
}

static void namespaces(void) {
    static const char* const kNames[] = {
        "cgroup", "ipc", "net",    "pid", "pid_for_children", "time", "time_for_children",
        "user",   "uts", "nothing"};
    for (size_t i = 0; i < sizeof(kNames) / sizeof(kNames[0]); ++i) {
        char path[64];
        unsigned owner = 0;
        struct stat found;
        snprintf(path, sizeof(path), "/proc/self/ns/%s", kNames[i]);
        TRY(readlink(path, buffer, sizeof(buffer)));
        printf("%s\n", path);
        TRY(stat(path, &found));
        const int fd = open(path, O_RDONLY);
        printf("%lu %o\n", (unsigned long)found.st_ino, found.st_mode);
        TRY(ioctl(fd, 0xb703));
        TRY(ioctl(fd, 0xb702));
        TRY(close(ioctl(fd, 0xb701)));
        TRY(ioctl(fd, 0xb704, &owner));
        TRY(ioctl(fd, 0xb705));
        TRY(setns(fd, 0));
        TRY(setns(fd, CLONE_NEWUTS));
        TRY(read(fd, buffer, 1));
        TRY(open(path, O_RDWR));
        close(fd);
    }
    TRY(setns(0, 0));
    TRY(setns(99, 0));
}

static void task_secrets(void) {
    static const char* const kNames[] = {"maps",    "smaps",     "environ",      "auxv",
                                         "io",      "syscall",   "personality",  "mem",
                                         "pagemap", "status",    "limits",       "wchan",
                                         "comm",    "fd",        "ns/net",       "exe",
                                         "cwd",     "mountinfo", "smaps_rollup", "coredump_filter",
                                         "root",    "fdinfo",    "task"};
    int ends[2];
    (void)!pipe(ends);
    const pid_t other = fork();
    if (other == 0) {
        close(ends[1]);
        (void)!read(ends[0], buffer, 1);
        _exit(0);
    }
    setresgid(30, 30, 30);
    setresuid(30, 30, 30);
    for (size_t i = 0; i < sizeof(kNames) / sizeof(kNames[0]); ++i) {
        char path[64];
        snprintf(path, sizeof(path), "/proc/%d/%s", other, kNames[i]);
        const int fd = open(path, O_RDONLY);
        printf("%s %s", kNames[i], fd < 0 ? strerrorname_np(errno) : "yes");
        if (fd >= 0) {
            struct stat found;
            fstat(fd, &found);
            printf(" %s %o", read(fd, buffer, 1) < 0 ? strerrorname_np(errno) : "read", found.st_mode);
            close(fd);
        }
        printf(" %s\n", readlink(path, buffer, sizeof(buffer)) < 0 ? strerrorname_np(errno) : "link");
    }
    TRY(open("/proc/self/environ", O_RDONLY));
    prctl(PR_SET_DUMPABLE, 1);
    TRY(open("/proc/self/environ", O_RDONLY) > 0);
    close(ends[1]);
    wait(NULL);
}

struct Counts {
    long values[7];
};

// What was read to learn the counts, whose length is not the same everywhere.
static long read_for_counts;

static struct Counts read_counts(const char* path) {
    char text[512] = "";
    struct Counts counts = {0};
    const int fd = open(path, O_RDONLY);
    read_for_counts += read(fd, text, sizeof(text) - 1);
    close(fd);
    const char* at = text;
    for (int i = 0; i < 7 && (at = strchr(at, ':')) != NULL; ++i) {
        counts.values[i] = strtol(at + 1, (char**)&at, 10);
    }
    return counts;
}

static void show_change(const char* path, const struct Counts* before) {
    const long read_before = read_for_counts;
    struct Counts now = read_counts(path);
    now.values[0] -= read_before;
    printf("%s:", path);
    for (int i = 0; i < 7; ++i) {
        printf(" %ld", now.values[i] - before->values[i]);
    }
    printf("\n");
}

static void accounting(void) {
    setvbuf(stdout, buffer, _IOFBF, sizeof(buffer));
    char bytes[1000] = "";
    const struct Counts before = read_counts("/proc/self/io");
    const int fd = open("file", O_CREAT | O_RDWR, 0600);
    (void)!write(fd, bytes, 1000);
    (void)!pwrite(fd, bytes, 24, 0);
    (void)!pread(fd, bytes, 10, 0);
    (void)!read(fd, bytes, 10);
    (void)!read(fd, kBadAddress, 10);
    (void)!read(99, bytes, 10);
    show_change("/proc/self/io", &before);
    show_change("/proc/thread-self/io", &before);
    if (fork() == 0) {
        read_for_counts = 0;
        show_change("/proc/self/io", &(struct Counts){0});
        fflush(stdout);
        _exit(0);
    }
    wait(NULL);
}
