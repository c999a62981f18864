#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "tests/kernel/case.h"

static int make(const char* name) {
    return open(name, O_RDWR | O_CREAT | O_TRUNC, 0644);
}

CASE(read_and_write_at_positions) {
    int fd = make("f");
    char text[16] = "";
    CHECK_EQUAL(write(fd, "hello", 5), 5);
    CHECK_EQUAL(lseek(fd, 0, SEEK_CUR), 5);
    CHECK_EQUAL(read(fd, text, 1), 0);
    CHECK_EQUAL(pread(fd, text, 16, 1), 4);
    CHECK(memcmp(text, "ello", 4) == 0);
    CHECK_EQUAL(pwrite(fd, "J", 1, 0), 1);
    CHECK_EQUAL(lseek(fd, 0, SEEK_CUR), 5);
    CHECK_EQUAL(lseek(fd, 0, SEEK_SET), 0);
    CHECK_EQUAL(read(fd, text, 16), 5);
    CHECK(memcmp(text, "Jello", 5) == 0);
    CHECK_ERRNO(pread(fd, text, 1, -1), EINVAL);
    CHECK_ERRNO(lseek(fd, -1, SEEK_SET), EINVAL);
    CHECK_ERRNO(lseek(fd, 0, 99), EINVAL);
    CHECK_EQUAL(pread(fd, text, 1, 1000000), 0);
    CHECK_ERRNO(syscall(SYS_read, fd, text, -1L), EFAULT);
    int write_only = open("f", O_WRONLY);
    CHECK_ERRNO(read(write_only, text, 1), EBADF);
    int read_only = open("f", O_RDONLY);
    CHECK_ERRNO(write(read_only, text, 1), EBADF);
    CHECK_ERRNO(read(999, text, 1), EBADF);
}

CASE(partial_faults_transfer_what_fits) {
    int fd = make("f");
    char* pages = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    memset(pages, 'x', 8192);
    CHECK_EQUAL(munmap(pages + 4096, 4096), 0);
    CHECK_EQUAL(write(fd, pages + 4092, 100), 4);
    CHECK_ERRNO(write(fd, pages + 4096, 100), EFAULT);
    CHECK_EQUAL(pwrite(fd, "0123456789", 10, 0), 10);
    CHECK_EQUAL(pread(fd, pages + 4092, 10, 0), 4);
    CHECK(memcmp(pages + 4092, "0123", 4) == 0);
    CHECK_ERRNO(pread(fd, pages + 4096, 10, 0), EFAULT);
    struct iovec two[2] = {{pages, 4}, {pages + 4096, 4}};
    CHECK_EQUAL(preadv(fd, two, 2, 0), 4);
}

CASE(vectors) {
    int fd = make("f");
    struct iovec out[3] = {{"ab", 2}, {NULL, 0}, {"cde", 3}};
    CHECK_EQUAL(writev(fd, out, 3), 5);
    char a[3] = "";
    char b[8] = "";
    struct iovec in[2] = {{a, 2}, {b, 8}};
    CHECK_EQUAL(lseek(fd, 0, SEEK_SET), 0);
    CHECK_EQUAL(readv(fd, in, 2), 5);
    CHECK(memcmp(a, "ab", 2) == 0 && memcmp(b, "cde", 3) == 0);
    CHECK_EQUAL(pwritev(fd, out, 1, 10), 2);
    CHECK_EQUAL(preadv(fd, in, 2, 10), 2);
    CHECK_EQUAL(readv(fd, in, 0), 0);
    CHECK_ERRNO(readv(fd, in, 1025), EINVAL);
    CHECK_ERRNO(readv(fd, in, -1), EINVAL);
    struct iovec negative = {a, (size_t)-1};
    CHECK_ERRNO(readv(fd, &negative, 1), EINVAL);
    CHECK_ERRNO(readv(fd, (struct iovec*)8, 1), EFAULT);
    CHECK_EQUAL(pwritev2(fd, out, 1, -1, RWF_APPEND), 2);
    CHECK_EQUAL(lseek(fd, 0, SEEK_END), 14);
    CHECK_ERRNO(preadv2(fd, in, 1, 0, 0x8000), EOPNOTSUPP);
}

CASE(append_goes_to_the_end) {
    int fd = make("f");
    CHECK_EQUAL(write(fd, "base", 4), 4);
    int append = open("f", O_WRONLY | O_APPEND);
    CHECK_EQUAL(write(append, "+1", 2), 2);
    CHECK_EQUAL(lseek(append, 0, SEEK_CUR), 6);
    CHECK_EQUAL(pwrite(append, "+2", 2, 0), 2);
    struct stat status;
    CHECK_EQUAL(fstat(fd, &status), 0);
    CHECK_EQUAL(status.st_size, 8);
}

CASE(sparse_files_and_blocks) {
    int fd = make("f");
    struct stat status;
    CHECK_EQUAL(pwrite(fd, "x", 1, 1 << 20), 1);
    CHECK_EQUAL(fstat(fd, &status), 0);
    CHECK_EQUAL(status.st_size, (1 << 20) + 1);
    CHECK_EQUAL(status.st_blocks, 8);
    CHECK_EQUAL(lseek(fd, 0, SEEK_DATA), 1 << 20);
    CHECK_EQUAL(lseek(fd, 0, SEEK_HOLE), 0);
    CHECK_EQUAL(lseek(fd, (1 << 20) - 10, SEEK_DATA), 1 << 20);
    CHECK_EQUAL(lseek(fd, 1 << 20, SEEK_HOLE), (1 << 20) + 1);
    CHECK_ERRNO(lseek(fd, (1 << 20) + 1, SEEK_DATA), ENXIO);
    CHECK_ERRNO(lseek(fd, -5, SEEK_DATA), ENXIO);
    char bytes[8];
    CHECK_EQUAL(pread(fd, bytes, 8, 4096), 8);
    CHECK_EQUAL(bytes[0] | bytes[7], 0);
    CHECK_EQUAL(pread(fd, bytes, 8, 4096), 8);
    CHECK_EQUAL(fstat(fd, &status), 0);
    CHECK_EQUAL(status.st_blocks, 8);
    CHECK_EQUAL(pwrite(fd, "y", 1, 1L << 40), 1);
    CHECK_EQUAL(lseek(fd, (1 << 20) + 4096, SEEK_DATA), 1L << 40);
}

CASE(truncate_cuts_and_extends) {
    int fd = make("f");
    struct stat status;
    char bytes[16];
    CHECK_EQUAL(write(fd, "0123456789", 10), 10);
    CHECK_EQUAL(ftruncate(fd, 4), 0);
    CHECK_EQUAL(ftruncate(fd, 8), 0);
    CHECK_EQUAL(pread(fd, bytes, 16, 0), 8);
    CHECK(memcmp(bytes, "0123\0\0\0\0", 8) == 0);
    CHECK_EQUAL(truncate("f", 1 << 20), 0);
    CHECK_EQUAL(stat("f", &status), 0);
    CHECK_EQUAL(status.st_size, 1 << 20);
    CHECK_EQUAL(status.st_blocks, 8);
    CHECK_EQUAL(truncate("f", 0), 0);
    CHECK_EQUAL(stat("f", &status), 0);
    CHECK_EQUAL(status.st_blocks, 0);
    CHECK_ERRNO(ftruncate(fd, -1), EINVAL);
    CHECK_ERRNO(truncate(".", 0), EISDIR);
    CHECK_ERRNO(truncate("missing", 0), ENOENT);
    int read_only = open("f", O_RDONLY);
    CHECK_ERRNO(ftruncate(read_only, 0), EINVAL);
    CHECK_EQUAL(write(fd, "xx", 2), 2);
    close(open("f", O_WRONLY | O_TRUNC));
    CHECK_EQUAL(stat("f", &status), 0);
    CHECK_EQUAL(status.st_size, 0);
}

CASE(fallocate_allocates_and_punches) {
    int fd = make("f");
    struct stat status;
    CHECK_EQUAL(fallocate(fd, 0, 0, 10000), 0);
    CHECK_EQUAL(fstat(fd, &status), 0);
    CHECK_EQUAL(status.st_size, 10000);
    CHECK_EQUAL(status.st_blocks, 24);
    CHECK_EQUAL(fallocate(fd, FALLOC_FL_KEEP_SIZE, 0, 20000), 0);
    CHECK_EQUAL(fstat(fd, &status), 0);
    CHECK_EQUAL(status.st_size, 10000);
    CHECK_EQUAL(status.st_blocks, 40);
    char bytes[10000];
    memset(bytes, 'x', sizeof(bytes));
    CHECK_EQUAL(pwrite(fd, bytes, sizeof(bytes), 0), sizeof(bytes));
    CHECK_EQUAL(fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 100, 8000), 0);
    CHECK_EQUAL(pread(fd, bytes, sizeof(bytes), 0), sizeof(bytes));
    CHECK(bytes[99] == 'x' && bytes[100] == 0 && bytes[5000] == 0 && bytes[8099] == 0 && bytes[8100] == 'x');
    CHECK_EQUAL(fstat(fd, &status), 0);
    CHECK_EQUAL(status.st_blocks, 40);
    CHECK_EQUAL(fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, 8192), 0);
    CHECK_EQUAL(fstat(fd, &status), 0);
    CHECK_EQUAL(status.st_blocks, 24);
    CHECK_ERRNO(fallocate(fd, FALLOC_FL_PUNCH_HOLE, 0, 1), EOPNOTSUPP);
    CHECK_ERRNO(fallocate(fd, 0, 0, 0), EINVAL);
    CHECK_ERRNO(fallocate(fd, 0, -1, 1), EINVAL);
    CHECK_ERRNO(fallocate(fd, FALLOC_FL_ZERO_RANGE, 0, 1), EOPNOTSUPP);
}

CASE(file_size_limit_is_efbig) {
    int fd = make("f");
    struct rlimit old;
    getrlimit(RLIMIT_FSIZE, &old);
    struct rlimit limit = {100, old.rlim_max};
    signal(SIGXFSZ, SIG_IGN);
    CHECK_EQUAL(setrlimit(RLIMIT_FSIZE, &limit), 0);
    char bytes[200] = "";
    CHECK_EQUAL(write(fd, bytes, 200), 100);
    CHECK_ERRNO(write(fd, bytes, 1), EFBIG);
    CHECK_ERRNO(ftruncate(fd, 101), EFBIG);
    CHECK_EQUAL(setrlimit(RLIMIT_FSIZE, &old), 0);
}

CASE(mappings_and_files_share_pages) {
    int fd = make("f");
    CHECK_EQUAL(write(fd, "file", 4), 4);
    CHECK_EQUAL(ftruncate(fd, 8192), 0);
    char* shared = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    char* private = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
    CHECK(shared != MAP_FAILED && private != MAP_FAILED);
    CHECK(memcmp(shared, "file", 4) == 0);
    memcpy(shared, "maps", 4);
    char text[8] = "";
    CHECK_EQUAL(pread(fd, text, 4, 0), 4);
    CHECK(memcmp(text, "maps", 4) == 0);
    CHECK(memcmp(private, "maps", 4) == 0);
    private[0] = 'X';
    CHECK_EQUAL(shared[0], 'm');
    CHECK_EQUAL(pwrite(fd, "more", 4, 4096), 4);
    CHECK(memcmp(shared + 4096, "more", 4) == 0);
    CHECK(memcmp(private + 4096, "more", 4) == 0);
    close(fd);
    CHECK_EQUAL(unlink("f"), 0);
    shared[1] = 'A';
    CHECK_EQUAL(shared[1], 'A');
    CHECK_EQUAL(munmap(shared, 8192), 0);
    CHECK_EQUAL(munmap(private, 8192), 0);
    int read_only = open("/init", O_RDONLY);
    if (read_only >= 0) {
        CHECK(mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, read_only, 0) == MAP_FAILED &&
              errno == EACCES);
    }
}

CASE(initial_files_can_be_changed) {
    struct stat before;
    int fd = open("/data/large", O_RDWR);
    CHECK(fd >= 0);
    CHECK_EQUAL(fstat(fd, &before), 0);
    CHECK_EQUAL(before.st_size, 100000);
    CHECK_EQUAL(before.st_blocks, 200);
    unsigned char bytes[16];
    CHECK_EQUAL(pread(fd, bytes, 16, 50000), 16);
    CHECK_EQUAL(bytes[0], 50000 % 251);
    unsigned char* mapped = mmap(NULL, 100000, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    CHECK_EQUAL(mapped[99999], 99999 % 251);
    mapped[50000] = 255;
    CHECK_EQUAL(pread(fd, bytes, 1, 50000), 1);
    CHECK_EQUAL(bytes[0], 255);
    CHECK_EQUAL(pwrite(fd, "zz", 2, 70000), 2);
    CHECK_EQUAL(mapped[70000], 'z');
    CHECK_EQUAL(mapped[70002], 70002 % 251);
    CHECK_EQUAL(ftruncate(fd, 60000), 0);
    CHECK_EQUAL(ftruncate(fd, 80000), 0);
    CHECK_EQUAL(pread(fd, bytes, 1, 70000), 1);
    CHECK_EQUAL(bytes[0], 0);
    CHECK_EQUAL(mapped[59999], 59999 % 251);
    CHECK_EQUAL(mapped[60001], 0);
    unsigned char* copied = mmap(NULL, 80000, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
    CHECK_EQUAL(copied[20000], 20000 % 251);
    copied[40000] = 7;
    CHECK_EQUAL(fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 10000, 20000), 0);
    CHECK_EQUAL(copied[40000], 7);
    CHECK_EQUAL(copied[20000], 0);
    CHECK_EQUAL(mapped[9999], 9999 % 251);
    CHECK_EQUAL(mapped[10000], 0);
    CHECK_EQUAL(mapped[29999], 0);
    CHECK_EQUAL(mapped[30000], 30000 % 251);
    struct stat one;
    struct stat two;
    CHECK_EQUAL(stat("/data/link1", &one), 0);
    CHECK_EQUAL(stat("/data/link2", &two), 0);
    CHECK_EQUAL(one.st_ino, two.st_ino);
    CHECK_EQUAL(one.st_nlink, 2);
    CHECK_EQUAL(one.st_size, 5);
    CHECK_EQUAL(one.st_mtime, 1000000000);
    CHECK_EQUAL(stat("/data", &one), 0);
    CHECK_EQUAL(one.st_mode, S_IFDIR | 0750);
}

CASE(times_follow_changes) {
    int fd = make("f");
    struct stat status;
    struct timespec times[2] = {{100, 5}, {200, 6}};
    CHECK_EQUAL(futimens(fd, times), 0);
    CHECK_EQUAL(fstat(fd, &status), 0);
    CHECK_EQUAL(status.st_atim.tv_sec, 100);
    CHECK_EQUAL(status.st_atim.tv_nsec, 5);
    CHECK_EQUAL(status.st_mtim.tv_sec, 200);
    CHECK(status.st_ctim.tv_sec != 200);
    times[0].tv_nsec = UTIME_OMIT;
    times[1].tv_nsec = UTIME_NOW;
    CHECK_EQUAL(utimensat(AT_FDCWD, "f", times, 0), 0);
    CHECK_EQUAL(stat("f", &status), 0);
    CHECK_EQUAL(status.st_atim.tv_sec, 100);
    CHECK(status.st_mtim.tv_sec != 200);
    times[1].tv_nsec = 1000000000;
    CHECK_ERRNO(utimensat(AT_FDCWD, "f", times, 0), EINVAL);
    times[0].tv_nsec = times[1].tv_nsec = UTIME_OMIT;
    CHECK_EQUAL(utimensat(AT_FDCWD, "missing", times, 0), 0);
    times[0].tv_nsec = times[1].tv_nsec = 0;
    CHECK_EQUAL(futimens(fd, times), 0);
    CHECK_EQUAL(write(fd, "x", 1), 1);
    CHECK_EQUAL(fstat(fd, &status), 0);
    CHECK(status.st_mtim.tv_sec != 200);
}

CASE(modes_and_owners) {
    int fd = make("f");
    struct stat status;
    CHECK_EQUAL(fchmod(fd, 04755), 0);
    CHECK_EQUAL(fchown(fd, 12, 34), 0);
    CHECK_EQUAL(fstat(fd, &status), 0);
    CHECK_EQUAL(status.st_mode, S_IFREG | 0755);
    CHECK_EQUAL(status.st_uid, 12);
    CHECK_EQUAL(status.st_gid, 34);
    CHECK_EQUAL(chown("f", -1, 56), 0);
    CHECK_EQUAL(stat("f", &status), 0);
    CHECK_EQUAL(status.st_uid, 12);
    CHECK_EQUAL(status.st_gid, 56);
    CHECK_EQUAL(symlink("f", "l"), 0);
    CHECK_EQUAL(lchown("l", 7, 7), 0);
    CHECK_EQUAL(stat("f", &status), 0);
    CHECK_EQUAL(status.st_uid, 12);
    CHECK_EQUAL(chmod("f", 0100000 | 01777), 0);
    CHECK_EQUAL(stat("f", &status), 0);
    CHECK_EQUAL(status.st_mode, S_IFREG | 01777);
}

CASE(set_group_id_directories_pass_their_group_on) {
    struct stat status;
    CHECK_EQUAL(mkdir("d", 0755), 0);
    CHECK_EQUAL(chown("d", 0, 77), 0);
    CHECK_EQUAL(chmod("d", 02755), 0);
    CHECK_EQUAL(mkdir("d/sub", 0755), 0);
    CHECK_EQUAL(stat("d/sub", &status), 0);
    CHECK_EQUAL(status.st_mode, S_IFDIR | 02755);
    CHECK_EQUAL(status.st_gid, 77);
    close(make("d/file"));
    CHECK_EQUAL(stat("d/file", &status), 0);
    CHECK_EQUAL(status.st_gid, 77);
}

CASE(statx_says_what_stat_says) {
    int fd = make("f");
    CHECK_EQUAL(write(fd, "abc", 3), 3);
    struct statx status;
    memset(&status, 0xaa, sizeof(status));
    CHECK_EQUAL(statx(AT_FDCWD, "f", 0, STATX_ALL, &status), 0);
    CHECK_EQUAL(status.stx_size, 3);
    CHECK_EQUAL(status.stx_blocks, 8);
    CHECK_EQUAL(status.stx_mode, S_IFREG | 0644);
    CHECK_EQUAL(status.stx_mask, STATX_ALL | 0x1000);
    CHECK(status.stx_btime.tv_sec > 0);
    CHECK_EQUAL(status.stx_attributes, 0);
    CHECK_EQUAL(status.stx_attributes_mask, 0x203070);
    CHECK_EQUAL(statx(fd, "", AT_EMPTY_PATH, STATX_BASIC_STATS, &status), 0);
    CHECK_ERRNO(statx(AT_FDCWD, "f", 0x40000, STATX_ALL, &status), EINVAL);
    CHECK_ERRNO(statx(AT_FDCWD, "f", 0, 0x80000000, &status), EINVAL);
    CHECK_ERRNO(statx(AT_FDCWD, "missing", 0, STATX_ALL, &status), ENOENT);
    CHECK_EQUAL(statx(AT_FDCWD, "/", 0, STATX_ALL, &status), 0);
    CHECK_EQUAL(status.stx_attributes, 0x2000);
}

CASE(statfs_of_the_root_is_tmpfs) {
    struct statfs status;
    CHECK_EQUAL(statfs("/", &status), 0);
    CHECK_EQUAL(status.f_type, 0x01021994);
    CHECK_EQUAL(status.f_bsize, 4096);
    CHECK_EQUAL(status.f_namelen, 255);
    CHECK(status.f_blocks > 0 && status.f_bfree <= status.f_blocks);
    CHECK(status.f_files > 0);
    CHECK_EQUAL(statfs("/proc", &status), 0);
    CHECK_EQUAL(status.f_type, 0x9fa0);
    CHECK_EQUAL(status.f_blocks, 0);
}

CASE(copies_between_files) {
    int from = make("from");
    int to = make("to");
    char bytes[10000];
    for (int i = 0; i < (int)sizeof(bytes); i++) {
        bytes[i] = (char)(i * 7);
    }
    CHECK_EQUAL(write(from, bytes, sizeof(bytes)), sizeof(bytes));
    off_t offset = 10;
    CHECK_EQUAL(sendfile(to, from, &offset, 5000), 5000);
    CHECK_EQUAL(offset, 5010);
    CHECK_EQUAL(lseek(to, 0, SEEK_CUR), 5000);
    CHECK_EQUAL(lseek(from, 0, SEEK_SET), 0);
    CHECK_EQUAL(copy_file_range(from, NULL, to, NULL, 20000, 0), 10000);
    CHECK_EQUAL(lseek(from, 0, SEEK_CUR), 10000);
    CHECK_EQUAL(copy_file_range(from, NULL, to, NULL, 20000, 0), 0);
    char copy[10000];
    CHECK_EQUAL(pread(to, copy, sizeof(copy), 5000), sizeof(copy));
    CHECK(memcmp(copy, bytes, sizeof(copy)) == 0);
    CHECK_ERRNO(copy_file_range(from, NULL, to, NULL, 1, 1), EINVAL);
    loff_t at = 0;
    loff_t overlapping = 5;
    CHECK_ERRNO(copy_file_range(from, &at, from, &overlapping, 10, 0), EINVAL);
    int ends[2];
    CHECK_EQUAL(pipe(ends), 0);
    at = 100;
    CHECK_EQUAL(splice(from, &at, ends[1], NULL, 100, 0), 100);
    CHECK_EQUAL(at, 200);
    CHECK_EQUAL(splice(ends[0], NULL, to, NULL, 1000, SPLICE_F_NONBLOCK), 100);
    CHECK_ERRNO(splice(from, NULL, to, NULL, 10, 0), EINVAL);
    CHECK_ERRNO(copy_file_range(from, NULL, ends[1], NULL, 1, 0), EINVAL);
}

CASE(memfds) {
    int fd = memfd_create("name", 0);
    CHECK(fd >= 0);
    struct stat status;
    CHECK_EQUAL(fstat(fd, &status), 0);
    CHECK_EQUAL(status.st_mode, S_IFREG | 0777);
    CHECK_EQUAL(status.st_nlink, 0);
    CHECK_EQUAL(write(fd, "x", 1), 1);
    char path[64];
    char target[64] = "";
    snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    CHECK_EQUAL(readlink(path, target, sizeof(target)), strlen("/memfd:name (deleted)"));
    CHECK(strcmp(target, "/memfd:name (deleted)") == 0);
    CHECK_EQUAL(fcntl(fd, F_GET_SEALS), F_SEAL_SEAL);
    CHECK_ERRNO(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE), EPERM);
    int sealable = memfd_create("s", MFD_ALLOW_SEALING | MFD_CLOEXEC);
    CHECK_EQUAL(fcntl(sealable, F_GETFD), FD_CLOEXEC);
    CHECK_EQUAL(write(sealable, "data", 4), 4);
    CHECK_EQUAL(fcntl(sealable, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW), 0);
    CHECK_ERRNO(ftruncate(sealable, 2), EPERM);
    CHECK_ERRNO(ftruncate(sealable, 8), EPERM);
    CHECK_ERRNO(write(sealable, "more", 4), EPERM);
    CHECK_EQUAL(pwrite(sealable, "D", 1, 0), 1);
    void* shared = mmap(NULL, 4096, PROT_READ, MAP_SHARED, sealable, 0);
    void* private = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE, sealable, 0);
    CHECK_ERRNO(fcntl(sealable, F_ADD_SEALS, F_SEAL_WRITE), EBUSY);
    CHECK_EQUAL(munmap(shared, 4096), 0);
    CHECK_EQUAL(fcntl(sealable, F_ADD_SEALS, F_SEAL_WRITE), 0);
    CHECK_EQUAL(munmap(private, 4096), 0);
    CHECK_ERRNO(pwrite(sealable, "D", 1, 0), EPERM);
    CHECK(mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, sealable, 0) == MAP_FAILED && errno == EPERM);
    CHECK_ERRNO(memfd_create("x", 0x100), EINVAL);
}

CASE(devices) {
    char bytes[64];
    memset(bytes, 1, sizeof(bytes));
    int null = open("/dev/null", O_RDWR);
    CHECK_EQUAL(read(null, bytes, 64), 0);
    CHECK_EQUAL(write(null, (void*)8, 64), 64);
    CHECK_EQUAL(lseek(null, 100, SEEK_SET), 0);
    int zero = open("/dev/zero", O_RDWR);
    CHECK_EQUAL(read(zero, bytes, 64), 64);
    CHECK_EQUAL(bytes[0] | bytes[63], 0);
    CHECK_EQUAL(pread(zero, bytes, 64, 1000), 64);
    int full = open("/dev/full", O_RDWR);
    CHECK_ERRNO(write(full, bytes, 64), ENOSPC);
    CHECK_EQUAL(read(full, bytes, 64), 64);
    int random = open("/dev/urandom", O_RDONLY);
    char other[64];
    CHECK_EQUAL(read(random, bytes, 64), 64);
    CHECK_EQUAL(read(random, other, 64), 64);
    CHECK(memcmp(bytes, other, 64) != 0);
    char* mapped = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE, zero, 0);
    CHECK(mapped != MAP_FAILED);
    CHECK_EQUAL(mapped[17], 0);
    CHECK(mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, null, 0) == MAP_FAILED && errno == ENODEV);
    struct stat status;
    CHECK_EQUAL(fstat(null, &status), 0);
    CHECK_EQUAL(status.st_mode, S_IFCHR | 0666);
    CHECK_EQUAL(status.st_rdev, 0x103);
}

CASE(sync_calls) {
    int fd = make("f");
    int ends[2];
    CHECK_EQUAL(pipe(ends), 0);
    CHECK_EQUAL(fsync(fd), 0);
    CHECK_EQUAL(fdatasync(fd), 0);
    CHECK_ERRNO(fsync(ends[0]), EINVAL);
    CHECK_ERRNO(fsync(999), EBADF);
    CHECK_EQUAL(fsync(open(".", O_RDONLY)), 0);
    CHECK_EQUAL(syncfs(fd), 0);
}

CASE(files_outlive_their_names) {
    int fd = make("f");
    struct stat status;
    CHECK_EQUAL(write(fd, "still", 5), 5);
    CHECK_EQUAL(unlink("f"), 0);
    CHECK_EQUAL(fstat(fd, &status), 0);
    CHECK_EQUAL(status.st_nlink, 0);
    char path[64];
    char target[128] = "";
    snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    CHECK(readlink(path, target, sizeof(target)) > 0);
    CHECK(strcmp(target, "/work/files_outlive_their_names/f (deleted)") == 0);
    int again = open(path, O_RDONLY);
    char text[8] = "";
    CHECK_EQUAL(read(again, text, 8), 5);
    CHECK(strcmp(text, "still") == 0);
}
