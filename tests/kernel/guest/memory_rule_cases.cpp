// What is said about memory: locks, and what fork does with it (man 2 mlock, man 2 madvise).
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

#include "behaviour.hpp"

namespace {

constexpr std::size_t kPage = 4096;
constexpr unsigned kUser = 1000;

char* map_pages(std::size_t count, int flags = 0) {
    void* memory =
        mmap(nullptr, count * kPage, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | flags, -1, 0);
    EXPECT(memory != MAP_FAILED);
    return static_cast<char*>(memory);
}

bool is_resident(char* page) {
    unsigned char state = 0;
    EXPECT(mincore(page, kPage, &state) == 0);
    return (state & 1) != 0;
}

long locked_kilobytes() {
    std::FILE* file = std::fopen("/proc/self/status", "r");
    EXPECT(file != nullptr);
    char line[256];
    long locked = -1;
    while (std::fgets(line, sizeof(line), file) != nullptr) {
        std::sscanf(line, "VmLck: %ld kB", &locked);
    }
    std::fclose(file);
    return locked;
}

void set_lock_limit(rlim_t bytes) {
    const rlimit limit = {bytes, bytes};
    EXPECT(setrlimit(RLIMIT_MEMLOCK, &limit) == 0);
    EXPECT(setuid(kUser) == 0);
}

}  // namespace

CASE(locked_pages_are_there_and_counted) {
    char* memory = map_pages(4);
    EXPECT(!is_resident(memory));
    EXPECT(mlock(memory + 1, kPage) == 0);  // touches two
    EXPECT(is_resident(memory) && is_resident(memory + kPage) && !is_resident(memory + 2 * kPage));
    EXPECT(locked_kilobytes() == 8);
    EXPECT(mlock2(memory + 3 * kPage, kPage, MLOCK_ONFAULT) == 0);
    EXPECT(!is_resident(memory + 3 * kPage) && locked_kilobytes() == 12);
    EXPECT(munlock(memory, kPage) == 0 && locked_kilobytes() == 8);
    EXPECT(munmap(memory, 4 * kPage) == 0 && locked_kilobytes() == 0);
}

CASE(locked_pages_are_not_given_back) {
    char* memory = map_pages(2);
    EXPECT(mlock(memory, kPage) == 0);
    EXPECT_ERROR(madvise(memory, kPage, MADV_DONTNEED), EINVAL);
    EXPECT_ERROR(madvise(memory, kPage, MADV_FREE), EINVAL);
    EXPECT_ERROR(msync(memory, kPage, MS_ASYNC | MS_INVALIDATE), EBUSY);
    EXPECT(madvise(memory + kPage, kPage, MADV_DONTNEED) == 0);
}

CASE(hole_ends_mlock_after_what_precedes_it) {
    char* memory = map_pages(3);
    EXPECT(munmap(memory + kPage, kPage) == 0);
    EXPECT_ERROR(mlock(memory, 3 * kPage), ENOMEM);
    EXPECT(locked_kilobytes() == 4);
    EXPECT_ERROR(munlock(memory + kPage, kPage), ENOMEM);
}

CASE(memory_to_come_can_be_locked) {
    EXPECT(mlockall(MCL_FUTURE) == 0);
    char* memory = map_pages(2);
    EXPECT(is_resident(memory + kPage) && locked_kilobytes() == 8);
    char* heap = static_cast<char*>(sbrk(kPage));
    EXPECT(is_resident(heap));
    EXPECT(munlockall() == 0 && locked_kilobytes() == 0);
    EXPECT(!is_resident(map_pages(1)));
    EXPECT_ERROR(mlockall(MCL_ONFAULT), EINVAL);
}

CASE(mapping_can_populate) {
    EXPECT(is_resident(map_pages(2, MAP_POPULATE) + kPage) && locked_kilobytes() == 0);
    EXPECT(is_resident(map_pages(2, MAP_LOCKED) + kPage) && locked_kilobytes() == 8);
}

CASE(locked_memory_is_limited) {
    set_lock_limit(2 * kPage);
    char* memory = map_pages(4);
    EXPECT_ERROR(mlock(memory, 3 * kPage), ENOMEM);
    EXPECT(mlock(memory, 2 * kPage) == 0);
    EXPECT(mlock(memory, kPage) == 0);  // is locked already
    EXPECT_ERROR(mlock(memory + 2 * kPage, kPage), ENOMEM);
    EXPECT_ERROR(mmap(nullptr, kPage, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_LOCKED, -1, 0), EAGAIN);
    EXPECT_ERROR(mlockall(MCL_CURRENT), ENOMEM);
}

CASE(locking_can_be_forbidden) {
    set_lock_limit(0);
    char* memory = map_pages(1);
    EXPECT_ERROR(mlock(memory, kPage), EPERM);
    EXPECT_ERROR(mlockall(MCL_FUTURE), EPERM);
    EXPECT_ERROR(mmap(nullptr, kPage, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_LOCKED, -1, 0), EPERM);
    EXPECT(munlock(memory, kPage) == 0);
}

CASE(fork_copies_no_locks) {
    EXPECT(mlock(map_pages(1), kPage) == 0);
    const pid_t child = fork();
    if (child == 0) {
        _exit(locked_kilobytes() == 0 ? 0 : 1);
    }
    int status = -1;
    EXPECT(waitpid(child, &status, 0) == child && status == 0);
}

CASE(fork_leaves_out_or_empties_what_it_should) {
    char* left_out = map_pages(1);
    char* emptied = map_pages(3);
    std::memset(emptied, 7, 3 * kPage);
    EXPECT(madvise(left_out, kPage, MADV_DONTFORK) == 0);
    EXPECT(madvise(emptied + kPage, kPage, MADV_WIPEONFORK) == 0);
    const pid_t child = fork();
    if (child == 0) {
        unsigned char state = 0;
        EXPECT_ERROR(mincore(left_out, kPage, &state), ENOMEM);
        EXPECT(emptied[0] == 7 && emptied[kPage] == 0 && emptied[2 * kPage] == 7);
        _exit(0);
    }
    int status = -1;
    EXPECT(waitpid(child, &status, 0) == child && status == 0);
    EXPECT(madvise(emptied + kPage, kPage, MADV_KEEPONFORK) == 0 &&
           madvise(left_out, kPage, MADV_DOFORK) == 0);
    EXPECT(fork() != 0 || (emptied[kPage] == 7 && left_out[0] == 0 ? (_exit(0), true) : (_exit(1), false)));
    EXPECT(wait(&status) > 0 && status == 0);
    void* shared = mmap(nullptr, kPage, PROT_READ, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    EXPECT_ERROR(madvise(shared, kPage, MADV_WIPEONFORK), EINVAL);
}
