// Who is woken among several that wait for a futex (man 2 futex). A trace's schedule decides who has come to
// wait, so this is told here, where a case can look first.
#define _GNU_SOURCE
#include <limits.h>
#include <linux/futex.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tests/kernel/case.h"

enum { MOST = 4 };

static uint32_t words[3];

static long futex(void* word, int operation, long value, const void* timeout, void* second, uint32_t third) {
    return syscall(SYS_futex, word, operation, value, timeout, second, third);
}

// How many wait for the word: a requeue to itself moves them all and wakes none.
static long waiting(uint32_t* word) {
    return futex(word, FUTEX_REQUEUE_PRIVATE, 0, (void*)(long)INT_MAX, word, 0);
}

struct sleeper {
    pthread_t thread;
    uint32_t* word;
    uint32_t bits;
    long result;
};

static struct sleeper sleepers[MOST];

static void* sleep_on(void* argument) {
    struct sleeper* one = argument;
    one->result = futex(one->word, FUTEX_WAIT_BITSET_PRIVATE, 0, NULL, NULL, one->bits);
    return NULL;
}

// Threads that wait for a word, each with a bit of its own.
static void start_sleepers(uint32_t* word, int count) {
    for (int i = 0; i < count; i++) {
        sleepers[i] = (struct sleeper){.word = word, .bits = 1U << i, .result = -1};
        CHECK_EQUAL(pthread_create(&sleepers[i].thread, NULL, sleep_on, &sleepers[i]), 0);
        while (waiting(word) != i + 1) {
            usleep(1000);
        }
    }
}

static void join_sleepers(int count) {
    for (int i = 0; i < count; i++) {
        pthread_join(sleepers[i].thread, NULL);
        CHECK_EQUAL(sleepers[i].result, 0);
    }
}

CASE(futex_wake_wakes_as_many_as_it_says) {
    start_sleepers(words, MOST);
    CHECK_EQUAL(futex(words + 1, FUTEX_WAKE_PRIVATE, 9, NULL, NULL, 0), 0);
    // Who waits with FUTEX_PRIVATE_FLAG is found only with it.
    CHECK_EQUAL(futex(words, FUTEX_WAKE, 9, NULL, NULL, 0), 0);
    CHECK_EQUAL(futex(words, FUTEX_WAKE_PRIVATE, 0, NULL, NULL, 0), 1);
    CHECK_EQUAL(waiting(words), 3);
    CHECK_EQUAL(futex(words, FUTEX_WAKE_PRIVATE, 2, NULL, NULL, 0), 2);
    CHECK_EQUAL(futex(words, FUTEX_WAKE_PRIVATE, 9, NULL, NULL, 0), 1);
    CHECK_EQUAL(futex(words, FUTEX_WAKE_PRIVATE, 9, NULL, NULL, 0), 0);
    join_sleepers(MOST);
}

CASE(futex_wake_bitset_wakes_whose_bits_meet) {
    start_sleepers(words, MOST);
    CHECK_EQUAL(futex(words, FUTEX_WAKE_BITSET_PRIVATE, 9, NULL, NULL, 16), 0);
    CHECK_EQUAL(futex(words, FUTEX_WAKE_BITSET_PRIVATE, 9, NULL, NULL, 6), 2);
    pthread_join(sleepers[1].thread, NULL);
    pthread_join(sleepers[2].thread, NULL);
    CHECK_EQUAL(futex(words, FUTEX_WAKE_BITSET_PRIVATE, 1, NULL, NULL, 15), 1);
    pthread_join(sleepers[0].thread, NULL);
    CHECK_EQUAL(futex(words, FUTEX_WAKE_PRIVATE, 9, NULL, NULL, 0), 1);
    pthread_join(sleepers[3].thread, NULL);
}

CASE(futex_requeue_wakes_some_and_moves_others) {
    start_sleepers(words, MOST);
    CHECK_ERRNO(futex(words, FUTEX_CMP_REQUEUE_PRIVATE, 1, (void*)2, words + 1, 1), EAGAIN);
    CHECK_EQUAL(futex(words, FUTEX_CMP_REQUEUE_PRIVATE, 1, (void*)2, words + 1, 0), 3);
    CHECK_EQUAL(waiting(words), 1);
    CHECK_EQUAL(waiting(words + 1), 2);
    CHECK_EQUAL(futex(words, FUTEX_WAKE_PRIVATE, 9, NULL, NULL, 0), 1);
    CHECK_EQUAL(futex(words + 1, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0), 1);
    CHECK_EQUAL(futex(words + 1, FUTEX_REQUEUE_PRIVATE, 0, (void*)9, words + 2, 0), 1);
    CHECK_EQUAL(futex(words + 1, FUTEX_WAKE_PRIVATE, 9, NULL, NULL, 0), 0);
    CHECK_EQUAL(futex(words + 2, FUTEX_WAKE_PRIVATE, 9, NULL, NULL, 0), 1);
    join_sleepers(MOST);
}

CASE(futex_wake_op_wakes_the_second_if_it_held) {
    start_sleepers(words + 1, 2);
    const int zero_if_less = FUTEX_OP(FUTEX_OP_SET, 0, FUTEX_OP_CMP_LT, 3);
    words[1] = 3;
    CHECK_EQUAL(futex(words, FUTEX_WAKE_OP_PRIVATE, 1, (void*)9, words + 1, (uint32_t)zero_if_less), 0);
    words[1] = 2;
    CHECK_EQUAL(futex(words, FUTEX_WAKE_OP_PRIVATE, 1, (void*)1, words + 1, (uint32_t)zero_if_less), 1);
    CHECK_EQUAL(words[1], 0);
    // The first word's are woken in any case.
    CHECK_EQUAL(futex(words + 1, FUTEX_WAKE_OP_PRIVATE, 9, (void*)9, words, (uint32_t)zero_if_less), 1);
    join_sleepers(2);
}

struct entry {
    uint64_t value;
    uint64_t word;
    uint32_t flags;
    uint32_t reserved;
};

static void* wait_for_all(void* argument) {
    struct entry entries[3];
    for (int i = 0; i < 3; i++) {
        entries[i] = (struct entry){0, (uintptr_t)&words[i], 2 | FUTEX_PRIVATE_FLAG, 0};
    }
    *(long*)argument = syscall(SYS_futex_waitv, entries, 3, 0, NULL, CLOCK_MONOTONIC);
    return NULL;
}

CASE(futex_waitv_says_which_was_woken) {
    pthread_t thread;
    long result = -1;
    pthread_create(&thread, NULL, wait_for_all, &result);
    while (waiting(words + 2) != 1) {
        usleep(1000);
    }
    CHECK_EQUAL(waiting(words), 1);
    CHECK_EQUAL(futex(words + 2, FUTEX_WAKE_PRIVATE, 9, NULL, NULL, 0), 1);
    pthread_join(thread, NULL);
    CHECK_EQUAL(result, 2);
    CHECK_EQUAL(waiting(words), 0);
}

CASE(futex_of_shared_memory_is_one_for_two_processes) {
    uint32_t* word = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    const pid_t child = fork();
    if (child == 0) {
        _exit(futex(word, FUTEX_WAIT, 0, NULL, NULL, 0) == 0 ? 3 : 4);
    }
    while (futex(word, FUTEX_REQUEUE, 0, (void*)(long)INT_MAX, word, 0) != 1) {
        usleep(1000);
    }
    CHECK_EQUAL(futex(word, FUTEX_WAKE_PRIVATE, 9, NULL, NULL, 0), 0);
    CHECK_EQUAL(futex(word, FUTEX_WAKE, 9, NULL, NULL, 0), 1);
    int status = 0;
    CHECK_EQUAL(waitpid(child, &status, 0), child);
    CHECK_EQUAL(WEXITSTATUS(status), 3);
}

static volatile int stage;

static void* hold_until_told(void* argument) {
    CHECK_EQUAL(futex(argument, FUTEX_LOCK_PI_PRIVATE, 0, NULL, NULL, 0), 0);
    stage = 1;
    while (stage != 2 || (*(volatile uint32_t*)argument & FUTEX_WAITERS) == 0) {
        usleep(1000);
    }
    CHECK_EQUAL(futex(argument, FUTEX_UNLOCK_PI_PRIVATE, 0, NULL, NULL, 0), 0);
    return NULL;
}

CASE(futex_lock_is_handed_to_who_waits) {
    pthread_t holder;
    pthread_create(&holder, NULL, hold_until_told, words);
    while (stage != 1) {
        usleep(1000);
    }
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec -= 1;
    CHECK_ERRNO(futex(words, FUTEX_LOCK_PI_PRIVATE, 0, &until, NULL, 0), ETIMEDOUT);
    CHECK_ERRNO(futex(words, FUTEX_TRYLOCK_PI_PRIVATE, 0, NULL, NULL, 0), EAGAIN);
    CHECK_ERRNO(futex(words, FUTEX_UNLOCK_PI_PRIVATE, 0, NULL, NULL, 0), EPERM);
    stage = 2;
    CHECK_EQUAL(futex(words, FUTEX_LOCK_PI_PRIVATE, 0, NULL, NULL, 0), 0);
    CHECK_EQUAL(words[0] & FUTEX_TID_MASK, syscall(SYS_gettid));
    pthread_join(holder, NULL);
    CHECK_EQUAL(futex(words, FUTEX_UNLOCK_PI_PRIVATE, 0, NULL, NULL, 0), 0);
    CHECK_EQUAL(words[0], 0);
}

static void nothing(int signal) {
    (void)signal;
}

CASE(futex_wait_is_ended_by_a_signal_that_does_not_restart) {
    // The signal comes again and again, so that it finds the call whenever that begins.
    const struct itimerval often = {.it_interval.tv_usec = 20000, .it_value.tv_usec = 20000};
    const struct sigaction action = {.sa_handler = nothing};
    const struct timespec long_time = {5, 0}, short_time = {0, 70000000};
    sigaction(SIGALRM, &action, NULL);
    setitimer(ITIMER_REAL, &often, NULL);
    CHECK_ERRNO(futex(words, FUTEX_WAIT_PRIVATE, 0, NULL, NULL, 0), EINTR);
    CHECK_ERRNO(futex(words, FUTEX_WAIT_PRIVATE, 0, &long_time, NULL, 0), EINTR);
    const struct sigaction restarting = {.sa_handler = nothing, .sa_flags = SA_RESTART};
    sigaction(SIGALRM, &restarting, NULL);
    CHECK_ERRNO(futex(words, FUTEX_WAIT_PRIVATE, 0, &short_time, NULL, 0), EINTR);
}
