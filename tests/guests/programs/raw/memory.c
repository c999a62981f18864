// What mapping, unmapping, protecting and giving back memory do to its contents, seen by the program itself.
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

enum { kPage = 4096 };

static char* map_pages(size_t count) {
    char* pages = mmap(NULL, count * kPage, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return pages == MAP_FAILED ? NULL : pages;
}

// The signal that ends a child which touches the address; 0: it may.
static int touch(volatile char* address, int write) {
    const pid_t child = fork();
    if (child == 0) {
        if (write) {
            *address = 1;
        } else {
            (void)*address;
        }
        _exit(0);
    }
    int status = 0;
    waitpid(child, &status, 0);
    return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

static void give_back(void) {
    char* pages = map_pages(2);
    memset(pages, 'x', 2 * kPage);
    madvise(pages, kPage, MADV_DONTNEED);
    printf("given back: %d, kept: %d\n", pages[0], pages[kPage]);
    munmap(pages, 2 * kPage);
}

static void unmap(void) {
    char* pages = map_pages(3);
    memset(pages, 'y', 3 * kPage);
    munmap(pages + kPage, kPage);
    printf("unmapped: %d, beside it: %d %d\n", touch(pages + kPage, 0), touch(pages, 0),
           touch(pages + 2 * kPage, 0));
    unsigned char resident[3] = {0};
    errno = 0;
    const int result = mincore(pages, 3 * kPage, resident);
    printf("mincore over the hole: %d %s\n", result, strerror(errno));
    munmap(pages, 3 * kPage);
}

static void protect(void) {
    char* pages = map_pages(1);
    mprotect(pages, kPage, PROT_READ);
    printf("read-only: read %d, write %d\n", touch(pages, 0), touch(pages, 1));
    mprotect(pages, kPage, PROT_NONE);
    printf("no access: read %d, write %d\n", touch(pages, 0), touch(pages, 1));
    munmap(pages, kPage);
}

static void grow(void) {
    char* pages = map_pages(2);
    strcpy(pages, "moved with its contents");
    char* moved = mremap(pages, 2 * kPage, 64 * kPage, MREMAP_MAYMOVE);
    printf("%s, new part: %d\n", moved == MAP_FAILED ? "refused" : moved, moved[63 * kPage]);
    munmap(moved, 64 * kPage);
}

static void share(void) {
    int* shared = mmap(NULL, kPage, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    int* private = (int*)map_pages(1);
    *shared = *private = 1;
    const pid_t child = fork();
    if (child == 0) {
        *shared = *private = 2;
        _exit(0);
    }
    waitpid(child, NULL, 0);
    printf("after the child's writes: shared %d, private %d\n", *shared, *private);
}

static void vectors(void) {
    const int file = open("/tmp/levitate-memory", O_RDWR | O_CREAT | O_TRUNC, 0600);
    char one[] = "scattered ";
    char other[] = "and gathered";
    const struct iovec out[] = {{one, strlen(one)}, {other, strlen(other)}};
    const long written = writev(file, out, 2);
    lseek(file, 0, SEEK_SET);
    char front[8] = {0};
    char back[32] = {0};
    const struct iovec in[] = {{front, 5}, {back, 31}};
    const long taken = readv(file, in, 2);
    printf("vectors: %ld %ld '%s' '%s'\n", written, taken, front, back);
    char* mapped = mmap(NULL, kPage, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    memcpy(mapped, "SCATTERED", 9);
    pread(file, back, 9, 0);
    printf("through the mapping: '%.9s'\n", back);
    unlink("/tmp/levitate-memory");
}

int main(void) {
    setvbuf(stdout, NULL, _IOLBF, 0);
    give_back();
    unmap();
    protect();
    grow();
    share();
    vectors();
    return 0;
}
