// Memory, as a program sees it.
#include <setjmp.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "tests/kernel/case.h"

namespace {

constexpr std::size_t kPage = 4096;
constexpr int kPrivate = MAP_PRIVATE | MAP_ANONYMOUS;

sigjmp_buf after_fault;
siginfo_t fault;

void note_fault(int, siginfo_t* info, void*) {
    fault = *info;
    siglongjmp(after_fault, 1);
}

void catch_faults() {
    struct sigaction action{};
    action.sa_sigaction = note_fault;
    action.sa_flags = SA_SIGINFO;
    sigaction(SIGSEGV, &action, nullptr);
    sigaction(SIGBUS, &action, nullptr);
}

char* map(std::size_t pages, int protection = PROT_READ | PROT_WRITE) {
    void* memory = mmap(nullptr, pages * kPage, protection, kPrivate, -1, 0);
    CHECK(memory != MAP_FAILED);
    return static_cast<char*>(memory);
}

}  // namespace

CASE(mmap_of_no_bytes_is_einval) {
    CHECK_ERRNO(mmap(nullptr, 0, PROT_READ, kPrivate, -1, 0), EINVAL);
}

CASE(mmap_goes_below_the_previous_mapping) {
    char* first = map(4);
    CHECK(map(4) == first - 4 * kPage);
}

CASE(mmap_fixed_noreplace_over_a_mapping_is_eexist) {
    char* memory = map(1);
    CHECK_ERRNO(mmap(memory, kPage, PROT_READ, kPrivate | MAP_FIXED_NOREPLACE, -1, 0), EEXIST);
}

CASE(munmap_splits_a_mapping) {
    char* memory = map(3);
    memory[0] = memory[2 * kPage] = 1;
    CHECK(munmap(memory + kPage, kPage) == 0);
    catch_faults();
    if (sigsetjmp(after_fault, 1) == 0) {
        *static_cast<volatile char*>(memory + kPage) = 1;
        CHECK(false);
    }
    CHECK(fault.si_code == SEGV_MAPERR && fault.si_addr == memory + kPage);
    CHECK(memory[0] == 1 && memory[2 * kPage] == 1);
}

CASE(write_to_a_readable_page_is_segv_accerr) {
    char* memory = map(1, PROT_READ);
    catch_faults();
    if (sigsetjmp(after_fault, 1) == 0) {
        *static_cast<volatile char*>(memory) = 1;
        CHECK(false);
    }
    CHECK(fault.si_signo == SIGSEGV && fault.si_code == SEGV_ACCERR && fault.si_addr == memory);
}

CASE(dontneed_zeroes_private_memory) {
    char* memory = map(1);
    memory[0] = 7;
    CHECK(madvise(memory, kPage, MADV_DONTNEED) == 0);
    CHECK(memory[0] == 0);
}

CASE(mremap_moves_contents) {
    char* memory = map(2);
    map(1);  // below: it cannot grow in place upwards either
    std::strcpy(memory + kPage, "here");
    void* moved = mremap(memory, 2 * kPage, 8 * kPage, MREMAP_MAYMOVE);
    CHECK(moved != MAP_FAILED && std::strcmp(static_cast<char*>(moved) + kPage, "here") == 0);
}

CASE(fork_copies_on_write) {
    char* memory = map(1);
    memory[0] = 1;
    if (fork() == 0) {
        memory[0] = 2;
        _exit(memory[0]);
    }
    int status = 0;
    wait(&status);
    CHECK(WEXITSTATUS(status) == 2 && memory[0] == 1);
}

CASE(shared_memory_is_shared_across_fork) {
    auto* memory =
        static_cast<char*>(mmap(nullptr, kPage, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0));
    CHECK(memory != MAP_FAILED);
    if (fork() == 0) {
        memory[0] = 9;
        _exit(0);
    }
    wait(nullptr);
    CHECK(memory[0] == 9);
}

CASE(brk_memory_is_zero_when_it_comes_back) {
    auto* start = static_cast<char*>(sbrk(0));
    CHECK(sbrk(2 * kPage) == start);
    start[kPage] = 5;
    CHECK(brk(start) == 0 && sbrk(2 * kPage) == start);
    CHECK(start[kPage] == 0);
}

CASE(more_memory_than_there_is_is_enomem) {
    CHECK_ERRNO(mmap(nullptr, std::size_t{1} << 40, PROT_READ | PROT_WRITE, kPrivate, -1, 0), ENOMEM);
}

CASE(bad_address_in_a_call_is_efault) {
    CHECK_ERRNO(pipe(reinterpret_cast<int*>(8)), EFAULT);
}
