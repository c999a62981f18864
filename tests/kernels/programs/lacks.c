// What the example kernel lacks and gets wrong, seen from a program. On Linux each line says something else.
#include <errno.h>
#include <linux/auxvec.h>
#include <linux/futex.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/syscall.h>
#include <unistd.h>

static const char* errno_name(long result) {
    return result == -1 ? strerrorname_np(errno) : "success";
}

static void registers(void) {
    register long number __asm__("x8") = SYS_getpid;
    register long result __asm__("x0") = 0;
    uint64_t x17 = 0;
    uint64_t v0[2] = {0};
    uint64_t v1[2] = {0};
    __asm__ volatile(
        "mov x17, #17\n\tmovi v0.16b, #1\n\tmovi v1.16b, #1\n\tsvc #0\n\t"
        "mov %1, x17\n\tstr q0, [%3]\n\tstr q1, [%4]"
        : "+r"(result), "=&r"(x17)
        : "r"(number), "r"(v0), "r"(v1)
        : "x17", "v0", "v1", "memory");
    printf("x17 %s, v0 %s, v1 %s\n", x17 == 17 ? "kept" : "lost", v0[0] != 0 && v0[1] != 0 ? "kept" : "lost",
           v1[0] != 0 && v1[1] != 0 ? "kept" : "lost");
}

static void futexes(void) {
    const struct {
        const char* name;
        int operation;
    } operations[] = {{"FUTEX_WAIT", FUTEX_WAIT},
                      {"FUTEX_WAKE", FUTEX_WAKE},
                      {"FUTEX_WAIT_PRIVATE", FUTEX_WAIT_PRIVATE},
                      {"FUTEX_WAKE_PRIVATE", FUTEX_WAKE_PRIVATE},
                      {"FUTEX_WAIT_BITSET", FUTEX_WAIT_BITSET},
                      {"FUTEX_WAKE_BITSET", FUTEX_WAKE_BITSET}};
    uint32_t word = 1;
    for (size_t i = 0; i < sizeof operations / sizeof operations[0]; i++) {
        // The word is not 0: Linux answers a wait with EAGAIN.
        const long result =
            syscall(SYS_futex, &word, operations[i].operation, 0, NULL, NULL, FUTEX_BITSET_MATCH_ANY);
        printf("%s: %s\n", operations[i].name, errno_name(result));
    }
}

static void signal_stack(void) {
    static char memory[65536];
    const stack_t stack = {.ss_sp = memory, .ss_size = sizeof memory};
    stack_t old = {.ss_sp = NULL};
    const long result = syscall(SYS_sigaltstack, &stack, NULL);
    syscall(SYS_sigaltstack, NULL, &old);
    printf("sigaltstack: %s, and the stack is %s\n", errno_name(result),
           old.ss_sp == memory ? "set" : "not set");
}

static void heap(void) {
    const long before = syscall(SYS_brk, 0);
    const long result = syscall(SYS_brk, before + 4096);
    const char* const returned = result == before + 4096 ? "the new break"
                                 : result == before      ? "the old break"
                                                         : "another";
    printf("brk: returns %s, and the break moves by %s\n", returned,
           syscall(SYS_brk, 0) - before == 4096 ? "the difference" : "something else");
}

int main(void) {
    errno = 0;
    printf("AT_HWCAP: %#lx %s\n", getauxval(AT_HWCAP), errno == 0 ? "given" : "missing");
    printf("AT_EXECFN: %s\n", getauxval(AT_EXECFN) != 0 ? "given" : "missing");
    printf("AT_SYSINFO_EHDR: %s\n", getauxval(AT_SYSINFO_EHDR) != 0 ? "given" : "missing");
    registers();
    futexes();
    signal_stack();
    heap();
    printf("set_robust_list: %s\n", errno_name(syscall(SYS_set_robust_list, NULL, 24)));
    printf("rseq: %s\n", errno_name(syscall(SYS_rseq, NULL, 32, 0, 0)));
    return 0;
}
