// futex by raw calls: what each operation refuses, operations on the second word, timeouts of both kinds,
// words that are shared, several at once, locks with an owner, and what a thread that dies leaves. Who is
// woken among several depends on who has come to wait, so nobody else waits here.
#include <errno.h>
#include <linux/futex.h>
#include <pthread.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>

#include "../behaviours.h"
#include "../report.h"

static uint32_t words[4];

static long futex(void* word, int operation, uint32_t value, const void* timeout, void* second,
                  uint32_t third) {
    return syscall(SYS_futex, word, operation, value, timeout, second, third);
}

static void arguments(void) {
    const struct timespec bad = {0, 1000000000}, negative = {-1, 0}, none = {0, 0};
    words[0] = 5;
    TRY(futex(words, FUTEX_WAIT, 4, NULL, NULL, 0));
    TRY(futex(words, FUTEX_WAIT, 5, &none, NULL, 0));
    TRY(futex(words, FUTEX_WAIT, 5, &bad, NULL, 0));
    TRY(futex(words, FUTEX_WAIT, 5, &negative, NULL, 0));
    TRY(futex(words, FUTEX_WAIT, 5, kBadAddress, NULL, 0));
    TRY(futex(words, FUTEX_WAIT, 4, &bad, NULL, 0));
    TRY(futex((char*)words + 1, FUTEX_WAIT, 5, NULL, NULL, 0));
    TRY(futex((char*)words + 2, FUTEX_WAKE, 5, NULL, NULL, 0));
    TRY(futex(kBadAddress, FUTEX_WAIT, 0, NULL, NULL, 0));
    TRY(futex(kBadAddress, FUTEX_WAKE, 1, NULL, NULL, 0));
    TRY(futex(kBadAddress, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0));
    TRY(futex(NULL, FUTEX_WAIT_PRIVATE, 0, NULL, NULL, 0));
    TRY(futex((void*)-4096, FUTEX_WAIT_PRIVATE, 0, NULL, NULL, 0));
    TRY(futex(words, FUTEX_WAIT_BITSET, 5, &none, NULL, 0));
    TRY(futex(words, FUTEX_WAKE_BITSET, 1, NULL, NULL, 0));
    TRY(futex(words, FUTEX_WAKE, 0, NULL, NULL, 0));
    TRY(futex(words, FUTEX_WAKE, -1, NULL, NULL, 0));
    TRY(futex(words, FUTEX_WAKE | FUTEX_CLOCK_REALTIME, 1, NULL, NULL, 0));
    TRY(futex(words, FUTEX_WAIT | FUTEX_CLOCK_REALTIME, 5, &none, NULL, 0));
    TRY(futex(words, FUTEX_FD, 1, NULL, NULL, 0));
    TRY(futex(words, 14, 1, NULL, NULL, 0));
    TRY(futex(words, 127, 1, NULL, NULL, 0));
    TRY(futex(words, FUTEX_REQUEUE, -1, NULL, words + 1, 0));
    TRY(futex(words, FUTEX_REQUEUE, 1, (void*)-1L, words + 1, 0));
    TRY(futex(words, FUTEX_REQUEUE, 1, (void*)1, kBadAddress, 0));
    TRY(futex(words, FUTEX_REQUEUE, 1, (void*)1, (char*)words + 1, 0));
    TRY(futex(words, FUTEX_CMP_REQUEUE, 1, (void*)1, words + 1, 4));
    TRY(futex(words, FUTEX_CMP_REQUEUE, 1, (void*)1, words + 1, 5));
    TRY(futex(words, FUTEX_CMP_REQUEUE, 1, (void*)1, words, 5));
    TRY(futex(words, FUTEX_WAKE_OP, 1, (void*)1, kBadAddress, 0));
    TRY(futex(words, FUTEX_WAKE_OP, 1, (void*)1, (char*)words + 3, 0));
    const uint32_t* constant = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    TRY(futex((void*)constant, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0));
    TRY(futex((void*)constant, FUTEX_WAIT_PRIVATE, 1, NULL, NULL, 0));
    TRY(futex((void*)constant, FUTEX_WAIT, 1, NULL, NULL, 0));
    TRY(futex((void*)constant, FUTEX_LOCK_PI_PRIVATE, 0, NULL, NULL, 0));
    TRY(futex(words, FUTEX_WAKE_OP, 1, (void*)1, (void*)constant,
              FUTEX_OP(FUTEX_OP_ADD, 1, FUTEX_OP_CMP_EQ, 0)));
}

static void on_second(const char* label, uint32_t start, int operation) {
    words[1] = start;
    errno = 0;
    const long result = futex(words, FUTEX_WAKE_OP_PRIVATE, 0, (void*)9, words + 1, (uint32_t)operation);
    printf("%s: %ld %s, %x\n", label, result, result < 0 ? strerrorname_np(errno) : "", words[1]);
}

static void operations(void) {
    on_second("set", 7, FUTEX_OP(FUTEX_OP_SET, 5, FUTEX_OP_CMP_EQ, 7));
    on_second("add", 7, FUTEX_OP(FUTEX_OP_ADD, 5, FUTEX_OP_CMP_NE, 7));
    on_second("or", 6, FUTEX_OP(FUTEX_OP_OR, 9, FUTEX_OP_CMP_LT, 7));
    on_second("and not", 7, FUTEX_OP(FUTEX_OP_ANDN, 5, FUTEX_OP_CMP_LE, 7));
    on_second("xor", 7, FUTEX_OP(FUTEX_OP_XOR, 5, FUTEX_OP_CMP_GT, 7));
    on_second("shifted", 7, FUTEX_OP((FUTEX_OP_OR | FUTEX_OP_OPARG_SHIFT), 4, FUTEX_OP_CMP_GE, 7));
    on_second("negative", 7, FUTEX_OP(FUTEX_OP_ADD, 0xfff, FUTEX_OP_CMP_GE, 0xfff));
    on_second("no operation", 7, FUTEX_OP(5, 1, FUTEX_OP_CMP_EQ, 7));
    on_second("no comparison", 7, FUTEX_OP(FUTEX_OP_ADD, 1, 6, 7));
}

static struct timespec from_now(clockid_t clock, long nanoseconds) {
    struct timespec time;
    clock_gettime(clock, &time);
    time.tv_nsec += nanoseconds;
    time.tv_sec += time.tv_nsec / 1000000000;
    time.tv_nsec %= 1000000000;
    return time;
}

static void timeouts(void) {
    const struct timespec short_time = {0, 20000000};
    words[0] = 0;
    TRY(futex(words, FUTEX_WAIT_PRIVATE, 0, &short_time, NULL, 0));
    struct timespec until = from_now(CLOCK_MONOTONIC, 20000000);
    TRY(futex(words, FUTEX_WAIT_BITSET_PRIVATE, 0, &until, NULL, ~0U));
    TRY(futex(words, FUTEX_WAIT_BITSET_PRIVATE, 0, &until, NULL, ~0U));
    until = from_now(CLOCK_REALTIME, 20000000);
    TRY(futex(words, FUTEX_WAIT_BITSET_PRIVATE | FUTEX_CLOCK_REALTIME, 0, &until, NULL, ~0U));
    const struct timespec zero = {0, 0};
    TRY(futex(words, FUTEX_WAIT_BITSET_PRIVATE, 0, &zero, NULL, ~0U));
    struct timespec before, after;
    clock_gettime(CLOCK_MONOTONIC, &before);
    futex(words, FUTEX_WAIT_PRIVATE, 0, &short_time, NULL, 0);
    clock_gettime(CLOCK_MONOTONIC, &after);
    printf("slept long enough: %d\n",
           (after.tv_sec - before.tv_sec) * 1000000000 + after.tv_nsec - before.tv_nsec >= 20000000);
}

static void shared(void) {
    uint32_t* word = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    TRY(futex(word, FUTEX_WAIT, 1, NULL, NULL, 0));
    TRY(futex(word, FUTEX_WAKE, 9, NULL, NULL, 0));
    munmap(word, 4096);
    TRY(futex(word, FUTEX_WAKE, 9, NULL, NULL, 0));
    TRY(futex(word, FUTEX_WAIT, 0, NULL, NULL, 0));
}

static long wait_for(void* waiters, unsigned count, unsigned flags, const struct timespec* until,
                     clockid_t clock) {
    return syscall(449, waiters, count, flags, until, clock);
}

struct Entry {
    uint64_t value, word;
    uint32_t flags, reserved;
};

static void vectors(void) {
    static struct Entry entries[130];
    words[0] = words[1] = words[2] = 0;
    for (int i = 0; i < 3; i++) {
        entries[i] = (struct Entry){0, (uintptr_t)&words[i], 2 | FUTEX_PRIVATE_FLAG, 0};
    }
    struct timespec until = from_now(CLOCK_MONOTONIC, 20000000);
    TRY(wait_for(entries, 3, 0, &until, CLOCK_MONOTONIC));
    until = from_now(CLOCK_REALTIME, 20000000);
    TRY(wait_for(entries, 3, 0, &until, CLOCK_REALTIME));
    TRY(wait_for(entries, 3, 0, &until, CLOCK_BOOTTIME));
    TRY(wait_for(entries, 3, 1, NULL, CLOCK_MONOTONIC));
    TRY(wait_for(entries, 0, 0, NULL, CLOCK_MONOTONIC));
    TRY(wait_for(entries, 129, 0, NULL, CLOCK_MONOTONIC));
    TRY(wait_for(kBadAddress, 1, 0, NULL, CLOCK_MONOTONIC));
    until.tv_nsec = 1000000000;
    TRY(wait_for(entries, 3, 0, &until, CLOCK_MONOTONIC));
    entries[1].flags = 1;
    TRY(wait_for(entries, 3, 0, NULL, CLOCK_MONOTONIC));
    entries[1].flags = 2 | FUTEX_PRIVATE_FLAG;
    entries[1].reserved = 1;
    TRY(wait_for(entries, 3, 0, NULL, CLOCK_MONOTONIC));
    entries[1].reserved = 0;
    entries[1].value = 1;
    TRY(wait_for(entries, 3, 0, NULL, CLOCK_MONOTONIC));
    entries[1].value = 0;
    entries[1].word++;
    TRY(wait_for(entries, 3, 0, NULL, CLOCK_MONOTONIC));
    entries[1].word = 8;
    TRY(wait_for(entries, 3, 0, NULL, CLOCK_MONOTONIC));
    entries[1].word = (uintptr_t)&words[1];
}

static void* lock_and_end(void* argument) {
    futex(argument, FUTEX_LOCK_PI_PRIVATE, 0, NULL, NULL, 0);
    return NULL;
}

static void locks(void) {
    pthread_t other;
    words[0] = 0;
    TRY(futex(words, FUTEX_UNLOCK_PI_PRIVATE, 0, NULL, NULL, 0));
    TRY(futex(words, FUTEX_LOCK_PI_PRIVATE, 0, NULL, NULL, 0));
    TRY(words[0] == (uint32_t)gettid());
    TRY(futex(words, FUTEX_LOCK_PI_PRIVATE, 0, NULL, NULL, 0));
    TRY(futex(words, FUTEX_TRYLOCK_PI_PRIVATE, 0, NULL, NULL, 0));
    TRY(futex(words, FUTEX_UNLOCK_PI_PRIVATE, 0, NULL, NULL, 0));
    TRY(words[0]);
    TRY(futex(words, FUTEX_UNLOCK_PI_PRIVATE, 0, NULL, NULL, 0));
    TRY(futex(words, FUTEX_TRYLOCK_PI_PRIVATE, 0, NULL, NULL, 0));
    TRY(futex(words, FUTEX_UNLOCK_PI_PRIVATE, 0, NULL, NULL, 0));
    words[0] = 999999;
    TRY(futex(words, FUTEX_LOCK_PI_PRIVATE, 0, NULL, NULL, 0));
    TRY(futex(words, FUTEX_TRYLOCK_PI_PRIVATE, 0, NULL, NULL, 0));
    words[0] = 0;
    TRY(futex((char*)words + 1, FUTEX_LOCK_PI_PRIVATE, 0, NULL, NULL, 0));
    TRY(futex(kBadAddress, FUTEX_LOCK_PI_PRIVATE, 0, NULL, NULL, 0));
    TRY(futex(kBadAddress, FUTEX_UNLOCK_PI_PRIVATE, 0, NULL, NULL, 0));
    pthread_create(&other, NULL, lock_and_end, words);
    pthread_join(other, NULL);
    TRY(futex(words, FUTEX_LOCK_PI_PRIVATE, 0, NULL, NULL, 0));
    words[0] = 0;
}

struct Robust {
    struct robust_list node;
    uint32_t word;
};

static struct Robust held[2];
static struct robust_list_head head;

static void* die_holding(void* argument) {
    (void)argument;
    head = (struct robust_list_head){.list = {&held[0].node}, .futex_offset = offsetof(struct Robust, word)};
    held[0].node.next = &held[1].node;
    held[1].node.next = &head.list;
    held[0].word = (uint32_t)gettid();
    held[1].word = (uint32_t)gettid() | FUTEX_WAITERS;
    syscall(SYS_set_robust_list, &head, sizeof(head));
    usleep(20000);
    return NULL;
}

static void robust(void) {
    struct robust_list_head* shown = NULL;
    size_t size = 0;
    TRY(syscall(SYS_set_robust_list, &head, sizeof(head) - 1));
    TRY(syscall(SYS_get_robust_list, 0, &shown, &size));
    TRY(size);
    TRY(syscall(SYS_get_robust_list, 999999, &shown, &size));
    TRY(syscall(SYS_get_robust_list, 0, kBadAddress, &size));
    TRY(syscall(SYS_get_robust_list, 0, &shown, kBadAddress));
    pthread_t other;
    pthread_create(&other, NULL, die_holding, NULL);
    pthread_join(other, NULL);
    printf("%x %x\n", held[0].word, held[1].word);
}

static const struct Behaviour kBehaviours[] = {
    {"arguments", arguments}, {"operations", operations}, {"timeouts", timeouts}, {"shared", shared},
    {"vectors", vectors},     {"locks", locks},           {"robust", robust},
};

int main(int count, char** names) {
    return RUN_BEHAVIOURS(kBehaviours, count, names);
}
