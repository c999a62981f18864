// sched_setattr and sched_getattr in every form, and membarrier's commands.
#include <sched.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "../report.h"

enum { kSize = 56, kKeepPolicy = 8, kKeepParameters = 16, kClampMinimum = 32, kDeadline = 6 };

struct attributes {
    uint32_t size;
    uint32_t policy;
    uint64_t flags;
    int32_t nice;
    uint32_t priority;
    uint64_t runtime;
    uint64_t deadline;
    uint64_t period;
    uint32_t clamp[2];
};

static long get(pid_t process, void* into, unsigned size, unsigned flags) {
    return syscall(SYS_sched_getattr, process, into, size, flags);
}

static long set(pid_t process, const void* from, unsigned flags) {
    return syscall(SYS_sched_setattr, process, from, flags);
}

static void show(void) {
    struct attributes now = {0};
    const long result = get(0, &now, sizeof(now), 0);
    printf("  %ld: size %u policy %u flags %lx nice %d priority %u times %lu %lu %lu\n", result, now.size,
           now.policy, now.flags, now.nice, now.priority, now.runtime, now.deadline, now.period);
}

static void sizes(void) {
    static char large[4100];
    struct attributes wanted = {.size = kSize};
    TRY(get(0, &wanted, 47, 0));
    TRY(get(0, &wanted, 48, 0));
    printf("  size %u\n", wanted.size);
    TRY(get(0, large, 4096, 0));
    TRY(get(0, large, 4097, 0));
    TRY(get(0, &wanted, kSize, 1));
    TRY(get(-1, &wanted, kSize, 0));
    TRY(get(30000, &wanted, kSize, 0));
    TRY(get(0, NULL, kSize, 0));
    TRY(get(0, kBadAddress, kSize, 0));
    TRY(set(0, NULL, 0));
    TRY(set(0, kBadAddress, 0));
    TRY(set(0, &wanted, 1));
    TRY(set(-1, &wanted, 0));
    TRY(set(30000, &wanted, 0));
    wanted = (struct attributes){.size = 0};
    TRY(set(0, &wanted, 0));
    wanted.size = 47;
    TRY(set(0, &wanted, 0));
    printf("  size %u\n", wanted.size);
    memset(large, 0, sizeof(large));
    ((struct attributes*)large)->size = 100;
    TRY(set(0, large, 0));
    large[90] = 1;
    TRY(set(0, large, 0));
    ((struct attributes*)large)->size = 4097;
    TRY(set(0, large, 0));
}

static void policies(void) {
    struct attributes wanted = {.size = kSize, .nice = 5};
    TRY(set(0, &wanted, 0));
    show();
    wanted.nice = 100;
    TRY(set(0, &wanted, 0));
    TRY(getpriority(PRIO_PROCESS, 0));
    wanted = (struct attributes){.size = kSize, .policy = 99};
    TRY(set(0, &wanted, 0));
    wanted.policy = (uint32_t)-1;
    TRY(set(0, &wanted, 0));
    wanted = (struct attributes){.size = kSize, .flags = 1 << 20};
    TRY(set(0, &wanted, 0));
    wanted = (struct attributes){.size = kSize, .priority = 1};
    TRY(set(0, &wanted, 0));
    wanted.policy = SCHED_FIFO;
    TRY(set(0, &wanted, 0));
    show();
    wanted.priority = 100;
    TRY(set(0, &wanted, 0));
    wanted.priority = 0;
    TRY(set(0, &wanted, 0));
    wanted = (struct attributes){.size = kSize, .policy = SCHED_RR, .priority = 9, .flags = 1};
    TRY(set(0, &wanted, 0));
    show();
    TRY(sched_getscheduler(0));
    wanted = (struct attributes){.size = kSize, .priority = 20, .flags = kKeepPolicy};
    TRY(set(0, &wanted, 0));
    show();
    wanted =
        (struct attributes){.size = kSize, .policy = SCHED_FIFO, .priority = 30, .flags = kKeepParameters};
    TRY(set(0, &wanted, 0));
    show();
    wanted = (struct attributes){.size = kSize, .policy = SCHED_BATCH, .nice = 7};
    TRY(set(0, &wanted, 0));
    show();
    wanted.policy = SCHED_IDLE;
    TRY(set(0, &wanted, 0));
    wanted.policy = 4;
    TRY(set(0, &wanted, 0));
    wanted = (struct attributes){.size = kSize, .flags = kClampMinimum, .clamp = {100, 0}};
    TRY(set(0, &wanted, 0));
}

static void deadlines(void) {
    const struct sched_param none = {0};
    struct attributes wanted = {
        .size = kSize, .policy = kDeadline, .runtime = 10000000, .deadline = 30000000, .period = 30000000};
    TRY(set(0, &wanted, 0));
    show();
    TRY(fork());
    wanted.runtime = 100;
    TRY(set(0, &wanted, 0));
    wanted.runtime = 40000000;
    TRY(set(0, &wanted, 0));
    wanted.runtime = 29900000;
    TRY(set(0, &wanted, 0));
    wanted.deadline = 0;
    TRY(set(0, &wanted, 0));
    wanted = (struct attributes){.size = kSize, .nice = 3};
    TRY(set(0, &wanted, 0));
    show();
    TRY(sched_setscheduler(0, kDeadline, &none));
    TRY(sched_get_priority_max(kDeadline));
    TRY(sched_get_priority_max(4));
}

static void barriers(void) {
    static const int kCommands[] = {0, 8, 16, 8, 3, 32, 64, 32, 128, 256, 128, 512, 1, 2, 4, -1};
    for (size_t index = 0; index < sizeof(kCommands) / sizeof(kCommands[0]); ++index) {
        TRY(syscall(SYS_membarrier, kCommands[index], 0, 0));
    }
    TRY(syscall(SYS_membarrier, 0, 1, 0));
    TRY(syscall(SYS_membarrier, 8, 1, 0));
    TRY(syscall(SYS_membarrier, 128, 1, 0));
    TRY(syscall(SYS_membarrier, 128, 1, 99));
    TRY(syscall(SYS_membarrier, 128, 2, 0));
}

static void without_rights(void) {
    TRY(setuid(1000));
    struct attributes wanted = {.size = kSize, .policy = SCHED_FIFO, .priority = 1};
    TRY(set(0, &wanted, 0));
    wanted = (struct attributes){.size = kSize, .nice = 2};
    TRY(set(0, &wanted, 0));
    wanted.nice = 4;
    TRY(set(0, &wanted, 0));
    TRY(set(1, &wanted, 0));
    wanted.policy = SCHED_IDLE;
    TRY(set(0, &wanted, 0));
    wanted.policy = SCHED_OTHER;
    TRY(set(0, &wanted, 0));
    wanted.policy = kDeadline;
    wanted.runtime = wanted.deadline = 10000000;
    wanted.period = 100000000;
    TRY(set(0, &wanted, 0));
}

int main(void) {
    sizes();
    policies();
    deadlines();
    barriers();
    without_rights();
    return 0;
}
