// Executes single AArch64 instructions on given register states and reports what they did. Runs on any
// AArch64 Linux, in the tests under qemu-aarch64: an implementation of the architecture that is independent
// of ours. Each case is laid out as { MRS X30, TPIDR_EL0; the word; B judge_leave }, so that all of X0-X30
// and SP belong to the case; TPIDR_EL0 carries X30 across.
#define _GNU_SOURCE
#include "judge_protocol.h"

#include <setjmp.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

struct Saved {
    uint64_t sp;
    struct JudgeState* out;
    uint64_t tpidr;
    uint64_t entry;
};
struct Saved judge_saved;

void judge_enter(const struct JudgeState* in, struct JudgeState* out, uint64_t entry);
extern const char judge_leave[];

_Static_assert(offsetof(struct JudgeState, x) == 512, "the assembly below knows the layout");
_Static_assert(offsetof(struct JudgeState, sp) == 760, "the assembly below knows the layout");
_Static_assert(offsetof(struct JudgeState, nzcv) == 768, "the assembly below knows the layout");

__asm__(
    "   .text\n"
    "   .global judge_enter, judge_leave\n"
    "judge_enter:\n"
    "   stp x29, x30, [sp, #-160]!\n"
    "   stp x19, x20, [sp, #16]\n"
    "   stp x21, x22, [sp, #32]\n"
    "   stp x23, x24, [sp, #48]\n"
    "   stp x25, x26, [sp, #64]\n"
    "   stp x27, x28, [sp, #80]\n"
    "   stp d8, d9, [sp, #96]\n"
    "   stp d10, d11, [sp, #112]\n"
    "   stp d12, d13, [sp, #128]\n"
    "   stp d14, d15, [sp, #144]\n"
    "   adrp x3, judge_saved\n"
    "   add x3, x3, :lo12:judge_saved\n"
    "   mov x4, sp\n"
    "   stp x4, x1, [x3]\n"
    "   mrs x4, tpidr_el0\n"
    "   stp x4, x2, [x3, #16]\n"
    "   mov x30, x0\n"
    "   .irp n, 0,2,4,6,8,10,12,14,16,18,20,22,24,26,28,30\n"
    "   ldr q\\n, [x30, #16*\\n]\n"
    "   .endr\n"
    "   .irp n, 1,3,5,7,9,11,13,15,17,19,21,23,25,27,29,31\n"
    "   ldr q\\n, [x30, #16*\\n]\n"
    "   .endr\n"
    "   ldr x0, [x30, #512 + 8*30]\n"
    "   msr tpidr_el0, x0\n"
    "   ldr x0, [x30, #760]\n"
    "   mov sp, x0\n"
    "   ldr x0, [x30, #768]\n"
    "   msr nzcv, x0\n"
    "   ldr x0, [x30, #776]\n"
    "   msr fpcr, x0\n"
    "   ldr x0, [x30, #784]\n"
    "   msr fpsr, x0\n"
    "   add x30, x30, #512\n"
    "   .irp n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29\n"
    "   ldr x\\n, [x30, #8*\\n]\n"
    "   .endr\n"
    "   adrp x30, judge_saved\n"
    "   ldr x30, [x30, :lo12:judge_saved + 24]\n"
    "   br x30\n"
    "judge_leave:\n"
    "   msr tpidr_el0, x30\n"
    "   adrp x30, judge_saved\n"
    "   ldr x30, [x30, :lo12:judge_saved + 8]\n"
    "   .irp n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31\n"
    "   str q\\n, [x30, #16*\\n]\n"
    "   .endr\n"
    "   add x30, x30, #512\n"
    "   .irp n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29\n"
    "   str x\\n, [x30, #8*\\n]\n"
    "   .endr\n"
    "   mrs x0, tpidr_el0\n"
    "   str x0, [x30, #8*30]\n"
    "   mov x0, sp\n"
    "   str x0, [x30, #248]\n"
    "   mrs x0, nzcv\n"
    "   str x0, [x30, #256]\n"
    "   mrs x0, fpcr\n"
    "   str x0, [x30, #264]\n"
    "   mrs x0, fpsr\n"
    "   str x0, [x30, #272]\n"
    "   adrp x3, judge_saved\n"
    "   add x3, x3, :lo12:judge_saved\n"
    "   ldr x4, [x3]\n"
    "   mov sp, x4\n"
    "   ldr x4, [x3, #16]\n"
    "   msr tpidr_el0, x4\n"
    "   msr fpcr, xzr\n"
    "   msr fpsr, xzr\n"
    "   ldp x19, x20, [sp, #16]\n"
    "   ldp x21, x22, [sp, #32]\n"
    "   ldp x23, x24, [sp, #48]\n"
    "   ldp x25, x26, [sp, #64]\n"
    "   ldp x27, x28, [sp, #80]\n"
    "   ldp d8, d9, [sp, #96]\n"
    "   ldp d10, d11, [sp, #112]\n"
    "   ldp d12, d13, [sp, #128]\n"
    "   ldp d14, d15, [sp, #144]\n"
    "   ldp x29, x30, [sp], #160\n"
    "   ret\n");

static sigjmp_buf after_signal;

static void on_signal(int number) {
    // The C library keeps its thread data at TPIDR_EL0.
    __asm__ volatile("msr tpidr_el0, %0" : : "r"(judge_saved.tpidr) : "memory");
    __asm__ volatile("msr fpcr, xzr\n msr fpsr, xzr");
    siglongjmp(after_signal, number);
}

static uint32_t outcome_of(int signal_number) {
    switch (signal_number) {
        case SIGILL:
            return JUDGE_UNDEFINED;
        case SIGSEGV:
        case SIGBUS:
            return JUDGE_MEMORY_FAULT;
        default:
            return JUDGE_OTHER;
    }
}

static void* map_at(uint64_t address, size_t size) {
    void* const wanted = (void*)address;
    void* const got =
        mmap(wanted, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
    if (got != wanted) {
        perror("mmap");
        exit(2);
    }
    return got;
}

static void run(const struct JudgeRequest* request, uint64_t entry, struct JudgeReply* reply) {
    uint64_t* const memory = (uint64_t*)JUDGE_MEMORY;
    memset(reply, 0, sizeof *reply);
    if (request->memory_seed != 0) {
        judge_fill(memory, request->memory_seed);
    }
    const int signal_number = sigsetjmp(after_signal, 1);
    if (signal_number == 0) {
        judge_enter(&request->state, &reply->state, entry);
    } else {
        reply->outcome = outcome_of(signal_number);
    }
    if (request->memory_seed != 0) {
        reply->memory_hash = judge_hash(memory);
    }
}

int main(void) {
    static struct JudgeRequest requests[JUDGE_CASES_MAXIMUM];
    const size_t count = fread(requests, sizeof *requests, JUDGE_CASES_MAXIMUM, stdin);
    uint32_t* const code = map_at(JUDGE_CODE, JUDGE_CASES_MAXIMUM * JUDGE_STRIDE);
    map_at(JUDGE_MEMORY, JUDGE_MEMORY_SIZE);
    for (size_t i = 0; i < count; ++i) {
        uint32_t* const slot = code + i * (JUDGE_STRIDE / 4);
        const int64_t distance = (int64_t)(uintptr_t)judge_leave - (int64_t)(uintptr_t)(slot + 2);
        slot[0] = 0xd53bd05e;  // mrs x30, tpidr_el0
        slot[1] = requests[i].word;
        slot[2] = 0x14000000U | ((uint32_t)(distance >> 2) & 0x03ffffffU);  // b judge_leave
    }
    mprotect(code, JUDGE_CASES_MAXIMUM * JUDGE_STRIDE, PROT_READ | PROT_EXEC);
    __builtin___clear_cache((char*)code, (char*)code + JUDGE_CASES_MAXIMUM * JUDGE_STRIDE);

    static char signal_stack[65536];
    const stack_t alternate = {.ss_sp = signal_stack, .ss_size = sizeof signal_stack};
    sigaltstack(&alternate, NULL);
    const struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_ONSTACK | SA_NODEFER};
    const int signals[] = {SIGILL, SIGSEGV, SIGBUS, SIGTRAP};
    for (size_t i = 0; i < sizeof signals / sizeof *signals; ++i) {
        sigaction(signals[i], &action, NULL);
    }
    for (size_t i = 0; i < count; ++i) {
        static struct JudgeReply reply;
        run(&requests[i], JUDGE_CODE + i * JUDGE_STRIDE, &reply);
        if (fwrite(&reply, sizeof reply, 1, stdout) != 1) {
            return 2;
        }
    }
    return fflush(stdout) == 0 ? 0 : 2;
}
