// Two processes that share the processor keep a value of their own in every register that a call or an
// interrupt must preserve, and say how often one came back changed.
#include <stdint.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { kCalls = 200, kSpins = 20, kTurns = 300000 };

// Fills V0 to V31 with `pattern`, makes a call that lets the other process run, and returns how many changed.
static unsigned vectors_after_call(uint64_t pattern) {
    uint64_t changed = 0;
    __asm__ volatile(
        ".irp n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31\n"
        "dup v\\n\\().2d, %[pattern]\n"
        ".endr\n"
        "mov x8, %[number]\n"
        "svc #0\n"
        ".irp n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31\n"
        "umov x0, v\\n\\().d[1]\n"
        "cmp x0, %[pattern]\n"
        "cinc %[changed], %[changed], ne\n"
        ".endr\n"
        : [changed] "+&r"(changed)
        : [pattern] "r"(pattern), [number] "i"(__NR_sched_yield)
        : "x0", "x8", "cc", "memory", "v0", "v1", "v2", "v3", "v4", "v5", "v6", "v7", "v8", "v9", "v10",
          "v11", "v12", "v13", "v14", "v15", "v16", "v17", "v18", "v19", "v20", "v21", "v22", "v23", "v24",
          "v25", "v26", "v27", "v28", "v29", "v30", "v31");
    return (unsigned)changed;
}

// Computes for some milliseconds, across interrupts, with `pattern` in the registers that procedure calls may
// use up; returns how many changed.
static unsigned registers_after_interrupts(uint64_t pattern) {
    uint64_t changed = 0;
    uint64_t turns = kTurns;
    __asm__ volatile(
        ".irp n, 9,10,11,12,13,14,15,16,17\n"
        "mov x\\n, %[pattern]\n"
        ".endr\n"
        "1: subs %[turns], %[turns], #1\n"
        "b.ne 1b\n"
        ".irp n, 9,10,11,12,13,14,15,16,17\n"
        "cmp x\\n, %[pattern]\n"
        "cinc %[changed], %[changed], ne\n"
        ".endr\n"
        : [changed] "+&r"(changed), [turns] "+&r"(turns)
        : [pattern] "r"(pattern)
        : "x9", "x10", "x11", "x12", "x13", "x14", "x15", "x16", "x17", "cc");
    return (unsigned)changed;
}

static unsigned keep(uint64_t pattern) {
    unsigned changed = 0;
    for (int round = 0; round < kCalls; ++round) {
        changed += vectors_after_call(pattern + (uint64_t)round);
    }
    for (int round = 0; round < kSpins; ++round) {
        changed += registers_after_interrupts(pattern + (uint64_t)round);
    }
    return changed;
}

int main(void) {
    const pid_t child = fork();
    if (child == 0) {
        _exit(keep(0x1111222233334444) == 0 ? 0 : 1);
    }
    const unsigned changed = keep(0xaaaabbbbccccdddd);
    int status = -1;
    waitpid(child, &status, 0);
    printf("changed here: %u, in the child: %s\n", changed, status == 0 ? "none" : "some");
    return 0;
}
