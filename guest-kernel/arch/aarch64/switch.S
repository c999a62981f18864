// From one task to the next, and floating-point state in and out. struct Context: arch/include/context.hpp.
    .arch armv8.2-a
    .section .text

#define CONTEXT_TLS 104
#define CONTEXT_FLOATING_POINT 112
#define FPSR_OFFSET 512

.macro save_vectors base
    stp     q0, q1, [\base, #32 * 0]
    stp     q2, q3, [\base, #32 * 1]
    stp     q4, q5, [\base, #32 * 2]
    stp     q6, q7, [\base, #32 * 3]
    stp     q8, q9, [\base, #32 * 4]
    stp     q10, q11, [\base, #32 * 5]
    stp     q12, q13, [\base, #32 * 6]
    stp     q14, q15, [\base, #32 * 7]
    stp     q16, q17, [\base, #32 * 8]
    stp     q18, q19, [\base, #32 * 9]
    stp     q20, q21, [\base, #32 * 10]
    stp     q22, q23, [\base, #32 * 11]
    stp     q24, q25, [\base, #32 * 12]
    stp     q26, q27, [\base, #32 * 13]
    stp     q28, q29, [\base, #32 * 14]
    stp     q30, q31, [\base, #32 * 15]
    mrs     x9, fpsr
    mrs     x10, fpcr
    str     w9, [\base, #FPSR_OFFSET]
    str     w10, [\base, #FPSR_OFFSET + 4]
.endm

.macro load_vectors base
    ldp     q0, q1, [\base, #32 * 0]
    ldp     q2, q3, [\base, #32 * 1]
    ldp     q4, q5, [\base, #32 * 2]
    ldp     q6, q7, [\base, #32 * 3]
    ldp     q8, q9, [\base, #32 * 4]
    ldp     q10, q11, [\base, #32 * 5]
    ldp     q12, q13, [\base, #32 * 6]
    ldp     q14, q15, [\base, #32 * 7]
    ldp     q16, q17, [\base, #32 * 8]
    ldp     q18, q19, [\base, #32 * 9]
    ldp     q20, q21, [\base, #32 * 10]
    ldp     q22, q23, [\base, #32 * 11]
    ldp     q24, q25, [\base, #32 * 12]
    ldp     q26, q27, [\base, #32 * 13]
    ldp     q28, q29, [\base, #32 * 14]
    ldp     q30, q31, [\base, #32 * 15]
    ldr     w9, [\base, #FPSR_OFFSET]
    ldr     w10, [\base, #FPSR_OFFSET + 4]
    msr     fpsr, x9
    msr     fpcr, x10
.endm

// void switch_context(Context* from, Context* to)
    .global switch_context
switch_context:
    stp     x19, x20, [x0, #16 * 0]
    stp     x21, x22, [x0, #16 * 1]
    stp     x23, x24, [x0, #16 * 2]
    stp     x25, x26, [x0, #16 * 3]
    stp     x27, x28, [x0, #16 * 4]
    stp     x29, x30, [x0, #16 * 5]
    mov     x9, sp
    mrs     x10, tpidr_el0
    stp     x9, x10, [x0, #16 * 6]
    add     x11, x0, #CONTEXT_FLOATING_POINT
    save_vectors x11

    ldp     x19, x20, [x1, #16 * 0]
    ldp     x21, x22, [x1, #16 * 1]
    ldp     x23, x24, [x1, #16 * 2]
    ldp     x25, x26, [x1, #16 * 3]
    ldp     x27, x28, [x1, #16 * 4]
    ldp     x29, x30, [x1, #16 * 5]
    ldp     x9, x10, [x1, #16 * 6]
    mov     sp, x9
    msr     tpidr_el0, x10
    add     x11, x1, #CONTEXT_FLOATING_POINT
    load_vectors x11
    ret

// void save_floating_point(FloatingPointState*)
    .global save_floating_point
save_floating_point:
    save_vectors x0
    ret

// void load_floating_point(const FloatingPointState*)
    .global load_floating_point
load_floating_point:
    load_vectors x0
    ret
