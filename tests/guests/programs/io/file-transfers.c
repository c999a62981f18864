// Transfers between files and memory, and between files: positions, vectors, copies, pipes, holes, limits.
#include <fcntl.h>
#include <limits.h>
#include <linux/falloc.h>
#include <linux/fs.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/sendfile.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>

#include "../behaviours.h"
#include "../report.h"

enum { kPage = 4096 };
static char buffer[65536];

static int make(const char* name, const char* text) {
    const int fd = open(name, O_CREAT | O_TRUNC | O_RDWR, 0600);
    (void)!write(fd, text, strlen(text));
    lseek(fd, 0, SEEK_SET);
    return fd;
}

static void show_place(int fd) {
    struct stat found;
    fstat(fd, &found);
    printf("at %ld of %ld, %ld blocks\n", (long)lseek(fd, 0, SEEK_CUR), (long)found.st_size,
           (long)found.st_blocks);
}

// A page, and behind it nothing.
static char* page_before_nothing(void) {
    char* page = mmap(NULL, 2 * kPage, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    munmap(page + kPage, kPage);
    memset(page, 'p', kPage);
    return page;
}

static void positions(void) {
    const int fd = make("file", "0123456789");
    const int reader = open("file", O_RDONLY);
    const int writer = open("file", O_WRONLY);
    const int adder = open("file", O_RDWR | O_APPEND);
    TRY(pread(fd, buffer, 4, 8));
    TRY(pread(fd, buffer, 4, 10));
    TRY(pread(fd, buffer, 4, 1L << 40));
    TRY(pread(fd, buffer, 4, -1));
    TRY(pread(fd, buffer, 4, INT64_MAX - 2));
    TRY(pread(fd, buffer, 0, INT64_MAX));
    TRY(pread(writer, buffer, 4, 0));
    TRY(pread(99, buffer, 4, -1));
    TRY(pread(99, buffer, 4, 0));
    TRY(pwrite(fd, "ab", 2, 3));
    TRY(pwrite(reader, "ab", 2, 3));
    TRY(pwrite(fd, "ab", 2, -1));
    TRY(pwrite(fd, "ab", 2, INT64_MAX - 1));
    TRY(pwrite(fd, "ab", 2, INT64_MAX));
    TRY(pwrite(fd, "ab", 0, 100));
    TRY(pwrite(adder, "XY", 2, 0));
    show_place(adder);
    TRY(write(adder, "Z", 1));
    show_place(adder);
    TRY(pread(fd, buffer, 20, 0));
    printf("%.13s\n", buffer);
    TRY(lseek(fd, 5, SEEK_SET));
    TRY(lseek(fd, -6, SEEK_CUR));
    TRY(lseek(fd, 3, SEEK_CUR));
    TRY(lseek(fd, -2, SEEK_END));
    TRY(lseek(fd, 1, SEEK_END));
    TRY(read(fd, buffer, 1));
    TRY(lseek(fd, INT64_MAX, SEEK_SET));
    TRY(lseek(fd, INT64_MAX, SEEK_CUR));
    TRY(lseek(fd, 0, 9));
    TRY(lseek(fd, INT64_MIN, SEEK_SET));
    TRY(lseek(99, 0, SEEK_SET));
    TRY(read(fd, buffer, 4));
    TRY(write(fd, "q", 1));
    TRY(lseek(fd, 0, SEEK_SET));
    TRY(read(fd, kBadAddress, 4));
    TRY(read(fd, kBadAddress, 0));
    TRY(write(fd, kBadAddress, 4));
    TRY(syscall(SYS_read, fd, buffer, SIZE_MAX));
    TRY(read(fd, (void*)(1UL << 60), 4));
    char* page = page_before_nothing();
    TRY(lseek(fd, 0, SEEK_SET));
    TRY(read(fd, page + kPage - 4, 10));
    show_place(fd);
    TRY(write(fd, page + kPage - 4, 10));
    show_place(fd);
    TRY(dup(fd) > 0);
    TRY(lseek(dup(fd), 1, SEEK_SET));
    show_place(fd);
    TRY(read(open(".", O_RDONLY), buffer, 4));
    TRY(pread(open(".", O_RDONLY), buffer, 4, 0));
}

static void vectors(void) {
    const int fd = make("file", "0123456789abcdefghij");
    char* page = page_before_nothing();
    struct iovec pieces[] = {{buffer, 3}, {NULL, 0}, {buffer + 10, 4}, {kBadAddress, 2}, {buffer + 20, 2}};
    TRY(readv(fd, pieces, 3));
    TRY(readv(fd, pieces, 5));
    TRY(readv(fd, pieces + 3, 2));
    TRY(readv(fd, pieces, 0));
    TRY(syscall(SYS_readv, fd, kBadAddress, -1L));
    TRY(syscall(SYS_readv, fd, kBadAddress, 1025L));
    TRY(readv(fd, kBadAddress, 1));
    TRY(readv(fd, kBadAddress, 0));
    TRY(readv(99, kBadAddress, 1));
    pieces[1].iov_len = SIZE_MAX;
    TRY(readv(fd, pieces, 2));
    pieces[1].iov_len = (size_t)SSIZE_MAX;
    TRY(readv(fd, pieces, 2));
    pieces[1] = (struct iovec){page + kPage - 2, 4};
    TRY(lseek(fd, 0, SEEK_SET));
    TRY(readv(fd, pieces, 3));
    show_place(fd);
    TRY(writev(fd, pieces, 3));
    show_place(fd);
    TRY(preadv(fd, pieces, 1, 18));
    TRY(preadv(fd, pieces, 1, -1));
    TRY(pwritev(fd, pieces, 1, 1));
    TRY(preadv2(fd, pieces, 1, -1, 0));
    show_place(fd);
    TRY(preadv2(fd, pieces, 1, -2, 0));
    TRY(preadv2(fd, pieces, 1, 0, RWF_HIPRI));
    TRY(preadv2(fd, pieces, 1, 0, RWF_NOWAIT));
    TRY(preadv2(fd, pieces, 1, 0, 0x40));
    TRY(preadv2(fd, pieces, 1, 0, RWF_APPEND));
    TRY(pwritev2(fd, pieces, 1, 0, RWF_APPEND));
    show_place(fd);
    TRY(pwritev2(fd, pieces, 1, -1, RWF_APPEND));
    show_place(fd);
    TRY(pwritev2(fd, pieces, 1, 2, RWF_DSYNC | RWF_SYNC));
    TRY(pwritev2(fd, pieces, 1, 2, RWF_NOWAIT));
    int ends[2];
    TRY(pipe(ends));
    TRY(preadv2(ends[0], pieces, 1, -1, RWF_NOWAIT));
    TRY(preadv2(ends[0], pieces, 1, 0, RWF_NOWAIT));
    TRY(preadv(ends[0], pieces, 1, 0));
    TRY(writev(ends[1], pieces, 1));
    TRY(preadv2(ends[0], pieces, 1, -1, RWF_NOWAIT));
    TRY(readv(ends[1], pieces, 1));
    TRY(writev(ends[0], pieces, 1));
}

static void holes(void) {
    static const long kPlaces[] = {-1,        0,          1,       kPage - 1, kPage, 3 * kPage, 5 * kPage + 7,
                                   8 * kPage, 20 * kPage, 1L << 40};
    const int fd = make("file", "");
    TRY(ftruncate(fd, 10 * kPage + 5));
    TRY(pwrite(fd, "x", 1, kPage));
    TRY(pwrite(fd, buffer, 2 * kPage, 4 * kPage + 100));
    TRY(fallocate(fd, 0, 8 * kPage, kPage));
    show_place(fd);
    for (size_t i = 0; i < sizeof(kPlaces) / sizeof(kPlaces[0]); ++i) {
        TRY(lseek(fd, kPlaces[i], SEEK_DATA));
        TRY(lseek(fd, kPlaces[i], SEEK_HOLE));
    }
    TRY(fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 4 * kPage + 200, kPage));
    show_place(fd);
    TRY(pread(fd, buffer, 10, 4 * kPage + 195));
    memset(buffer, 'd', kPage);
    TRY(pwrite(fd, buffer, kPage, 5 * kPage));
    TRY(fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 5 * kPage + 10, 20));
    TRY(pread(fd, buffer, 40, 5 * kPage));
    printf("%d %d %d %d\n", buffer[9], buffer[10], buffer[29], buffer[30]);
    TRY(fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 5 * kPage + 4000, 96));
    TRY(pread(fd, buffer, 100, 5 * kPage + 3998));
    TRY(lseek(fd, 4 * kPage, SEEK_HOLE));
    TRY(fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, kPage, 100 * kPage));
    show_place(fd);
    TRY(lseek(fd, 0, SEEK_DATA));
    TRY(lseek(fd, 0, SEEK_HOLE));
    TRY(lseek(open(".", O_RDONLY), 0, SEEK_HOLE));
    static const struct {
        int mode;
        long offset;
        long length;
    } kRequests[] = {{FALLOC_FL_KEEP_SIZE, 12 * kPage, kPage},
                     {0, 12 * kPage, 1},
                     {0, -1, 1},
                     {0, 0, 0},
                     {0, 0, -1},
                     {0, INT64_MAX, 1},
                     {0, 1L << 62, 1L << 61},
                     {FALLOC_FL_PUNCH_HOLE, 0, 1},
                     {FALLOC_FL_ZERO_RANGE, 0, 1},
                     {FALLOC_FL_ZERO_RANGE | FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, 1},
                     {FALLOC_FL_COLLAPSE_RANGE, 0, kPage},
                     {FALLOC_FL_COLLAPSE_RANGE | FALLOC_FL_KEEP_SIZE, 0, kPage},
                     {FALLOC_FL_INSERT_RANGE, 0, kPage},
                     {FALLOC_FL_INSERT_RANGE | FALLOC_FL_KEEP_SIZE, 0, kPage},
                     {FALLOC_FL_UNSHARE_RANGE, 0, kPage},
                     {FALLOC_FL_UNSHARE_RANGE | FALLOC_FL_PUNCH_HOLE, 0, kPage},
                     {4, 0, 1},
                     {0x80, 0, 1}};
    for (size_t i = 0; i < sizeof(kRequests) / sizeof(kRequests[0]); ++i) {
        printf("%x %lx %lx\n", kRequests[i].mode, kRequests[i].offset, kRequests[i].length);
        TRY(fallocate(fd, kRequests[i].mode, kRequests[i].offset, kRequests[i].length));
        show_place(fd);
    }
    int ends[2];
    TRY(pipe(ends));
    TRY(fallocate(ends[1], 0, 0, 1));
    TRY(fallocate(ends[0], 0, 0, 1));
    TRY(fallocate(open("file", O_RDONLY), 0, 0, 1));
    TRY(fallocate(open(".", O_RDONLY), 0, 0, 1));
    TRY(fallocate(open("/dev/null", O_RDWR), 0, 0, 1));
    TRY(fallocate(99, 0, -1, 1));
}

static void holes_in_mappings(void) {
    const int fd = make("file", "");
    TRY(ftruncate(fd, 4 * kPage));
    char* shared = mmap(NULL, 4 * kPage, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    char* private = mmap(NULL, 4 * kPage, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
    memset(shared, 's', 4 * kPage);
    private[0] = 'p';
    private[kPage] = 'p';
    show_place(fd);
    TRY(fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, 2 * kPage + 10));
    printf("%d %d %d %d\n", shared[0], shared[kPage + 1], shared[2 * kPage + 9], shared[2 * kPage + 10]);
    printf("%d %d %d %d\n", private[0], private[1], private[kPage], private[2 * kPage]);
    TRY(lseek(fd, 0, SEEK_SET));
    show_place(fd);
    TRY(madvise(shared + 3 * kPage, kPage, MADV_REMOVE));
    printf("%d\n", shared[3 * kPage]);
    TRY(madvise(private + 3 * kPage, kPage, MADV_REMOVE));
    TRY(madvise(mmap(NULL, kPage, PROT_READ, MAP_SHARED, open("file", O_RDONLY), 0), kPage, MADV_REMOVE));
    TRY(madvise(mmap(NULL, kPage, PROT_READ, MAP_SHARED, fd, 0), kPage, MADV_REMOVE));
    TRY(madvise(mmap(NULL, kPage, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), kPage, MADV_REMOVE));
    TRY(madvise(mmap(NULL, kPage, PROT_READ, MAP_SHARED | MAP_ANONYMOUS, -1, 0), kPage, MADV_REMOVE));
    TRY(ftruncate(fd, kPage + 1));
    shared[kPage] = 'e';
    shared[kPage + 5] = 'b';
    TRY(ftruncate(fd, 2 * kPage));
    TRY(pread(fd, buffer, 10, kPage));
    printf("%d %d\n", buffer[0], buffer[5]);
    TRY(msync(shared, kPage, MS_SYNC));
    TRY(msync(shared, kPage, MS_SYNC | MS_ASYNC));
    TRY(msync(shared + 1, kPage, MS_SYNC));
    TRY(msync(shared, kPage, 8));
    munmap(shared + kPage, kPage);
    TRY(msync(shared, 3 * kPage, MS_ASYNC));
}

#include "file-copies.h"

int main(int count, char** arguments) {
    static const struct Behaviour kBehaviours[] = {{"positions", positions},
                                                   {"vectors", vectors},
                                                   {"holes", holes},
                                                   {"mapped-holes", holes_in_mappings},
                                                   {"copies", copies},
                                                   {"sendfile", sends},
                                                   {"splices", splices},
                                                   {"sizes", sizes},
                                                   {"memory-files", memory_files}};
    return run_behaviour(kBehaviours, sizeof(kBehaviours) / sizeof(kBehaviours[0]),
                         count > 1 ? arguments[1] : NULL);
}
