// What the host side and qemu_judge.c exchange: an array of JudgeRequest on standard input, an array of
// JudgeReply on standard output. C, because both sides include it; both are little-endian and LP64.
#ifndef LEVITATE_TESTS_JUDGE_PROTOCOL_H
#define LEVITATE_TESTS_JUDGE_PROTOCOL_H

#include <stdint.h>

// Case number i has its word at JUDGE_CODE + i * JUDGE_STRIDE + 4, on both sides: PC-relative instructions
// give equal results.
#define JUDGE_CODE 0x40200000UL
#define JUDGE_STRIDE 16UL
#define JUDGE_CASES_MAXIMUM 32768UL
// The only memory a case may touch. Filled from the request's memory_seed; zero: memory is not looked at.
#define JUDGE_MEMORY 0x40280000UL
#define JUDGE_MEMORY_SIZE 4096UL

struct JudgeState {
    uint64_t v[32][2];
    uint64_t x[31];
    uint64_t sp;
    uint64_t nzcv;  // as in PSTATE, bits 31:28
    uint64_t fpcr;
    uint64_t fpsr;
    uint64_t unused;
};

struct JudgeRequest {
    uint32_t word;
    uint32_t unused;
    uint64_t memory_seed;
    struct JudgeState state;
};

// How a case ended.
#define JUDGE_RETIRED 0U
#define JUDGE_UNDEFINED 1U
#define JUDGE_MEMORY_FAULT 2U
#define JUDGE_OTHER 3U

struct JudgeReply {
    uint32_t outcome;
    uint32_t unused;
    uint64_t memory_hash;     // 0 if memory_seed was 0
    struct JudgeState state;  // valid if the case retired
};

// xorshift64* (Marsaglia, Vigna), a doubleword at a time.
static inline void judge_fill(uint64_t* memory, uint64_t seed) {
    for (uint64_t i = 0; i < JUDGE_MEMORY_SIZE / 8; ++i) {
        seed ^= seed >> 12;
        seed ^= seed << 25;
        seed ^= seed >> 27;
        memory[i] = seed * 0x2545f4914f6cdd1dUL;
    }
}

// FNV-1a over doublewords.
static inline uint64_t judge_hash(const uint64_t* memory) {
    uint64_t hash = 0xcbf29ce484222325UL;
    for (uint64_t i = 0; i < JUDGE_MEMORY_SIZE / 8; ++i) {
        hash = (hash ^ memory[i]) * 0x100000001b3UL;
    }
    return hash;
}

#endif
