#define _GNU_SOURCE
#include <dirent.h>
#include <elf.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "tests/kernel/case.h"

// The whole of a small file, NUL-terminated. Its size, or -1.
static long read_file(const char* path, char* text, size_t size) {
    int fd = open(path, O_RDONLY);
    if (fd < 0) {
        return -1;
    }
    size_t total = 0;
    for (;;) {
        long got = read(fd, text + total, size - 1 - total);
        if (got <= 0) {
            break;
        }
        total += (size_t)got;
    }
    text[total] = '\0';
    close(fd);
    return (long)total;
}

static char text[65536];

CASE(self_is_the_reader) {
    char expected[16];
    char target[64] = "";
    snprintf(expected, sizeof(expected), "%d", getpid());
    CHECK(readlink("/proc/self", target, sizeof(target)) > 0);
    CHECK(strcmp(target, expected) == 0);
    memset(target, 0, sizeof(target));
    snprintf(expected, sizeof(expected), "%d/task/%d", getpid(), (int)syscall(SYS_gettid));
    CHECK(readlink("/proc/thread-self", target, sizeof(target)) > 0);
    CHECK(strcmp(target, expected) == 0);
    CHECK_EQUAL(read_file("/proc/self/comm", text, sizeof(text)), strlen(text));
    CHECK(strlen(text) > 1);
    CHECK_ERRNO(open("/proc/99999", O_RDONLY), ENOENT);
    CHECK_ERRNO(open("/proc/01", O_RDONLY), ENOENT);
    CHECK_ERRNO(open("/proc/nonesuch", O_RDWR | O_CREAT, 0600), ENOENT);
    CHECK_ERRNO(mkdir("/proc/nonesuch", 0700), ENOENT);
    CHECK_ERRNO(unlink("/proc/version"), EPERM);
}

CASE(maps_have_the_known_regions) {
    CHECK(read_file("/proc/self/maps", text, sizeof(text)) > 0);
    CHECK(strstr(text, "[stack]\n") != NULL);
    CHECK(strstr(text, "[vdso]\n") != NULL);
    CHECK(strstr(text, "[vvar]\n") != NULL);
    CHECK(strstr(text, "r-xp") != NULL);
    // The path begins in column 73, as seq_pad puts it.
    char* line = text;
    while (line != NULL && *line != '\0') {
        char* end = strchr(line, '\n');
        char* name = memchr(line, '/', (size_t)(end - line));
        if (name != NULL) {
            CHECK_EQUAL(name - line, 73);
        }
        line = end + 1;
    }
}

CASE(auxv_is_what_the_stack_has) {
    long size = read_file("/proc/self/auxv", text, sizeof(text));
    CHECK(size > 0 && size % 16 == 0);
    uint64_t entries[128];
    memcpy(entries, text, (size_t)size < sizeof(entries) ? (size_t)size : sizeof(entries));
    CHECK_EQUAL(entries[size / 8 - 2], AT_NULL);
    bool found = false;
    for (long i = 0; i + 1 < size / 8; i += 2) {
        found = found || (entries[i] == AT_PAGESZ && entries[i + 1] == 4096);
    }
    CHECK(found);
}

CASE(process_files_can_be_read) {
    const char* names[] = {"cmdline", "environ", "stat", "statm", "status", "limits", "cgroup", "mountinfo"};
    for (int i = 0; i < 8; i++) {
        char path[64];
        snprintf(path, sizeof(path), "/proc/self/%s", names[i]);
        CHECK(read_file(path, text, sizeof(text)) >= 0);
        struct stat status;
        CHECK_EQUAL(stat(path, &status), 0);
        CHECK_EQUAL(status.st_size, 0);
        CHECK_EQUAL(status.st_blksize, 1024);
    }
    read_file("/proc/self/status", text, sizeof(text));
    CHECK(strncmp(text, "Name:\t", 6) == 0);
    CHECK(strstr(text, "\nPid:\t") != NULL);
    int pid = 0;
    char name[32];
    read_file("/proc/self/stat", text, sizeof(text));
    CHECK_EQUAL(sscanf(text, "%d (%31[^)])", &pid, name), 2);
    CHECK_EQUAL(pid, getpid());
}

CASE(system_files_can_be_read) {
    const char* names[] = {"cpuinfo",
                           "meminfo",
                           "stat",
                           "version",
                           "uptime",
                           "loadavg",
                           "filesystems",
                           "mounts",
                           "cmdline",
                           "sys/kernel/osrelease",
                           "sys/kernel/ostype",
                           "sys/kernel/hostname",
                           "sys/kernel/pid_max",
                           "sys/kernel/cap_last_cap",
                           "sys/kernel/randomize_va_space",
                           "sys/kernel/random/entropy_avail",
                           "sys/vm/overcommit_memory"};
    for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        char path[64];
        snprintf(path, sizeof(path), "/proc/%s", names[i]);
        if (read_file(path, text, sizeof(text)) <= 0) {
            check_failed(__FILE__, __LINE__, "%s cannot be read", path);
        }
    }
    CHECK_EQUAL(read_file("/proc/sys/kernel/randomize_va_space", text, sizeof(text)), 2);
    CHECK(strcmp(text, "2\n") == 0);
    CHECK(read_file("/sys/devices/system/cpu/online", text, sizeof(text)) > 0);
    CHECK(read_file("/sys/devices/system/cpu/possible", text, sizeof(text)) > 0);
}

CASE(uuids_are_random_and_the_boot_id_is_not) {
    char other[64];
    CHECK_EQUAL(read_file("/proc/sys/kernel/random/uuid", text, sizeof(text)), 37);
    CHECK_EQUAL(read_file("/proc/sys/kernel/random/uuid", other, sizeof(other)), 37);
    CHECK(strcmp(text, other) != 0);
    CHECK_EQUAL(text[14], '4');
    CHECK_EQUAL(read_file("/proc/sys/kernel/random/boot_id", text, sizeof(text)), 37);
    CHECK_EQUAL(read_file("/proc/sys/kernel/random/boot_id", other, sizeof(other)), 37);
    CHECK(strcmp(text, other) == 0);
}

CASE(descriptors_are_links) {
    char path[64];
    char target[128] = "";
    int fd = open("f", O_RDWR | O_CREAT, 0600);
    CHECK_EQUAL(write(fd, "x", 1), 1);
    snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    CHECK(readlink(path, target, sizeof(target)) > 0);
    CHECK(strcmp(target, "/work/descriptors_are_links/f") == 0);
    struct stat status;
    CHECK_EQUAL(lstat(path, &status), 0);
    CHECK_EQUAL(status.st_mode, S_IFLNK | 0700);
    CHECK_EQUAL(status.st_size, 64);
    CHECK_EQUAL(stat(path, &status), 0);
    CHECK(S_ISREG(status.st_mode));
    snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
    CHECK(read_file(path, text, sizeof(text)) > 0);
    CHECK(strncmp(text, "pos:\t1\nflags:\t0400002\nmnt_id:\t", 30) == 0);
    CHECK(strstr(text, "\nino:\t") != NULL);
    int ends[2];
    CHECK_EQUAL(pipe(ends), 0);
    snprintf(path, sizeof(path), "/proc/self/fd/%d", ends[0]);
    memset(target, 0, sizeof(target));
    CHECK(readlink(path, target, sizeof(target)) > 0);
    CHECK(strncmp(target, "pipe:[", 6) == 0);
    int counter = eventfd(5, 0);
    snprintf(path, sizeof(path), "/proc/self/fd/%d", counter);
    memset(target, 0, sizeof(target));
    CHECK(readlink(path, target, sizeof(target)) > 0);
    CHECK(strcmp(target, "anon_inode:[eventfd]") == 0);
    snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", counter);
    CHECK(read_file(path, text, sizeof(text)) > 0);
    CHECK(strstr(text, "eventfd-count:                5\n") != NULL);
    CHECK_ERRNO(open("/proc/self/fd/999", O_RDONLY), ENOENT);
    int seen = 0;
    DIR* directory = opendir("/proc/self/fd");
    struct dirent* entry = NULL;
    while ((entry = readdir(directory)) != NULL) {
        seen += atoi(entry->d_name) == fd;
    }
    CHECK_EQUAL(seen, 1);
    closedir(directory);
}

CASE(exe_cwd_and_root_are_links) {
    char target[128] = "";
    CHECK(readlink("/proc/self/cwd", target, sizeof(target)) > 0);
    CHECK(strcmp(target, "/work/exe_cwd_and_root_are_links") == 0);
    memset(target, 0, sizeof(target));
    CHECK_EQUAL(readlink("/proc/self/root", target, sizeof(target)), 1);
    memset(target, 0, sizeof(target));
    CHECK(readlink("/proc/self/exe", target, sizeof(target)) > 0);
    int fd = open("/proc/self/exe", O_RDONLY);
    char magic[4];
    CHECK_EQUAL(read(fd, magic, 4), 4);
    CHECK(memcmp(magic, "\177ELF", 4) == 0);
    CHECK_EQUAL(access("/proc/self/cwd/../exe_cwd_and_root_are_links", F_OK), 0);
}

CASE(tasks_are_listed) {
    int found = 0;
    DIR* directory = opendir("/proc");
    struct dirent* entry = NULL;
    while ((entry = readdir(directory)) != NULL) {
        found += atoi(entry->d_name) == getpid();
    }
    closedir(directory);
    CHECK_EQUAL(found, 1);
    found = 0;
    directory = opendir("/proc/self/task");
    while ((entry = readdir(directory)) != NULL) {
        found += atoi(entry->d_name) == (int)syscall(SYS_gettid);
    }
    closedir(directory);
    CHECK_EQUAL(found, 1);
}

CASE(names_can_be_written) {
    int fd = open("/proc/self/comm", O_RDWR);
    CHECK_EQUAL(write(fd, "renamed\n", 8), 8);
    close(fd);
    CHECK_EQUAL(read_file("/proc/self/comm", text, sizeof(text)), 9);
    CHECK(strcmp(text, "renamed\n\n") == 0);
    fd = open("/proc/version", O_RDWR);
    if (fd >= 0) {
        CHECK_ERRNO(write(fd, "x", 1), EIO);
    }
}

CASE(text_files_seek) {
    char part[8];
    int fd = open("/proc/version", O_RDONLY);
    CHECK_EQUAL(read(fd, part, 5), 5);
    CHECK(memcmp(part, "Linux", 5) == 0);
    CHECK_EQUAL(pread(fd, part, 3, 2), 3);
    CHECK(memcmp(part, "nux", 3) == 0);
    CHECK_EQUAL(lseek(fd, 1, SEEK_SET), 1);
    CHECK_EQUAL(read(fd, part, 4), 4);
    CHECK(memcmp(part, "inux", 4) == 0);
    CHECK_ERRNO(lseek(fd, 0, SEEK_END), EINVAL);
    CHECK_EQUAL(pread(fd, part, 3, 100000), 0);
    close(fd);
}
