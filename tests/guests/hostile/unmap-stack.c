// Takes its own stack away and goes on: the next push faults where no signal frame can be written.
#include <stdint.h>
#include <sys/mman.h>

int main(void) {
    volatile char here = 0;
    const uintptr_t page = (uintptr_t)&here & ~(uintptr_t)0xfff;
    // This page and what is below it; what does not exist is no error for munmap(2).
    munmap((void*)(page - 0x100000), 0x101000);
    return here;
}
