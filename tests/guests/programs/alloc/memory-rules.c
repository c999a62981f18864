// What memory refuses, in which order, and when: seals, overcommit, flags, ranges, tags; and what clocks and
// prctl do.
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/sendfile.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "../behaviours.h"

enum { kPage = 4096 };

static void show(const char* what, long result) {
    printf("%s: %s\n", what, result == -1 ? strerrorname_np(errno) : "0");
}

static long map(void* address, size_t size, int protection, int flags, int fd, long offset) {
    const long place = syscall(SYS_mmap, address, size, protection, flags, fd, offset);
    if (place != -1) {
        munmap((void*)place, size);
    }
    return place;
}

static int sealable(void) {
    const int file = memfd_create("sealed", MFD_ALLOW_SEALING);
    ftruncate(file, kPage);
    return file;
}

static void seals(void) {
    const int kSeals[] = {F_SEAL_WRITE, F_SEAL_FUTURE_WRITE};
    for (int i = 0; i < 2; i++) {
        const int file = sealable();
        void* before = mmap(NULL, kPage, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
        show("seal while writable memory shows it", fcntl(file, F_ADD_SEALS, kSeals[i]));
        munmap(before, kPage);
        show("seal", fcntl(file, F_ADD_SEALS, kSeals[i]));
        show("writable", map(NULL, kPage, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0));
        void* shared = mmap(NULL, kPage, PROT_READ, MAP_SHARED, file, 0);
        show("made writable", mprotect(shared, kPage, PROT_READ | PROT_WRITE));
        void* copy = mmap(NULL, kPage, PROT_READ, MAP_PRIVATE, file, 0);
        show("a copy made writable", mprotect(copy, kPage, PROT_READ | PROT_WRITE));
        show("sealed again", fcntl(file, F_ADD_SEALS, F_SEAL_WRITE));
        show("write", write(file, "x", 1));
        close(file);
    }
    const int file = sealable();
    void* shared = mmap(NULL, kPage, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    mprotect(shared, kPage, PROT_READ);
    show("seal while memory may become writable", fcntl(file, F_ADD_SEALS, F_SEAL_WRITE));
}

static void refusals(void) {
    const int file = open("/tmp/mapped", O_RDWR | O_CREAT, 0600);
    const int reader = open("/tmp/mapped", O_RDONLY);
    const int writer = open("/tmp/mapped", O_WRONLY);
    const long kHuge = 1L << 46;
    show("shared memory beyond all", map(NULL, kHuge, PROT_NONE, MAP_SHARED | MAP_ANONYMOUS, -1, 0));
    show("data beyond all", map(NULL, kHuge, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    void* reserved = mmap(NULL, kHuge, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    show("made writable", mprotect(reserved, kHuge, PROT_READ | PROT_WRITE));
    show("a part of it", mprotect(reserved, kPage, PROT_READ | PROT_WRITE));
    munmap(reserved, kHuge);
    show("unknown flag", map(NULL, kPage, PROT_READ, MAP_SHARED | 0x800000, file, 0));
    show("unknown flag, validated", map(NULL, kPage, PROT_READ, MAP_SHARED_VALIDATE | 0x800000, file, 0));
    show("validated, anonymous", map(NULL, kPage, PROT_READ, MAP_SHARED_VALIDATE | MAP_ANONYMOUS, -1, 0));
    show("no type", map(NULL, kPage, PROT_READ, MAP_ANONYMOUS, -1, 0));
    show("grows, shared", map(NULL, kPage, PROT_READ, MAP_SHARED | MAP_ANONYMOUS | MAP_GROWSDOWN, -1, 0));
    show("grows, a file", map(NULL, kPage, PROT_READ, MAP_PRIVATE | MAP_GROWSDOWN, file, 0));
    show("PROT_GROWSUP", mprotect(&seals, 0, PROT_READ | PROT_GROWSUP | PROT_GROWSDOWN));
    show("writable from a reader", map(NULL, kPage, PROT_WRITE, MAP_SHARED, reader, 0));
    show("from a writer", map(NULL, kPage, PROT_READ, MAP_PRIVATE, writer, 0));
    show("length 0 of no file", map(NULL, 0, PROT_READ, MAP_PRIVATE, 99, 0));
    show("length 0", map(NULL, 0, PROT_READ, MAP_PRIVATE, file, 0));
    show("an offset in a page", map(NULL, kPage, PROT_READ, MAP_PRIVATE, 99, 1));
    show("beyond the largest offset", map(NULL, kPage, PROT_READ, MAP_PRIVATE, file, 0x7ffffffffffff000));
    show("beyond the address space",
         map((void*)(1L << 48), kPage, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0));
    show("in the middle of a page",
         map((void*)0x20000001, kPage, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0));
}

static void moves(void) {
    char* memory =
        mmap((void*)0x20000000, 4 * kPage, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
    const long kTop = 1L << 48;
    show("unknown flag", (long)mremap(memory, kPage, kPage, 0x10));
    show("fixed, not movable", (long)mremap(memory, kPage, kPage, MREMAP_FIXED, 0x30000000));
    show("to nothing", (long)mremap(memory, kPage, 0, 0));
    show("of nothing", (long)mremap((void*)0x28000000, kPage, kPage, 0));
    show("of length 0", (long)mremap(memory, 0, kPage, MREMAP_MAYMOVE));
    show("longer than the region", (long)mremap(memory, 8 * kPage, 9 * kPage, MREMAP_MAYMOVE));
    show("longer, unchanged", (long)mremap(memory, 8 * kPage, 8 * kPage, 0));
    show("too far shortened", (long)mremap(memory, (size_t)kTop, kPage, 0));
    show("onto itself",
         (long)mremap(memory, 2 * kPage, 2 * kPage, MREMAP_MAYMOVE | MREMAP_FIXED, memory + kPage));
    show("beyond the end", (long)mremap(memory, kPage, kPage, MREMAP_MAYMOVE | MREMAP_FIXED, kTop));
    show("another size, kept", (long)mremap(memory, 1, kPage, MREMAP_MAYMOVE | 4, 0));
    show("too large", (long)mremap(memory, kPage, (size_t)kTop, MREMAP_MAYMOVE));
    munmap(memory, 4 * kPage);
}

static sigjmp_buf faulted;
static void* fault_address;

static void note_fault(int signal, siginfo_t* info, void* context) {
    (void)signal;
    (void)context;
    fault_address = info->si_addr;
    siglongjmp(faulted, 1);
}

static void* tagged(const void* address) {
    return (void*)((uintptr_t)address | 0x5aUL << 56);
}

static void tags(void) {
    char* memory = mmap(NULL, 2 * kPage, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    munmap(memory + kPage, kPage);
    const int kFlags[] = {SA_SIGINFO, SA_SIGINFO | 0x800};
    for (volatile int i = 0; i < 2; i++) {
        const struct sigaction action = {.sa_sigaction = note_fault, .sa_flags = kFlags[i]};
        sigaction(SIGSEGV, &action, NULL);
        if (sigsetjmp(faulted, 1) == 0) {
            *(volatile char*)tagged(memory + kPage);
        }
        printf("the tag of a fault: %lx\n", (uintptr_t)fault_address >> 56);
    }
    signal(SIGSEGV, SIG_DFL);
    const int zero = open("/dev/zero", O_RDONLY);
    for (int i = 0; i < 2; i++) {
        printf("tagged addresses: %d\n", prctl(PR_GET_TAGGED_ADDR_CTRL, 0, 0, 0, 0));
        show("read", read(zero, tagged(memory), 8) == 8 ? 0 : -1);
        show("madvise", madvise(tagged(memory), kPage, MADV_DONTNEED));
        show("mprotect", mprotect(tagged(memory), kPage, PROT_READ | PROT_WRITE));
        show("mlock", mlock(tagged(memory), kPage));
        show("msync", msync(tagged(memory), kPage, MS_ASYNC));
        show("futex", syscall(SYS_futex, tagged(memory), 1, 1, NULL, NULL, 0));
        show("open", open(tagged("/dev/null"), O_RDONLY));
        prctl(PR_SET_TAGGED_ADDR_CTRL, 1, 0, 0, 0);
    }
    show("munmap", munmap(tagged(memory), kPage));
    show("unknown bits", prctl(PR_SET_TAGGED_ADDR_CTRL, 1 << 20, 0, 0, 0));
}

static void transfers(void) {
    const int file = open("/tmp/copied", O_RDWR | O_CREAT | O_TRUNC, 0600);
    int ends[2];
    char* const bad = (char*)8;
    loff_t from = 0;
    loff_t to = 5;
    pipe(ends);
    write(file, "0123456789", 10);
    show("pwrite to a pipe's reader", pwrite(ends[0], "x", 1, 0));
    show("writev of a bad vector", syscall(SYS_writev, ends[0], bad, 1));
    show("sendfile with a bad pointer", syscall(SYS_sendfile, -1, -1, bad, 1));
    show("overlap", copy_file_range(file, &from, file, &to, 6, 0));
    show("touching", copy_file_range(file, &from, file, &to, 5, 0));
    from = -1;
    show("before the start", syscall(SYS_copy_file_range, file, &from, file, NULL, 1, 0));
    from = 0x7ffffffffffffff0;
    show("to the last byte", copy_file_range(file, &from, file, NULL, 32, 0));
    show("to a pipe", copy_file_range(file, NULL, ends[1], NULL, 1, 0));
    show("clone", ioctl(file, _IOW(0x94, 9, int), open("/tmp/copied", O_RDONLY)));
    show("clone of nothing", ioctl(file, _IOW(0x94, 9, int), -1));
    show("clone of a pipe", ioctl(file, _IOW(0x94, 9, int), ends[0]));
    show("a text of a task", sendfile(ends[1], open("/proc/self/stat", O_RDONLY), NULL, 8));
    show("collapse and keep", fallocate(file, 9, 0, kPage));
    show("allocate of a pipe", fallocate(ends[1], 0, 0x7fffffffffffffff, 1));
}

static long nanoseconds(int clock) {
    struct timespec time;
    syscall(SYS_clock_gettime, clock, &time);
    return time.tv_sec * 1000000000 + time.tv_nsec;
}

static void clocks(void) {
    struct timespec time = {.tv_sec = 2000000000};
    show("set", syscall(SYS_clock_settime, CLOCK_REALTIME, &time));
    clock_gettime(CLOCK_REALTIME_COARSE, &time);
    printf("coarse time is not behind: %d\n", time.tv_sec >= 2000000000);
    printf("nor ahead: %d\n", nanoseconds(CLOCK_REALTIME_COARSE) <= nanoseconds(CLOCK_REALTIME));
    time = (struct timespec){.tv_sec = 0};
    show("before the start", syscall(SYS_clock_settime, CLOCK_REALTIME, &time));
    time.tv_sec = 1L << 40;
    show("too late", syscall(SYS_clock_settime, CLOCK_REALTIME, &time));
    show("CPU time", syscall(SYS_clock_settime, (~getpid()) << 3 | 2, &time));
    struct timezone zone = {.tz_minuteswest = 0, .tz_dsttime = 3};
    show("zone", syscall(SYS_settimeofday, NULL, &zone));
    zone.tz_dsttime = 0;
    gettimeofday(&(struct timeval){0}, &zone);
    printf("zone of %d\n", zone.tz_dsttime);
    zone.tz_minuteswest = 15 * 60 + 1;
    show("far zone", syscall(SYS_settimeofday, NULL, &zone));
    struct rusage usage;
    usleep(200000);
    getrusage(RUSAGE_SELF, &usage);
    printf("sleep takes no CPU time: %d\n", usage.ru_stime.tv_sec == 0 && usage.ru_stime.tv_usec < 150000);
}

static void settings(void) {
    printf("%d %d %d\n", prctl(PR_GET_TIMING), prctl(PR_MCE_KILL_GET, 0, 0, 0, 0),
           prctl(PR_GET_SPECULATION_CTRL, 0, 0, 0, 0));
    show("early", prctl(PR_MCE_KILL, PR_MCE_KILL_SET, PR_MCE_KILL_EARLY, 0, 0));
    printf("now %d\n", prctl(PR_MCE_KILL_GET, 0, 0, 0, 0));
    show("IO_FLUSHER", prctl(57, 1, 0, 0, 0));
    show("IO_FLUSHER 2", prctl(57, 2, 0, 0, 0));
    printf("now %d\n", prctl(58, 0, 0, 0, 0));
    show("ambient", prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, 10, 0, 0));
    show("locked", prctl(PR_SET_SECUREBITS, 0x30));
    show("keep", prctl(PR_SET_KEEPCAPS, 0));
    printf("bits %x\n", prctl(PR_GET_SECUREBITS));
    show("drop", prctl(PR_CAPBSET_DROP, 10));
    printf("bounding %d\n", prctl(PR_CAPBSET_READ, 10));
    show("no such capability", prctl(PR_CAPBSET_DROP, 63));
    show("THP", prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0));
    printf("now %d\n", prctl(PR_GET_THP_DISABLE, 0, 0, 0, 0));
}

int main(int count, char** arguments) {
    static const struct Behaviour kBehaviours[] = {
        {"seals", seals},         {"refusals", refusals}, {"moves", moves},  {"tags", tags},
        {"transfers", transfers}, {"settings", settings}, {"clocks", clocks}};
    setvbuf(stdout, NULL, _IOLBF, 0);
    return run_behaviour(kBehaviours, sizeof(kBehaviours) / sizeof(kBehaviours[0]),
                         count > 1 ? arguments[1] : NULL);
}
