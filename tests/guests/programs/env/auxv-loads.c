// Reads the auxiliary vector by loads of several registers, in this process, in a copy of it and in another
// program that it executes.
#include <elf.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char** environ;

static const uint64_t* vector(void) {
    char** end = environ;
    while (*end != NULL) {
        ++end;
    }
    return (const uint64_t*)(end + 1);
}

static uint64_t sum(const uint64_t* words, int count) {
    uint64_t result = 0;
    for (int index = 0; index < count; ++index) {
        result += words[index];
    }
    return result;
}

static void read_it(const char* who) {
    const uint64_t* at = vector();
    uint64_t pair[2];
    uint64_t quads[4];
    uint64_t structures[8];
    __asm__ volatile("ldp %0, %1, [%2]" : "=&r"(pair[0]), "=&r"(pair[1]) : "r"(at) : "memory");
    printf("%s: ldp x %d\n", who, pair[0] == at[0] && pair[1] == at[1]);
    __asm__ volatile("ldp q0, q1, [%0, #32]\n stp q0, q1, [%1]"
                     :
                     : "r"(at), "r"(quads)
                     : "v0", "v1", "memory");
    printf("%s: ldp q %d\n", who, sum(quads, 4) == sum(at + 4, 4));
    __asm__ volatile("ld1 {v0.16b-v3.16b}, [%0]\n st1 {v0.16b-v3.16b}, [%1]"
                     :
                     : "r"(at + 8), "r"(structures)
                     : "v0", "v1", "v2", "v3", "memory");
    printf("%s: ld1 %d\n", who, sum(structures, 8) == sum(at + 8, 8));
    __asm__ volatile("ld2 {v0.2d, v1.2d}, [%0]\n st2 {v0.2d, v1.2d}, [%1]"
                     :
                     : "r"(at + 2), "r"(quads)
                     : "v0", "v1", "memory");
    printf("%s: ld2 %d\n", who, sum(quads, 4) == sum(at + 2, 4));
    // Over the boundary between two entries, and what stands before the vector.
    __asm__ volatile("ldp %0, %1, [%2, #-8]" : "=&r"(pair[0]), "=&r"(pair[1]) : "r"(at) : "memory");
    printf("%s: before it %d\n", who, pair[0] == 0 && pair[1] == at[0]);
    __asm__ volatile("ldur %0, [%1, #12]" : "=r"(pair[0]) : "r"(at) : "memory");
    printf("%s: unaligned %d\n", who, (uint32_t)pair[0] == (uint32_t)(at[1] >> 32));
    uint64_t copy[16];
    memcpy(copy, at, sizeof(copy));
    printf("%s: memcpy %d\n", who, sum(copy, 16) == sum(at, 16));
    struct timespec now;
    printf("%s: clock %d, page size %ld\n", who, clock_gettime(CLOCK_MONOTONIC, &now),
           (long)getauxval(AT_PAGESZ));
}

int main(int argc, char** argv) {
    setvbuf(stdout, NULL, _IOLBF, 0);
    if (argc > 1) {
        read_it("executed");
        return 0;
    }
    read_it("first");
    pid_t child = fork();
    if (child == 0) {
        read_it("forked");
        _exit(0);
    }
    int status = -1;
    waitpid(child, &status, 0);
    child = fork();
    if (child == 0) {
        char* const arguments[] = {argv[0], "again", NULL};
        execve("/proc/self/exe", arguments, environ);
        _exit(1);
    }
    waitpid(child, &status, 0);
    printf("done: %d\n", status);
    return 0;
}
