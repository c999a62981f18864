// Executes what is no code: data, an unmapped page, an address of the kernel, and undefined encodings. Each
// in a child, so that one run shows all; the parent says which signal each one died of.
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

static void jump(uintptr_t address) {
    void (*target)(void) = NULL;
    memcpy(&target, &address, sizeof(target));
    target();
}

static void in_child(const char* what, uintptr_t address) {
    fflush(stdout);
    const pid_t child = fork();
    if (child == 0) {
        jump(address);
        _exit(0);
    }
    int status = 0;
    waitpid(child, &status, 0);
    printf("%s: signal %d\n", what, WIFSIGNALED(status) ? WTERMSIG(status) : 0);
}

int main(void) {
    static uint32_t data[4] = {0xd65f03c0};  // a RET, where nothing may be executed
    uint32_t* code = mmap(NULL, 0x1000, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (code == MAP_FAILED) {
        return 1;
    }
    for (unsigned index = 0; index < 1024; ++index) {
        code[index] = 0x9e3779b9U * (index + 1);
    }
    code[0] = 0x00000000;   // UDF #0
    code[8] = 0xd4200000;   // BRK #0
    code[16] = 0xd53c1100;  // MRS x0, HCR_EL2
    code[24] = 0xd4000002;  // HVC #0
    mprotect(code, 0x1000, PROT_READ | PROT_EXEC);
    in_child("null", 0);
    in_child("unmapped", 0x123456789000);
    in_child("kernel", 0xffff800008000000);
    in_child("not canonical", 0x0123000000000000);
    in_child("unaligned", (uintptr_t)&code[0] + 2);
    in_child("data", (uintptr_t)data);
    in_child("undefined", (uintptr_t)&code[0]);
    in_child("breakpoint", (uintptr_t)&code[8]);
    in_child("hypervisor register", (uintptr_t)&code[16]);
    in_child("hypervisor call", (uintptr_t)&code[24]);
    return 0;
}
