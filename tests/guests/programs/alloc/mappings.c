// Memory: what mmap and its kin refuse and in what order, what they split and leave, what advice does to
// contents.
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "../behaviours.h"
#include "../report.h"

enum { kPage = 4096 };

static sigjmp_buf after_fault;
static volatile int fault_code;

static void on_fault(int signal, siginfo_t* info, void* context) {
    (void)context;
    fault_code = signal * 100 + info->si_code;
    siglongjmp(after_fault, 1);
}

static int touch(volatile char* at, int writes) {
    fault_code = 0;
    if (sigsetjmp(after_fault, 1) == 0) {
        if (writes) {
            *at = 1;
        } else {
            (void)*at;
        }
    }
    return fault_code;
}

static char* base;

// Pages at a fixed place that nothing else is near to.
static char* pages(int count, int protection) {
    return mmap(base, (size_t)count * kPage, protection, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
}

static long map(unsigned long at, size_t size, int protection, int flags, int fd, long offset) {
    return syscall(SYS_mmap, at, size, protection, flags, fd, offset);
}

static void placing(void) {
    const int file = open("/tmp/mapped", O_RDWR | O_CREAT, 0600);
    const int reader = open("/tmp/mapped", O_RDONLY);
    const int writer = open("/tmp/mapped", O_WRONLY);
    const unsigned long at = (unsigned long)base;
    const int kPrivate = MAP_PRIVATE | MAP_ANONYMOUS;
    (void)!ftruncate(file, kPage + 100);
    TRY(map(0, 0, PROT_READ, kPrivate, -1, 0));
    TRY(map(0, kPage, PROT_READ, MAP_ANONYMOUS, -1, 0));
    TRY(map(0, kPage, PROT_READ, MAP_PRIVATE, -1, 0));
    TRY(map(0, kPage, PROT_READ, MAP_PRIVATE, file, 100));
    TRY(map(0, -1UL, PROT_READ, kPrivate, -1, 0));
    TRY(map(0, 1UL << 48, PROT_READ, kPrivate, -1, 0));
    TRY(map(at + 1, kPage, PROT_READ, kPrivate | MAP_FIXED, -1, 0));
    TRY(map(0, kPage, PROT_READ, kPrivate | MAP_FIXED, -1, 0));
    TRY(map((1UL << 48) - kPage, 2 * kPage, PROT_READ, kPrivate | MAP_FIXED, -1, 0));
    TRY(map(0, kPage, PROT_WRITE, MAP_SHARED, reader, 0));
    TRY(map(0, kPage, PROT_READ, MAP_PRIVATE, writer, 0));
    TRY(map(0, kPage, PROT_READ, MAP_SHARED, file, -kPage));
    TRY(map(0, 2 * kPage, PROT_READ, MAP_SHARED, file, 0x7ffffffffffff000));
    TRY(map(0, kPage, PROT_READ, MAP_SHARED_VALIDATE | 1 << 26, file, 0));
    TRY(map(0, kPage, PROT_READ, MAP_SHARED | MAP_PRIVATE | 4, file, 0));
    TRY(map(at, kPage, PROT_READ, kPrivate, -1, 0) == (long)at);
    TRY(map(at, kPage, PROT_READ, kPrivate, -1, 0) == (long)at);
    TRY(map(at, kPage, PROT_READ, kPrivate | MAP_FIXED_NOREPLACE, -1, 0));
    TRY(map(at + kPage, kPage, PROT_READ, kPrivate | MAP_FIXED_NOREPLACE, -1, 0) == (long)at + kPage);
    TRY(munmap(base + 1, kPage));
    TRY(munmap(base, 0));
    TRY(munmap((void*)(1UL << 48), kPage));
    TRY(munmap(base, (size_t)-1));
    TRY(munmap(base, 3 * kPage));
    TRY(munmap(base, 3 * kPage));
    char* const shared = mmap(base, 3 * kPage, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, file, 0);
    printf("  faults %d %d %d %d\n", touch(shared, 1), touch(shared + kPage + 200, 0),
           touch(shared + 2 * kPage, 0), touch(shared + 3 * kPage, 0));
    TRY(msync(shared, kPage, MS_SYNC | MS_ASYNC));
    TRY(msync(shared, kPage, 8));
    TRY(msync(shared + 1, kPage, MS_SYNC));
    TRY(msync(shared, 3 * kPage, MS_SYNC));
    TRY(msync(shared, 4 * kPage, MS_ASYNC));
    TRY(msync(shared, (size_t)-1, MS_ASYNC));
    TRY(msync(shared, 0, MS_INVALIDATE));
}

static void rights(void) {
    char* const at = pages(4, PROT_READ | PROT_WRITE);
    const int reader = open("/proc/self/exe", O_RDONLY);
    at[0] = at[kPage] = 1;
    TRY(mprotect(at + 1, kPage, PROT_READ));
    TRY(mprotect(at, 0, PROT_READ));
    TRY(mprotect(at, (size_t)-1, PROT_READ));
    TRY(mprotect(at, kPage, 0x100));
    TRY(mprotect(at, kPage, PROT_READ | PROT_GROWSUP));
    TRY(mprotect(at, kPage, PROT_READ | PROT_GROWSDOWN));
    TRY(mprotect(at, kPage, PROT_GROWSDOWN | PROT_GROWSUP));
    TRY(mprotect(at, 5 * kPage, PROT_READ));
    printf("  %d %d\n", touch(at, 1), touch(at, 0));
    TRY(mprotect(at + kPage, kPage, PROT_NONE));
    printf("  %d %d\n", touch(at + kPage, 0), touch(at + 2 * kPage, 0));
    TRY(mprotect(at + kPage, kPage, PROT_WRITE));
    printf("  %d %d\n", touch(at + kPage, 1), touch(at + kPage, 0));
    TRY(mprotect(at + kPage, kPage, PROT_EXEC));
    printf("  %d %d\n", touch(at + kPage, 1), touch(at + kPage, 0));
    char* const file = mmap(NULL, kPage, PROT_READ, MAP_SHARED, reader, 0);
    TRY(mprotect(file, kPage, PROT_READ | PROT_WRITE));
    TRY(mprotect(file, kPage, PROT_READ | PROT_EXEC));
    TRY(syscall(SYS_pkey_mprotect, at, kPage, PROT_READ, -1));
    TRY(syscall(SYS_pkey_mprotect, at, kPage, PROT_READ, 1));
    TRY(syscall(SYS_pkey_alloc, 0, 0));
    TRY(read(reader, at + 2 * kPage, 1));
    TRY(read(reader, at + kPage, 1));
}

static long remap(void* from, size_t old, size_t next, int flags, void* to) {
    return syscall(SYS_mremap, from, old, next, flags, to);
}

static void moving(void) {
    char* at = pages(4, PROT_READ | PROT_WRITE);
    char* const there = base + 64 * kPage;
    munmap(at + 3 * kPage, kPage);
    at[0] = 'a';
    at[2 * kPage] = 'c';
    TRY(remap(at + 1, kPage, kPage, 0, NULL));
    TRY(remap(at, kPage, 0, 0, NULL));
    TRY(remap(at, kPage, kPage, 16, NULL));
    TRY(remap(at, kPage, 2 * kPage, 0, NULL));
    TRY(remap(at, kPage, kPage, MREMAP_FIXED, there));
    TRY(remap(at, kPage, kPage, MREMAP_FIXED | MREMAP_MAYMOVE, there + 1));
    TRY(remap(at, 2 * kPage, 2 * kPage, MREMAP_FIXED | MREMAP_MAYMOVE, at + kPage));
    TRY(remap(at, 4 * kPage, 5 * kPage, MREMAP_MAYMOVE, NULL));
    TRY(remap(there, kPage, kPage, MREMAP_MAYMOVE, NULL));
    TRY(remap(at, 0, kPage, MREMAP_MAYMOVE, NULL));
    TRY(remap(at, kPage, (size_t)-1, MREMAP_MAYMOVE, NULL));
    TRY(remap(at, 3 * kPage, 4 * kPage, 0, NULL) == (long)at);
    TRY(remap(at, 4 * kPage, 2 * kPage, 0, NULL) == (long)at);
    printf("  %d %d\n", touch(at + kPage, 1), touch(at + 2 * kPage, 0));
    TRY(remap(at, 2 * kPage, 3 * kPage, MREMAP_FIXED | MREMAP_MAYMOVE, there) == (long)there);
    printf("  %c %d %d\n", there[0], touch(at, 0), touch(there + 2 * kPage, 1));
    TRY(remap(there, kPage, kPage, MREMAP_MAYMOVE | MREMAP_DONTUNMAP, NULL) > 0);
    printf("  %d\n", there[0]);
    TRY(remap(there, kPage, 2 * kPage, MREMAP_MAYMOVE | MREMAP_DONTUNMAP, NULL));
    char* const shared = mmap(NULL, 2 * kPage, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    shared[0] = 's';
    char* const twice = (char*)remap(shared, 0, kPage, MREMAP_MAYMOVE, NULL);
    printf("  twice %c\n", twice[0]);
    TRY(syscall(SYS_remap_file_pages, shared, kPage, 0, 1, 0));
    TRY(syscall(SYS_remap_file_pages, shared, kPage, 1, 0, 0));
}

static void advice(void) {
    char* const at = pages(4, PROT_READ | PROT_WRITE);
    unsigned char present[4];
    memset(at, 'x', 4 * kPage);
    TRY(madvise(at + 1, kPage, MADV_NORMAL));
    TRY(madvise(at, kPage, 99));
    TRY(madvise(at, 0, MADV_DONTNEED));
    TRY(madvise(at, (size_t)-1, MADV_DONTNEED));
    TRY(madvise(at, kPage, MADV_DONTNEED));
    printf("  %d %d\n", at[0], at[kPage]);
    TRY(madvise(at + 3 * kPage, 2 * kPage, MADV_DONTNEED));
    printf("  %d\n", at[3 * kPage]);
    TRY(madvise(at, kPage, MADV_REMOVE));
    TRY(madvise(at, kPage, MADV_WIPEONFORK));
    TRY(madvise(at + kPage, kPage, MADV_DONTFORK));
    at[0] = 'y';
    fflush(stdout);
    if (fork() == 0) {
        printf("  child: %d, %d\n", at[0], touch(at + kPage, 0));
        _exit(0);
    }
    wait(NULL);
    TRY(madvise(at, kPage, MADV_KEEPONFORK));
    TRY(madvise(at + kPage, kPage, MADV_DOFORK));
    TRY(madvise(at, kPage, MADV_POPULATE_WRITE));
    TRY(mprotect(at + 2 * kPage, kPage, PROT_NONE));
    TRY(madvise(at, 4 * kPage, MADV_POPULATE_READ));
    TRY(madvise(at, kPage, MADV_COLD));
    TRY(madvise(at, kPage, MADV_PAGEOUT));
    TRY(madvise(at, kPage, MADV_FREE));
    TRY(madvise(at, kPage, MADV_HWPOISON + 100));
    pages(4, PROT_READ | PROT_WRITE);
    at[0] = at[2 * kPage] = 1;
    TRY(mincore(at, 4 * kPage, present));
    printf("  %d %d %d %d\n", present[0] & 1, present[1] & 1, present[2] & 1, present[3] & 1);
    TRY(mincore(at + 1, kPage, present));
    TRY(mincore(at, kPage, kBadAddress));
    TRY(mincore(at, 5 * kPage, present));
    TRY(mincore(at, (size_t)-1, present));
    TRY(mincore(at, 0, present));
}

static void locking(void) {
    char* const at = pages(4, PROT_READ | PROT_WRITE);
    const struct rlimit two = {.rlim_cur = 2 * kPage, .rlim_max = 2 * kPage};
    TRY(mlock(at + 100, kPage));
    TRY(mlock(at, 5 * kPage));
    TRY(mlock(at, (size_t)-1));
    TRY(munlock(at, 5 * kPage));
    TRY(munlock(at, 4 * kPage));
    TRY(mlock2(at, kPage, 2));
    TRY(mlock2(at, kPage, MLOCK_ONFAULT));
    TRY(madvise(at, kPage, MADV_DONTNEED));
    TRY(madvise(at, kPage, MADV_FREE));
    TRY(munlock(at, kPage));
    TRY(mlockall(0));
    TRY(mlockall(8));
    TRY(mlockall(MCL_ONFAULT));
    TRY(mlockall(MCL_CURRENT | MCL_ONFAULT));
    TRY(munlockall());
    setrlimit(RLIMIT_MEMLOCK, &two);
    setuid(1000);
    TRY(mlock(at, 2 * kPage));
    TRY(mlock(at, 3 * kPage));
    TRY(mlock(at, kPage));
    TRY(mlockall(MCL_CURRENT));
    TRY(munlock(at, kPage));
    TRY(mmap(NULL, 2 * kPage, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_LOCKED, -1, 0) == MAP_FAILED);
    TRY(munlock(at, 4 * kPage));
    const struct rlimit none = {0, 0};
    setrlimit(RLIMIT_MEMLOCK, &none);
    TRY(mlock(at, kPage));
}

static void limits(void) {
    const long start = syscall(SYS_brk, 0);
    TRY(syscall(SYS_brk, 1) == start);
    TRY(syscall(SYS_brk, start + 100) == start + 100);
    TRY(syscall(SYS_brk, start + 3 * kPage) == start + 3 * kPage);
    *(char*)(start + kPage) = 1;
    TRY(syscall(SYS_brk, start) == start);
    TRY(syscall(SYS_brk, start + 2 * kPage) == start + 2 * kPage);
    printf("  %d\n", *(char*)(start + kPage));
    TRY(syscall(SYS_brk, -1L) == start + 2 * kPage);
    struct rlimit limit = {.rlim_cur = 64UL << 20, .rlim_max = 64UL << 20};
    TRY(setrlimit(RLIMIT_AS, &limit));
    TRY(map(0, 64UL << 20, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    TRY(syscall(SYS_brk, start + (65L << 20)) == start + 2 * kPage);
    limit.rlim_cur = 1 << 20;
    TRY(setrlimit(RLIMIT_DATA, &limit));
    TRY(map(0, 2UL << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    TRY(map(0, 2UL << 20, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) > 0);
    TRY(syscall(SYS_brk, start + (2L << 20)) == start + 2 * kPage);
}

int main(int count, char** arguments) {
    const struct sigaction action = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO};
    sigaction(SIGSEGV, &action, NULL);
    sigaction(SIGBUS, &action, NULL);
    base = (char*)0x700000000;
    static const struct Behaviour kBehaviours[] = {{"placing", placing}, {"rights", rights},
                                                   {"moving", moving},   {"advice", advice},
                                                   {"locking", locking}, {"limits", limits}};
    setvbuf(stdout, NULL, _IOLBF, 0);
    return run_behaviour(kBehaviours, sizeof(kBehaviours) / sizeof(kBehaviours[0]),
                         count > 1 ? arguments[1] : NULL);
}
