// A case as every judge gets it, and a judge's answer. The host and linux_judge.c share a JudgeBatch in
// memory, and take turns by a byte on the judge's standard input and output. C, because both sides include
// it; both are little-endian and LP64.
#ifndef LEVITATE_TESTS_ISA_PROTOCOL_H
#define LEVITATE_TESTS_ISA_PROTOCOL_H

#include <stdint.h>

// Each step's word lies in its own slot, at JUDGE_CODE + slot * JUDGE_STRIDE + JUDGE_WORD_OFFSET in every
// implementation, so that PC-relative instructions give equal results. The slot's last word is JUDGE_LANDING,
// a BRK: the place that branches are led to.
#define JUDGE_CODE 0x40200000UL
#define JUDGE_STRIDE 16UL
#define JUDGE_WORD_OFFSET 4UL
#define JUDGE_LANDING_OFFSET 12UL
#define JUDGE_LANDING 0xd4200000U

#define JUDGE_SEQUENCES 512UL  // in a batch
#define JUDGE_STEPS 8UL        // in a sequence, at most
#define JUDGE_SLOTS (JUDGE_SEQUENCES * JUDGE_STEPS)

// The memory that a case may touch: pages that are written, and one that can only be read. The pages before
// and after are not mapped.
#define JUDGE_PAGE 4096UL
#define JUDGE_MEMORY 0x40281000UL
#define JUDGE_MEMORY_SIZE (2 * JUDGE_PAGE)
#define JUDGE_READ_ONLY (JUDGE_MEMORY + JUDGE_MEMORY_SIZE)
#define JUDGE_READ_ONLY_SEED 0x9e3779b97f4a7c15UL

// No system call: what a step with SVC has in X8.
#define JUDGE_NO_SYSTEM_CALL 4000UL

#define JUDGE_PSTATE 0xf0001000UL  // NZCV and SSBS

struct JudgeState {
    uint64_t v[32][2];
    uint64_t x[31];
    uint64_t sp;
    uint64_t pstate;  // JUDGE_PSTATE of it, as in SPSR_EL1
    uint64_t fpcr;
    uint64_t fpsr;
    uint64_t unused;
};

// A register that is set before the step: an address that leads into the memory. 31 is SP.
struct JudgePatch {
    uint64_t number;
    uint64_t value;
};

struct JudgeStep {
    uint32_t word;
    uint32_t patch_count;
    struct JudgePatch patches[2];
};

// Steps `first_slot` and on, each executed in the state that the one before has left. A step that takes a
// memory fault is the last.
struct JudgeSequence {
    uint64_t memory_seed;
    uint32_t first_slot;
    uint32_t step_count;
    struct JudgeState state;
};

// How a step ended. The exceptions are those of Linux's signals, which is all that EL0 sees of them.
enum JudgeOutcome {
    JUDGE_NOT_RUN,     // after a memory fault, or not judged
    JUDGE_RETIRED,     // SVC too: the call has failed with ENOSYS
    JUDGE_UNDEFINED,   // SIGILL
    JUDGE_UNMAPPED,    // SIGSEGV, SEGV_MAPERR
    JUDGE_FORBIDDEN,   // SIGSEGV, SEGV_ACCERR
    JUDGE_MISALIGNED,  // SIGBUS
    JUDGE_TRAPPED,     // SIGTRAP
};

struct JudgeReply {
    uint32_t outcome;  // enum JudgeOutcome
    uint32_t unused;
    uint64_t pc;             // of the next instruction, or of this one if it took an exception
    uint64_t fault_address;  // of a memory fault
    uint64_t memory_hash;    // after a step that may touch memory
    struct JudgeState state;
};

// The byte that hands over the turn.
#define JUDGE_TURN 1

struct JudgeBatch {
    uint64_t sequence_count;
    uint64_t running_slot;  // for the report, if the judge dies
    struct JudgeSequence sequences[JUDGE_SEQUENCES];
    struct JudgeStep steps[JUDGE_SLOTS];     // by slot
    struct JudgeReply replies[JUDGE_SLOTS];  // by slot
};

// Whether the word is one of the loads and stores (Arm ARM C4.1, op0 x1x0), or SYS, of which DC ZVA is one.
static inline int judge_may_touch_memory(uint32_t word) {
    return ((word >> 25) & 5U) == 4U || (word & 0xfff80000U) == 0xd5080000U;
}

// xorshift64* (Marsaglia, Vigna), a doubleword at a time. `seed` is not 0.
static inline void judge_fill(uint64_t* memory, uint64_t size, uint64_t seed) {
    for (uint64_t i = 0; i < size / 8; ++i) {
        seed ^= seed >> 12;
        seed ^= seed << 25;
        seed ^= seed >> 27;
        memory[i] = seed * 0x2545f4914f6cdd1dUL;
    }
}

// FNV-1a over doublewords, of the pages that are written.
static inline uint64_t judge_hash(const uint64_t* memory) {
    uint64_t hash = 0xcbf29ce484222325UL;
    for (uint64_t i = 0; i < JUDGE_MEMORY_SIZE / 8; ++i) {
        hash = (hash ^ memory[i]) * 0x100000001b3UL;
    }
    return hash;
}

#endif
