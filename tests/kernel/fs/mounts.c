#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "tests/kernel/case.h"

CASE(tmpfs_mounts_cover_directories) {
    struct stat below;
    struct stat above;
    CHECK_EQUAL(mkdir("m", 0700), 0);
    close(open("m/hidden", O_CREAT | O_WRONLY, 0600));
    CHECK_EQUAL(stat("m", &below), 0);
    CHECK_EQUAL(mount("source", "m", "tmpfs", MS_NOSUID, "size=64k,mode=755"), 0);
    CHECK_EQUAL(stat("m", &above), 0);
    CHECK(above.st_dev != below.st_dev);
    CHECK_EQUAL(above.st_mode, S_IFDIR | 0755);
    CHECK_ERRNO(access("m/hidden", F_OK), ENOENT);
    CHECK_ERRNO(rmdir("m"), EBUSY);
    CHECK_ERRNO(rename("m", "n"), EBUSY);
    int fd = open("m/file", O_CREAT | O_WRONLY, 0600);
    CHECK_ERRNO(link("m/file", "outside"), EXDEV);
    CHECK_ERRNO(rename("m/file", "outside"), EXDEV);
    static char bytes[80 * 1024];
    CHECK_EQUAL(write(fd, bytes, sizeof(bytes)), 64 * 1024);
    CHECK_ERRNO(write(fd, bytes, 1), ENOSPC);
    struct statfs status;
    CHECK_EQUAL(fstatfs(fd, &status), 0);
    CHECK_EQUAL(status.f_blocks, 16);
    CHECK_EQUAL(status.f_bfree, 0);
    CHECK_ERRNO(umount("m"), EBUSY);
    close(fd);
    CHECK_EQUAL(umount("m"), 0);
    CHECK_EQUAL(access("m/hidden", F_OK), 0);
    CHECK_ERRNO(umount("m"), EINVAL);
}

CASE(mount_refuses) {
    CHECK_EQUAL(mkdir("m", 0700), 0);
    close(open("f", O_CREAT | O_WRONLY, 0600));
    CHECK_ERRNO(mount("x", "m", "nonesuch", 0, NULL), ENODEV);
    CHECK_ERRNO(mount("x", "missing", "tmpfs", 0, NULL), ENOENT);
    CHECK_ERRNO(mount("x", "f", "tmpfs", 0, NULL), ENOTDIR);
    CHECK_ERRNO(mount("x", "m", "tmpfs", 0, "nonesuch=1"), EINVAL);
}

CASE(read_only_mounts_are_erofs) {
    CHECK_EQUAL(mkdir("m", 0700), 0);
    CHECK_EQUAL(mount("x", "m", "tmpfs", 0, NULL), 0);
    close(open("m/f", O_CREAT | O_WRONLY, 0600));
    CHECK_EQUAL(mount(NULL, "m", NULL, MS_REMOUNT | MS_RDONLY, NULL), 0);
    CHECK_ERRNO(open("m/f", O_WRONLY), EROFS);
    CHECK_ERRNO(open("m/g", O_CREAT | O_WRONLY, 0600), EROFS);
    CHECK_ERRNO(mkdir("m/d", 0700), EROFS);
    CHECK_ERRNO(unlink("m/f"), EROFS);
    CHECK_ERRNO(chmod("m/f", 0), EROFS);
    CHECK_ERRNO(truncate("m/f", 0), EROFS);
    CHECK_ERRNO(access("m/f", W_OK), EROFS);
    CHECK_EQUAL(access("m/f", R_OK), 0);
    CHECK_EQUAL(umount("m"), 0);
}

CASE(bind_mounts_show_a_tree_twice) {
    CHECK_EQUAL(mkdir("a", 0700), 0);
    CHECK_EQUAL(mkdir("b", 0700), 0);
    close(open("a/f", O_CREAT | O_WRONLY, 0600));
    CHECK_EQUAL(mount("a", "b", NULL, MS_BIND, NULL), 0);
    CHECK_EQUAL(access("b/f", F_OK), 0);
    close(open("b/g", O_CREAT | O_WRONLY, 0600));
    CHECK_EQUAL(access("a/g", F_OK), 0);
    CHECK_EQUAL(umount2("b", MNT_DETACH), 0);
    CHECK_ERRNO(access("b/f", F_OK), ENOENT);
}

CASE(walking_up_leaves_a_mount) {
    char path[128];
    CHECK_EQUAL(mkdir("m", 0700), 0);
    CHECK_EQUAL(mount("x", "m", "tmpfs", 0, NULL), 0);
    CHECK_EQUAL(mkdir("m/sub", 0700), 0);
    CHECK_EQUAL(chdir("m/sub"), 0);
    CHECK(getcwd(path, sizeof(path)) != NULL);
    CHECK(strcmp(path, "/work/walking_up_leaves_a_mount/m/sub") == 0);
    CHECK_EQUAL(access("../../m/sub", F_OK), 0);
    CHECK_ERRNO(umount("/work/walking_up_leaves_a_mount/m"), EBUSY);
    CHECK_EQUAL(chdir("../.."), 0);
    CHECK_EQUAL(umount("m"), 0);
}

// What the archive says nothing of: the root directory itself.
CASE(root_is_an_early_tmpfs) {
    struct stat status;
    CHECK_EQUAL(stat("/", &status), 0);
    CHECK_EQUAL(status.st_mode, S_IFDIR | 01777);
    CHECK_EQUAL(status.st_dev, makedev(0, 2));
    char text[256] = {0};
    int fd = open("/proc/self/mountinfo", O_RDONLY);
    CHECK(read(fd, text, sizeof(text) - 1) > 0);
    CHECK(strncmp(text, "1 1 0:2 / / rw - rootfs ", 24) == 0);
    close(fd);
    // Shared memory comes before it (mm/shmem.c, shm_mnt).
    int memory = memfd_create("memory", 0);
    CHECK_EQUAL(fstat(memory, &status), 0);
    CHECK_EQUAL(status.st_dev, makedev(0, 1));
    close(memory);
}

CASE(mounts_are_listed) {
    CHECK_EQUAL(mkdir("m", 0700), 0);
    CHECK_EQUAL(mount("my source", "m", "tmpfs", MS_NOSUID | MS_NODEV, "size=64k"), 0);
    static char text[4096];
    int fd = open("/proc/self/mounts", O_RDONLY);
    CHECK(read(fd, text, sizeof(text) - 1) > 0);
    CHECK(strstr(text,
                 "my\\040source /work/mounts_are_listed/m tmpfs rw,nosuid,nodev,relatime,size=64k,inode64 0 "
                 "0\n") != NULL);
    close(fd);
    fd = open("/proc/self/mountinfo", O_RDONLY);
    memset(text, 0, sizeof(text));
    CHECK(read(fd, text, sizeof(text) - 1) > 0);
    CHECK(strstr(text,
                 " / /work/mounts_are_listed/m rw,nosuid,nodev,relatime - tmpfs my\\040source "
                 "rw,size=64k,inode64\n") != NULL);
    close(fd);
    CHECK_EQUAL(umount("m"), 0);
}

CASE(tmpfs_counts_inodes) {
    struct statfs status;
    CHECK_EQUAL(mkdir("m", 0700), 0);
    CHECK_EQUAL(mount("x", "m", "tmpfs", 0, "nr_inodes=3"), 0);
    CHECK_EQUAL(mkdir("m/a", 0700), 0);
    CHECK_EQUAL(mkdir("m/b", 0700), 0);
    CHECK_ERRNO(mkdir("m/c", 0700), ENOSPC);
    CHECK_EQUAL(statfs("m", &status), 0);
    CHECK_EQUAL(status.f_files, 3);
    CHECK_EQUAL(status.f_ffree, 0);
    CHECK_EQUAL(umount("m"), 0);
}
