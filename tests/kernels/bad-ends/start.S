// Entered at EL1 with the MMU off. The loader has made .bss zero, as it does for an ELF.
    .section .head, "ax"
    .global start
start:
    msr     daifset, #15
    adrp    x0, stack_top
    add     x0, x0, :lo12:stack_top
    mov     sp, x0
    adrp    x0, hanging_vectors
    add     x0, x0, :lo12:hanging_vectors
    msr     vbar_el1, x0
    isb
    b       kernel_main

// Three tables of vectors: 16 slots of 32 instructions, each with the same few.
    .macro  vectors name, first:vararg
    .balign 2048
    .global \name
\name:
    .rept   16
    .balign 128
    \first
    .endr
    .endm

    .section .vectors, "ax"
    vectors hanging_vectors, b unhandled_exception
    vectors pushing_vectors, b push_frame
    vectors skipping_vectors, b skip_instruction

    .text
// What a kernel without handlers does in most tutorials.
    .global unhandled_exception
unhandled_exception:
    b       unhandled_exception

// The first instruction of an ordinary handler. It faults if SP does not point to memory or is not aligned, and then the
// fault comes here again.
    .global push_frame
push_frame:
    stp     x0, x1, [sp, #-16]!
    mrs     x0, esr_el1
    mrs     x1, elr_el1
    ldp     x0, x1, [sp], #16
    eret

    .global skip_instruction
skip_instruction:
    mrs     x10, elr_el1
    add     x10, x10, #4
    msr     elr_el1, x10
    eret
