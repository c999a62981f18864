// Threads that wait in futex calls at the same time, with the two operations that the example kernel knows:
// each waits for its own turn and wakes the next, so that the output does not depend on the schedule.
#include <linux/futex.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { THREADS = 4, ROUNDS = 3 };

static atomic_uint turns[THREADS + 1];  // how often each has had its turn; main is the last
static atomic_uint waiting;
static unsigned order[THREADS * ROUNDS];
static unsigned count;

static void await(unsigned own, unsigned turn) {
    unsigned seen = turns[own];
    while (seen < turn) {
        syscall(SYS_futex, &turns[own], FUTEX_WAIT, seen, NULL, NULL, 0);
        seen = turns[own];
    }
}

static void give_turn(unsigned to) {
    turns[to]++;
    syscall(SYS_futex, &turns[to], FUTEX_WAKE, 1, NULL, NULL, 0);
}

static void* take_turns(void* argument) {
    const unsigned own = (unsigned)(unsigned long)argument;
    if (waiting++ == THREADS - 1) {
        give_turn(THREADS);
    }
    for (unsigned round = 1; round <= ROUNDS; round++) {
        await(own, round);
        order[count++] = own;
        give_turn((own + 1) % THREADS == 0 && round == ROUNDS ? THREADS : (own + 1) % THREADS);
    }
    return NULL;
}

int main(void) {
    for (unsigned long i = 0; i < THREADS; i++) {
        pthread_t thread;
        if (pthread_create(&thread, NULL, take_turns, (void*)i) != 0) {
            puts("no thread");
            return 1;
        }
        pthread_detach(thread);
    }
    await(THREADS, 1);  // all have come
    give_turn(0);
    await(THREADS, 2);  // all are done
    printf("%u turns:", count);
    for (unsigned i = 0; i < count; i++) {
        printf(" %u", order[i]);
    }
    puts("");
    return 7;
}
