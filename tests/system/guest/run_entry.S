// Enters a fragment of code with the state in `run_state`, and comes back from the exception that ends it with the state
// there. struct RunState of run.hpp has the layout.
#define RUN_SP_EL0 248
#define RUN_PC     264
#define RUN_VECTOR 280
#define RUN_FAR    296

    .bss
    .balign 16
    .global run_state
run_state:
    .space  304
main_frame:
    .space  104                         // x19 to x30, SP

    .text
    .global enter_run
enter_run:
    adrp    x0, main_frame
    add     x0, x0, :lo12:main_frame
    stp     x19, x20, [x0]
    stp     x21, x22, [x0, #16]
    stp     x23, x24, [x0, #32]
    stp     x25, x26, [x0, #48]
    stp     x27, x28, [x0, #64]
    stp     x29, x30, [x0, #80]
    mov     x1, sp
    str     x1, [x0, #96]

    adrp    x30, run_state
    add     x30, x30, :lo12:run_state
    ldp     x0, x1, [x30, #RUN_SP_EL0]
    msr     sp_el0, x0
    mov     sp, x1
    ldp     x0, x1, [x30, #RUN_PC]
    msr     elr_el1, x0
    msr     spsr_el1, x1
    ldp     x0, x1, [x30]
    ldp     x2, x3, [x30, #16]
    ldp     x4, x5, [x30, #32]
    ldp     x6, x7, [x30, #48]
    ldp     x8, x9, [x30, #64]
    ldp     x10, x11, [x30, #80]
    ldp     x12, x13, [x30, #96]
    ldp     x14, x15, [x30, #112]
    ldp     x16, x17, [x30, #128]
    ldp     x18, x19, [x30, #144]
    ldp     x20, x21, [x30, #160]
    ldp     x22, x23, [x30, #176]
    ldp     x24, x25, [x30, #192]
    ldp     x26, x27, [x30, #208]
    ldp     x28, x29, [x30, #224]
    ldr     x30, [x30, #240]
    eret

    // The stack pointer may be anything, so TPIDR_EL1 holds what is overwritten first.
    .section .vectors, "ax"
    .balign 2048
    .global run_vectors
run_vectors:
    .set    vector, 0
    .rept   16
    .balign 128
    msr     tpidr_el1, x30
    adrp    x30, run_state
    add     x30, x30, :lo12:run_state
    stp     x0, x1, [x30]
    mov     x0, #vector
    b       leave_run
    .set    vector, vector + 1
    .endr

    .text
leave_run:
    stp     x2, x3, [x30, #16]
    stp     x4, x5, [x30, #32]
    stp     x6, x7, [x30, #48]
    stp     x8, x9, [x30, #64]
    stp     x10, x11, [x30, #80]
    stp     x12, x13, [x30, #96]
    stp     x14, x15, [x30, #112]
    stp     x16, x17, [x30, #128]
    stp     x18, x19, [x30, #144]
    stp     x20, x21, [x30, #160]
    stp     x22, x23, [x30, #176]
    stp     x24, x25, [x30, #192]
    stp     x26, x27, [x30, #208]
    stp     x28, x29, [x30, #224]
    mrs     x1, tpidr_el1
    str     x1, [x30, #240]
    mrs     x1, sp_el0
    mov     x2, sp
    stp     x1, x2, [x30, #RUN_SP_EL0]
    mrs     x1, elr_el1
    mrs     x2, spsr_el1
    stp     x1, x2, [x30, #RUN_PC]
    mrs     x1, esr_el1
    stp     x0, x1, [x30, #RUN_VECTOR]
    mrs     x1, far_el1
    str     x1, [x30, #RUN_FAR]

    // PSTATE.PAN and UAO
    .arch   armv8.2-a
    msr     pan, #0
    msr     uao, #0
    adrp    x0, main_frame
    add     x0, x0, :lo12:main_frame
    ldr     x1, [x0, #96]
    cbz     x1, 1f
    mov     sp, x1
    str     xzr, [x0, #96]
    ldp     x19, x20, [x0]
    ldp     x21, x22, [x0, #16]
    ldp     x23, x24, [x0, #32]
    ldp     x25, x26, [x0, #48]
    ldp     x27, x28, [x0, #64]
    ldp     x29, x30, [x0, #80]
    ret

    // No run was under way: the runtime itself has failed.
1:  adrp    x0, stack_top
    add     x0, x0, :lo12:stack_top
    mov     sp, x0
    b       runtime_exception
