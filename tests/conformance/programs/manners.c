// What somebody who runs a program sees of the tool beside it.
//
//   manners probe    tries an instruction that the machine may lack, as programs do that look for features
//   manners fill     takes memory until it is ended
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

static sigjmp_buf back;

static void return_from_probe(int number) {
    (void)number;
    siglongjmp(back, 1);
}

static void probe(void) {
    signal(SIGILL, return_from_probe);
    if (sigsetjmp(back, 1) == 0) {
        __asm__ volatile(".inst 0x04bf5000");  // RDVL X0, #0 of SVE (Arm ARM C8.2), which the machine lacks
        puts("has SVE");
    } else {
        puts("has no SVE");
    }
}

static void fill(void) {
    enum { kBlock = 1 << 20 };
    for (;;) {
        void* block =
            mmap(NULL, kBlock, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        memset(block, 1, kBlock);
    }
}

int main(int count, char** arguments) {
    if (count == 2 && strcmp(arguments[1], "probe") == 0) {
        probe();
    } else {
        fill();
    }
    return 0;
}
