// Executes single AArch64 instructions on given register states and reports what they did. Runs on any
// AArch64 Linux, in the tests under qemu-aarch64: an implementation of the architecture that is independent
// of ours. A slot is { MRS X30, TPIDR_EL0; the word; B judge_leave; BRK }, so that all of X0-X30 and SP
// belong to the case; TPIDR_EL0 carries X30 across. What does not leave by the branch ends in a signal, whose
// frame has the state.
//
// The batch is shared memory at descriptor 3. A byte on standard input: the batch is to be run; on standard
// output: it has been.
#define _GNU_SOURCE
#include "protocol.h"

#include <setjmp.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>
#include <unistd.h>

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
_Static_assert(offsetof(struct JudgeState, pstate) == 768, "the assembly below knows the layout");

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
    "   msr s3_3_c4_c2_6, x0\n"  // SSBS
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
    "   mrs x1, s3_3_c4_c2_6\n"
    "   orr x0, x0, x1\n"
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

enum { word_index = JUDGE_WORD_OFFSET / 4, slot_words = JUDGE_STRIDE / 4 };

static sigjmp_buf after_signal;
static struct JudgeReply* current;
static uint64_t current_word;  // its address

static uint32_t outcome_of(const siginfo_t* info) {
    switch (info->si_signo) {
        case SIGILL:
            return JUDGE_UNDEFINED;
        case SIGSEGV:
            return info->si_code == SEGV_ACCERR ? JUDGE_FORBIDDEN : JUDGE_UNMAPPED;
        case SIGBUS:
            return JUDGE_MISALIGNED;
        default:
            return JUDGE_TRAPPED;
    }
}

static const struct fpsimd_context* fpsimd_of(const mcontext_t* machine) {
    const struct _aarch64_ctx* record = (const struct _aarch64_ctx*)machine->__reserved;
    while (record->magic != FPSIMD_MAGIC) {
        record = (const struct _aarch64_ctx*)((const char*)record + record->size);
    }
    return (const struct fpsimd_context*)record;
}

static void on_signal(int number, siginfo_t* info, void* context) {
    (void)number;
    // The C library keeps its thread data at TPIDR_EL0.
    __asm__ volatile("msr tpidr_el0, %0" : : "r"(judge_saved.tpidr) : "memory");
    __asm__ volatile("msr fpcr, xzr\n msr fpsr, xzr");
    const mcontext_t* const machine = &((const ucontext_t*)context)->uc_mcontext;
    const struct fpsimd_context* const fpsimd = fpsimd_of(machine);
    struct JudgeState* const state = &current->state;
    memcpy(state->v, fpsimd->vregs, sizeof state->v);
    memcpy(state->x, machine->regs, sizeof state->x);
    state->sp = machine->sp;
    state->pstate = machine->pstate & JUDGE_PSTATE;
    state->fpcr = fpsimd->fpcr;
    state->fpsr = fpsimd->fpsr;
    current->pc = machine->pc;
    // A signal elsewhere is that of the instruction branched to: this one has retired.
    if (machine->pc == current_word) {
        current->outcome = outcome_of(info);
        current->fault_address = info->si_signo == SIGSEGV ? (uint64_t)info->si_addr : 0;
    }
    siglongjmp(after_signal, 1);
}

static void run_step(const struct JudgeState* before, const struct JudgeStep* step, uint64_t slot,
                     struct JudgeReply* reply) {
    memset(reply, 0, offsetof(struct JudgeReply, state));
    reply->state = *before;
    for (uint32_t i = 0; i < step->patch_count; ++i) {
        const struct JudgePatch* const patch = &step->patches[i];
        if (patch->number == 31) {
            reply->state.sp = patch->value;
        } else {
            reply->state.x[patch->number] = patch->value;
        }
    }
    current = reply;
    current_word = JUDGE_CODE + slot * JUDGE_STRIDE + JUDGE_WORD_OFFSET;
    reply->outcome = JUDGE_RETIRED;
    reply->pc = current_word + 4;
    if (sigsetjmp(after_signal, 0) == 0) {
        judge_enter(&reply->state, &reply->state, JUDGE_CODE + slot * JUDGE_STRIDE);
    }
    if (judge_may_touch_memory(step->word)) {
        reply->memory_hash = judge_hash((const uint64_t*)JUDGE_MEMORY);
    }
}

static int is_memory_fault(uint32_t outcome) {
    return outcome == JUDGE_UNMAPPED || outcome == JUDGE_FORBIDDEN || outcome == JUDGE_MISALIGNED;
}

static void run_sequence(struct JudgeBatch* batch, const struct JudgeSequence* sequence) {
    judge_fill((uint64_t*)JUDGE_MEMORY, JUDGE_MEMORY_SIZE, sequence->memory_seed);
    __asm__ volatile("clrex" : : : "memory");
    const struct JudgeState* before = &sequence->state;
    for (uint64_t i = 0; i < sequence->step_count; ++i) {
        const uint64_t slot = sequence->first_slot + i;
        struct JudgeReply* const reply = &batch->replies[slot];
        batch->running_slot = slot;
        run_step(before, &batch->steps[slot], slot, reply);
        if (is_memory_fault(reply->outcome)) {
            return;
        }
        before = &reply->state;
    }
}

static void* map_at(uint64_t address, size_t size) {
    void* const wanted = (void*)address;
    void* const got =
        mmap(wanted, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
    if (got != wanted) {
        perror("linux_judge: mmap");
        exit(2);
    }
    return got;
}

static void lay_out_code(uint32_t* code, const struct JudgeBatch* batch) {
    const size_t size = JUDGE_SLOTS * JUDGE_STRIDE;
    mprotect(code, size, PROT_READ | PROT_WRITE);
    for (size_t i = 0; i < JUDGE_SLOTS; ++i) {
        code[i * slot_words + word_index] = batch->steps[i].word;
    }
    mprotect(code, size, PROT_READ | PROT_EXEC);
    __builtin___clear_cache((char*)code, (char*)code + size);
}

static uint32_t* map_code(void) {
    uint32_t* const code = map_at(JUDGE_CODE, JUDGE_SLOTS * JUDGE_STRIDE);
    for (size_t i = 0; i < JUDGE_SLOTS; ++i) {
        uint32_t* const slot = code + i * slot_words;
        const int64_t distance =
            (int64_t)(uintptr_t)judge_leave - (int64_t)(uintptr_t)(slot + word_index + 1);
        slot[0] = 0xd53bd05eU;                                                           // mrs x30, tpidr_el0
        slot[word_index + 1] = 0x14000000U | ((uint32_t)(distance >> 2) & 0x03ffffffU);  // b judge_leave
        slot[JUDGE_LANDING_OFFSET / 4] = JUDGE_LANDING;
    }
    return code;
}

static void map_memory(void) {
    map_at(JUDGE_MEMORY, JUDGE_MEMORY_SIZE);
    uint64_t* const read_only = map_at(JUDGE_READ_ONLY, JUDGE_PAGE);
    judge_fill(read_only, JUDGE_PAGE, JUDGE_READ_ONLY_SEED);
    mprotect(read_only, JUDGE_PAGE, PROT_READ);
}

static void catch_signals(void) {
    static char signal_stack[65536];
    const stack_t alternate = {.ss_sp = signal_stack, .ss_size = sizeof signal_stack};
    sigaltstack(&alternate, NULL);
    const struct sigaction action = {.sa_sigaction = on_signal,
                                     .sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER};
    const int signals[] = {SIGILL, SIGSEGV, SIGBUS, SIGTRAP};
    for (size_t i = 0; i < sizeof signals / sizeof *signals; ++i) {
        sigaction(signals[i], &action, NULL);
    }
}

int main(void) {
    enum { batch_descriptor = 3 };
    struct JudgeBatch* const batch =
        mmap(NULL, sizeof *batch, PROT_READ | PROT_WRITE, MAP_SHARED, batch_descriptor, 0);
    if (batch == MAP_FAILED) {
        perror("linux_judge: the batch");
        return 2;
    }
    uint32_t* const code = map_code();
    map_memory();
    catch_signals();
    char turn = 0;
    while (read(STDIN_FILENO, &turn, 1) == 1) {
        lay_out_code(code, batch);
        for (uint64_t i = 0; i < batch->sequence_count; ++i) {
            run_sequence(batch, &batch->sequences[i]);
        }
        if (write(STDOUT_FILENO, &turn, 1) != 1) {
            return 2;
        }
    }
    return 0;
}
