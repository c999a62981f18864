// What is said about memory: locks, and what fork does with it (man 2 mlock, man 2 madvise).
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

#include "tests/kernel/case.h"

namespace {

constexpr std::size_t kPage = 4096;
constexpr unsigned kUser = 1000;

char* map_pages(std::size_t count, int flags = 0) {
    void* memory =
        mmap(nullptr, count * kPage, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | flags, -1, 0);
    CHECK(memory != MAP_FAILED);
    return static_cast<char*>(memory);
}

bool is_resident(char* page) {
    unsigned char state = 0;
    CHECK(mincore(page, kPage, &state) == 0);
    return (state & 1) != 0;
}

long locked_kilobytes() {
    std::FILE* file = std::fopen("/proc/self/status", "r");
    CHECK(file != nullptr);
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
    CHECK(setrlimit(RLIMIT_MEMLOCK, &limit) == 0);
    CHECK(setuid(kUser) == 0);
}

}  // namespace

CASE(locked_pages_are_there_and_counted) {
    char* memory = map_pages(4);
    CHECK(!is_resident(memory));
    CHECK(mlock(memory + 1, kPage) == 0);  // touches two
    CHECK(is_resident(memory) && is_resident(memory + kPage) && !is_resident(memory + 2 * kPage));
    CHECK(locked_kilobytes() == 8);
    CHECK(mlock2(memory + 3 * kPage, kPage, MLOCK_ONFAULT) == 0);
    CHECK(!is_resident(memory + 3 * kPage) && locked_kilobytes() == 12);
    CHECK(munlock(memory, kPage) == 0 && locked_kilobytes() == 8);
    CHECK(munmap(memory, 4 * kPage) == 0 && locked_kilobytes() == 0);
}

CASE(locked_pages_are_not_given_back) {
    char* memory = map_pages(2);
    CHECK(mlock(memory, kPage) == 0);
    CHECK_ERRNO(madvise(memory, kPage, MADV_DONTNEED), EINVAL);
    CHECK_ERRNO(madvise(memory, kPage, MADV_FREE), EINVAL);
    CHECK_ERRNO(msync(memory, kPage, MS_ASYNC | MS_INVALIDATE), EBUSY);
    CHECK(madvise(memory + kPage, kPage, MADV_DONTNEED) == 0);
}

CASE(hole_ends_mlock_after_what_precedes_it) {
    char* memory = map_pages(3);
    CHECK(munmap(memory + kPage, kPage) == 0);
    CHECK_ERRNO(mlock(memory, 3 * kPage), ENOMEM);
    CHECK(locked_kilobytes() == 4);
    CHECK_ERRNO(munlock(memory + kPage, kPage), ENOMEM);
}

CASE(memory_to_come_can_be_locked) {
    CHECK(mlockall(MCL_FUTURE) == 0);
    char* memory = map_pages(2);
    CHECK(is_resident(memory + kPage) && locked_kilobytes() == 8);
    char* heap = static_cast<char*>(sbrk(kPage));
    CHECK(is_resident(heap));
    CHECK(munlockall() == 0 && locked_kilobytes() == 0);
    CHECK(!is_resident(map_pages(1)));
    CHECK_ERRNO(mlockall(MCL_ONFAULT), EINVAL);
}

CASE(mapping_can_populate) {
    CHECK(is_resident(map_pages(2, MAP_POPULATE) + kPage) && locked_kilobytes() == 0);
    CHECK(is_resident(map_pages(2, MAP_LOCKED) + kPage) && locked_kilobytes() == 8);
}

CASE(locked_memory_is_limited) {
    set_lock_limit(2 * kPage);
    char* memory = map_pages(4);
    CHECK_ERRNO(mlock(memory, 3 * kPage), ENOMEM);
    CHECK(mlock(memory, 2 * kPage) == 0);
    CHECK(mlock(memory, kPage) == 0);  // is locked already
    CHECK_ERRNO(mlock(memory + 2 * kPage, kPage), ENOMEM);
    CHECK_ERRNO(mmap(nullptr, kPage, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_LOCKED, -1, 0), EAGAIN);
    CHECK_ERRNO(mlockall(MCL_CURRENT), ENOMEM);
}

CASE(locking_can_be_forbidden) {
    set_lock_limit(0);
    char* memory = map_pages(1);
    CHECK_ERRNO(mlock(memory, kPage), EPERM);
    CHECK_ERRNO(mlockall(MCL_FUTURE), EPERM);
    CHECK_ERRNO(mmap(nullptr, kPage, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_LOCKED, -1, 0), EPERM);
    CHECK(munlock(memory, kPage) == 0);
}

CASE(fork_copies_no_locks) {
    CHECK(mlock(map_pages(1), kPage) == 0);
    const pid_t child = fork();
    if (child == 0) {
        _exit(locked_kilobytes() == 0 ? 0 : 1);
    }
    int status = -1;
    CHECK(waitpid(child, &status, 0) == child && status == 0);
}

CASE(fork_leaves_out_or_empties_what_it_should) {
    char* left_out = map_pages(1);
    char* emptied = map_pages(3);
    std::memset(emptied, 7, 3 * kPage);
    CHECK(madvise(left_out, kPage, MADV_DONTFORK) == 0);
    CHECK(madvise(emptied + kPage, kPage, MADV_WIPEONFORK) == 0);
    const pid_t child = fork();
    if (child == 0) {
        unsigned char state = 0;
        CHECK_ERRNO(mincore(left_out, kPage, &state), ENOMEM);
        CHECK(emptied[0] == 7 && emptied[kPage] == 0 && emptied[2 * kPage] == 7);
        _exit(0);
    }
    int status = -1;
    CHECK(waitpid(child, &status, 0) == child && status == 0);
    CHECK(madvise(emptied + kPage, kPage, MADV_KEEPONFORK) == 0 &&
          madvise(left_out, kPage, MADV_DOFORK) == 0);
    CHECK(fork() != 0 || (emptied[kPage] == 7 && left_out[0] == 0 ? (_exit(0), true) : (_exit(1), false)));
    CHECK(wait(&status) > 0 && status == 0);
    void* shared = mmap(nullptr, kPage, PROT_READ, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    CHECK_ERRNO(madvise(shared, kPage, MADV_WIPEONFORK), EINVAL);
}
