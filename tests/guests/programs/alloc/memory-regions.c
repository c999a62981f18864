// Regions of memory as /proc/self/maps shows them: which join and which stay apart, where they go, how they
// grow, and what other ways into memory find there.
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>

#include "../behaviours.h"
#include "../report.h"

enum { kPage = 4096, kWindow = 4096 };

static char* base;
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
            *at = 'w';
        } else {
            (void)*at;
        }
    }
    return fault_code;
}

static char* page(int number) {
    return base + (long)number * kPage;
}

static char* map(int first, int count, int protection, int flags, int fd, int offset) {
    return mmap(page(first), (size_t)count * kPage, protection, flags | MAP_FIXED, fd, (off_t)offset * kPage);
}

static char* memory(int first, int count, int protection) {
    return map(first, count, protection, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

// The regions of the window, in pages from its start.
static void show(const char* what) {
    char line[512];
    FILE* file = fopen("/proc/self/maps", "r");
    printf("%s:", what);
    while (file != NULL && fgets(line, sizeof(line), file) != NULL) {
        unsigned long start = 0;
        unsigned long end = 0;
        unsigned long offset = 0;
        char rights[8];
        sscanf(line, "%lx-%lx %7s %lx", &start, &end, rights, &offset);
        if (start >= (unsigned long)base && start < (unsigned long)page(kWindow)) {
            printf(" %ld-%ld %s", (long)(start - (unsigned long)base) / kPage,
                   (long)(end - (unsigned long)base) / kPage, rights);
            if (offset != 0) {
                printf("+%lu", offset / kPage);
            }
        }
    }
    printf("\n");
    fclose(file);
}

static void clear(void) {
    munmap(base, (size_t)kWindow * kPage);
}

static int made_file(const char* name, int pages) {
    const int fd = open(name, O_RDWR | O_CREAT | O_TRUNC, 0600);
    for (int i = 0; i < pages; i++) {
        const char letter = (char)('a' + i);
        (void)!pwrite(fd, &letter, 1, (off_t)i * kPage);
    }
    (void)!ftruncate(fd, (off_t)pages * kPage);
    return fd;
}

static void joining_untouched(void) {
    memory(0, 2, PROT_READ | PROT_WRITE);
    memory(2, 2, PROT_READ | PROT_WRITE);
    show("side by side");
    memory(6, 1, PROT_READ | PROT_WRITE);
    show("a gap");
    memory(4, 2, PROT_READ | PROT_WRITE);
    show("filled");
    mprotect(page(2), kPage, PROT_READ);
    show("other rights in the middle");
    mprotect(page(1), 3 * kPage, PROT_READ);
    show("around it too");
    mprotect(page(1), 3 * kPage, PROT_READ | PROT_WRITE);
    show("as before");
    mprotect(page(6), kPage, PROT_NONE);
    mprotect(page(0), kPage, PROT_NONE);
    show("both ends");
    munmap(page(3), kPage);
    show("a hole");
    memory(3, 1, PROT_READ | PROT_WRITE);
    show("closed");
    clear();
    map(0, 1, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    memory(1, 1, PROT_READ | PROT_WRITE);
    show("one without reserve");
    map(2, 1, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_LOCKED, -1, 0);
    show("one locked");
    munlock(page(2), kPage);
    show("unlocked");
    mlock2(page(1), kPage, MLOCK_ONFAULT);
    show("locked on fault");
    munlock(page(1), kPage);
    show("unlocked");
    madvise(page(1), kPage, MADV_DONTFORK);
    show("not for children");
    madvise(page(2), kPage, MADV_WIPEONFORK);
    madvise(page(1), kPage, MADV_DOFORK);
    show("wiped for children");
    madvise(page(2), kPage, MADV_KEEPONFORK);
    show("kept");
    madvise(page(2), kPage, MADV_DONTDUMP);
    show("not in core files");
    madvise(page(2), kPage, MADV_DODUMP);
    show("in core files");
    TRY(prctl(PR_SET_VMA, PR_SET_VMA_ANON_NAME, page(1), kPage, "name"));
    show("named");
    clear();
    map(0, 1, PROT_READ, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    map(1, 1, PROT_READ, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    memory(2, 1, PROT_READ);
    show("shared");
    clear();
}

// Memory that has been written belongs to what was written with it.
static void joining_touched(void) {
    memory(0, 1, PROT_READ | PROT_WRITE);
    memory(2, 1, PROT_READ | PROT_WRITE);
    page(0)[0] = page(2)[0] = 1;
    memory(1, 1, PROT_READ | PROT_WRITE);
    show("between two that are written");
    page(1)[0] = 1;
    show("written too");
    clear();
    memory(0, 1, PROT_READ | PROT_WRITE);
    memory(2, 1, PROT_READ | PROT_WRITE);
    touch(page(0), 0);
    touch(page(2), 0);
    memory(1, 1, PROT_READ | PROT_WRITE);
    show("between two that are read");
    clear();
    memory(0, 3, PROT_READ | PROT_WRITE);
    mprotect(page(1), kPage, PROT_READ);
    page(0)[0] = page(2)[0] = 1;
    show("written around a page");
    mprotect(page(1), kPage, PROT_READ | PROT_WRITE);
    show("joined again");
    page(1)[0] = 1;
    mprotect(page(0), kPage, PROT_READ);
    mprotect(page(0), kPage, PROT_READ | PROT_WRITE);
    show("and again");
    clear();
    memory(0, 1, PROT_READ | PROT_WRITE);
    memory(1, 1, PROT_READ);
    page(0)[0] = 1;
    mprotect(page(1), kPage, PROT_READ | PROT_WRITE);
    show("a new neighbour above");
    clear();
    memory(1, 1, PROT_READ | PROT_WRITE);
    page(1)[0] = 1;
    memory(0, 1, PROT_READ | PROT_WRITE);
    show("a new neighbour below");
    page(0)[0] = 1;
    fflush(stdout);
    if (fork() == 0) {
        show("in the child");
        memory(2, 1, PROT_READ | PROT_WRITE);
        show("its new neighbour");
        page(2)[0] = 1;
        mprotect(page(0), kPage, PROT_READ);
        page(1)[0] = 1;
        mprotect(page(0), kPage, PROT_READ | PROT_WRITE);
        show("parts joined in the child");
        memory(3, 1, PROT_READ);
        memory(4, 1, PROT_READ | PROT_WRITE);
        page(4)[0] = 1;
        mprotect(page(3), kPage, PROT_READ | PROT_WRITE);
        show("all that is new");
        fflush(stdout);
        _exit(0);
    }
    wait(NULL);
    memory(2, 1, PROT_READ | PROT_WRITE);
    show("the parent's new neighbour");
    clear();
}

static void joining_files(void) {
    const int one = made_file("one", 6);
    const int other = made_file("other", 6);
    const int again = open("one", O_RDWR);
    map(0, 2, PROT_READ, MAP_PRIVATE, one, 0);
    map(2, 2, PROT_READ, MAP_PRIVATE, one, 2);
    show("one after the other");
    map(4, 1, PROT_READ, MAP_PRIVATE, one, 5);
    show("with a page left out");
    map(4, 1, PROT_READ, MAP_PRIVATE, other, 4);
    show("of another file");
    map(4, 1, PROT_READ, MAP_PRIVATE, again, 4);
    show("of another open file");
    map(4, 1, PROT_READ, MAP_SHARED, one, 4);
    show("shared");
    mprotect(page(1), kPage, PROT_READ | PROT_WRITE);
    page(1)[0] = 'A';
    mprotect(page(1), kPage, PROT_READ);
    show("a copy in the middle");
    madvise(page(1), kPage, MADV_DONTNEED);
    printf("what was copied: %c\n", page(1)[0]);
    munmap(page(1), kPage);
    map(1, 1, PROT_READ, MAP_PRIVATE, one, 1);
    show("mapped again");
    clear();
    map(0, 3, PROT_READ | PROT_WRITE, MAP_SHARED, one, 0);
    mprotect(page(1), kPage, PROT_READ);
    show("split");
    TRY(mremap(page(2), kPage, kPage, MREMAP_MAYMOVE | MREMAP_FIXED, page(8)) == page(8));
    show("its last part moved");
    page(8)[0] = 'Z';
    char letter = 0;
    (void)!pread(one, &letter, 1, 2 * kPage);
    printf("and written: %c\n", letter);
    TRY(mremap(page(8), kPage, kPage, MREMAP_MAYMOVE | MREMAP_FIXED, page(2)) == page(2));
    mprotect(page(1), kPage, PROT_READ | PROT_WRITE);
    show("moved back");
    TRY(mremap(page(0), 3 * kPage, 8 * kPage, 0) == page(0));
    printf("beyond the end: %d %d\n", touch(page(5), 0), touch(page(6), 0));
    show("longer than the file");
    clear();
}

static void moving(void) {
    memory(0, 4, PROT_READ | PROT_WRITE);
    page(1)[0] = 'b';
    TRY(mremap(page(1), kPage, kPage, MREMAP_MAYMOVE | MREMAP_FIXED, page(10)) == page(10));
    show("a written page moved");
    memory(11, 1, PROT_READ | PROT_WRITE);
    memory(9, 1, PROT_READ | PROT_WRITE);
    show("with new neighbours");
    TRY(mremap(page(10), kPage, kPage, MREMAP_MAYMOVE | MREMAP_FIXED, page(1)) == page(1));
    show("moved back");
    printf("%c\n", page(1)[0]);
    clear();
    memory(0, 4, PROT_READ | PROT_WRITE);
    TRY(mremap(page(1), kPage, 2 * kPage, MREMAP_MAYMOVE | MREMAP_FIXED, page(10)) == page(10));
    show("an unwritten page moved and doubled");
    memory(12, 1, PROT_READ | PROT_WRITE);
    show("with a new neighbour");
    TRY(mremap(page(10), 3 * kPage, 4 * kPage, 0) == page(10));
    show("grown where it is");
    memory(15, 1, PROT_READ);
    TRY(mremap(page(10), 4 * kPage, 5 * kPage, 0) == page(10));
    TRY(mremap(page(10), 4 * kPage, 6 * kPage, 0));
    TRY(mremap(page(10), 2 * kPage, 3 * kPage, 0));
    show("up to the next");
    TRY(mremap(page(10), 5 * kPage, 2 * kPage, MREMAP_MAYMOVE | MREMAP_FIXED, page(20)) == page(20));
    show("shortened and moved");
    page(20)[0] = 'd';
    char* const kept =
        mremap(page(20), 2 * kPage, 2 * kPage, MREMAP_MAYMOVE | MREMAP_DONTUNMAP | MREMAP_FIXED, page(30));
    printf("kept: %d, there %c, here %d\n", kept == page(30), kept[0], page(20)[0]);
    show("moved and kept");
    TRY(mremap(page(20), 2 * kPage, 2 * kPage, MREMAP_MAYMOVE | MREMAP_DONTUNMAP, page(40)) == page(40));
    show("kept with a wish");
    TRY(mremap(page(40), 2 * kPage, 2 * kPage, MREMAP_MAYMOVE | MREMAP_FIXED, page(0)) == page(0));
    show("over others");
    TRY(mremap(page(0), 3 * kPage, 4 * kPage, MREMAP_MAYMOVE));
    TRY(mremap(page(0), 3 * kPage, 2 * kPage, 0) == page(0));
    show("shortened over a border");
    map(50, 2, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    page(50)[0] = 's';
    TRY(mremap(page(50), 0, 2 * kPage, MREMAP_MAYMOVE | MREMAP_FIXED, page(60)) == page(60));
    page(60)[1] = 't';
    printf("twice: %c%c\n", page(60)[0], page(50)[1]);
    show("shared twice");
    clear();
}

// The highest gap that is large enough, unless there is a wish.
static void placing(void) {
    const int kPrivate = MAP_PRIVATE | MAP_ANONYMOUS;
    char* const block = mmap(NULL, 64 * kPage, PROT_NONE, kPrivate, -1, 0);
    munmap(block + 60 * kPage, kPage);
    munmap(block + 50 * kPage, 2 * kPage);
    munmap(block + 40 * kPage, 3 * kPage);
    const int kSizes[] = {1, 2, 3, 1};
    const int kFree[] = {60, 50, 40};
    for (int i = 0; i < 3; i++) {
        char* const at = mmap(NULL, (size_t)kSizes[i] * kPage, PROT_READ, kPrivate, -1, 0);
        printf("of %d pages: %d\n", kSizes[i], at == block + kFree[i] * kPage);
    }
    char* const below = mmap(NULL, 4 * kPage, PROT_READ, kPrivate, -1, 0);
    printf("of 4 pages, below all: %d\n", below < block);
    munmap(below, 4 * kPage);
    munmap(block + 20 * kPage, 4 * kPage);
    TRY(mmap(NULL, 3 * kPage, PROT_READ, kPrivate, -1, 0) == block + 21 * kPage);
    TRY(mmap(block + 20 * kPage + 1, kPage, PROT_READ, kPrivate, -1, 0) == block + 20 * kPage);
    munmap(block + 20 * kPage, 4 * kPage);
    TRY(mmap(block + 20 * kPage - 1, 2 * kPage, PROT_READ, kPrivate, -1, 0) == block + 20 * kPage);
    TRY(mmap(block + 21 * kPage, kPage, PROT_READ, kPrivate, -1, 0) == block + 23 * kPage);
    TRY(mmap(block + 22 * kPage, 2 * kPage, PROT_READ, kPrivate, -1, 0) < (void*)block);
    TRY(mmap((void*)kPage, kPage, PROT_READ, kPrivate, -1, 0));
    TRY(mmap((void*)0x10000, kPage, PROT_READ, kPrivate, -1, 0));
    TRY(mmap((void*)0x10000, kPage, PROT_READ, kPrivate | MAP_FIXED_NOREPLACE, -1, 0));
    TRY(mmap((void*)(0x10000 - kPage), kPage, PROT_READ, kPrivate | MAP_FIXED_NOREPLACE, -1, 0));
    TRY(mmap((void*)((1L << 48) - kPage), kPage, PROT_READ, kPrivate | MAP_FIXED_NOREPLACE, -1, 0));
    TRY(mmap((void*)((1L << 48) - kPage), 2 * kPage, PROT_READ, kPrivate | MAP_FIXED_NOREPLACE, -1, 0));
    memory(2, 2, PROT_READ);
    TRY(mmap(page(1), 2 * kPage, PROT_READ, kPrivate | MAP_FIXED_NOREPLACE, -1, 0));
    TRY(mmap(page(3), 2 * kPage, PROT_READ, kPrivate | MAP_FIXED_NOREPLACE, -1, 0));
    TRY(mmap(page(1), kPage, PROT_READ, kPrivate | MAP_FIXED_NOREPLACE, -1, 0) == page(1));
    TRY(mmap(page(4), kPage, PROT_READ, kPrivate | MAP_FIXED_NOREPLACE, -1, 0) == page(4));
    show("beside others");
    TRY(munmap(page(0), 10 * kPage));
    show("none");
}

static char* stack(int first, int count) {
    return map(first, count, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_GROWSDOWN, -1, 0);
}

static void growing(void) {
    stack(1000, 2);
    printf("%d %d\n", touch(page(999), 1), touch(page(990), 0));
    show("grown by ten");
    printf("%d\n", touch(page(300), 1));
    show("and by far");
    clear();
    stack(1000, 1);
    memory(700, 1, PROT_READ);
    printf("the guard gap: %d %d\n", touch(page(957), 1), touch(page(956), 1));
    show("up to the gap");
    mprotect(page(700), kPage, PROT_NONE);
    printf("over what nobody may use: %d %d\n", touch(page(701), 1), touch(page(700), 1));
    show("up to it");
    clear();
    stack(1000, 1);
    stack(900, 1);
    printf("over another stack: %d\n", touch(page(901), 1));
    show("beside it");
    clear();
    stack(1000, 1);
    TRY(mmap(page(999), kPage, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == page(999));
    TRY(mmap(page(743), kPage, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == page(743));
    TRY(mmap(page(744), kPage, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == page(744));
    clear();
    memory(700, 1, PROT_READ | PROT_WRITE);
    stack(1000, 1);
    TRY(mremap(page(700), kPage, 44 * kPage, 0) == page(700));
    TRY(mremap(page(700), 44 * kPage, 45 * kPage, 0));
    show("up to a stack");
    clear();
    stack(1000, 4);
    mprotect(page(1000), kPage, PROT_READ);
    printf("rights of the lowest: %d\n", touch(page(999), 1));
    TRY(mprotect(page(1003), kPage, PROT_READ | PROT_GROWSDOWN));
    show("rights down to the start");
    TRY(mprotect(page(1000), kPage, PROT_READ | PROT_WRITE | PROT_GROWSDOWN));
    show("of the lowest");
    clear();
    stack(1000, 1);
    const struct rlimit sixteen = {16 * kPage, RLIM_INFINITY};
    setrlimit(RLIMIT_STACK, &sixteen);
    printf("the limit: %d %d\n", touch(page(985), 1), touch(page(984), 1));
    show("of a stack");
    clear();
}

static void heap(void) {
    const unsigned long start = (unsigned long)syscall(SYS_brk, 0);
    const unsigned long first = (start + kPage - 1) & ~(unsigned long)(kPage - 1);
    TRY((unsigned long)syscall(SYS_brk, first + 4 * kPage) == first + 4 * kPage);
    mmap((void*)(first + 8 * kPage), kPage, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
    TRY((unsigned long)syscall(SYS_brk, first + 8 * kPage) == first + 4 * kPage);
    TRY((unsigned long)syscall(SYS_brk, first + 7 * kPage + 1) == first + 4 * kPage);
    TRY((unsigned long)syscall(SYS_brk, first + 7 * kPage) == first + 7 * kPage);
    ((char*)first)[6 * kPage] = 1;
    TRY((unsigned long)syscall(SYS_brk, first + 2 * kPage + 1) == first + 2 * kPage + 1);
    printf("%d %d\n", touch((char*)first + 2 * kPage, 1), touch((char*)first + 3 * kPage, 1));
    TRY((unsigned long)syscall(SYS_brk, first + 7 * kPage) == first + 7 * kPage);
    printf("%d\n", ((char*)first)[6 * kPage]);
    TRY(mprotect((char*)first + kPage, kPage, PROT_READ));
    TRY((unsigned long)syscall(SYS_brk, first) == first);
    printf("%d\n", touch((char*)first, 0));
    mlockall(MCL_FUTURE);
    TRY((unsigned long)syscall(SYS_brk, first + 2 * kPage) == first + 2 * kPage);
    unsigned char present[2] = {0};
    TRY(mincore((void*)first, 2 * kPage, present));
    printf("%d %d\n", present[0], present[1]);
    munlockall();
}

// How many pages there are: the first number of a text whose others depend on the machine.
static void show_size(const char* what) {
    const int fd = open("/proc/self/statm", O_RDONLY);
    char number[4] = "";
    (void)!read(fd, number, 3);
    printf("%s: %s\n", what, number);
    close(fd);
}

static void counting(void) {
    const int file = made_file("counted", 2);
    show_size("at first");
    memory(0, 8, PROT_READ | PROT_WRITE);
    show_size("private and writable");
    memory(8, 4, PROT_READ);
    show_size("private and readable");
    map(12, 2, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    show_size("shared");
    map(14, 2, PROT_READ | PROT_EXEC, MAP_PRIVATE, file, 0);
    show_size("code");
    stack(1000, 2);
    show_size("a stack");
    page(998)[0] = 1;
    show_size("which grows");
    mprotect(page(8), 4 * kPage, PROT_READ | PROT_WRITE);
    show_size("made writable");
    mprotect(page(8), 4 * kPage, PROT_READ | PROT_WRITE | PROT_EXEC);
    show_size("and executable");
    mlock(page(1), 3 * kPage);
    show_size("locked");
    mlock(page(2), kPage);
    show_size("locked again");
    munlock(page(2), kPage);
    show_size("unlocked in part");
    TRY(mremap(page(0), 2 * kPage, 2 * kPage, MREMAP_MAYMOVE | MREMAP_FIXED, page(100)));
    clear();
    show_size("nothing");
}

static void other_ways(void) {
    const int self = open("/proc/self/mem", O_RDWR);
    const int file = made_file("reached", 3);
    static char text[4 * kPage];
    memory(0, 4, PROT_READ | PROT_WRITE);
    memset(page(0), 'p', 4 * kPage);
    munmap(page(2), kPage);
    mprotect(page(1), kPage, PROT_READ);
    const off_t at = (off_t)(uintptr_t)base;
    TRY(pread(self, text, 4 * kPage, at));
    TRY(pread(self, text, 10, at + 2 * kPage - 5));
    TRY(pread(self, text, 10, at + 2 * kPage));
    TRY(pread(self, kBadAddress, 10, at));
    TRY(pwrite(self, "forced", 6, at + kPage));
    printf("%.6s, %d\n", page(1), touch(page(1), 1));
    TRY(pwrite(self, "over the end", 12, at + 2 * kPage - 4));
    printf("%.4s\n", page(2) - 4);
    TRY(pwrite(self, kBadAddress, 6, at));
    mprotect(page(0), kPage, PROT_NONE);
    TRY(pread(self, text, 10, at));
    map(8, 3, PROT_READ, MAP_SHARED, file, 0);
    TRY(pread(self, text, 10, at + 8 * kPage));
    TRY(pwrite(self, "x", 1, at + 8 * kPage));
    TRY(pread(self, text, 2 * kPage, at + 10 * kPage));
    map(12, 1, PROT_WRITE, MAP_SHARED, file, 0);
    TRY(pwrite(self, "shared", 6, at + 12 * kPage));
    printf("%.6s\n", page(8));
    struct iovec here[2] = {{text, 6}, {text + 100, 4000}};
    struct iovec there[3] = {{page(1), 3}, {page(1) + kPage - 2, 100}, {page(3), 5}};
    const pid_t me = getpid();
    TRY(process_vm_readv(me, here, 2, there, 1, 0));
    TRY(process_vm_readv(me, here, 2, there, 2, 0));
    TRY(process_vm_readv(me, here, 2, there, 3, 0));
    TRY(process_vm_readv(me, here, 2, there + 2, 1, 0));
    TRY(process_vm_writev(me, here, 1, there, 1, 0));
    TRY(process_vm_writev(me, here, 1, there + 2, 1, 0));
    TRY(process_vm_readv(me, here, 2, there, 3, 1));
    TRY(process_vm_readv(me, here, 1, there, 0, 0));
    TRY(process_vm_readv(me, kBadAddress, 1, there, 1, 0));
    here[0].iov_base = kBadAddress;
    TRY(process_vm_readv(me, here, 1, there, 1, 0));
    there[0].iov_base = page(0);
    here[0].iov_base = text;
    TRY(process_vm_readv(me, here, 1, there, 1, 0));
    close(self);
}

// What a page shows after its file, its parent or its child has changed.
static void sharing(void) {
    const int file = made_file("shown", 4);
    map(0, 4, PROT_READ | PROT_WRITE, MAP_PRIVATE, file, 0);
    map(8, 4, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    page(1)[0] = 'B';
    page(8)[0] = 'S';
    page(9)[0] = 'S';
    printf("%c%c%c\n", page(0)[0], page(1)[0], page(2)[0]);
    TRY(ftruncate(file, kPage + 1));
    printf("%d %d %d %d\n", touch(page(1), 0), touch(page(2), 0), touch(page(10), 0), touch(page(9), 1));
    TRY(ftruncate(file, 4 * kPage));
    printf("%d %c%c %d\n", page(2)[0], page(1)[0], page(9)[0], page(9)[1]);
    TRY(fallocate(file, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, 2 * kPage));
    printf("%d %d %d\n", page(0)[0], page(1)[0], page(8)[0]);
    memory(20, 3, PROT_READ | PROT_WRITE);
    map(30, 1, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    touch(page(20), 0);
    page(21)[0] = 'm';
    madvise(page(22), kPage, MADV_WIPEONFORK);
    page(22)[0] = 'm';
    fflush(stdout);
    if (fork() == 0) {
        page(20)[0] = page(21)[0] = page(30)[0] = 'c';
        printf("child: %d%d\n", page(20)[0], page(22)[0]);
        fflush(stdout);
        _exit(0);
    }
    wait(NULL);
    printf("%d %c %c %c\n", page(20)[0], page(21)[0], page(22)[0], page(30)[0]);
    page(21)[0] = 'p';
    unsigned char present[4] = {9, 9, 9, 9};
    memory(40, 4, PROT_READ | PROT_WRITE);
    page(41)[0] = 1;
    touch(page(42), 0);
    TRY(mincore(page(40), 4 * kPage, present));
    printf("%d%d%d%d\n", present[0], present[1], present[2], present[3]);
    TRY(madvise(page(40), 4 * kPage, MADV_POPULATE_READ));
    TRY(mincore(page(40), 4 * kPage, present));
    printf("%d%d%d%d\n", present[0], present[1], present[2], present[3]);
    TRY(madvise(page(0), 4 * kPage, MADV_POPULATE_WRITE));
    TRY(ftruncate(file, kPage));
    TRY(madvise(page(8), 4 * kPage, MADV_POPULATE_READ));
    TRY(madvise(page(8), 4 * kPage, MADV_POPULATE_WRITE));
    TRY(madvise(page(43), 2 * kPage, MADV_POPULATE_READ));
    TRY(mprotect(page(40), kPage, PROT_READ));
    TRY(madvise(page(40), kPage, MADV_POPULATE_WRITE));
    TRY(mincore(page(8), 4 * kPage, present));
    printf("%d%d%d%d\n", present[0], present[1], present[2], present[3]);
}

static void joining(void) {
    joining_untouched();
    joining_touched();
    joining_files();
}

int main(int count, char** arguments) {
    static const struct Behaviour kBehaviours[] = {
        {"joining", joining}, {"moving", moving},     {"placing", placing},       {"growing", growing},
        {"heap", heap},       {"counting", counting}, {"other-ways", other_ways}, {"sharing", sharing}};
    static char signal_stack[65536];
    const stack_t other = {.ss_sp = signal_stack, .ss_size = sizeof(signal_stack)};
    const struct sigaction action = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO | SA_ONSTACK};
    sigaltstack(&other, NULL);
    sigaction(SIGSEGV, &action, NULL);
    sigaction(SIGBUS, &action, NULL);
    base = (char*)0x700000000;
    setvbuf(stdout, NULL, _IOLBF, 0);
    return run_behaviour(kBehaviours, sizeof(kBehaviours) / sizeof(kBehaviours[0]),
                         count > 1 ? arguments[1] : NULL);
}
