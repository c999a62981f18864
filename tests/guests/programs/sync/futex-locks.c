// Futexes with priority inheritance, requeueing to them, owners that end, and vectors of futexes.
#include <linux/futex.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>

#include "../behaviours.h"
#include "../report.h"

static uint32_t lock;
static uint32_t other;
static uint32_t word;
static uint32_t spare;
static int thread_id;

static long futex(uint32_t* at, int operation, uint32_t value, const void* timeout, uint32_t* second,
                  uint32_t third) {
    return syscall(SYS_futex, at, operation, value, timeout, second, third);
}

static long plain(uint32_t* at, int operation) {
    return futex(at, operation, 0, NULL, NULL, 0);
}

static void show(const char* what, uint32_t value) {
    const int owner = (int)(value & FUTEX_TID_MASK);
    printf("%s: waiters %d, died %d, owner %s\n", what, (value & FUTEX_WAITERS) != 0,
           (value & FUTEX_OWNER_DIED) != 0,
           owner == 0           ? "none"
           : owner == gettid()  ? "this"
           : owner == thread_id ? "thread"
                                : "another");
}

// The main thread and another one pass each other bytes, and give each other the time to go to sleep.
static int to_main[2];
static int to_thread[2];

static void tell(const int* ends) {
    (void)!write(ends[1], "!", 1);
}

static void wait_for(const int* ends) {
    char byte;
    (void)!read(ends[0], &byte, 1);
    usleep(400000);
}

static void alone(void) {
    TRY(plain((uint32_t*)1, FUTEX_LOCK_PI));
    TRY(plain(kBadAddress, FUTEX_LOCK_PI));
    TRY(plain(&lock, FUTEX_UNLOCK_PI));
    TRY(plain(&lock, FUTEX_LOCK_PI));
    show("locked", lock);
    TRY(plain(&lock, FUTEX_LOCK_PI));
    TRY(plain(&lock, FUTEX_TRYLOCK_PI));
    TRY(plain(&lock, FUTEX_UNLOCK_PI));
    printf("  word %x\n", lock);
    lock = 30000;
    TRY(plain(&lock, FUTEX_LOCK_PI));
    printf("  word %x\n", lock);
    lock = FUTEX_OWNER_DIED;
    TRY(plain(&lock, FUTEX_TRYLOCK_PI));
    show("of a dead owner", lock);
    TRY(plain(&lock, FUTEX_UNLOCK_PI));
    printf("  word %x\n", lock);
    TRY(plain(&lock, FUTEX_LOCK_PI | FUTEX_CLOCK_REALTIME));
    TRY(plain(&lock, FUTEX_FD));
    TRY(plain(&lock, 14));
}

// Of two threads that could say something at the same time one notes it, to say it once it has been joined.
static long noted[4];
static int notes;

static void note(long result) {
    noted[notes++] = result;
}

static void say_notes(void) {
    for (int i = 0; i < notes; i++) {
        printf("in the thread: %ld\n", noted[i]);
    }
    notes = 0;
}

static void* take_lock(void* taken) {
    thread_id = gettid();
    tell(to_main);
    note(plain(&lock, FUTEX_LOCK_PI));
    *(uint32_t*)taken = lock;
    tell(to_main);
    wait_for(to_thread);
    note(plain(&lock, FUTEX_UNLOCK_PI));
    return NULL;
}

static void contended(void) {
    const struct timespec past = {.tv_nsec = 1};
    const struct timespec wrong = {.tv_nsec = -1};
    pthread_t thread;
    TRY(plain(&lock, FUTEX_LOCK_PI));
    uint32_t taken = 0;
    pthread_create(&thread, NULL, take_lock, &taken);
    wait_for(to_main);
    show("contended", lock);
    TRY(futex(&lock, FUTEX_WAKE, 1, NULL, NULL, 0));
    TRY(futex(&lock, FUTEX_REQUEUE, 1, (void*)1, &word, 0));
    TRY(plain(&lock, FUTEX_UNLOCK_PI));
    wait_for(to_main);
    show("handed over", lock);
    TRY(plain(&lock, FUTEX_UNLOCK_PI));
    TRY(plain(&lock, FUTEX_TRYLOCK_PI));
    TRY(futex(&lock, FUTEX_LOCK_PI, 0, &past, NULL, 0));
    TRY(futex(&lock, FUTEX_LOCK_PI2, 0, &past, NULL, 0));
    TRY(futex(&lock, FUTEX_LOCK_PI, 0, &wrong, NULL, 0));
    TRY(futex(&lock, FUTEX_LOCK_PI, 0, kBadAddress, NULL, 0));
    tell(to_thread);
    pthread_join(thread, NULL);
    say_notes();
    show("in the thread", taken);
    show("free", lock);
}

static void* lock_and_end(void* unused) {
    thread_id = gettid();
    TRY(plain(&other, FUTEX_LOCK_PI));
    tell(to_main);
    usleep(2000000);
    return unused;
}

static void* lock_both(void* unused) {
    thread_id = gettid();
    TRY(plain(&other, FUTEX_LOCK_PI));
    tell(to_main);
    note(plain(&lock, FUTEX_LOCK_PI));
    note(plain(&lock, FUTEX_UNLOCK_PI));
    note(plain(&other, FUTEX_UNLOCK_PI));
    return unused;
}

static void owners(void) {
    pthread_t thread;
    pthread_create(&thread, NULL, lock_and_end, NULL);
    wait_for(to_main);
    TRY(plain(&other, FUTEX_LOCK_PI));
    show("its owner has ended", other);
    TRY(plain(&other, FUTEX_UNLOCK_PI));
    pthread_join(thread, NULL);
    printf("  word %x\n", other);
    TRY(plain(&lock, FUTEX_LOCK_PI));
    pthread_create(&thread, NULL, lock_both, NULL);
    wait_for(to_main);
    TRY(plain(&other, FUTEX_LOCK_PI));
    TRY(plain(&lock, FUTEX_UNLOCK_PI));
    pthread_join(thread, NULL);
    say_notes();
    other = 0;
}

static void* wait_requeued(void* requeued) {
    thread_id = gettid();
    tell(to_main);
    note(futex(&word, FUTEX_WAIT_REQUEUE_PI, 0, NULL, &lock, 0));
    *(uint32_t*)requeued = lock;
    note(plain(&lock, FUTEX_UNLOCK_PI));
    return NULL;
}

static void requeueing(void) {
    const struct timespec past = {.tv_nsec = 1};
    uint32_t requeued = 0;
    pthread_t thread;
    TRY(futex(&word, FUTEX_WAIT_REQUEUE_PI, 1, NULL, &lock, 0));
    TRY(futex(&word, FUTEX_WAIT_REQUEUE_PI, 0, NULL, &word, 0));
    TRY(futex(&word, FUTEX_WAIT_REQUEUE_PI, 0, &past, &lock, 0));
    TRY(futex(&word, FUTEX_CMP_REQUEUE_PI, 1, (void*)1, &word, 0));
    TRY(futex(&word, FUTEX_CMP_REQUEUE_PI, 2, (void*)1, &lock, 0));
    TRY(futex(&word, FUTEX_CMP_REQUEUE_PI, 1, (void*)1, &lock, 5));
    TRY(futex(&word, FUTEX_CMP_REQUEUE_PI, 1, (void*)1, &lock, 0));
    TRY(futex(&word, FUTEX_CMP_REQUEUE_PI, 1, (void*)-1, &lock, 0));
    lock = 0;
    pthread_create(&thread, NULL, wait_requeued, &requeued);
    wait_for(to_main);
    TRY(futex(&word, FUTEX_WAKE, 1, NULL, NULL, 0));
    TRY(futex(&word, FUTEX_REQUEUE, 1, (void*)1, &spare, 0));
    TRY(futex(&word, FUTEX_CMP_REQUEUE_PI, 1, (void*)1, &spare, 0));
    TRY(futex(&word, FUTEX_CMP_REQUEUE_PI, 1, (void*)1, &lock, 0));
    pthread_join(thread, NULL);
    say_notes();
    show("requeued", requeued);
    lock = 0;
    TRY(plain(&lock, FUTEX_LOCK_PI));
    pthread_create(&thread, NULL, wait_requeued, &requeued);
    wait_for(to_main);
    TRY(futex(&word, FUTEX_CMP_REQUEUE_PI, 1, (void*)5, &lock, 0));
    show("one waits", lock);
    TRY(plain(&lock, FUTEX_UNLOCK_PI));
    pthread_join(thread, NULL);
    say_notes();
    show("requeued", requeued);
    show("free", lock);
}

static void* wake_spare(void* unused) {
    usleep(400000);
    note(futex(&spare, FUTEX_WAKE | FUTEX_PRIVATE_FLAG, 1, NULL, NULL, 0));
    return unused;
}

static long wait_vector(const void* waiters, unsigned count, unsigned flags, const void* timeout,
                        clockid_t clock) {
    return syscall(SYS_futex_waitv, waiters, count, flags, timeout, clock);
}

static void vectors(void) {
    const struct timespec past = {.tv_nsec = 1};
    const struct timespec wrong = {.tv_nsec = -1};
    word = spare = other = 0;
    struct futex_waitv waiters[3] = {
        {.uaddr = (uintptr_t)&word, .flags = FUTEX_32 | FUTEX_PRIVATE_FLAG},
        {.uaddr = (uintptr_t)&spare, .flags = FUTEX_32 | FUTEX_PRIVATE_FLAG},
        {.uaddr = (uintptr_t)&other, .flags = FUTEX_32 | FUTEX_PRIVATE_FLAG},
    };
    TRY(wait_vector(waiters, 0, 0, NULL, CLOCK_MONOTONIC));
    TRY(wait_vector(waiters, 129, 0, NULL, CLOCK_MONOTONIC));
    TRY(wait_vector(waiters, 3, 1, NULL, CLOCK_MONOTONIC));
    TRY(wait_vector(NULL, 3, 0, NULL, CLOCK_MONOTONIC));
    TRY(wait_vector(kBadAddress, 3, 0, NULL, CLOCK_MONOTONIC));
    TRY(wait_vector(waiters, 3, 0, &past, CLOCK_MONOTONIC));
    TRY(wait_vector(waiters, 3, 0, &past, CLOCK_BOOTTIME));
    TRY(wait_vector(waiters, 3, 0, &wrong, CLOCK_REALTIME));
    TRY(wait_vector(waiters, 3, 0, kBadAddress, CLOCK_REALTIME));
    waiters[1].val = 5;
    TRY(wait_vector(waiters, 3, 0, NULL, CLOCK_MONOTONIC));
    waiters[1].val = 0;
    waiters[2].flags = FUTEX_PRIVATE_FLAG;
    TRY(wait_vector(waiters, 3, 0, NULL, CLOCK_MONOTONIC));
    waiters[2].flags = FUTEX_32 | 1;
    TRY(wait_vector(waiters, 3, 0, NULL, CLOCK_MONOTONIC));
    waiters[2].flags = FUTEX_32;
    waiters[2].__reserved = 1;
    TRY(wait_vector(waiters, 3, 0, NULL, CLOCK_MONOTONIC));
    waiters[2].__reserved = 0;
    waiters[2].uaddr = 8;
    TRY(wait_vector(waiters, 3, 0, NULL, CLOCK_MONOTONIC));
    waiters[2].uaddr = 1;
    TRY(wait_vector(waiters, 3, 0, NULL, CLOCK_MONOTONIC));
    waiters[2].uaddr = (uintptr_t)&other;
    pthread_t thread;
    pthread_create(&thread, NULL, wake_spare, NULL);
    TRY(wait_vector(waiters, 3, 0, NULL, CLOCK_MONOTONIC));
    pthread_join(thread, NULL);
    say_notes();
}

static void* lock_mutex(void* mutex) {
    TRY(pthread_mutex_lock(mutex));
    return NULL;
}

static void mutexes(void) {
    pthread_mutexattr_t attributes;
    pthread_mutexattr_init(&attributes);
    pthread_mutexattr_setprotocol(&attributes, PTHREAD_PRIO_INHERIT);
    pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST);
    pthread_mutexattr_settype(&attributes, PTHREAD_MUTEX_ERRORCHECK);
    pthread_mutex_t mutex;
    TRY(pthread_mutex_init(&mutex, &attributes));
    TRY(pthread_mutex_lock(&mutex));
    TRY(pthread_mutex_lock(&mutex));
    TRY(pthread_mutex_unlock(&mutex));
    pthread_t thread;
    pthread_create(&thread, NULL, lock_mutex, &mutex);
    pthread_join(thread, NULL);
    TRY(pthread_mutex_lock(&mutex));
    TRY(pthread_mutex_consistent(&mutex));
    TRY(pthread_mutex_unlock(&mutex));
}

int main(int count, char** arguments) {
    (void)!pipe(to_main);
    (void)!pipe(to_thread);
    static const struct Behaviour kBehaviours[] = {{"alone", alone},     {"contended", contended},
                                                   {"owners", owners},   {"requeue", requeueing},
                                                   {"vectors", vectors}, {"mutexes", mutexes}};
    setvbuf(stdout, NULL, _IOLBF, 0);
    return run_behaviour(kBehaviours, sizeof(kBehaviours) / sizeof(kBehaviours[0]),
                         count > 1 ? arguments[1] : NULL);
}
