// Signal frames as a handler finds and changes them: vector registers, FPCR, masks, the alternate stack,
// nested handlers, the records behind the registers.
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <ucontext.h>
#include <unistd.h>

enum { kVectors = 32, kFpcrDefaultNan = 1 << 25 };

static char alternate[64 << 10];
static volatile unsigned seen_pattern;   // vectors that held what they held outside
static volatile unsigned seen_in_frame;  // the same of the frame
static volatile uint64_t fpcr_inside;
static volatile int on_alternate_stack;
static volatile int depth;
static volatile int deepest;
static volatile uint64_t fault_address;
static volatile int has_esr;
static volatile uint64_t mask_in_frame;

static const uint64_t kOutside = 0x5a5a12345678a5a5;
static const uint64_t kChanged = 0x1122334455667788;

static struct fpsimd_context* find_fpsimd(ucontext_t* context) {
    struct _aarch64_ctx* record = (struct _aarch64_ctx*)context->uc_mcontext.__reserved;
    while (record->magic != 0) {
        if (record->magic == FPSIMD_MAGIC) {
            return (struct fpsimd_context*)record;
        }
        record = (struct _aarch64_ctx*)((char*)record + record->size);
    }
    return NULL;
}

static int find_esr(ucontext_t* context) {
    struct _aarch64_ctx* record = (struct _aarch64_ctx*)context->uc_mcontext.__reserved;
    while (record->magic != 0) {
        if (record->magic == ESR_MAGIC) {
            return 1;
        }
        record = (struct _aarch64_ctx*)((char*)record + record->size);
    }
    return 0;
}

static uint64_t fpcr(void) {
    uint64_t value;
    __asm__ volatile("mrs %0, fpcr" : "=r"(value));
    return value;
}

static void set_fpcr(uint64_t value) {
    __asm__ volatile("msr fpcr, %0" : : "r"(value));
}

// Leaves the program's vectors in the frame as they are, or gives each another value.
static int change_frame;

static void on_signal(int number, siginfo_t* info, void* data) {
    (void)number;
    (void)info;
    ucontext_t* context = data;
    struct fpsimd_context* vectors = find_fpsimd(context);
    fpcr_inside = fpcr();
    memcpy((void*)&mask_in_frame, &context->uc_sigmask, sizeof(mask_in_frame));
    unsigned same = 0;
    for (int index = 0; index < kVectors; ++index) {
        same += (uint64_t)vectors->vregs[index] == kOutside;
        if (change_frame) {
            vectors->vregs[index] = kChanged + (uint64_t)index;
        }
    }
    seen_in_frame = same;
    if (change_frame) {
        vectors->fpcr = 0;
        context->uc_mcontext.regs[9] = kChanged;
    }
    // What a handler does with its own registers is its own affair.
    set_fpcr(0);
    for (int index = 0; index < 4; ++index) {
        __asm__ volatile("movi v0.16b, #1\n movi v8.16b, #2\n movi v31.16b, #3\n" : : : "v0", "v8", "v31");
    }
}

// Sends itself SIGUSR1 with `pattern` in V0 to V31 and `number` in X9, and stores what they hold afterwards.
static uint64_t signal_with_vectors(uint64_t pattern, uint64_t after[kVectors]) {
    register uint64_t pid __asm__("x0") = (uint64_t)getpid();
    register uint64_t number __asm__("x1") = SIGUSR1;
    register uint64_t ninth __asm__("x9") = 9;
    __asm__ volatile(
        ".irp n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31\n"
        "fmov d\\n, %[pattern]\n"
        ".endr\n"
        "mov x8, %[call]\n"
        "svc #0\n"
        ".irp n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31\n"
        "str d\\n, [%[after], #8 * \\n]\n"
        ".endr\n"
        : "+r"(pid), "+r"(number), "+r"(ninth)
        : [pattern] "r"(pattern), [call] "i"(__NR_kill), [after] "r"(after)
        : "x8", "memory", "v0", "v1", "v2", "v3", "v4", "v5", "v6", "v7", "v8", "v9", "v10", "v11", "v12",
          "v13", "v14", "v15", "v16", "v17", "v18", "v19", "v20", "v21", "v22", "v23", "v24", "v25", "v26",
          "v27", "v28", "v29", "v30", "v31");
    return ninth;
}

static void vectors(void) {
    uint64_t after[kVectors];
    struct sigaction action = {.sa_sigaction = on_signal, .sa_flags = SA_SIGINFO};
    sigaddset(&action.sa_mask, SIGUSR2);
    sigaction(SIGUSR1, &action, NULL);
    for (change_frame = 0; change_frame < 2; ++change_frame) {
        set_fpcr(kFpcrDefaultNan);
        const uint64_t ninth = signal_with_vectors(kOutside, after);
        const uint64_t control = fpcr();
        set_fpcr(0);
        unsigned kept = 0;
        unsigned changed = 0;
        for (int index = 0; index < kVectors; ++index) {
            kept += after[index] == kOutside;
            changed += after[index] == kChanged + (uint64_t)index;
        }
        printf("in the frame %u, kept %u, changed %u, x9 %s, fpcr inside %#lx, after %#lx\n", seen_in_frame,
               kept, changed, ninth == 9 ? "kept" : "changed", (unsigned long)fpcr_inside,
               (unsigned long)control);
    }
}

static void nest(int number, siginfo_t* info, void* data) {
    (void)info;
    ucontext_t* context = data;
    const char here = 0;
    on_alternate_stack += &here >= alternate && &here < alternate + sizeof(alternate);
    memcpy((void*)&mask_in_frame, &context->uc_sigmask, sizeof(mask_in_frame));
    ++depth;
    deepest = depth > deepest ? depth : deepest;
    if (number == SIGUSR1) {
        raise(SIGUSR2);
    } else if (number == SIGUSR2) {
        raise(SIGTERM);
    }
    printf("signal %d at depth %d, mask outside %#lx, on the alternate stack %d\n", number, depth,
           (unsigned long)mask_in_frame, (context->uc_stack.ss_flags & SS_ONSTACK) != 0);
    --depth;
}

static void nested(void) {
    const stack_t stack = {.ss_sp = alternate, .ss_size = sizeof(alternate)};
    sigaltstack(&stack, NULL);
    struct sigaction action = {.sa_sigaction = nest, .sa_flags = SA_SIGINFO | SA_ONSTACK};
    sigaction(SIGUSR1, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    action.sa_flags = SA_SIGINFO;
    sigaction(SIGUSR2, &action, NULL);
    raise(SIGUSR1);
    printf("deepest %d, on the alternate stack %d\n", deepest, on_alternate_stack);
    // Two that have waited are delivered at once: the later frame interrupts the earlier handler.
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGUSR2);
    sigaddset(&set, SIGTERM);
    sigprocmask(SIG_BLOCK, &set, NULL);
    raise(SIGUSR2);
    raise(SIGTERM);
    deepest = 0;
    sigprocmask(SIG_UNBLOCK, &set, NULL);
    printf("two at once: depth %d\n", deepest);
    const stack_t none = {.ss_flags = SS_DISABLE};
    sigaltstack(&none, NULL);
}

static void on_fault(int number, siginfo_t* info, void* data) {
    (void)info;
    ucontext_t* context = data;
    fault_address = context->uc_mcontext.fault_address;
    has_esr = find_esr(context);
    context->uc_mcontext.pc += number == SIGURG ? 0 : 4;
}

// A fault says where it was; a signal that comes later still does.
static void faults(void) {
    struct sigaction action = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO};
    sigaction(SIGSEGV, &action, NULL);
    __asm__ volatile("str xzr, [%0]" : : "r"(0x18UL) : "memory");
    printf("fault address %#lx, esr %d\n", (unsigned long)fault_address, has_esr);
    char* page = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    __asm__ volatile("str xzr, [%0]" : : "r"(page + 8) : "memory");
    printf("fault address in the page %d, esr %d\n", fault_address == (uint64_t)page + 8, has_esr);
    sigaction(SIGURG, &action, NULL);
    raise(SIGURG);
    printf("a signal later: fault address in the page %d, esr %d\n", fault_address == (uint64_t)page + 8,
           has_esr);
    sigaction(SIGILL, &action, NULL);
    __asm__ volatile(".inst 0");
    printf("undefined: esr %d\n", has_esr);
    sigaction(SIGTRAP, &action, NULL);
    __asm__ volatile("brk #7");
    printf("breakpoint: esr %d\n", has_esr);
}

static volatile int ticks;

static void on_tick(int number) {
    ticks += number == SIGALRM;
}

// A timer's signal interrupts computing, not a call.
static void asynchronous(void) {
    struct sigaction action = {.sa_handler = on_tick};
    sigaction(SIGALRM, &action, NULL);
    const struct itimerval soon = {.it_value = {.tv_usec = 2000}};
    setitimer(ITIMER_REAL, &soon, NULL);
    while (ticks == 0) {
        for (volatile int turn = 0; turn < 1000; ++turn) {
        }
    }
    printf("ticks %d\n", ticks);
}

int main(void) {
    setvbuf(stdout, NULL, _IOLBF, 0);
    vectors();
    nested();
    faults();
    asynchronous();
    return 0;
}
