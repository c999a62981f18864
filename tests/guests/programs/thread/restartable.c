// The area of restartable sequences: who may register and leave one, and what is in it.
#include <linux/rseq.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/rseq.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "../report.h"

enum { kSignature = (int)0xd428bc00, kSize = 32, kOther = 7 };

static _Alignas(32) struct rseq area;
static _Alignas(32) struct rseq second;

static long use(void* where, unsigned size, int flags, unsigned signature) {
    return syscall(SYS_rseq, where, size, flags, signature);
}

// libc has registered an area of its own.
static void leave_libcs_area(void) {
    char* const thread = __builtin_thread_pointer();
    TRY(use(thread + __rseq_offset, kSize, RSEQ_FLAG_UNREGISTER, kSignature));
}

int main(void) {
    setvbuf(stdout, NULL, _IOLBF, 0);
    leave_libcs_area();
    TRY(use(&area, kSize, RSEQ_FLAG_UNREGISTER, kOther));
    TRY(use(&area, kSize, 2, kOther));
    TRY(use(&area, kSize, 3, kOther));
    TRY(use(&area, kSize - 1, 0, kOther));
    TRY(use(&area, 2 * kSize, 0, kOther));
    TRY(use((char*)&area + 16, kSize, 0, kOther));
    TRY(use((void*)(1UL << 60), kSize, 0, kOther));
    area.cpu_id = area.cpu_id_start = 99;
    TRY(use(&area, kSize, 0, kOther));
    printf("  %u %u\n", area.cpu_id_start, area.cpu_id);
    TRY(use(&area, kSize, 0, kOther));
    TRY(use(&area, kSize, 0, kOther + 1));
    TRY(use(&area, kSize - 1, 0, kOther));
    TRY(use(&second, kSize, 0, kOther));
    TRY(use(&second, kSize, RSEQ_FLAG_UNREGISTER, kOther));
    TRY(use(&area, kSize - 1, RSEQ_FLAG_UNREGISTER, kOther));
    TRY(use(&area, kSize, RSEQ_FLAG_UNREGISTER, kOther + 1));
    TRY(use(&area, kSize, RSEQ_FLAG_UNREGISTER | 4, kOther));
    TRY(use(&area, kSize, RSEQ_FLAG_UNREGISTER, kOther));
    printf("  %u %d\n", area.cpu_id_start, (int)area.cpu_id);
    TRY(use(&area, kSize, RSEQ_FLAG_UNREGISTER, kOther));
    TRY(use(&second, kSize, 0, kOther));
    fflush(stdout);
    if (fork() == 0) {
        TRY(use(&second, kSize, 0, kOther));
        _exit(0);
    }
    wait(NULL);
    return 0;
}
