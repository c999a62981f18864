// Exceptions: saving the program's registers, and going back to it.
#include "arch/aarch64/layout.h"

    .arch armv8.2-a

// The program's registers go to the top of the task's kernel stack: SP_EL1 is the stack's top whenever EL0 runs.
.macro save_registers
    sub     sp, sp, #REGISTERS_SIZE
    stp     x0, x1, [sp, #16 * 0]
    stp     x2, x3, [sp, #16 * 1]
    stp     x4, x5, [sp, #16 * 2]
    stp     x6, x7, [sp, #16 * 3]
    stp     x8, x9, [sp, #16 * 4]
    stp     x10, x11, [sp, #16 * 5]
    stp     x12, x13, [sp, #16 * 6]
    stp     x14, x15, [sp, #16 * 7]
    stp     x16, x17, [sp, #16 * 8]
    stp     x18, x19, [sp, #16 * 9]
    stp     x20, x21, [sp, #16 * 10]
    stp     x22, x23, [sp, #16 * 11]
    stp     x24, x25, [sp, #16 * 12]
    stp     x26, x27, [sp, #16 * 13]
    stp     x28, x29, [sp, #16 * 14]
    mrs     x21, sp_el0
    stp     x30, x21, [sp, #16 * 15]
    mrs     x22, elr_el1
    mrs     x23, spsr_el1
    stp     x22, x23, [sp, #REGISTERS_PC]
.endm

.macro from_user handler
    .balign 128
    save_registers
    mov     x29, xzr                    // backtraces end here
    mov     x30, xzr
    mov     x0, sp
    bl      \handler
    b       return_to_user
.endm

// An exception from the kernel itself. If the stack has run out (layout.h: the bit below a slot's size says so), there
// is nowhere to save to. x0 is recovered by arithmetic on sp alone.
.macro from_kernel handler
    .balign 128
    sub     sp, sp, #(REGISTERS_SIZE)
    add     sp, sp, x0
    sub     x0, sp, x0
    tbz     x0, #STACK_SIZE_SHIFT, stack_overflow
    sub     x0, sp, x0
    sub     sp, sp, x0
    b       \handler
.endm

    .section .text
    .balign 2048
    .global exception_vectors
exception_vectors:
    .rept 4                             // from EL1 on SP_EL0: never used
    .balign 128
    b       stack_overflow
    .endr
    from_kernel kernel_synchronous      // from EL1 on SP_EL1
    from_kernel kernel_unexpected
    from_kernel kernel_unexpected
    from_kernel kernel_unexpected
    .balign 128                         // from EL0, AArch64
    b       user_synchronous
    .balign 128
    b       user_interrupt
    .balign 128
    b       user_unexpected
    .balign 128
    b       user_unexpected
    .rept 4                             // from EL0, AArch32: not offered
    .balign 128
    b       user_unexpected
    .endr

user_synchronous:
    from_user handle_user_synchronous
user_interrupt:
    from_user handle_user_interrupt
user_unexpected:
    from_user handle_user_unexpected

kernel_synchronous:
    add     sp, sp, #REGISTERS_SIZE
    save_registers
    add     x0, sp, #REGISTERS_SIZE     // the kernel's own sp instead of sp_el0
    str     x0, [sp, #REGISTERS_SP]
    mov     x0, sp
    bl      handle_kernel_synchronous
    // Back to the kernel: only after a user copy's fault.
    ldp     x22, x23, [sp, #REGISTERS_PC]
    msr     elr_el1, x22
    msr     spsr_el1, x23
    b       restore_general

kernel_unexpected:
    add     sp, sp, #REGISTERS_SIZE
    save_registers
    add     x0, sp, #REGISTERS_SIZE
    str     x0, [sp, #REGISTERS_SP]
    mov     x0, sp
    b       handle_kernel_unexpected

stack_overflow:
    ldr     x0, =boot_stack_top
    mov     sp, x0
    mov     x29, xzr
    b       handle_stack_overflow

    .global return_to_user
return_to_user:
    ldp     x22, x23, [sp, #REGISTERS_PC]
    msr     elr_el1, x22
    msr     spsr_el1, x23
    ldr     x21, [sp, #REGISTERS_SP]
    msr     sp_el0, x21
restore_general:
    ldp     x0, x1, [sp, #16 * 0]
    ldp     x2, x3, [sp, #16 * 1]
    ldp     x4, x5, [sp, #16 * 2]
    ldp     x6, x7, [sp, #16 * 3]
    ldp     x8, x9, [sp, #16 * 4]
    ldp     x10, x11, [sp, #16 * 5]
    ldp     x12, x13, [sp, #16 * 6]
    ldp     x14, x15, [sp, #16 * 7]
    ldp     x16, x17, [sp, #16 * 8]
    ldp     x18, x19, [sp, #16 * 9]
    ldp     x20, x21, [sp, #16 * 10]
    ldp     x22, x23, [sp, #16 * 11]
    ldp     x24, x25, [sp, #16 * 12]
    ldp     x26, x27, [sp, #16 * 13]
    ldp     x28, x29, [sp, #16 * 14]
    ldr     x30, [sp, #16 * 15]
    add     sp, sp, #REGISTERS_SIZE
    eret

// A new task's first step on its own stack: the scheduler has just switched to it.
    .global first_step
first_step:
    bl      begin_task
    b       return_to_user
