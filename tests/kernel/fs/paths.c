#define _GNU_SOURCE
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "tests/kernel/case.h"

static void make_file(const char* name, const char* contents) {
    int fd = open(name, O_WRONLY | O_CREAT | O_TRUNC, 0644);
    CHECK(fd >= 0);
    CHECK_EQUAL(write(fd, contents, strlen(contents)), strlen(contents));
    close(fd);
}

CASE(open_missing_is_enoent) {
    CHECK_ERRNO(open("missing", O_RDONLY), ENOENT);
    CHECK_ERRNO(open("", O_RDONLY), ENOENT);
    CHECK_ERRNO(open("missing/below", O_RDONLY), ENOENT);
    CHECK_ERRNO(open("missing/", O_WRONLY | O_CREAT, 0600), EISDIR);
}

CASE(file_as_directory_is_enotdir) {
    make_file("file", "x");
    CHECK_ERRNO(open("file/below", O_RDONLY), ENOTDIR);
    CHECK_ERRNO(open("file/", O_RDONLY), ENOTDIR);
    CHECK_ERRNO(open("file/.", O_RDONLY), ENOTDIR);
    CHECK_ERRNO(open("file", O_RDONLY | O_DIRECTORY), ENOTDIR);
    CHECK_ERRNO(open("file/", O_RDONLY | O_CREAT, 0600), EISDIR);
    CHECK_ERRNO(mkdir("file/below", 0755), ENOTDIR);
    CHECK_ERRNO(chdir("file"), ENOTDIR);
}

CASE(long_names_are_enametoolong) {
    char name[5000];
    memset(name, 'a', sizeof(name));
    name[256] = '\0';
    CHECK_ERRNO(open(name, O_RDONLY), ENAMETOOLONG);
    CHECK_ERRNO(mkdir(name, 0755), ENAMETOOLONG);
    name[255] = '\0';
    CHECK_EQUAL(mkdir(name, 0755), 0);
    name[255] = 'a';
    for (int i = 0; i < 4096; i += 2) {
        name[i] = '.';
        name[i + 1] = '/';
    }
    name[4095] = '\0';
    CHECK(open(name, O_RDONLY | O_DIRECTORY) >= 0);
    name[4095] = '/';
    name[4096] = '\0';
    CHECK_ERRNO(open(name, O_RDONLY | O_DIRECTORY), ENAMETOOLONG);
}

CASE(bad_pointer_is_efault) {
    CHECK_ERRNO(open((const char*)8, O_RDONLY), EFAULT);
    CHECK_ERRNO(mkdir(NULL, 0755), EFAULT);
    CHECK_ERRNO(syscall(SYS_statx, 0, NULL, 0, STATX_ALL, NULL), EFAULT);
}

CASE(symlinks_are_followed) {
    make_file("target", "text");
    CHECK_EQUAL(symlink("target", "link"), 0);
    CHECK_EQUAL(symlink("link", "second"), 0);
    char text[8] = "";
    int fd = open("second", O_RDONLY);
    CHECK_EQUAL(read(fd, text, sizeof(text)), 4);
    CHECK(strcmp(text, "text") == 0);
    close(fd);
    struct stat status;
    CHECK_EQUAL(lstat("link", &status), 0);
    CHECK(S_ISLNK(status.st_mode));
    CHECK_EQUAL(status.st_size, 6);
    CHECK_EQUAL(status.st_mode & 07777, 0777);
    CHECK_EQUAL(status.st_blocks, 0);
    CHECK_ERRNO(open("link", O_RDONLY | O_NOFOLLOW), ELOOP);
    CHECK_EQUAL(readlink("link", text, 3), 3);
    CHECK(strncmp(text, "tar", 3) == 0);
    CHECK_ERRNO(readlink("target", text, sizeof(text)), EINVAL);
    CHECK_ERRNO(readlink("link", text, 0), EINVAL);
    CHECK_ERRNO(symlink("", "empty"), ENOENT);
    CHECK_ERRNO(symlink("x", "link"), EEXIST);
}

CASE(symlink_loops_are_eloop) {
    CHECK_EQUAL(symlink("b", "a"), 0);
    CHECK_EQUAL(symlink("a", "b"), 0);
    CHECK_ERRNO(open("a", O_RDONLY), ELOOP);
    CHECK_ERRNO(open("a", O_RDWR | O_CREAT, 0600), ELOOP);
    make_file("end", "");
    char name[8];
    char target[8] = "end";
    for (int i = 0; i < 41; i++) {
        snprintf(name, sizeof(name), "l%d", i);
        CHECK_EQUAL(symlink(target, name), 0);
        strcpy(target, name);
    }
    CHECK(open("l39", O_RDONLY) >= 0);
    CHECK_ERRNO(open("l40", O_RDONLY), ELOOP);
}

CASE(symlinks_with_trailing_slashes) {
    CHECK_EQUAL(mkdir("directory", 0755), 0);
    CHECK_EQUAL(symlink("directory", "link"), 0);
    make_file("file", "");
    CHECK_EQUAL(symlink("file", "to_file"), 0);
    struct stat status;
    CHECK_EQUAL(lstat("link/", &status), 0);
    CHECK(S_ISDIR(status.st_mode));
    CHECK_ERRNO(lstat("to_file/", &status), ENOTDIR);
    CHECK_ERRNO(unlink("link/"), ENOTDIR);
    CHECK_ERRNO(rmdir("link/"), ENOTDIR);
    CHECK_ERRNO(rmdir("link"), ENOTDIR);
    CHECK_ERRNO(mkdir("link/", 0755), EEXIST);
    CHECK_EQUAL(symlink("missing", "dangling"), 0);
    CHECK_ERRNO(mkdir("dangling/", 0755), EEXIST);
    CHECK_ERRNO(mkdir("dangling", 0755), EEXIST);
}

CASE(creating_through_a_dangling_symlink) {
    CHECK_EQUAL(symlink("made", "dangling"), 0);
    CHECK_ERRNO(open("dangling", O_WRONLY | O_CREAT | O_EXCL, 0600), EEXIST);
    CHECK_ERRNO(open("dangling", O_WRONLY | O_CREAT | O_NOFOLLOW, 0600), ELOOP);
    CHECK(open("dangling", O_WRONLY | O_CREAT, 0600) >= 0);
    CHECK_EQUAL(access("made", F_OK), 0);
}

CASE(dot_dot_stops_at_the_root) {
    struct stat root;
    struct stat above;
    CHECK_EQUAL(stat("/", &root), 0);
    CHECK_EQUAL(stat("/../..", &above), 0);
    CHECK_EQUAL(root.st_ino, above.st_ino);
    CHECK_EQUAL(root.st_dev, above.st_dev);
}

CASE(open_create_respects_umask_and_excl) {
    umask(027);
    int fd = open("file", O_RDWR | O_CREAT | O_EXCL, 0666);
    CHECK(fd >= 0);
    struct stat status;
    CHECK_EQUAL(fstat(fd, &status), 0);
    CHECK_EQUAL(status.st_mode, S_IFREG | 0640);
    CHECK_EQUAL(status.st_nlink, 1);
    CHECK_EQUAL(status.st_size, 0);
    CHECK_EQUAL(status.st_blocks, 0);
    CHECK_EQUAL(status.st_blksize, 4096);
    CHECK_ERRNO(open("file", O_RDWR | O_CREAT | O_EXCL, 0666), EEXIST);
    CHECK_ERRNO(open(".", O_RDWR | O_CREAT, 0666), EISDIR);
    CHECK_ERRNO(open(".", O_RDWR), EISDIR);
    CHECK_ERRNO(open(".", O_RDONLY | O_CREAT, 0666), EISDIR);
    CHECK_ERRNO(open(".", O_RDONLY | O_CREAT | O_EXCL, 0666), EEXIST);
    CHECK_ERRNO(open("file", O_RDONLY | O_CREAT | O_DIRECTORY, 0666), EINVAL);
}

CASE(directories_count_links_and_entries) {
    struct stat status;
    CHECK_EQUAL(mkdir("d", 0777), 0);
    CHECK_EQUAL(stat("d", &status), 0);
    CHECK_EQUAL(status.st_mode, S_IFDIR | 0755);
    CHECK_EQUAL(status.st_nlink, 2);
    CHECK_EQUAL(status.st_size, 40);
    CHECK_EQUAL(mkdir("d/sub", 0777), 0);
    make_file("d/file", "");
    CHECK_EQUAL(stat("d", &status), 0);
    CHECK_EQUAL(status.st_nlink, 3);
    CHECK_EQUAL(status.st_size, 80);
    CHECK_ERRNO(rmdir("d"), ENOTEMPTY);
    CHECK_EQUAL(rmdir("d/sub"), 0);
    CHECK_EQUAL(unlink("d/file"), 0);
    CHECK_EQUAL(stat("d", &status), 0);
    CHECK_EQUAL(status.st_nlink, 2);
    CHECK_EQUAL(status.st_size, 40);
    CHECK_EQUAL(rmdir("d"), 0);
    CHECK_ERRNO(rmdir("d"), ENOENT);
}

CASE(removing_refuses_the_wrong_kind) {
    CHECK_EQUAL(mkdir("d", 0755), 0);
    make_file("f", "");
    CHECK_ERRNO(unlink("d"), EISDIR);
    CHECK_ERRNO(rmdir("f"), ENOTDIR);
    CHECK_ERRNO(unlink("."), EISDIR);
    CHECK_ERRNO(unlink(".."), EISDIR);
    CHECK_ERRNO(rmdir("."), EINVAL);
    CHECK_ERRNO(rmdir("d/.."), ENOTEMPTY);
    CHECK_ERRNO(rmdir("/"), EBUSY);
    CHECK_ERRNO(unlinkat(AT_FDCWD, "f", 0x8000), EINVAL);
    CHECK_EQUAL(unlinkat(AT_FDCWD, "d", AT_REMOVEDIR), 0);
}

CASE(hard_links_share_an_inode) {
    make_file("a", "abc");
    CHECK_EQUAL(link("a", "b"), 0);
    struct stat a;
    struct stat b;
    CHECK_EQUAL(stat("a", &a), 0);
    CHECK_EQUAL(stat("b", &b), 0);
    CHECK_EQUAL(a.st_ino, b.st_ino);
    CHECK_EQUAL(a.st_nlink, 2);
    CHECK_ERRNO(link("a", "b"), EEXIST);
    CHECK_EQUAL(mkdir("d", 0755), 0);
    CHECK_ERRNO(link("d", "e"), EPERM);
    CHECK_ERRNO(link("missing", "e"), ENOENT);
    CHECK_EQUAL(unlink("a"), 0);
    CHECK_EQUAL(stat("b", &b), 0);
    CHECK_EQUAL(b.st_nlink, 1);
    CHECK_EQUAL(symlink("b", "s"), 0);
    CHECK_EQUAL(link("s", "hard_symlink"), 0);
    CHECK_EQUAL(lstat("hard_symlink", &a), 0);
    CHECK(S_ISLNK(a.st_mode));
    CHECK_EQUAL(linkat(AT_FDCWD, "s", AT_FDCWD, "followed", AT_SYMLINK_FOLLOW), 0);
    CHECK_EQUAL(lstat("followed", &a), 0);
    CHECK(S_ISREG(a.st_mode));
}

CASE(rename_replaces_and_refuses) {
    struct stat status;
    make_file("a", "aaa");
    make_file("b", "b");
    CHECK_EQUAL(rename("a", "b"), 0);
    CHECK_ERRNO(stat("a", &status), ENOENT);
    CHECK_EQUAL(stat("b", &status), 0);
    CHECK_EQUAL(status.st_size, 3);
    CHECK_ERRNO(rename("missing", "c"), ENOENT);
    CHECK_EQUAL(mkdir("d", 0755), 0);
    CHECK_EQUAL(mkdir("d/e", 0755), 0);
    CHECK_ERRNO(rename("b", "d"), EISDIR);
    CHECK_ERRNO(rename("d", "b"), ENOTDIR);
    CHECK_ERRNO(rename("d", "d/e/f"), EINVAL);
    CHECK_ERRNO(rename("d/e", "d"), ENOTEMPTY);
    CHECK_EQUAL(mkdir("empty", 0755), 0);
    CHECK_ERRNO(rename("empty", "d"), ENOTEMPTY);
    CHECK_EQUAL(rename("d", "empty"), 0);
    CHECK_EQUAL(stat("empty/e", &status), 0);
    CHECK_ERRNO(rename("empty/.", "x"), EBUSY);
    CHECK_ERRNO(rename("b", "x/"), ENOTDIR);
    CHECK_EQUAL(link("b", "c"), 0);
    CHECK_EQUAL(rename("b", "c"), 0);
    CHECK_EQUAL(stat("b", &status), 0);
    CHECK_EQUAL(status.st_nlink, 2);
}

CASE(rename_moves_directories_between_parents) {
    struct stat status;
    CHECK_EQUAL(mkdir("one", 0755), 0);
    CHECK_EQUAL(mkdir("two", 0755), 0);
    CHECK_EQUAL(mkdir("one/moved", 0755), 0);
    CHECK_EQUAL(rename("one/moved", "two/renamed"), 0);
    CHECK_EQUAL(stat("one", &status), 0);
    CHECK_EQUAL(status.st_nlink, 2);
    CHECK_EQUAL(stat("two", &status), 0);
    CHECK_EQUAL(status.st_nlink, 3);
    CHECK_EQUAL(status.st_size, 60);
}

CASE(renameat2_flags) {
    make_file("a", "a");
    make_file("b", "bb");
    struct stat status;
    CHECK_ERRNO(renameat2(AT_FDCWD, "a", AT_FDCWD, "b", RENAME_NOREPLACE), EEXIST);
    CHECK_EQUAL(renameat2(AT_FDCWD, "a", AT_FDCWD, "b", RENAME_EXCHANGE), 0);
    CHECK_EQUAL(stat("a", &status), 0);
    CHECK_EQUAL(status.st_size, 2);
    CHECK_ERRNO(renameat2(AT_FDCWD, "a", AT_FDCWD, "missing", RENAME_EXCHANGE), ENOENT);
    CHECK_ERRNO(renameat2(AT_FDCWD, "a", AT_FDCWD, "b", RENAME_EXCHANGE | RENAME_NOREPLACE), EINVAL);
    CHECK_ERRNO(renameat2(AT_FDCWD, "a", AT_FDCWD, "b", 0x80), EINVAL);
    CHECK_EQUAL(renameat2(AT_FDCWD, "a", AT_FDCWD, "c", RENAME_NOREPLACE), 0);
}

CASE(getdents_lists_newest_first) {
    make_file("first", "");
    CHECK_EQUAL(mkdir("second", 0755), 0);
    CHECK_EQUAL(symlink("x", "third"), 0);
    char buffer[512];
    int fd = open(".", O_RDONLY | O_DIRECTORY);
    long size = syscall(SYS_getdents64, fd, buffer, sizeof(buffer));
    const char* names[] = {".", "..", "third", "second", "first"};
    const int types[] = {DT_DIR, DT_DIR, DT_LNK, DT_DIR, DT_REG};
    int count = 0;
    long offset = 0;
    while (offset < size) {
        struct dirent64* entry = (struct dirent64*)(buffer + offset);
        if (count < 5) {
            CHECK(strcmp(entry->d_name, names[count]) == 0);
            CHECK_EQUAL(entry->d_type, types[count]);
            CHECK_EQUAL(entry->d_off, count + 1);
            CHECK_EQUAL(entry->d_reclen % 8, 0);
        }
        offset += entry->d_reclen;
        count++;
    }
    CHECK_EQUAL(count, 5);
    CHECK_EQUAL(syscall(SYS_getdents64, fd, buffer, sizeof(buffer)), 0);
    CHECK_EQUAL(lseek(fd, 2, SEEK_SET), 2);
    CHECK(syscall(SYS_getdents64, fd, buffer, sizeof(buffer)) > 0);
    CHECK(strcmp(((struct dirent64*)buffer)->d_name, "third") == 0);
    CHECK_EQUAL(lseek(fd, 0, SEEK_SET), 0);
    CHECK_ERRNO(syscall(SYS_getdents64, fd, buffer, 8), EINVAL);
    CHECK_EQUAL(syscall(SYS_getdents64, fd, buffer, 24), 24);
    CHECK_EQUAL(syscall(SYS_getdents64, fd, buffer, 47), 24);
    CHECK_ERRNO(read(fd, buffer, 1), EISDIR);
    int file = open("first", O_RDONLY);
    CHECK_ERRNO(syscall(SYS_getdents64, file, buffer, sizeof(buffer)), ENOTDIR);
}

CASE(reading_a_directory_while_removing) {
    char name[16];
    for (int i = 0; i < 300; i++) {
        snprintf(name, sizeof(name), "f%d", i);
        make_file(name, "");
    }
    DIR* directory = opendir(".");
    int seen = 0;
    struct dirent* entry = NULL;
    while ((entry = readdir(directory)) != NULL) {
        if (entry->d_name[0] == 'f') {
            CHECK_EQUAL(unlink(entry->d_name), 0);
            seen++;
        }
    }
    CHECK_EQUAL(seen, 300);
    closedir(directory);
}

CASE(getcwd_follows_the_tree) {
    char path[256];
    CHECK_EQUAL(mkdir("sub", 0755), 0);
    CHECK_EQUAL(chdir("sub"), 0);
    CHECK(getcwd(path, sizeof(path)) != NULL);
    CHECK(strcmp(path, "/work/getcwd_follows_the_tree/sub") == 0);
    CHECK_EQUAL(syscall(SYS_getcwd, path, sizeof(path)), strlen(path) + 1);
    CHECK_ERRNO(syscall(SYS_getcwd, path, 4), ERANGE);
    CHECK_EQUAL(rename("../sub", "../renamed"), 0);
    CHECK(getcwd(path, sizeof(path)) != NULL);
    CHECK(strcmp(path, "/work/getcwd_follows_the_tree/renamed") == 0);
    CHECK_EQUAL(rmdir("../renamed"), 0);
    CHECK_ERRNO(syscall(SYS_getcwd, path, sizeof(path)), ENOENT);
    CHECK_ERRNO(open("new", O_WRONLY | O_CREAT, 0600), ENOENT);
    CHECK_ERRNO(mkdir("new", 0700), ENOENT);
    CHECK_EQUAL(chdir("/"), 0);
    CHECK_EQUAL(syscall(SYS_getcwd, path, sizeof(path)), 2);
}

CASE(directory_descriptors_start_paths) {
    CHECK_EQUAL(mkdir("d", 0755), 0);
    make_file("d/f", "");
    int fd = open("d", O_PATH);
    CHECK_EQUAL(faccessat(fd, "f", F_OK, 0), 0);
    CHECK_ERRNO(openat(fd, "missing", O_RDONLY), ENOENT);
    int file = open("d/f", O_RDONLY);
    CHECK_ERRNO(openat(file, "f", O_RDONLY), ENOTDIR);
    CHECK_ERRNO(openat(999, "f", O_RDONLY), EBADF);
    CHECK(openat(999, "/", O_RDONLY) >= 0);
    CHECK_EQUAL(fchdir(fd), 0);
    CHECK_EQUAL(access("f", F_OK), 0);
    CHECK_ERRNO(fchdir(file), ENOTDIR);
    struct stat status;
    CHECK_EQUAL(fstatat(file, "", &status, AT_EMPTY_PATH), 0);
    CHECK(S_ISREG(status.st_mode));
    CHECK_ERRNO(fstatat(file, "", &status, 0), ENOENT);
    CHECK_ERRNO(fstatat(AT_FDCWD, "f", &status, 0x8000), EINVAL);
}

CASE(path_descriptors_only_name) {
    make_file("f", "text");
    int fd = open("f", O_PATH | O_RDWR | O_NONBLOCK);
    char byte = 0;
    struct stat status;
    CHECK_EQUAL(fcntl(fd, F_GETFL), O_PATH);
    CHECK_ERRNO(read(fd, &byte, 1), EBADF);
    CHECK_ERRNO(fchmod(fd, 0600), EBADF);
    CHECK_ERRNO(lseek(fd, 0, SEEK_SET), EBADF);
    CHECK_EQUAL(fstat(fd, &status), 0);
    CHECK_EQUAL(symlink("f", "l"), 0);
    int link_fd = open("l", O_PATH | O_NOFOLLOW);
    CHECK_EQUAL(fstat(link_fd, &status), 0);
    CHECK(S_ISLNK(status.st_mode));
    CHECK_EQUAL(readlinkat(link_fd, "", &byte, 1), 1);
    CHECK_EQUAL(byte, 'f');
}

CASE(chroot_moves_the_root) {
    CHECK_EQUAL(mkdir("jail", 0755), 0);
    make_file("jail/inside", "");
    int outside = open("/", O_RDONLY | O_DIRECTORY);
    char path[64];
    CHECK_EQUAL(chroot("jail"), 0);
    CHECK_EQUAL(access("/inside", F_OK), 0);
    CHECK_EQUAL(access("/../inside", F_OK), 0);
    CHECK_EQUAL(syscall(SYS_getcwd, path, sizeof(path)), 15 + strlen("/work/chroot_moves_the_root") - 1);
    CHECK(strncmp(path, "(unreachable)/", 14) == 0);
    CHECK_EQUAL(fchdir(outside), 0);
    CHECK_EQUAL(chroot("."), 0);
    CHECK_EQUAL(access("/work", F_OK), 0);
}

CASE(access_checks_execute_bits_even_for_root) {
    make_file("plain", "");
    CHECK_EQUAL(access("plain", R_OK | W_OK), 0);
    CHECK_ERRNO(access("plain", X_OK), EACCES);
    CHECK_EQUAL(chmod("plain", 0010), 0);
    CHECK_EQUAL(access("plain", X_OK), 0);
    CHECK_EQUAL(access(".", X_OK), 0);
    CHECK_ERRNO(syscall(SYS_faccessat, AT_FDCWD, "plain", 8), EINVAL);
    CHECK_ERRNO(access("missing", F_OK), ENOENT);
}

CASE(mknod_makes_nodes) {
    struct stat status;
    CHECK_EQUAL(mknod("null", S_IFCHR | 0600, (1 << 8) | 3), 0);
    CHECK_EQUAL(stat("null", &status), 0);
    CHECK_EQUAL(status.st_rdev, (1 << 8) | 3);
    int fd = open("null", O_RDWR);
    CHECK(fd >= 0);
    CHECK_EQUAL(write(fd, "x", 1), 1);
    CHECK_EQUAL(mknod("plain", 0600, 0), 0);
    CHECK_EQUAL(stat("plain", &status), 0);
    CHECK(S_ISREG(status.st_mode));
    CHECK_EQUAL(mknod("socket", S_IFSOCK | 0600, 0), 0);
    CHECK_ERRNO(open("socket", O_RDONLY), ENXIO);
    CHECK_ERRNO(mknod("directory", S_IFDIR | 0700, 0), EPERM);
    CHECK_EQUAL(mknod("nothing", S_IFCHR | 0600, 0xfff00), 0);
    CHECK_ERRNO(open("nothing", O_RDONLY), ENXIO);
}

CASE(unnamed_files_can_be_linked) {
    int fd = open(".", O_TMPFILE | O_RDWR, 0600);
    CHECK(fd >= 0);
    struct stat status;
    CHECK_EQUAL(fstat(fd, &status), 0);
    CHECK_EQUAL(status.st_nlink, 0);
    CHECK_EQUAL(write(fd, "x", 1), 1);
    CHECK_ERRNO(open(".", O_TMPFILE | O_RDONLY, 0600), EINVAL);
    CHECK_EQUAL(linkat(fd, "", AT_FDCWD, "named", AT_EMPTY_PATH), 0);
    CHECK_EQUAL(stat("named", &status), 0);
    CHECK_EQUAL(status.st_size, 1);
    CHECK_EQUAL(status.st_nlink, 1);
    int deleted = open("named", O_RDONLY);
    CHECK_EQUAL(unlink("named"), 0);
    CHECK_ERRNO(linkat(deleted, "", AT_FDCWD, "again", AT_EMPTY_PATH), ENOENT);
}
